import test from 'ava';
import { depositDiscount } from '../../../core/market/safeguards/reputation.ts';
import { gradeOf } from '../../../core/market/safeguards/warranty.ts';
import { balanceByClass, residualSupplyIndex } from '../../../core/market/safeguards/supply.ts';
import type { MarketEvent } from '../../../core/market/protocol.ts';
import { ISOLATION } from '../support/market.ts';
import type { DrivenMarket } from '../support/market.ts';
import { ask, bid, round } from '../support/orders.ts';
import { contractsOf, guarded, tradeAt, triggered } from './support.ts';

/** By the isolation service: so many nodes of beta stand idle. */
function attest(market: DrivenMarket, roundId: number, nodes: number, from = ISOLATION) {
  const event = { kind: 'IdleAttested', timeMs: 0, from, roundId, organisation: 'beta' };
  market.post({ ...event, nodeClass: 'A', nodes } as MarketEvent);
}

test('nobody holds more than its share of a class, by contracts and bids together', (t) => {
  const limit = { sharePartsPerMillion: 250_000, exempt: ['gamma'] };
  const market = guarded({ positionLimit: limit });
  const offer = ask('a', { organisation: 'beta', nodes: 20, endSlot: 8 });
  market.ask(offer, 0);
  market.bid(
    bid('first', { nodes: 4, endSlot: 4, valueMillicredits: 9_000 }, { organisation: 'alpha' }),
    0,
  );
  t.is(contractsOf(market.solve(market.close(0))).length, 1);
  market.ask(offer, 1);
  const scales = { nodes: 9, minimumNodes: 1, valueMillicredits: 9_000 };
  market.bid(bid('scales', scales, { organisation: 'alpha' }), 1);
  market.bid(bid('gang', { nodes: 2, valueMillicredits: 100 }, { organisation: 'alpha' }), 1);
  market.bid(bid('later', { nodes: 5, startSlot: 4, endSlot: 8 }, { organisation: 'alpha' }), 1);
  market.bid(bid('rescue', { nodes: 9, valueMillicredits: 9_000 }, { organisation: 'gamma' }), 1);
  const solve = market.close(1);
  t.deepEqual(
    solve.round.bids.map(({ bidId, options }) => [bidId, options[0]!.nodes]),
    [
      ['alpha/scales', 1],
      ['alpha/later', 5],
      ['gamma/rescue', 9],
    ],
  );
  t.is(solve.round.bids[0]!.options[0]!.valueMillicredits, 1_000, 'worth in proportion');
  market.solve(solve);
  const held = [...market.state.contracts.values()]
    .filter(({ contract }) => contract.buyer === 'alpha' && contract.startMs === 0)
    .reduce((sum, { contract }) => sum + contract.nodes, 0);
  t.true(held <= 5);
  t.is(triggered(market.effects, 'position-limit').length, 2);
  t.is(guarded({}).close(0).round.bids.length, 0);
});

test('the order in which bids arrive does not change what the limit leaves of them', (t) => {
  const left = (ids: readonly string[]) => {
    const market = guarded({ positionLimit: { sharePartsPerMillion: 250_000, exempt: [] } });
    const nodes: Record<string, number> = { a: 3, b: 3, c: 2 };
    for (const id of ids) {
      market.bid(bid(id, { nodes: nodes[id]!, valueMillicredits: 900 }, { organisation: 'alpha' }));
    }
    return market
      .close()
      .round.bids.map(({ bidId }) => bidId)
      .sort();
  };
  t.deepEqual(left(['a', 'b', 'c']), left(['c', 'b', 'a']));
});

test('idle nodes that are not offered cost a fee, and only if they are attested', (t) => {
  const terms = { feePartsPerMillion: 500_000, tolerancePartsPerMillion: 200_000 };
  const market = guarded({ mustOffer: terms });
  const stranger = { role: 'service', name: 'else' } as unknown as typeof ISOLATION;
  attest(market, 0, 10, stranger);
  market.close(0);
  market.command({ kind: 'AbandonRound', roundId: 0 }, { role: 'admin', name: 'clock' });
  t.is(market.balance('beta'), 1_000_000);
  attest(market, 1, 10);
  market.ask(ask('a', { organisation: 'beta', nodes: 3 }), 1);
  market.ask(ask('later', { organisation: 'beta', nodes: 9, startSlot: 1, endSlot: 2 }), 1);
  market.solve(market.close(1));
  // 10 idle, 2 are forgiven, 3 are offered: 5 at half of 100.
  t.is(market.balance('beta'), 1_000_000 - 250);
  t.is(market.balance('/exchange'), 250);
  attest(market, 2, 10);
  market.ask(ask('a', { organisation: 'beta', nodes: 8 }), 2);
  market.solve(market.close(2));
  t.is(market.balance('beta'), 1_000_000 - 250);
  market.solve(market.close(3));
  t.is(market.balance('beta'), 1_000_000 - 250, 'an attestation is for one round');
});

