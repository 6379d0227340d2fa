import test from 'ava';
import type { MarketEffect } from '../../core/market/protocol.ts';
import { roundInput } from '../../core/market/round-input.ts';
import { ask, bid, lease, round } from './support/orders.ts';
import { DrivenMarket, kinds } from './support/market.ts';

const SLOT_MS = 900_000;

/** Beta's four nodes are leased to alpha at 10 a node-slot over four slots, from time 0. */
function leased(configuration = {}, acceptsRecall = true) {
  const market = new DrivenMarket({
    mechanism: 'spot-preemptible',
    preemption: { noticeMs: 300_000, releaseMs: 600_000 },
    ...configuration,
  });
  market.ask(ask('n', { organisation: 'beta', nodes: 4, endSlot: 4, reserveMillicredits: 10 }));
  const wanted = { nodes: 4, endSlot: 4, valueMillicredits: 16 * 20 };
  market.bid(bid('first', wanted, { organisation: 'alpha', acceptsRecall }));
  market.solve(market.close());
  market.report('c1', 'started');
  return market;
}

/** Gamma asks for two of them in slots 1 to 3 and bids 50 a node-slot. */
function outbid(market: DrivenMarket, startSlot = 1): readonly MarketEffect[] {
  const wanted = { nodes: 2, startSlot, endSlot: 3, valueMillicredits: 2 * (3 - startSlot) * 50 };
  market.bid(bid('second', wanted, { organisation: 'gamma' }), 1);
  return market.solve(market.close(1, 0), 0);
}

test('a contract whose bid accepts recall says at which notice it may be preempted', (t) => {
  t.is(leased().state.contracts.get('c1')!.contract.preemptionNoticeMs, 300_000);
  const firm = leased({}, false);
  t.is(firm.state.contracts.get('c1')!.contract.preemptionNoticeMs, undefined);
  t.deepEqual(kinds(outbid(firm)), ['PricesPublished']);
  const without = leased({ preemption: undefined });
  t.deepEqual(kinds(outbid(without)), ['PricesPublished']);
});

test('the round shows what is under way, and nodes that come back after notice and release', (t) => {
  const market = leased();
  t.deepEqual(market.close(1, SLOT_MS).round.standing, [
    {
      contractId: 'c1',
      buyer: 'alpha',
      seller: 'beta',
      nodeClass: 'A',
      nodes: 4,
      startSlot: 0,
      endSlot: 3,
      priceMillicredits: 120,
      valueMillicredits: 240,
      preemptible: true,
      resaleSlot: 1,
      reserveMillicredits: 10,
      recall: null,
      securityLevel: 'full',
    },
  ]);
  t.is(leased({ mechanism: 'k-double-auction' }).close(1).round.standing, undefined);
});

test('a higher bid takes nodes: the lease is called back, its nodes are sold anew, money is pro rata', (t) => {
  const market = leased();
  const effects = outbid(market);
  t.deepEqual(
    kinds(effects).filter((kind) => kind !== 'LedgerEntry'),
    ['ContractPreempted', 'ContractFormed', 'PricesPublished'],
  );
  const formed = effects.find(({ kind }) => kind === 'ContractFormed') as Extract<
    MarketEffect,
    { kind: 'ContractFormed' }
  >;
  t.like(formed.contract, {
    takesOver: 'c1',
    seller: 'beta',
    buyer: 'gamma',
    askId: 'n',
    nodes: 2,
  });
  t.is(formed.contract.startMs, SLOT_MS);
  // Two nodes over two slots at what alpha had bid, 20.
  t.is(formed.contract.priceMillicredits, 80);

  // It is being taken back: nobody can preempt it again.
  t.is(market.close(2, 0).round.standing![0]!.preemptible, false);
  const settled = market.report('c1', 'recalled', 4 * SLOT_MS, SLOT_MS).at(-1);
  t.like(settled, {
    outcome: 'preempted',
    // One slot of four; no penalty for anybody.
    buyerPaidMillicredits: 40,
    sellerReceivedMillicredits: 40,
  });
});

test('an owner who takes such nodes back for itself is in default', (t) => {
  const market = leased();
  t.like(market.report('c1', 'recalled', 0, SLOT_MS).at(-1), { outcome: 'defaulted-seller' });
});

test('what cannot be back in time is not sold, whatever is bid', (t) => {
  t.deepEqual(kinds(outbid(leased(), 0)), ['PricesPublished']);
});

test('a lease that has not begun is called off, and its nodes are free from its own start on', (t) => {
  const market = new DrivenMarket({
    mechanism: 'spot-preemptible',
    preemption: { noticeMs: 300_000, releaseMs: 600_000 },
  });
  market.ask(ask('n', { organisation: 'beta', endSlot: 4 }));
  market.bid(bid('later', { startSlot: 2, endSlot: 4 }, { organisation: 'alpha' }));
  market.solve(market.close());
  t.is(market.close(1, SLOT_MS).round.standing![0]!.resaleSlot, 1);
});

test('a contract that ends while the round is solved leaves nothing to sell anew', (t) => {
  const market = leased();
  const wanted = { nodes: 2, startSlot: 1, endSlot: 3, valueMillicredits: 200 };
  market.bid(bid('second', wanted, { organisation: 'gamma' }), 1);
  const asked = market.close(1, 0);
  market.report('c1', 'ended', 0, 0);
  const effects = market.solve(asked);
  t.deepEqual(kinds(effects), ['ContractVoided', 'PricesPublished']);
});

test('a solver that preempts a firm contract is turned down', (t) => {
  const market = leased({}, false);
  const asked = market.close(1, 0);
  const effects = market.solve(asked, 0, (clearing) => ({ ...clearing, preempted: ['c1'] }));
  t.deepEqual(kinds(effects), ['SolutionRefused']);
  const junk = market.solve(asked, 0, (clearing) => ({ ...clearing, preempted: 'c1' }));
  t.deepEqual(kinds(junk), ['SolutionRefused']);
});

test('leases under way in a document are looked at field by field', (t) => {
  const good = lease('c1');
  const of = (standing: unknown) => ({
    schema: 'ocx-round/1',
    round: { ...round([], []), standing },
  });
  t.deepEqual(roundInput(of([{ ...good, extra: 1 }])).round.standing, [good]);
  const bad = [
    {},
    [null],
    [good, good],
    [{ ...good, nodes: -1 }],
    [{ ...good, endSlot: 9 }],
    [{ ...good, valueMillicredits: 2 ** 53 }],
    [{ ...good, priceMillicredits: 0.5 }],
    [{ ...good, resaleSlot: -1 }],
    [{ ...good, preemptible: 'yes' }],
    [{ ...good, buyer: '' }],
    [{ ...good, recall: {} }],
  ];
  for (const standing of bad) {
    t.throws(() => roundInput(of(standing)), { code: 'INPUT_ROUND_INVALID' });
  }
});
