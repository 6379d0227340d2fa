/** The exchange's process dies at every single step of a trade, after its journal and before the world. */
import test from 'ava';
import { commitmentOf } from '../../../core/market/sealing/commitment.ts';
import { plainAsk, plainBid } from '../../../core/market/order-check.ts';
import { A, TENANT } from '../../allocator/site.ts';
import { ask, bid } from '../support/orders.ts';
import { EPOCH_MS, exchangeConfiguration, SLOT_MS, TradedSite } from './traded-site.ts';

const ASK = ask('spare', {
  ...{ organisation: 'org-a', nodeClass: 'standard', nodes: 2, endSlot: 4 },
  ...{ reserveMillicredits: 400, recall: { noticeMs: 60_000, penaltyPartsPerMillion: 100_000 } },
});
const BID = bid(
  'want',
  { nodeClass: 'standard', nodes: 2, endSlot: 2, valueMillicredits: 3_200 },
  { organisation: 'org-t' },
);

/** Orders that are refused because they are there already are no harm: clients send them again. */
function post(traded: TradedSite): void {
  traded.command(A, { kind: 'PledgeNodes', nodeClass: 'standard', nodeIds: ['a1', 'a2', 'a3'] });
  traded.command(A, { kind: 'PostAsk', roundId: 0, ask: ASK });
  traded.command(TENANT, { kind: 'PostBid', roundId: 0, bid: BID });
}

const SHEETS = [
  [A, { agent: 'org-a', bids: [], asks: [plainAsk(ASK)], nonce: 'a'.repeat(32) }],
  [TENANT, { agent: 'org-t', bids: [plainBid(BID)], asks: [], nonce: 'b'.repeat(32) }],
] as const;

function commitAndReveal(traded: TradedSite): void {
  traded.command(A, { kind: 'PledgeNodes', nodeClass: 'standard', nodeIds: ['a1', 'a2', 'a3'] });
  for (const [from, sheet] of SHEETS) {
    traded.command(from, { kind: 'CommitOrders', roundId: 0, commitment: commitmentOf(sheet) });
  }
  traded.runUntil(EPOCH_MS - 120_000);
  for (const [from, { bids, asks, nonce }] of SHEETS) {
    traded.command(from, { kind: 'RevealOrders', roundId: 0, bids, asks, nonce });
  }
}

/** A trade from its orders until its money is paid, with a crash after so many events. */
function trade(crashAfter: number, isSealed: boolean, isRecalled: boolean): TradedSite {
  const sealing = isSealed ? { sealing: { bondMillicredits: 500 } } : {};
  const traded = new TradedSite(exchangeConfiguration(sealing));
  traded.crashAfter = crashAfter;
  if (isSealed) commitAndReveal(traded);
  else post(traded);
  traded.runUntil(EPOCH_MS + SLOT_MS);
  if (isRecalled) traded.site.done(A, { kind: 'LeaseRecall', leaseId: 'market.c1' });
  traded.runUntil(EPOCH_MS + 3 * SLOT_MS);
  return traded;
}

function outcomeOf(traded: TradedSite) {
  const settled = traded.settled();
  return {
    balances: Object.fromEntries(traded.state.market.ledger.balances),
    // The event at which the process died is stepped once more, and told once: by its journal.
    settled: [...new Set(settled)],
    counts: traded.state.market.counts.contractsSettled,
    leases: traded.site.log.filter(({ event }) => event.kind === 'LeaseCreate').length,
    open: [traded.state.deliveries.size, traded.state.requests.size],
    nodes: ['a1', 'a2', 'a3'].map((nodeId) => traded.site.node(nodeId).state),
  };
}

for (const [name, isSealed, isRecalled] of [
  ['open orders', false, false],
  ['open orders, and a recall', false, true],
  ['sealed orders', true, false],
] as const) {
  test(`a crash at any step of a trade changes nothing: ${name}`, (t) => {
    const whole = trade(Infinity, isSealed, isRecalled);
    const expected = outcomeOf(whole);
    t.is(expected.counts, 1);
    t.is(whole.imbalance(), 0);
    t.deepEqual(expected.open, [0, 0]);
    const steps = whole.events.length;
    t.true(steps > 12, `${steps}`);
    for (let step = 1; step <= steps; step++) {
      t.deepEqual(outcomeOf(trade(step, isSealed, isRecalled)), expected, `after event ${step}`);
    }
  });
}
