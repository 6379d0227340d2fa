import test from 'ava';
import fc from 'fast-check';
import { mechanisms } from '../../core/market/mechanisms/registry.ts';
import { bestWelfare } from '../../core/market/properties/best-welfare.ts';
import { measureProperties, PROPERTIES } from '../../core/market/properties/measure.ts';
import { randomMarket } from '../../core/market/properties/random-markets.ts';
import type { MarketDomain } from '../../core/market/properties/random-markets.ts';
import { truthOf, utilityOf } from '../../core/market/properties/utility.ts';
import { ask, bid, round } from './support/orders.ts';
import { vickreyUnits } from './support/planted-mechanisms.ts';

const DOMAINS: readonly MarketDomain[] = [
  'always',
  'unit-demand',
  'diminishing-returns',
  'single-minded',
  'price-taking',
];

test('a market is the same for the same seed and differs from the next', (t) => {
  for (const domain of DOMAINS) {
    t.deepEqual(randomMarket(domain, 7), randomMarket(domain, 7));
    const rounds = [1, 2, 3, 4].map((seed) => JSON.stringify(randomMarket(domain, seed).round));
    t.is(new Set(rounds).size, 4);
  }
});

test('markets are honest examples of their domain', (t) => {
  for (let seed = 0; seed < 200; seed++) {
    for (const { options } of randomMarket('unit-demand', seed).round.bids) {
      t.like(options, [{ nodes: 1, startSlot: 0, endSlot: 1 }]);
    }
    const { round: gangs } = randomMarket('single-minded', seed);
    t.is(new Set(gangs.bids.map(({ organisation }) => organisation)).size, gangs.bids.length);
    t.true(gangs.bids.every(({ options: [o] }) => o!.minimumNodes === o!.nodes));
    t.is(new Set(gangs.asks.map(({ organisation }) => organisation)).size, gangs.asks.length);
  }
});

test('the best welfare of single nodes is that of the sorted sides', (t) => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const market = randomMarket('unit-demand', seed, 8);
      const worths = market.round.bids.map(({ options }) => options[0]!.valueMillicredits);
      const reserves = market.round.asks.map(({ reserveMillicredits }) => reserveMillicredits);
      worths.sort((a, b) => b - a);
      reserves.sort((a, b) => a - b);
      let best = 0;
      for (let i = 0; i < Math.min(worths.length, reserves.length); i++) {
        best += Math.max(0, worths[i]! - reserves[i]!);
      }
      return bestWelfare(market.round) === best;
    }),
  );
  t.pass();
});

test('the best welfare of gangs and windows is found by hand', (t) => {
  const gang = bid('gang', { nodes: 2, endSlot: 2, valueMillicredits: 900 });
  const single = bid('single', { startSlot: 1, endSlot: 2, valueMillicredits: 600 });
  const offer = ask('two', { nodes: 2, endSlot: 2, reserveMillicredits: 100 });
  t.is(bestWelfare(round([gang, single], [offer])), 500);
  t.is(bestWelfare(round([gang, single], [{ ...offer, nodes: 3 }])), 1_000);
  t.is(bestWelfare(round([gang], [{ ...offer, organisation: gang.organisation }])), 0);
});

test('utility counts what is true, not what was reported', (t) => {
  const truth = round(
    [bid('b', { valueMillicredits: 50 })],
    [ask('a', { reserveMillicredits: 10 })],
  );
  const reported = { ...truth, bids: [bid('b', { valueMillicredits: 90 })] };
  const clearing = {
    fills: [
      {
        bidId: 'b',
        optionIndex: 0,
        nodes: 1,
        parts: [{ askId: 'a', nodes: 1 }],
        paymentMillicredits: 60,
      },
    ],
    receipts: new Map([['a', 60]]),
    surplusMillicredits: 0,
    prices: [],
    welfareMillicredits: 80,
    rejected: [],
  };
  const buyer = truthOf(truth, 'buyer b');
  t.is(utilityOf(buyer, new Set(['buyer b']), reported, clearing), -10);
  const seller = truthOf(truth, 'seller a');
  t.is(utilityOf(seller, new Set(['seller a']), reported, clearing), 50);
});

test('half a gang is worth nothing, and parts under several names add up', (t) => {
  const gang = bid('g', { nodes: 2, valueMillicredits: 80 });
  const truth = truthOf(round([gang], []), gang.organisation);
  const part = (i: number) =>
    bid(`g~${i}`, { valueMillicredits: 80 }, { organisation: `alias ${i}` });
  const reported = round([part(0), part(1)], [ask('a', { nodes: 2 })]);
  const fill = (bidId: string) => ({
    bidId,
    optionIndex: 0,
    nodes: 1,
    parts: [{ askId: 'a', nodes: 1 }],
    paymentMillicredits: 5,
  });
  const names = new Set(['alias 0', 'alias 1']);
  const rest = { receipts: new Map(), surplusMillicredits: 0, prices: [], welfareMillicredits: 0 };
  const one = { ...rest, fills: [fill('g~0')], rejected: [] };
  const both = { ...rest, fills: [fill('g~0'), fill('g~1')], rejected: [] };
  t.is(utilityOf(truth, names, reported, one), -5);
  t.is(utilityOf(truth, names, reported, both), 70);
});

test('a card is measured line by line, claims and what is not claimed', (t) => {
  const honest = vickreyUnits({ incentiveCompatibility: 'unit-demand' });
  const lines = measureProperties(honest, { markets: 100, seed: 1 });
  t.deepEqual(
    lines.map(({ property }) => property),
    PROPERTIES,
  );
  const line = new Map(lines.map((one) => [one.property, one]));
  t.like(line.get('incentiveCompatibility'), {
    claimed: 'unit-demand',
    violations: 0,
    holds: true,
  });
  t.true(line.get('incentiveCompatibility')!.tellingMarkets > 20);
  t.like(line.get('efficiency'), { violations: 0, missedShare: 0 });
  // No balance is claimed; the deficit shows all the same.
  t.like(line.get('budgetBalance'), { isClaimed: false, holds: true });
  t.true(line.get('budgetBalance')!.largestMissedMillicredits > 0);
});

test('the measured card shows a claim that is refuted, and where', (t) => {
  const liar = vickreyUnits({ budgetBalance: 'strong' });
  const lines = measureProperties(liar, { markets: 50, seed: 1 });
  const balance = lines.find(({ property }) => property === 'budgetBalance')!;
  t.false(balance.holds);
  t.regex(balance.example ?? '', /^market \d+: payments less receipts are -/);
});

test('a mechanism can be measured with something around it', (t) => {
  const kDoubleAuction = mechanisms.get('k-double-auction')!;
  const closed = mechanisms.get('static')!;
  const lines = measureProperties(kDoubleAuction, {
    markets: 20,
    seed: 1,
    wrap: (mechanism) => ({ ...closed, properties: mechanism.properties }),
  });
  t.true(
    lines.every(
      ({ tellingMarkets, property }) => tellingMarkets === 0 || property === 'efficiency',
    ),
  );
  t.false(lines.find(({ property }) => property === 'efficiency')!.holds);
});
