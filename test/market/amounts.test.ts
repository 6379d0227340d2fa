import test from 'ava';
import fc from 'fast-check';
import { multiplyDivide, multiplyDivideUp, splitExactly } from '../../core/market/amounts.ts';

const amount = fc.nat(Number.MAX_SAFE_INTEGER);

test('products that leave the safe range are divided exactly', (t) => {
  fc.assert(
    fc.property(amount, amount, fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (a, b, c) => {
      const [low, high] = a < c ? [a, b] : [Math.min(a, c), b];
      const exact = (BigInt(low) * BigInt(high)) / BigInt(c);
      if (exact > BigInt(Number.MAX_SAFE_INTEGER)) return true;
      const up = (BigInt(low) * BigInt(high) + BigInt(c) - 1n) / BigInt(c);
      return (
        BigInt(multiplyDivide(low, high, c)) === exact &&
        BigInt(multiplyDivideUp(low, high, c)) === up
      );
    }),
    { numRuns: 2_000 },
  );
  t.is(multiplyDivide(Number.MAX_SAFE_INTEGER, 1, 3), 3_002_399_751_580_330);
  t.is(multiplyDivide(9_000_000_000_001, 999_999, 1_000_000), 8_999_991_000_000);
  t.is(multiplyDivideUp(9_000_000_000_001, 999_999, 1_000_000), 8_999_991_000_001);
});

test('a split adds up to the whole and gives nobody more than one unit above its share', (t) => {
  fc.assert(
    fc.property(
      fc.nat(2 ** 50),
      fc.array(fc.nat(2 ** 30), { minLength: 1, maxLength: 9 }).filter((w) => w.some((x) => x > 0)),
      (total, weights) => {
        const parts = splitExactly(total, weights);
        const sum = weights.reduce((a, b) => a + b, 0);
        return (
          parts.reduce((a, b) => a + b, 0) === total &&
          parts.every((part, i) => {
            const floor = Number((BigInt(total) * BigInt(weights[i]!)) / BigInt(sum));
            return part === floor || part === floor + 1;
          })
        );
      },
    ),
    { numRuns: 1_000 },
  );
  t.deepEqual(splitExactly(10, [1, 1, 1]), [4, 3, 3]);
  t.deepEqual(splitExactly(5, [1, 3]), [1, 4]);
});
