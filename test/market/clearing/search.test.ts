import test from 'ava';
import fc from 'fast-check';
import { checkClearing } from '../../../core/market/clearing/check.ts';
import { compileRound } from '../../../core/market/clearing/instance.ts';
import { searchAllocation } from '../../../core/market/clearing/search.ts';
import { exchangeThreshold } from '../../../core/market/mechanisms/exchange-threshold.ts';
import { bruteForceWelfare } from '../support/brute-force.ts';
import { ask, bid, option, round } from '../support/orders.ts';
import { randomRound } from '../support/random-round.ts';

/** Up to 4 bids × 4 asks, gangs and scalable bids, mixed terms. */
function tinyRound(seed: number) {
  return randomRound(
    {
      bids: 1 + (seed % 4),
      optionsPerBid: 1 + (seed % 2),
      slots: 4,
      classes: 1 + (seed % 2),
      nodesPerClass: 6,
      asksPerClass: 2,
      largestGang: 4,
      longestWindow: 3,
      scalableShare: 0.5,
      mixedTerms: seed % 3 === 0,
      crossClass: true,
      organisations: 6,
    },
    seed,
  );
}

test('on tiny rounds the search finds what trying everything finds', (t) => {
  for (let seed = 0; seed < 400; seed++) {
    const tiny = tinyRound(seed);
    const { clearing } = exchangeThreshold.clear(tiny, { iterations: 500 }, {});
    const best = bruteForceWelfare(tiny);
    t.is(clearing.welfareMillicredits, best, `seed ${seed}`);
    t.true((clearing.search?.upperBoundMillicredits ?? 0) >= best, `bound of seed ${seed}`);
  }
});

test('by default it misses the optimum of a tiny round in fewer than 1 of 25', (t) => {
  let misses = 0;
  for (let seed = 400; seed < 700; seed++) {
    const tiny = tinyRound(seed);
    const { welfareMillicredits } = exchangeThreshold.clear(tiny, {}, {}).clearing;
    if (welfareMillicredits !== bruteForceWelfare(tiny)) misses += 1;
  }
  t.true(misses < 12, `${misses} of 300`);
});

test('an optimum that no order of cheapest-first fills can reach is found', (t) => {
  // Both gangs could have two nodes of the cheap ask; only if each takes one are both served.
  const orders = round(
    [
      bid('left', { nodes: 2 }, { securityLevel: 'full' }),
      bid('right', { nodes: 2 }, { acceptsRecall: false }),
    ],
    [
      ask('shared', { nodes: 2 }),
      ask('only left', {
        reserveMillicredits: 10,
        recall: { noticeMs: 0, penaltyPartsPerMillion: 0 },
      }),
      ask('only right', { reserveMillicredits: 10, securityLevel: 'none' }),
    ],
  );
  t.is(bruteForceWelfare(orders), 1_980);
  t.is(exchangeThreshold.clear(orders, {}, {}).clearing.welfareMillicredits, 1_980);
});

test('more rounds of search never make it worse, and none are done where nothing is scarce', (t) => {
  const crowded = compileRound(
    randomRound(
      {
        bids: 60,
        optionsPerBid: 3,
        slots: 24,
        classes: 2,
        nodesPerClass: 40,
        asksPerClass: 3,
        largestGang: 16,
        longestWindow: 12,
        scalableShare: 0.3,
        mixedTerms: true,
        crossClass: true,
        organisations: 5,
      },
      7,
    ),
    'id',
    'cheapest',
  );
  const none = searchAllocation(crowded, 0, 'seed');
  const some = searchAllocation(crowded, 2_000, 'seed');
  t.true(some.allocation.welfare > none.allocation.welfare);
  t.true(some.allocation.welfare <= some.upperBound);
  t.is(some.iterations, 2_000);

  const roomy = compileRound(
    round([bid('one'), bid('two')], [ask('all', { nodes: 2 })]),
    'id',
    'cheapest',
  );
  const proved = searchAllocation(roomy, null, 'seed');
  t.true(proved.uncontested);
  t.is(proved.iterations, 0);
  t.is(proved.allocation.welfare, proved.upperBound);
});

