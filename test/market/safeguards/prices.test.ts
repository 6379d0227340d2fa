import test from 'ava';
import fc from 'fast-check';
import { mechanisms } from '../../../core/market/mechanisms/registry.ts';
import type { MarketRound } from '../../../core/market/orders.ts';
import { gapQuantile } from '../../../core/market/safeguards/recall-penalty.ts';
import { holdToBand } from '../../../core/market/safeguards/price-band.ts';
import type { SafeguardDesk } from '../../../core/market/safeguards/safeguard.ts';
import { medianPrice, notePrices, priceHistoryOf } from '../../../core/market/price-history.ts';
import { ask, bid, round } from '../support/orders.ts';
import { contractsOf, guarded, tradeAt, triggered } from './support.ts';

const COLLAR = { priceCollar: { bandPartsPerMillion: 500_000 } };

test('nothing trades outside the collar that was published with the round before', (t) => {
  const market = guarded(COLLAR);
  const published = tradeAt(market, 0, 1_000).find(({ kind }) => kind === 'PricesPublished');
  t.like(published, {
    limits: { collar: [{ nodeClass: 'A', lowMillicredits: 500, highMillicredits: 1_500 }] },
  });
  // A fat finger on each side: a thousand times too much, and nothing at all.
  const effects = tradeAt(market, 1, 1_000_000);
  t.is(contractsOf(effects).length, 0, 'an ask above the collar is left out');
  market.ask(ask('free', { organisation: 'beta', reserveMillicredits: 0 }), 2);
  market.bid(bid('dear', { valueMillicredits: 1_000_000 }, { organisation: 'alpha' }), 2);
  const solved = market.solve(market.close(2));
  const [contract] = contractsOf(solved);
  t.true(contract!.priceMillicredits >= 500 && contract!.priceMillicredits <= 1_500);
  t.is(triggered(market.effects, 'price-collar').length, 4);
  // Without the collar both go through at their word.
  const open = guarded({});
  t.is(contractsOf(tradeAt(open, 0, 1_000)).length, 1);
  t.is(contractsOf(tradeAt(open, 1, 1_000_000)).length, 1);
});

test('the collar follows prices that move step by step', (t) => {
  const market = guarded(COLLAR);
  for (let i = 0; i < 6; i++) {
    t.is(contractsOf(tradeAt(market, i, 1_000 + 50 * i, i * 900_000)).length, 1);
  }
  t.is(triggered(market.effects, 'price-collar').length, 0);
});

test('a price that jumps halts the market for as many rounds as configured, not more', (t) => {
  const market = guarded({ volatilityHalt: { movePartsPerMillion: 500_000, rounds: 2 } });
  for (let i = 0; i < 5; i++) tradeAt(market, i, 1_000 + i);
  t.is(triggered(market.effects, 'volatility-halt').length, 0);
  tradeAt(market, 5, 5_000);
  t.is(market.state.safeguards!.haltedRounds, 2);
  t.is(contractsOf(tradeAt(market, 6, 1_000)).length, 0);
  t.is(contractsOf(tradeAt(market, 7, 1_000)).length, 0);
  t.is(contractsOf(tradeAt(market, 8, 1_000)).length, 1);
  t.is(triggered(market.effects, 'volatility-halt').length, 3);
});

test('nothing sells below the floor, and everything else is as without', (t) => {
  const market = guarded({ priceFloor: { sharePartsPerMillion: 1_000_000 } });
  t.is(contractsOf(tradeAt(market, 0, 99)).length, 0);
  market.ask(ask('free', { organisation: 'beta' }), 1);
  market.bid(bid('b', { valueMillicredits: 101 }, { organisation: 'alpha' }), 1);
  const [contract] = contractsOf(market.solve(market.close(1)));
  t.true(contract!.priceMillicredits >= 100);
  t.is(contractsOf(tradeAt(market, 2, 500))[0]!.priceMillicredits, 500);
});

test('a move costs what it costs on top of the price, and happens only where it gains', (t) => {
  const market = guarded({ switchingCost: { millicreditsPerNode: 300 } });
  market.ask(ask('a', { organisation: 'beta', nodes: 2, reserveMillicredits: 100 }), 0);
  market.bid(bid('thrash', { valueMillicredits: 399 }, { organisation: 'alpha' }), 0);
  market.bid(bid('move', { valueMillicredits: 1_000 }, { organisation: 'gamma' }), 0);
  const contracts = contractsOf(market.solve(market.close()));
  t.deepEqual(
    contracts.map(({ buyer }) => buyer),
    ['gamma'],
  );
  const { priceMillicredits, receiptMillicredits } = contracts[0]!;
  t.is(priceMillicredits - receiptMillicredits, 300);
  t.true(priceMillicredits <= 1_000);
  market.report('c1', 'ended', 900_000);
  t.is(market.balance('/exchange'), 300);
});