test('a supplier without whom demand is not met asks for cost plus markup, for idle nodes only', (t) => {
  const market = guarded({ pivotalSupplier: { markupPartsPerMillion: 200_000 } });
  const orders = (roundId: number) => {
    market.ask(ask('idle', { organisation: 'beta', nodes: 4, reserveMillicredits: 900 }), roundId);
    market.ask(ask('busy', { organisation: 'beta', nodes: 4, reserveMillicredits: 950 }), roundId);
    market.ask(
      ask('other', { organisation: 'gamma', nodes: 2, reserveMillicredits: 700 }),
      roundId,
    );
  };
  const want = bid('w', { nodes: 4, valueMillicredits: 4_000 }, { organisation: 'alpha' });
  orders(0);
  attest(market, 0, 5);
  market.bid(want, 0);
  const { asks } = market.close(0).round;
  t.deepEqual(
    asks.map(({ reserveMillicredits }) => reserveMillicredits),
    [120, 950, 700],
    'gamma is not pivotal: beta alone could serve',
  );
  market.command({ kind: 'AbandonRound', roundId: 0 }, { role: 'admin', name: 'clock' });
  orders(1);
  market.bid(want, 1);
  t.deepEqual(
    market.close(1).round.asks.map(({ reserveMillicredits }) => reserveMillicredits),
    [900, 950, 700],
    'nothing is attested',
  );
});

test('nothing that a supplier says changes its own residual supply index', (t) => {
  const others = [
    ask('x', { organisation: 'x', nodes: 3 }),
    ask('y', { organisation: 'y', nodes: 1 }),
  ];
  const wants = [bid('w', { nodes: 8 }, { organisation: 'w' })];
  const index = (own: number, ownWants: number) =>
    residualSupplyIndex(
      balanceByClass(
        round(
          [...wants, bid('o', { nodes: ownWants }, { organisation: 'me' })],
          [...others, ask('m', { organisation: 'me', nodes: own })],
        ),
      ).get('A')!,
      'me',
    );
  t.is(index(1, 1), 0.5);
  t.is(index(100, 7), 0.5);
});

test('trades among relatives are flagged, others are not', (t) => {
  const market = guarded({ selfTrade: { groups: [['alpha', 'beta']] } });
  tradeAt(market, 0, 1_000);
  t.like(triggered(market.effects, 'self-trade')[0]!, {
    organisation: 'alpha',
    orderId: 'alpha/b',
    detail: 'bought from its relative beta',
  });
  const other = guarded({ selfTrade: { groups: [['alpha', 'gamma']] } });
  tradeAt(other, 0, 1_000);
  t.is(triggered(other.effects, 'self-trade').length, 0);
});

test('an organisation orders once its deposit is locked, and who cannot pay it does not', (t) => {
  const market = guarded(
    { identityDeposit: { depositMillicredits: 5_000 } },
    {
      organisations: [
        { name: 'alpha', openingBalanceMillicredits: 10_000 },
        { name: 'alias', openingBalanceMillicredits: 4_999 },
      ],
    },
  );
  t.is(market.bid(bid('b', {}, { organisation: 'alias' })), 'MARKET_IDENTITY_DEPOSIT_MISSING');
  t.is(market.bid(bid('b', {}, { organisation: 'alpha' })), null);
  t.is(market.bid(bid('c', {}, { organisation: 'alpha' })), null);
  t.is(market.balance('alpha'), 5_000);
  t.is(market.balance('/bonds'), 5_000);
});

test('orders that are too large and leases that are too short are refused with a code', (t) => {
  const market = guarded({
    orderSize: { sharePartsPerMillion: 500_000 },
    minimumLease: { slots: 2 },
  });
  const from = { organisation: 'alpha' };
  t.is(market.bid(bid('a', { nodes: 11, endSlot: 2 }, from)), 'MARKET_ORDER_TOO_LARGE');
  t.is(market.ask(ask('a', { ...from, nodes: 11 })), 'MARKET_ORDER_TOO_LARGE');
  t.is(market.bid(bid('a', { nodes: 10, endSlot: 1 }, from)), 'MARKET_LEASE_TOO_SHORT');
  t.is(market.bid(bid('a', { nodes: 10, endSlot: 2 }, from)), null);
  t.is(market.bid(bid('b', { nodeClass: 'B', nodes: 99, endSlot: 2 }, from)), null);
});

