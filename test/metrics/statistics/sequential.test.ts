import test from 'ava';
import { randomStream } from '../../../core/kernel/random.ts';
import { estimate } from '../../../core/metrics/statistics.ts';
import { decideStopping } from '../../../core/metrics/statistics/sequential.ts';
import type { StoppingRule } from '../../../core/metrics/statistics/sequential.ts';

/** Replicates until the rule stops. */
function replicate(draw: () => number, rule: StoppingRule): number[] {
  const values: number[] = [];
  for (;;) {
    const decision = decideStopping(values, rule);
    if (decision.stop) return values;
    if (decision.total <= values.length) throw new Error('the rule does not go on');
    while (values.length < decision.total) values.push(draw());
  }
}

test('sequential intervals are as narrow as asked for and cover the mean about as promised', (t) => {
  const runs = 500;
  let covered = 0;
  let replications = 0;
  for (let run = 0; run < runs; run++) {
    const random = randomStream({ seed: 2, replication: run, entity: 'runs', purpose: 'draws' });
    const rule = { halfWidth: 0.25, maximum: 10_000 };
    const values = replicate(() => 5 + random.normal(), rule);
    const { ci95 } = estimate(values);
    if ((ci95[1] - ci95[0]) / 2 > 0.25) t.fail('too wide');
    replications += values.length / runs;
    if (ci95[0] <= 5 && 5 <= ci95[1]) covered += 1;
  }
  t.true(covered / runs > 0.91 && covered / runs < 0.98, `${covered / runs}`);
  // (1.96 · 1 / 0.25)² = 61.5 would be enough if the spread were known.
  t.true(replications > 50 && replications < 75, `${replications}`);
});

test('a relative error is what is asked for, not a relative width of the estimate', (t) => {
  const runs = 400;
  let within = 0;
  for (let run = 0; run < runs; run++) {
    const random = randomStream({ seed: 4, replication: run, entity: 'runs', purpose: 'draws' });
    const rule = { halfWidth: 0.1, scale: 'relative', maximum: 10_000 } as const;
    const values = replicate(() => random.gamma(2, 1), rule);
    if (Math.abs(estimate(values).mean / 2 - 1) <= 0.1) within += 1;
  }
  t.true(within / runs > 0.91, `${within / runs}`);
});

test('a small first sample stops too early, which is why ten is the least', (t) => {
  const coverage = (minimum: number) => {
    let covered = 0;
    for (let run = 0; run < 500; run++) {
      const random = randomStream({ seed: 6, replication: run, entity: 'runs', purpose: 'x' });
      const values = replicate(() => random.normal(), { halfWidth: 0.5, minimum, maximum: 10_000 });
      const { ci95 } = estimate(values);
      if (ci95[0] <= 0 && 0 <= ci95[1]) covered += 1;
    }
    return covered / 500;
  };
  t.true(coverage(3) < coverage(10) - 0.02);
});

test('the rule stops at its maximum and says that the width was not reached', (t) => {
  const values = Array.from({ length: 20 }, (_, i) => 100 * (i % 2));
  const stopped = decideStopping(values, { halfWidth: 1, maximum: 20 });
  t.true(stopped.stop && !stopped.reached && stopped.halfWidth > 20);
  t.deepEqual(decideStopping([], { halfWidth: 1, maximum: 4 }), {
    stop: false,
    total: 4,
    halfWidth: Infinity,
  });
  const more = decideStopping(values, { halfWidth: 1, maximum: 1_000 });
  t.true(!more.stop && more.total === 40);
  t.true(
    decideStopping(
      values.map(() => 3),
      { halfWidth: 0, maximum: 30 },
    ).stop,
  );
});
