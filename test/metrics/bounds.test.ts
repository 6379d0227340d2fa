import test from 'ava';
import fc from 'fast-check';
import { intervalBound, optimumUpperBound, workBound } from '../../core/metrics/bounds.ts';
import { HOUR_MS } from '../../core/kernel/units.ts';

/** Whole-hour windows of unit pieces: small enough to try every schedule. */
const pieces = fc.array(fc.record({ release: fc.nat(4), span: fc.integer({ min: 1, max: 3 }) }), {
  minLength: 1,
  maxLength: 6,
});

const windowsOf = (list: readonly { release: number; span: number }[]) => ({
  releaseMs: list.map(({ release }) => release * HOUR_MS),
  dueMs: list.map(({ release, span }) => (release + span) * HOUR_MS),
  nodeMs: list.map(() => HOUR_MS),
});

/** Most pieces that fit, by trying every hour for every piece. */
function bruteForce(list: readonly { release: number; span: number }[], nodes: number): number {
  const used = new Array<number>(8).fill(0);
  const go = (index: number): number => {
    if (index === list.length) return 0;
    let best = go(index + 1);
    const { release, span } = list[index]!;
    for (let hour = release; hour < release + span; hour++) {
      if (used[hour]! >= nodes) continue;
      used[hour]! += 1;
      best = Math.max(best, 1 + go(index + 1));
      used[hour]! -= 1;
    }
    return best;
  };
  return go(0);
}

test('the optimum bound is exact for unit pieces', (t) => {
  fc.assert(
    fc.property(pieces, fc.integer({ min: 1, max: 3 }), (list, nodes) => {
      t.is(optimumUpperBound(windowsOf(list), nodes) / HOUR_MS, bruteForce(list, nodes));
    }),
    { numRuns: 300 },
  );
});

test('fewer nodes than the interval bound never finish everything', (t) => {
  fc.assert(
    fc.property(pieces, (list) => {
      const need = Math.ceil(intervalBound(windowsOf(list)) - 1e-9);
      t.is(bruteForce(list, need), list.length, 'unit pieces: the bound is reached');
      if (need > 1) t.true(bruteForce(list, need - 1) < list.length);
    }),
    { numRuns: 300 },
  );
});

test('the work bound is the mean of what was done', (t) => {
  const windows = { releaseMs: [0], dueMs: [10 * HOUR_MS], nodeMs: [20 * HOUR_MS] };
  t.is(workBound(windows, 0, 10 * HOUR_MS), 2);
  t.is(intervalBound(windows), 2);
});