test('a good record lowers the deposit, a broken contract costs it, a new name starts anew', (t) => {
  const terms = { mostDiscountPartsPerMillion: 500_000 };
  t.is(depositDiscount(terms, undefined), 0);
  t.is(depositDiscount(terms, { successes: 0, failures: 3 }), 0);
  t.is(depositDiscount(terms, { successes: 8, failures: 0 }), 400_000);
  t.true(depositDiscount(terms, { successes: 1e9, failures: 0 }) <= 500_000);
  const market = guarded({ reputation: terms });
  tradeAt(market, 0, 10_000);
  t.is(market.balance('/escrow'), 2_000);
  market.report('c1', 'ended', 900_000);
  tradeAt(market, 1, 10_000);
  // One contract kept: a third of the most there is.
  t.is(market.balance('/escrow'), 2 * 834);
  market.report('c2', 'not-delivered', 0);
  tradeAt(market, 2, 10_000);
  t.is(market.state.contracts.get('c3')!.sellerDepositMillicredits, 1_000);
  t.is(market.state.contracts.get('c3')!.buyerDepositMillicredits, 750);
});

test('nodes that nobody takes up are free again after the grace, the deposit is the seller’s', (t) => {
  const market = guarded({ useOrRelease: { graceMs: 60_000 } });
  tradeAt(market, 0, 10_000);
  market.solve(market.close(1, 60_000), 60_000);
  t.is(market.state.contracts.size, 1);
  const effects = market.effects.length;
  market.close(2, 60_001);
  t.like(
    market.effects.slice(effects).find(({ kind }) => kind === 'ContractSettled'),
    {
      contractId: 'c1',
      outcome: 'defaulted-buyer',
    },
  );
  t.is(market.balance('beta'), 1_000_000 + 1_000);
  const used = guarded({ useOrRelease: { graceMs: 60_000 } });
  tradeAt(used, 0, 10_000);
  used.report('c1', 'started');
  used.close(1, 900_000);
  t.is(used.state.contracts.size, 1);
});

test('a burst of demand calls a round, once, and not sooner than the gap', (t) => {
  const market = guarded({ extraRound: { demandPartsPerMillion: 500_000, leastGapMs: 60_000 } });
  const calls = () => market.effects.filter(({ kind }) => kind === 'RoundCalled').length;
  const post = (id: string, roundId: number, timeMs: number) =>
    market.bid(bid(id, { nodes: 4 }, { organisation: 'alpha' }), roundId, timeMs);
  post('a', 0, 0);
  post('b', 0, 0);
  t.is(calls(), 0);
  post('c', 0, 0);
  post('d', 0, 0);
  t.is(calls(), 1);
  market.solve(market.close(0, 1_000), 1_000);
  for (const id of ['a', 'b', 'c']) post(id, 1, 60_000);
  t.is(calls(), 1);
  post('d', 1, 61_000);
  t.is(calls(), 2);
});

test('hardware below its class costs the seller bond and market, good hardware nothing', (t) => {
  const terms = {
    bondPartsPerMillion: 200_000,
    tolerancePartsPerMillion: 50_000,
    claimMs: 3_600_000,
    barredRounds: 2,
  };
  const market = guarded({ warranty: terms });
  const judge = (contractId: string, performancePartsPerMillion: number, from = ISOLATION) =>
    market.post({
      kind: 'HardwareReported',
      timeMs: 0,
      from,
      contractId,
      performancePartsPerMillion,
    })[0];
  tradeAt(market, 0, 10_000);
  t.is(market.balance('/bonds'), 2_000);
  market.report('c1', 'ended', 900_000);
  t.is(market.balance('/bonds'), 2_000, 'the bond outlives the lease');
  const stranger = { role: 'service', name: 'else' } as unknown as typeof ISOLATION;
  t.like(judge('c1', 600_000, stranger), { refusal: { code: 'DENIED_NOT_ISOLATION' } });
  t.like(judge('c1', NaN), { refusal: { code: 'INPUT_QUANTITY_INVALID' } });
  t.like(judge('c9', 5), { refusal: { code: 'NOT_FOUND_WARRANTY' } });
  judge('c1', 600_000);
  t.is(market.balance('alpha'), 1_000_000 - 10_000 + 800);
  t.is(market.balance('beta'), 1_000_000 + 10_000 - 800);
  t.is(contractsOf(tradeAt(market, 1, 10_000)).length, 0);
  t.is(contractsOf(tradeAt(market, 2, 10_000)).length, 0);
  t.is(contractsOf(tradeAt(market, 3, 10_000)).length, 1);
  judge('c2', 960_000);
  market.report('c2', 'ended', 900_000);
  market.solve(market.close(4, 3_600_000), 3_600_000);
  t.is(market.balance('/bonds'), 0);
  t.deepEqual([1_000_000, 950_000, 949_999, 800_000, 5].map(gradeOf), ['A', 'A', 'B', 'B', 'C']);
});
