import test from 'ava';
import fc from 'fast-check';
import { solveCase } from '../../../core/market/cases/registry.ts';
import { runWaterfall } from '../../../core/market/clearing-house/waterfall.ts';

const amount = fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 2 ** 44 }));
const resources = fc.record({
  deposit: amount,
  ownShare: amount,
  capital: amount,
  shares: fc.array(amount, { maxLength: 6 }),
});

/** Coin by coin: the oracle for small amounts. The last stage is checked by its own law. */
function coinByCoin(
  loss: number,
  { deposit, ownShare, capital, shares }: Parameters<typeof runWaterfall>[1],
) {
  const left = [deposit, ownShare, capital, shares.reduce((a, b) => a + b, 0)];
  const used = [0, 0, 0, 0];
  let haircut = 0;
  for (let coin = 0; coin < loss; coin++) {
    const stage = left.findIndex((amount) => amount > 0);
    if (stage < 0) haircut += 1;
    else {
      left[stage]! -= 1;
      used[stage]! += 1;
    }
  }
  return { used, haircut };
}

test('the waterfall takes coin by coin from the first that still has one', (t) => {
  const small = fc.integer({ min: 0, max: 40 });
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 200 }),
      fc.record({
        deposit: small,
        ownShare: small,
        capital: small,
        shares: fc.array(small, { maxLength: 4 }),
      }),
      (loss, given) => {
        const use = runWaterfall(loss, given);
        const oracle = coinByCoin(loss, given);
        const mutual = use.mutual.reduce((a, b) => a + b, 0);
        t.deepEqual([use.deposit, use.ownShare, use.capital, mutual], oracle.used);
        t.is(use.haircut, oracle.haircut);
      },
    ),
  );
});

test('uses and haircut add up to the loss, nobody bears more than its share, and shares are pro rata', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 45 }), resources, (loss, given) => {
      const use = runWaterfall(loss, given);
      const mutual = use.mutual.reduce((a, b) => a + b, 0);
      t.is(use.deposit + use.ownShare + use.capital + mutual + use.haircut, loss);
      const fund = given.shares.reduce((a, b) => a + b, 0);
      given.shares.forEach((share, i) => {
        t.true(use.mutual[i]! <= share && use.mutual[i]! >= 0);
        if (fund > 0) t.true(Math.abs(use.mutual[i]! - (mutual * share) / fund) < 1.001);
      });
      if (use.haircut > 0) t.is(mutual, fund);
    }),
  );
});

const W1 = {
  deposits: { D: 30, X: 20, Y: 25 },
  defaulter: 'D',
  loss: 100,
  defaulterFund: 10,
  exchangeCapital: 15,
  fund: { X: 40, Y: 60 },
};
const solve = (input: unknown) => solveCase({ mechanism: 'clearing-house', input });
const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown;

test('the worked case: 45 of a loss of 100 are left for the fund, 18 and 27', (t) => {
  t.deepEqual(plain(solve(W1)), {
    used: { defaulterDeposit: 30, defaulterFund: 10, exchangeCapital: 15 },
    mutualised: { X: 18, Y: 27 },
    residualHaircut: 0,
  });
  t.deepEqual(plain(solve({ ...W1, loss: 12.5, fund: {} })), {
    used: { defaulterDeposit: 12.5, defaulterFund: 0, exchangeCapital: 0 },
    mutualised: {},
    residualHaircut: 0,
  });
  t.like(solve({ ...W1, loss: 500 }), { residualHaircut: 345 });
});

test('a case that makes no sense is refused with the key that is wrong', (t) => {
  const bad: [string, unknown][] = [
    ['input', null],
    ['loss', { ...W1, loss: -1 }],
    ['loss', { ...W1, loss: NaN }],
    ['loss', { ...W1, loss: 2 ** 53 }],
    ['defaulter', { ...W1, defaulter: 'Z' }],
    ['defaulter', { ...W1, defaulter: '__proto__' }],
    ['deposits', { ...W1, deposits: [1] }],
    ['deposits.X', { ...W1, deposits: { D: 1, X: '2' } }],
    ['fund.Y', { ...W1, fund: { Y: -3 } }],
    ['exchangeCapital', { ...W1, exchangeCapital: undefined }],
  ];
  for (const [keyPath, input] of bad) {
    const error = t.throws(() => solve(input)) as Error & {
      code: string;
      place?: { keyPath: string };
    };
    t.is(error.code, 'INPUT_CASE_INVALID');
    t.is(error.place?.keyPath, keyPath);
  }
  const hostile = JSON.parse('{"__proto__": 7, "Y": 3}') as object;
  t.notThrows(() => solve({ ...W1, fund: hostile }));
});
