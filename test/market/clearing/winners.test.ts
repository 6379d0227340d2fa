import test from 'ava';
import { compileRound } from '../../../core/market/clearing/instance.ts';
import { determineWinners } from '../../../core/market/clearing/winners.ts';
import { optimum } from '../../../core/market/mechanisms/optimum.ts';
import { checkClearing } from '../../../core/market/clearing/check.ts';
import { bruteForceWelfare } from '../support/brute-force.ts';
import { ask, bid, round } from '../support/orders.ts';
import { randomRound } from '../support/random-round.ts';
import type { RandomRoundShape } from '../support/random-round.ts';

/** Up to 4 bids × 4 asks, gangs and scalable bids, mixed terms. */
function tinyRound(seed: number) {
  return randomRound(
    {
      bids: 1 + (seed % 4),
      optionsPerBid: 1 + (seed % 3),
      slots: 4,
      classes: 1 + (seed % 2),
      nodesPerClass: 6,
      asksPerClass: 2,
      largestGang: 4,
      longestWindow: 3,
      scalableShare: 0.5,
      mixedTerms: seed % 3 === 0,
      crossClass: seed % 5 !== 0,
      organisations: 6,
    },
    seed,
  );
}

const CROWDED: RandomRoundShape = {
  bids: 30,
  optionsPerBid: 2,
  slots: 24,
  classes: 3,
  nodesPerClass: 20,
  asksPerClass: 3,
  largestGang: 12,
  longestWindow: 12,
  scalableShare: 0.3,
  mixedTerms: false,
  crossClass: false,
  organisations: 8,
};

const effort = { iterations: null, branches: 100_000, seed: 'seed', solver: null };

test('branch and bound alone, from an empty start, proves what trying everything finds', (t) => {
  let branched = 0;
  for (let seed = 0; seed < 300; seed++) {
    const tiny = tinyRound(seed);
    const instance = compileRound(tiny, 'id', 'cheapest');
    const winners = determineWinners(instance, { ...effort, iterations: 0 });
    t.true(winners.proved, `seed ${seed}`);
    t.is(winners.allocation.welfare, bruteForceWelfare(tiny), `seed ${seed}`);
    t.is(winners.upperBound, winners.allocation.welfare);
    if (winners.branches > 0) branched += 1;
  }
  t.true(branched > 50, `only ${branched} rounds needed it`);
});

test('what is proved is a clearing that stands, also where asks were taken together', (t) => {
  let proved = 0;
  for (let seed = 0; seed < 40; seed++) {
    const drawn = randomRound({ ...CROWDED, bids: 20 + (seed % 10) }, seed);
    // Three asks of each class that nobody can tell apart.
    const asks = drawn.asks.map((ask) => ({
      ...ask,
      organisation: `owner ${ask.askId}`,
      reserveMillicredits: 100,
    }));
    const orders = { ...drawn, asks };
    const { clearing } = optimum.clear(orders, {}, {});
    t.is(checkClearing(orders, clearing, optimum.properties), null);
    if (clearing.search?.unprovedWelfares === 0) proved += 1;
  }
  t.true(proved >= 35, `${proved} of 40`);
});

test('bids that stay within a class are solved class by class, to the same end', (t) => {
  const orders = randomRound({ ...CROWDED, asksPerClass: 1 }, 3);
  const whole = determineWinners(compileRound(orders, 'id', 'cheapest'), effort);
  let sum = 0;
  for (const nodeClass of ['class0', 'class1', 'class2']) {
    const part = {
      ...orders,
      bids: orders.bids.filter(({ options }) => options[0]!.nodeClass === nodeClass),
      asks: orders.asks.filter((ask) => ask.nodeClass === nodeClass),
    };
    const { proved, allocation } = determineWinners(compileRound(part, 'id', 'cheapest'), effort);
    t.true(proved);
    sum += allocation.welfare;
  }
  t.true(whole.proved);
  t.is(whole.allocation.welfare, sum);
});

test('a limit of branches ends the proof, not the clearing, and the bound still holds', (t) => {
  const orders = randomRound({ ...CROWDED, classes: 1, mixedTerms: true }, 1);
  const instance = compileRound(orders, 'id', 'cheapest');
  const few = determineWinners(instance, { ...effort, branches: 10 });
  const many = determineWinners(instance, effort);
  t.false(few.proved);
  t.is(few.branches, 10);
  t.true(many.allocation.welfare >= few.allocation.welfare);
  t.true(few.upperBound >= many.allocation.welfare);
  t.true(many.branches <= effort.branches);
});

test('orders that can meet nobody are in no part and change nothing', (t) => {
  const orders = randomRound({ ...CROWDED, bids: 10 }, 2);
  const lost = orders.bids.map((bid) => ({
    ...bid,
    bidId: `lost ${bid.bidId}`,
    options: bid.options.map((of) => ({ ...of, nodeClass: 'nowhere' })),
  }));
  const alone = determineWinners(compileRound(orders, 'id', 'cheapest'), effort);
  const mixed = { ...orders, bids: [...orders.bids, ...lost] };
  const among = determineWinners(compileRound(mixed, 'id', 'cheapest'), effort);
  t.is(among.allocation.welfare, alone.allocation.welfare);
  t.is(among.upperBound, alone.upperBound);
});

test('slot prices start from the reserve and rise where and when something is scarce', (t) => {
  const gang = { nodes: 2, startSlot: 2, endSlot: 4 };
  const orders = round(
    [
      bid('wins', { ...gang, valueMillicredits: 8_000 }),
      bid('loses', { ...gang, valueMillicredits: 7_000 }),
      bid('alone', { nodeClass: 'B', valueMillicredits: 900 }),
    ],
    [
      ask('a', { nodes: 2, endSlot: 8, reserveMillicredits: 100 }),
      ask('b', { nodeClass: 'B', nodes: 2, endSlot: 1, reserveMillicredits: 70 }),
    ],
  );
  const { slotPrices } = determineWinners(compileRound(orders, 'id', 'cheapest'), effort);
  const price = (nodeClass: string, slot: number) =>
    slotPrices.find((p) => p.nodeClass === nodeClass && p.startSlot <= slot && slot < p.endSlot)
      ?.millicreditsPerNodeSlot;
  t.is(price('A', 0), 100);
  t.is(price('A', 7), 100);
  // Two nodes over two slots: between what the loser and the winner would pay for each.
  t.true(price('A', 2)! >= 0.9 * (7_000 / 4) && price('A', 2)! <= 8_000 / 4, String(price('A', 2)));
  t.is(price('B', 0), 70);
  t.is(price('B', 1), undefined);
});