test('whoever recalls pays at least what prices rose by, with the quantile that is configured', (t) => {
  const market = guarded({ recallPenalty: { quantilePartsPerMillion: 990_000 } });
  tradeAt(market, 0, 1_000);
  tradeAt(market, 1, 1_400);
  const recall = { noticeMs: 0, penaltyPartsPerMillion: 100_000 };
  market.ask(ask('a', { organisation: 'beta', recall }), 2);
  market.ask(
    ask('b', { organisation: 'gamma', recall: { ...recall, penaltyPartsPerMillion: 900_000 } }),
    2,
  );
  const { asks } = market.close(2).round;
  t.deepEqual(
    asks.map((own) => own.recall!.penaltyPartsPerMillion),
    [400_000, 900_000],
  );
  const history = priceHistoryOf(['A']);
  const pay = (millicreditsPerNodeSlot: number, timeMs: number) =>
    notePrices(history, [{ nodeClass: 'A', millicreditsPerNodeSlot }], timeMs, 1e9);
  for (let i = 0; i < 101; i++) pay(i % 2 === 0 ? 100 : 100 + (i === 51 ? 300 : 10), i);
  t.is(gapQuantile(history, 'A', 990_000), 100_000);
  t.is(
    gapQuantile(history, 'A', 1_000_000),
    1_000_000,
    'a rise of 300 % counts as the whole price',
  );
});

test('prices are remembered for the window and of known classes only', (t) => {
  const history = priceHistoryOf(['A']);
  for (let i = 0; i < 10; i++) {
    notePrices(
      history,
      [
        { nodeClass: 'A', millicreditsPerNodeSlot: i },
        { nodeClass: '__proto__', millicreditsPerNodeSlot: 7 },
      ],
      i,
      4,
    );
  }
  t.deepEqual([...history.keys()], ['A']);
  t.is(history.get('A')!.length, 5);
  t.is(medianPrice(history, 'A'), 7);
});

const desk = { trigger: () => undefined } as unknown as SafeguardDesk;

test('under a band nobody gains by another report where the mechanism is truthful', (t) => {
  // The price-taking rule: the price is posted, who reports at or above it trades.
  const mechanism = mechanisms.get('posted-price')!;
  const amount = fc.integer({ min: 0, max: 60 });
  const utility = (of: MarketRound, who: string, truth: number, side: 'bid' | 'ask') => {
    const band = { lowMillicredits: 15, highMillicredits: 40 };
    const held = holdToBand(of, () => band, desk);
    const { clearing } = mechanism.clear(held, { initialPriceMillicredits: 30 }, {});
    const fill = clearing.fills.find(({ bidId, parts }) =>
      side === 'bid' ? bidId === who : parts.some(({ askId }) => askId === who),
    );
    if (!fill) return 0;
    const { paymentMillicredits } = fill;
    return side === 'bid' ? truth - paymentMillicredits : (clearing.receipts.get(who) ?? 0) - truth;
  };
  fc.assert(
    fc.property(
      fc.array(amount, { minLength: 1, maxLength: 4 }),
      fc.array(amount, { minLength: 1, maxLength: 4 }),
      amount,
      (values, costs, other) => {
        const bids = values.map((valueMillicredits, i) => bid(`b${i}`, { valueMillicredits }));
        const asks = costs.map((reserveMillicredits, i) => ask(`s${i}`, { reserveMillicredits }));
        const truth = round(bids, asks);
        const lies = round([bid('b0', { valueMillicredits: other }), ...bids.slice(1)], asks);
        t.true(utility(lies, 'b0', values[0]!, 'bid') <= utility(truth, 'b0', values[0]!, 'bid'));
        const asked = round(bids, [ask('s0', { reserveMillicredits: other }), ...asks.slice(1)]);
        t.true(utility(asked, 's0', costs[0]!, 'ask') <= utility(truth, 's0', costs[0]!, 'ask'));
        t.true(utility(truth, 'b0', values[0]!, 'bid') >= 0);
        t.true(utility(truth, 's0', costs[0]!, 'ask') >= 0);
      },
    ),
    { numRuns: 300 },
  );
});
