import test from 'ava';
import { DAY_MS, HOUR_MS } from '../../../core/kernel/units.ts';
import { experiment, testbed } from './setups.ts';
import { runToEnd } from '../../../sim/clusters/run-to-end.ts';

test('earliest deadline goes first, and what cannot be done in time is missed', (t) => {
  // Four nodes; both need all of them for 10 h, only one can be done by hour 15.
  const cluster = testbed(
    [
      experiment('late', { release: 0, deadline: 15, duration: 10 }, 4),
      experiment('early', { release: 0, deadline: 12, duration: 10 }, 4),
    ],
    { standard: 4 },
  );
  runToEnd(cluster, 7 * DAY_MS);
  const outcome = cluster.outcome();
  t.is(outcome.demandNodeMs, 80 * HOUR_MS);
  t.is(outcome.metNodeMs, 40 * HOUR_MS);
  t.is(outcome.ownMeasures['doneByDeadlineShare'], 0.5);
  t.deepEqual(outcome.met.dueMs, [12 * HOUR_MS]);
});

test('a gang is of one class', (t) => {
  const cluster = testbed([experiment('gang', { release: 0, deadline: 48, duration: 4 }, 3)], {
    standard: 2,
    legacy: 2,
  });
  runToEnd(cluster, 7 * DAY_MS);
  t.is(cluster.outcome().metNodeMs, 0);
});

test('without the will to work at night an experiment starts at eight', (t) => {
  const jobs = [experiment('day', { release: 1, deadline: 12, duration: 4 }, 2, false)];
  const inTime = testbed(jobs, { standard: 2 });
  runToEnd(inTime, 7 * DAY_MS);
  t.is(inTime.outcome().metNodeMs, 8 * HOUR_MS);
  // Saturday 01:00 with a deadline on Sunday: nobody comes in.
  const weekend = testbed(
    [experiment('weekend', { release: 121, deadline: 160, duration: 4 }, 2, false)],
    { standard: 2 },
  );
  runToEnd(weekend, 7 * DAY_MS);
  t.is(weekend.outcome().metNodeMs, 0);
});

test('it bids for what own nodes lack, from several owners, and runs the gang on all', (t) => {
  const cluster = testbed([experiment('big', { release: 0, deadline: 48, duration: 10 }, 6)], {
    standard: 3,
    legacy: 1,
  });
  cluster.advance(0);
  const [want] = cluster.wants(0);
  t.is(want?.wantId, 'big');
  t.is(want?.minimumNodes, 3);
  t.deepEqual(want?.nodeClasses, ['standard'], 'identical to its own three');
  const lot = {
    wantId: 'big',
    nodeClass: 'standard',
    usableUntilMs: 12 * HOUR_MS,
    recallable: true,
  };
  cluster.expect({ ...lot, leaseId: 'l', nodes: 2 });
  cluster.expect({ ...lot, leaseId: 'm', nodes: 1 });
  t.deepEqual(cluster.wants(0), []);
  t.is(cluster.idleNodes(), 1, 'its own three are kept for the gang');
  cluster.addReady('l', 2, HOUR_MS);
  t.is(cluster.nextEventMs(), 12 * HOUR_MS, 'five of six: the gang still waits');
  cluster.addReady('m', 1, HOUR_MS);
  runToEnd(cluster, 7 * DAY_MS);
  t.is(cluster.outcome().metNodeMs, 60 * HOUR_MS);
  t.is(cluster.idleNodes(), 4);
});

test('a recalled lease loses the experiment, which may be tried again', (t) => {
  const cluster = testbed([experiment('big', { release: 0, deadline: 48, duration: 10 }, 6)], {
    standard: 4,
  });
  cluster.advance(0);
  cluster.wants(0);
  const lot = { wantId: 'big', nodeClass: 'standard', nodes: 2, recallable: true };
  cluster.expect({ ...lot, leaseId: 'l', usableUntilMs: 12 * HOUR_MS });
  cluster.addReady('l', 2, HOUR_MS);
  cluster.endLot('l', 5 * HOUR_MS, 4 * HOUR_MS);
  cluster.advance(5 * HOUR_MS);
  t.is(cluster.outcome().lostNodeMs, 6 * 4 * HOUR_MS);
  t.is(cluster.wants(5 * HOUR_MS)[0]?.wantId, 'big');
});

test('idle nodes are spared only while nobody waits for them', (t) => {
  const idle = testbed([], { standard: 4 });
  const offered = idle.spares(0, 7 * DAY_MS).reduce((sum, { nodes }) => sum + nodes, 0);
  t.is(offered, 4);
  const waited = testbed([experiment('big', { release: 0, deadline: 48, duration: 10 }, 6)], {
    standard: 4,
  });
  waited.advance(0);
  t.deepEqual(waited.spares(0, 7 * DAY_MS), []);
});

test('it bids in time for what own nodes will be free for only when nobody is there, or in two classes', (t) => {
  const day = 24;
  const friday = 4 * day;
  // All nodes are busy until Saturday, 02:00; whoever waits for them comes back on Monday.
  const busy = experiment('busy', { release: friday + 10, deadline: 10 * day, duration: 16 }, 4);
  const waits = (deadline: number, acceptsOffHours: boolean) =>
    experiment('waits', { release: friday + 11, deadline, duration: 8 }, 4, acceptsOffHours);
  const wantedAt = (experiments: Parameters<typeof testbed>[0], nodes: Record<string, number>) => {
    const cluster = testbed(experiments, nodes);
    const atMs = (friday + 12) * HOUR_MS;
    cluster.advance(atMs);
    return cluster.wants(atMs).map(({ wantId }) => wantId);
  };
  const sunday = 6 * day;
  t.deepEqual(wantedAt([busy, waits(sunday, false)], { standard: 4 }), ['waits']);
  t.deepEqual(wantedAt([busy, waits(sunday, true)], { standard: 4 }), []);
  t.deepEqual(wantedAt([busy, waits(8 * day, false)], { standard: 4 }), []);
  // A gang is of one class: two free nodes of each are not four.
  t.deepEqual(wantedAt([waits(sunday, true)], { standard: 2, legacy: 2 }), ['waits']);
});

test('it bids for an experiment only where lent nodes will not be back in time for it', (t) => {
  const waits = (dueHour: number) => {
    const job = experiment('waits', { release: 1, deadline: 10, duration: 4 }, 2);
    const cluster = testbed([job], { standard: 2 });
    cluster.lend('standard', 2, 'idle', 0, dueHour * HOUR_MS);
    return cluster;
  };
  const wantsAt = (cluster: ReturnType<typeof waits>, hour: number) => {
    cluster.advance(hour * HOUR_MS);
    return cluster.wants(hour * HOUR_MS).length;
  };
  t.is(wantsAt(waits(6), 1), 0);
  t.is(wantsAt(waits(7), 1), 1);
  // Late: nobody knows when they come.
  const late = waits(3);
  t.is(wantsAt(late, 2), 0);
  t.is(wantsAt(late, 4), 1);
  late.restore('standard', 2, 5 * HOUR_MS, 3 * HOUR_MS);
  t.is(wantsAt(late, 5), 0);
});
