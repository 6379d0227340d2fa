import test from 'ava';
import fc from 'fast-check';
import { DAY_MS, HOUR_MS, WEEK_MS } from '../../../core/kernel/units.ts';
import { LoadHistory } from '../../../sim/clusters/load-history.ts';

/** A load for every hour since time 0. */
function historyOf(loads: readonly number[]): LoadHistory {
  const history = new LoadHistory();
  loads.forEach((load, hour) => history.add(hour * HOUR_MS, (hour + 1) * HOUR_MS, load));
  return history;
}

test('a load that never changes is needed all the time, and nothing beyond it', (t) => {
  const history = historyOf(new Array<number>(168).fill(5));
  t.deepEqual(history.tiers(WEEK_MS, WEEK_MS + 8 * HOUR_MS, 5, 3), [{ nodes: 2, share: 1 }]);
  t.deepEqual(history.tiers(WEEK_MS, WEEK_MS + 8 * HOUR_MS, 5, 5), []);
});

test('a node that yesterday needed for two of six hours is worth a third of them, less what is now', (t) => {
  // Yesterday 4, 4, 4, 4, 7, 7; the load is 4 now: nodes 5 to 7 were used in 2 of 12 hours looked at.
  const loads = [4, 4, 4, 4, 7, 7, ...new Array<number>(18).fill(4)];
  const tiers = historyOf(loads).tiers(DAY_MS, DAY_MS + 6 * HOUR_MS, 4, 4);
  t.deepEqual(tiers, [{ nodes: 3, share: 2 / 12 }]);
});

test('without a past only the load now counts', (t) => {
  t.deepEqual(new LoadHistory().tiers(0, 8 * HOUR_MS, 6, 4), [{ nodes: 2, share: 1 }]);
});

test('a day before, a week before and four weeks before all count', (t) => {
  const loads = new Array<number>(5 * 168).fill(0);
  const at = 4 * 168 + 30;
  for (const lag of [24, 168, 336, 504, 672]) loads[at - lag] = 2;
  const tiers = historyOf(loads.slice(0, at)).tiers(at * HOUR_MS, (at + 1) * HOUR_MS, 0, 0);
  // Five of six samples, in twelfths.
  t.deepEqual(tiers, [{ nodes: 2, share: 10 / 12 }]);
});

test('what is bid for is never used more than its hours say', (t) => {
  const hours = fc.array(fc.nat(9), { minLength: 30, maxLength: 30 });
  fc.assert(
    fc.property(hours, fc.nat(9), fc.nat(9), (loads, load, covered) => {
      const from = 26 * HOUR_MS;
      const tiers = historyOf(loads.slice(0, 26)).tiers(from, from + 4 * HOUR_MS, load, covered);
      const samples = [load, load, load, load, ...loads.slice(2, 6)];
      const excess = samples.reduce((sum, n) => sum + Math.max(0, n - covered), 0) / samples.length;
      const bid = tiers.reduce((sum, { nodes, share }) => sum + nodes * share, 0);
      const levels = tiers.reduce((sum, { nodes }) => sum + nodes, 0);
      t.true(bid <= excess + 1e-9 && bid >= excess - levels / 12 - 1e-9 - 9 / 12);
      t.true(tiers.every(({ share }, i) => i === 0 || share < tiers[i - 1]!.share));
    }),
    { numRuns: 200 },
  );
});
