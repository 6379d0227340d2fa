import { createHash } from 'node:crypto';
import test from 'ava';
import { Lottery } from '../../core/market/lottery.ts';

const ROUND = { roundId: 7, seed: 'head' };
const NAMES = ['alpha', 'beta', 'gamma', 'delta'];

function lotteryOrder(round: typeof ROUND, names: readonly string[]): string[] {
  const lottery = new Lottery(round);
  return [...names].sort((a, b) => lottery.compare(a, b));
}

test('a ticket is the head of the hash of round, seed and organisation', (t) => {
  const hash = createHash('sha256').update('[7,"head","alpha"]').digest('hex');
  t.is(new Lottery(ROUND).ticket('alpha'), Number.parseInt(hash.slice(0, 13), 16));
});

test('the order does not depend on how the organisations are listed', (t) => {
  const order = lotteryOrder(ROUND, NAMES);
  t.deepEqual(lotteryOrder(ROUND, [...NAMES].reverse()), order);
  t.deepEqual([...order].sort(), [...NAMES].sort());
});

test('a name that is added does not change the order of the others', (t) => {
  const order = lotteryOrder(ROUND, NAMES);
  const more = lotteryOrder(ROUND, [...NAMES, 'epsilon']);
  t.deepEqual(
    more.filter((name) => name !== 'epsilon'),
    order,
  );
});

test('over many rounds every organisation is first, and heads, equally often', (t) => {
  const first = new Map<string, number>();
  let heads = 0;
  const rounds = 4_000;
  for (let roundId = 0; roundId < rounds; roundId++) {
    const round = { roundId, seed: `seed/${roundId}` };
    const [winner] = lotteryOrder(round, NAMES);
    first.set(winner!, (first.get(winner!) ?? 0) + 1);
    if (new Lottery(round).isHeads('alpha')) heads += 1;
  }
  // Five standard deviations of a binomial count.
  for (const name of NAMES) t.true(Math.abs(first.get(name)! - rounds / 4) < 137, name);
  t.true(Math.abs(heads - rounds / 2) < 158);
});

test('the side of the coin says nothing about the place in the order', (t) => {
  let both = 0;
  const rounds = 4_000;
  for (let roundId = 0; roundId < rounds; roundId++) {
    const lottery = new Lottery({ roundId, seed: 's' });
    if (lottery.isHeads('alpha') && lottery.compare('alpha', 'beta') < 0) both += 1;
  }
  t.true(Math.abs(both - rounds / 4) < 137);
});
