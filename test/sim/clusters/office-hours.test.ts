/** Windows of experiments for the bounds, against every quarter of an hour tried one by one. */
import test from 'ava';
import { randomStream } from '../../../core/kernel/random.ts';
import { HOUR_MS, MINUTE_MS } from '../../../core/kernel/units.ts';
import { feasibleWindows, isOffice } from '../../../sim/clusters/office-hours.ts';
import { experiment } from './setups.ts';

const STEP_MS = 15 * MINUTE_MS;

test('a window reaches from the first to the last instant at which somebody can begin', (t) => {
  const draws = randomStream({ seed: 1, replication: 0, entity: 'test', purpose: 'windows' });
  const quarter = (most: number) => Math.floor(draws.uniform() * most * 4) / 4;
  let [left, infeasible] = [0, 0];
  for (let i = 0; i < 400; i++) {
    const [release, duration, slack] = [quarter(336), 1 + quarter(30), quarter(40)];
    const hours = { release, duration, deadline: release + duration + slack };
    const one = experiment('one', hours, 3, i % 4 === 0);
    const starts: number[] = [];
    for (let at = one.releaseMs; at <= one.deadlineMs - one.durationMs; at += STEP_MS) {
      if (one.acceptsOffHours || isOffice(at)) starts.push(at);
    }
    const { releaseMs, dueMs, nodeMs } = feasibleWindows([one]);
    if (starts.length === 0) {
      infeasible += 1;
      t.is(nodeMs.length, 0);
      continue;
    }
    left += 1;
    t.is(releaseMs[0], starts[0]);
    t.is(nodeMs[0], 3 * one.durationMs);
    // At 20:00 sharp nobody begins any more, but at every instant before it.
    const over = dueMs[0]! - one.durationMs - starts.at(-1)!;
    t.true(over === 0 || over === STEP_MS, `${over} ms after the last start`);
  }
  t.true(left > 100 && infeasible > 20);
});

test('what was announced after hours and is due before the office opens is no demand to bound', (t) => {
  const night = experiment('night', { release: 21, deadline: 31, duration: 8 }, 16, false);
  const willing = experiment('willing', { release: 21, deadline: 31, duration: 8 }, 16, true);
  t.deepEqual(feasibleWindows([night, willing]), {
    releaseMs: [21 * HOUR_MS],
    dueMs: [31 * HOUR_MS],
    nodeMs: [128 * HOUR_MS],
  });
});