test('work that scales takes the nodes that pay and leaves those that do not', (t) => {
  const orders = round(
    [bid('scales', { nodes: 4, minimumNodes: 1, valueMillicredits: 400 })],
    [
      ask('cheap', { nodes: 2, reserveMillicredits: 50 }),
      ask('dear', { nodes: 2, reserveMillicredits: 150 }),
    ],
  );
  const { fills, welfareMillicredits } = exchangeThreshold.clear(orders, {}, {}).clearing;
  t.deepEqual(fills[0]!.parts, [{ askId: 'cheap', nodes: 2 }]);
  t.is(welfareMillicredits, 100);
});

test('a long horizon with few orders costs no more than a short one', (t) => {
  const orders = round(
    [bid('late', { startSlot: 90_000, endSlot: 99_999 })],
    [ask('all', { endSlot: 100_000 })],
    { horizonSlots: 100_000 },
  );
  const instance = compileRound(orders, 'id', 'cheapest');
  t.is(instance.steps, 3);
  t.is(exchangeThreshold.clear(orders, {}, {}).clearing.fills.length, 1);
});

test('orders that would make a round huge are left out, and the rest is cleared', (t) => {
  const options = Array.from({ length: 64 }, () => option());
  const bids = Array.from({ length: 700 }, (_, i) => bid(`b${i}`, {}, { options }));
  const asks = Array.from({ length: 100 }, (_, i) => ask(`a${i}`, { nodes: 9 }));
  const { clearing } = exchangeThreshold.clear(round(bids, asks), { iterations: 0 }, {});
  t.is(clearing.fills.length, 625);
  t.is(clearing.rejected.length, 75);
  t.true(clearing.rejected.every(({ code }) => code === 'MARKET_ROUND_FULL'));
});

test('one organisation`s flood of orders does not push out another`s', (t) => {
  const flood = Array.from({ length: 1_500 }, (_, i) =>
    ask(`flood ${i}`, { organisation: 'flood', nodeClass: `class ${i}` }),
  );
  const orders = round([bid('b')], [...flood, ask('honest')], { horizonSlots: 2_000 });
  const { clearing } = exchangeThreshold.clear(orders, {}, {});
  t.is(clearing.fills.length, 1);
  t.is(clearing.rejected.length, 501);
  const { nodeClasses, steps } = compileRound(orders, 'id', 'cheapest');
  t.true(nodeClasses.length <= 1_001);
  t.is(steps, 1);
});

test('classes that nobody offers cost nothing, however many there are', (t) => {
  const bids = Array.from({ length: 2_000 }, (_, i) => bid(`b${i}`, { nodeClass: `class ${i}` }));
  const { nodeClasses } = compileRound(round(bids, [ask('a')]), 'id', 'cheapest');
  t.deepEqual(nodeClasses, ['A', '']);
});

test('no organisation can use up what a round may be worth for the others', (t) => {
  const largest = 2 ** 43;
  const greedy = Array.from({ length: 600 }, (_, i) =>
    bid(`huge ${i}`, { valueMillicredits: largest }, { organisation: 'greedy' }),
  );
  const orders = round([...greedy, bid('modest')], [ask('all', { nodes: 700 })]);
  const { clearing } = exchangeThreshold.clear(orders, {}, {});
  t.deepEqual(
    clearing.fills.map(({ bidId }) => bidId),
    ['huge 0', 'modest'],
  );
  t.is(checkClearing(orders, clearing, exchangeThreshold.properties), null);
  t.true(clearing.rejected.every(({ code }) => code === 'MARKET_ORGANISATION_LIMIT'));
});

test('a horizon that makes no sense leaves out all orders', (t) => {
  fc.assert(
    fc.property(fc.constantFrom<unknown>(NaN, 0, -1, 1.5, 1e9, '8', null), (horizonSlots) => {
      const orders = round([bid('b')], [ask('a')], { horizonSlots: horizonSlots as number });
      const { fills, rejected } = exchangeThreshold.clear(orders, {}, {}).clearing;
      return fills.length === 0 && rejected.every(({ code }) => code === 'MARKET_ROUND_MALFORMED');
    }),
  );
  t.pass();
});
