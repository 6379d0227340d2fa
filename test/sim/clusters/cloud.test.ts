import test from 'ava';
import fc from 'fast-check';
import { DAY_MS, HOUR_MS } from '../../../core/kernel/units.ts';
import { cloud, series } from './setups.ts';

const END = 7 * DAY_MS;
const WEEK_HOURS = 168;

test('load within the nodes is met in full, load above them is lost', (t) => {
  const enough = cloud(series([0, 4]), { standard: 6 });
  enough.advance(END);
  t.is(enough.outcome().metNodeMs, 4 * WEEK_HOURS * HOUR_MS);
  const short = cloud(series([0, 8]), { standard: 6 });
  short.advance(END);
  t.is(short.outcome().demandNodeMs, 8 * WEEK_HOURS * HOUR_MS);
  t.is(short.outcome().metNodeMs, 6 * WEEK_HOURS * HOUR_MS);
  // (6 · 2 − 2 · 1) credits an hour
  t.is(short.outcome().valueMillicredits, 10_000 * WEEK_HOURS);
});

test('a jump above the head-room is lost for as long as scaling up takes', (t) => {
  const cluster = cloud(series([0, 4], [10, 8]), { standard: 20 }, { scaleUpMinutes: 30 });
  cluster.advance(END);
  const { demandNodeMs, metNodeMs } = cluster.outcome();
  // At the start 4 nodes for half an hour, at the jump another 4.
  t.is(demandNodeMs - metNodeMs, (4 + 4) * 0.5 * HOUR_MS);
});

test('lent nodes serve no load until they are back', (t) => {
  const cluster = cloud(series([0, 6]), { standard: 6 });
  cluster.advance(DAY_MS);
  cluster.lend('standard', 2, 'busy/standard', DAY_MS);
  cluster.advance(2 * DAY_MS);
  cluster.restore('standard', 2, 2 * DAY_MS);
  cluster.advance(END);
  const { demandNodeMs, metNodeMs } = cluster.outcome();
  t.is(demandNodeMs - metNodeMs, 2 * DAY_MS);
});

test('borrowed nodes serve from when they are ready until they must be given up', (t) => {
  const cluster = cloud(series([0, 6]), { standard: 4 });
  const lot = { leaseId: 'l', wantId: 'load@0', nodeClass: 'legacy', nodes: 2, recallable: false };
  cluster.advance(HOUR_MS);
  cluster.expect({ ...lot, usableUntilMs: 10 * HOUR_MS });
  cluster.advance(2 * HOUR_MS);
  cluster.addReady('l', 2, 2 * HOUR_MS);
  cluster.advance(END);
  const { demandNodeMs, metNodeMs } = cluster.outcome();
  t.is(demandNodeMs - metNodeMs, 2 * (WEEK_HOURS - 8) * HOUR_MS);
});

test('what is on its way is not wanted again', (t) => {
  const cluster = cloud(series([0, 6]), { standard: 4 });
  cluster.advance(0);
  t.deepEqual(
    cluster.wants(0).map(({ nodes }) => nodes),
    [2],
  );
  cluster.expect({
    leaseId: 'l',
    wantId: 'x',
    nodeClass: 'legacy',
    nodes: 2,
    usableUntilMs: DAY_MS,
    recallable: false,
  });
  t.deepEqual(cluster.wants(0), []);
});

test('nothing of the future shows in what a cloud wants and spares', (t) => {
  const steps = fc.array(fc.nat(12), { minLength: 48, maxLength: 48 });
  fc.assert(
    fc.property(steps, steps, fc.integer({ min: 1, max: 47 }), (past, other, hour) => {
      const at = (list: readonly number[]) =>
        cloud(series(...list.map((nodes, index): [number, number] => [index, nodes])), {
          standard: 5,
          legacy: 3,
        });
      const a = at(past);
      const b = at(past.map((nodes, index) => (index <= hour ? nodes : other[index]!)));
      const nowMs = hour * HOUR_MS;
      a.advance(nowMs);
      b.advance(nowMs);
      t.deepEqual(a.wants(nowMs), b.wants(nowMs));
      t.deepEqual(a.spares(nowMs, nowMs + DAY_MS), b.spares(nowMs, nowMs + DAY_MS));
    }),
    { numRuns: 60 },
  );
});

test('never more nodes are spared than there are', (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat(12), { minLength: 24, maxLength: 24 }), (loads) => {
      const cluster = cloud(
        series(...loads.map((nodes, index): [number, number] => [index, nodes])),
        { standard: 5, legacy: 3 },
      );
      for (let hour = 0; hour < 24; hour++) {
        cluster.advance(hour * HOUR_MS);
        const spares = cluster.spares(hour * HOUR_MS, (hour + 24) * HOUR_MS);
        for (const [nodeClass, owned] of [
          ['standard', 5],
          ['legacy', 3],
        ] as const) {
          const offered = spares.filter((spare) => spare.nodeClass === nodeClass);
          t.true(offered.reduce((sum, { nodes }) => sum + nodes, 0) <= owned);
        }
      }
    }),
    { numRuns: 40 },
  );
});
