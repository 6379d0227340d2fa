import test from 'ava';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../core/kernel/units.ts';
import { runToEnd } from '../../../sim/clusters/run-to-end.ts';
import { emergency, government, series } from './setups.ts';

test('a reserve that is ready within τ meets the emergency', (t) => {
  const cluster = government([emergency('e', 10, 24, 8)], { standard: 8 });
  runToEnd(cluster, 7 * DAY_MS);
  const outcome = cluster.outcome();
  t.is(outcome.metNodeMs, 8 * DAY_MS);
  t.is(outcome.ownMeasures['timeToCapacitySeconds'], 7 * 60);
});

test('all of an emergency is missed when set-up takes longer than τ, or a node is lacking', (t) => {
  const slow = government([emergency('e', 10, 24, 8)], { standard: 8 }, 31 * MINUTE_MS);
  runToEnd(slow, 7 * DAY_MS);
  t.is(slow.outcome().demandNodeMs, 8 * DAY_MS);
  t.is(slow.outcome().metNodeMs, 0);
  const small = government([emergency('e', 10, 24, 8)], { standard: 7, legacy: 9 });
  runToEnd(small, 7 * DAY_MS);
  t.is(small.outcome().metNodeMs, 0, 'nodes without a TPM do not count');
});

test('lent nodes are wanted back at once and count when they have been set up again', (t) => {
  const cluster = government([emergency('e', 10, 24, 8)], { standard: 8 });
  const [spare] = cluster.spares(0, DAY_MS);
  t.is(spare?.recallNoticeMs, 5 * MINUTE_MS, 'the reserve is lent recallable only');
  cluster.lend('standard', 5, 'reserve/standard', 0);
  const startMs = 10 * HOUR_MS;
  cluster.advance(startMs);
  t.is(cluster.nodesToRecall(), 5);
  t.deepEqual(cluster.wants(startMs), [], 'its own are on the way: nothing to buy');
  cluster.restore('standard', 5, startMs + 15 * MINUTE_MS);
  t.is(cluster.nodesToRecall(), 0);
  runToEnd(cluster, 7 * DAY_MS);
  t.is(cluster.outcome().metNodeMs, 8 * DAY_MS);
  t.is(cluster.outcome().ownMeasures['timeToCapacitySeconds'], 22 * 60);
});

test('lent nodes that come back too late cost the emergency', (t) => {
  const cluster = government([emergency('e', 10, 24, 8)], { standard: 8 });
  cluster.lend('standard', 5, 'reserve/standard', 0);
  cluster.advance(10 * HOUR_MS);
  cluster.restore('standard', 5, 10 * HOUR_MS + 24 * MINUTE_MS);
  runToEnd(cluster, 7 * DAY_MS);
  t.is(cluster.outcome().metNodeMs, 0);
});

test('borrowed nodes fill the gap, as a gang, and their loss ends it', (t) => {
  const cluster = government([emergency('e', 10, 24, 8)], { standard: 6 });
  const startMs = 10 * HOUR_MS;
  cluster.advance(startMs);
  const [want] = cluster.wants(startMs);
  t.is(want?.nodes, 2);
  t.is(want?.minimumNodes, 2);
  const lot = { leaseId: 'l', wantId: 'e', nodeClass: 'standard', nodes: 2, recallable: false };
  cluster.expect({ ...lot, usableUntilMs: 40 * HOUR_MS });
  t.deepEqual(cluster.wants(startMs), []);
  cluster.addReady('l', 2, startMs + 10 * MINUTE_MS);
  cluster.advance(12 * HOUR_MS);
  cluster.loseReady('l', 1, 12 * HOUR_MS);
  runToEnd(cluster, 7 * DAY_MS);
  t.is(cluster.outcome().metNodeMs, 0);
  t.is(cluster.outcome().lostNodeMs, 8 * 2 * HOUR_MS);
});

test('what it needs outside emergencies is kept back and counted', (t) => {
  const cluster = government([], { standard: 8 }, 0, series([0, 3]));
  cluster.advance(0);
  const offered = cluster.spares(0, DAY_MS).reduce((sum, { nodes }) => sum + nodes, 0);
  t.is(offered, 5);
  cluster.advance(7 * DAY_MS);
  t.is(cluster.outcome().metNodeMs, 3 * 7 * DAY_MS);
});
