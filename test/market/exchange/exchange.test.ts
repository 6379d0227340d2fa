import test from 'ava';
import { canonicalJson } from '../../../core/kernel/canonical-json.ts';
import { exchangeService } from '../../../core/market/exchange/exchange.ts';
import { initialExchange } from '../../../core/market/exchange/state.ts';
import { commitmentOf } from '../../../core/market/sealing/commitment.ts';
import { plainAsk, plainBid } from '../../../core/market/order-check.ts';
import { A, ADMIN, B, MARKET, smallSite, TENANT, terms } from '../../allocator/site.ts';
import type { Ask } from '../../../core/market/orders.ts';
import { ask, bid } from '../support/orders.ts';
import { EPOCH_MS, exchangeConfiguration, OPENING, SLOT_MS, TradedSite } from './traded-site.ts';

/** org-t has bought a node of org-a for two slots at 600 a slot; the round is not closed yet. */
function agreed(configuration = exchangeConfiguration()): TradedSite {
  const traded = new TradedSite(configuration);
  traded.offer({ endSlot: 4, reserveMillicredits: 400 });
  traded.want({ endSlot: 2, valueMillicredits: 1_600 });
  return traded;
}

const PRICE = 1_200;

test('orders by the clock become a round, a contract, a lease and money', (t) => {
  const traded = agreed();
  traded.runUntil(EPOCH_MS + 60_000);
  const [formed] = traded.told('org-t', 'ContractFormed');
  t.like(formed, { contract: { side: 'bought', millicredits: PRICE, startMs: EPOCH_MS } });
  const lease = traded.site.state.leases.get('market.c1');
  t.like(lease, { state: 'running', terms: { owner: 'org-a', lessee: 'org-t', nodeIds: ['a1'] } });
  t.is(traded.site.node('a1').state, 'airlock');
  t.is(traded.balance('org-t'), OPENING - PRICE / 10);
  traded.runUntil(EPOCH_MS + 2 * SLOT_MS + 60_000);
  t.deepEqual(traded.settled(), [`completed ${2 * SLOT_MS} ${PRICE} ${PRICE}`]);
  for (const name of ['org-a', 'org-t']) {
    const [settled, ...more] = traded.told(name, 'ContractSettled');
    t.like(settled, { contractId: 'c1', millicredits: PRICE });
    t.is(more.length, 0);
  }
  t.is(traded.balance('org-t'), OPENING - PRICE);
  t.is(traded.balance('org-a'), OPENING + PRICE);
  t.is(traded.imbalance(), 0);
  t.is(traded.site.node('a1').state, 'free');
  t.is(traded.state.deliveries.size, 0);
});

test('each side is told its own amount and id, and nobody else of the contract', (t) => {
  const traded = agreed();
  traded.runUntil(EPOCH_MS);
  const [bought] = traded.told('org-t', 'ContractFormed');
  const [sold] = traded.told('org-a', 'ContractFormed');
  t.like(bought, { contract: { side: 'bought', orderId: 'want' } });
  t.like(sold, { contract: { side: 'sold', orderId: 'spare' } });
  for (const told of [bought, sold]) {
    t.notRegex(JSON.stringify(told), /wantRef|askId|receiptM|priceM/);
  }
  t.deepEqual(traded.told('org-b', 'ContractFormed'), []);
  t.deepEqual(traded.told('org-b', 'AccountChanged'), []);
  t.is(traded.told('org-b', 'PricesPublished').length, 1);
});

test('a seller with nothing behind its ask has not delivered, and pays with its deposit', (t) => {
  const traded = new TradedSite();
  traded.offer({ reserveMillicredits: 400 }, []);
  traded.want({ valueMillicredits: 800 });
  traded.runUntil(EPOCH_MS);
  t.deepEqual(traded.settled(), ['defaulted-seller 0 -60 -60']);
  t.is(traded.balance('org-t'), OPENING + 60);
  t.is(traded.imbalance(), 0);
});

test('a node that its isolation service will not lease is passed over for the next', (t) => {
  const traded = agreed();
  traded.site.done(A, { kind: 'NodeConnect', organisation: 'org-a', nodeId: 'a1' });
  traded.site.done(ADMIN, { kind: 'NodeWithdraw', nodeId: 'a2', state: 'broken' });
  traded.runUntil(EPOCH_MS);
  t.deepEqual(traded.site.state.leases.get('market.c1')?.terms.nodeIds, ['a1']);
  const broken = agreed();
  broken.site.done(ADMIN, { kind: 'NodeWithdraw', nodeId: 'a1', state: 'broken' });
  broken.runUntil(EPOCH_MS);
  t.deepEqual(broken.site.state.leases.get('market.c1')?.terms.nodeIds, ['a2']);
});

test('a lease of the contract’s name, made by somebody to be in its way, is not', (t) => {
  const traded = agreed();
  traded.site.done(B, {
    kind: 'LeaseCreate',
    terms: terms({
      ...{ leaseId: 'market.c1', owner: 'org-b', lessee: 'org-b', nodeIds: ['b1'] },
      ...{ startMs: 1, endMs: 5_000_000, securityLevel: 'none' },
    }),
  });
  traded.runUntil(EPOCH_MS);
  t.like(traded.told('org-t', 'LeaseArranged')[0], { leaseId: 'market.c1.2', nodeIds: ['a1'] });
  traded.runUntil(EPOCH_MS + 3 * SLOT_MS);
  t.deepEqual(traded.settled(), [`completed ${2 * SLOT_MS} ${PRICE} ${PRICE}`]);
});

test('a seller that lets the market lease nothing has not delivered; a site that cannot is not its fault', (t) => {
  const traded = agreed();
  const delegation = { organisation: 'org-a', service: 'market', right: 'leasing' } as const;
  traded.site.done(A, { kind: 'DelegationRevoke', ...delegation });
  traded.runUntil(EPOCH_MS);
  t.regex(traded.settled()[0]!, /^defaulted-seller 0 /);
  const short = new TradedSite(exchangeConfiguration(), smallSite({ maximumLeaseMs: 1_000 }));
  short.offer({ reserveMillicredits: 400 });
  short.want({ valueMillicredits: 800 });
  short.runUntil(EPOCH_MS);
  t.deepEqual(short.settled(), ['void 0 0 0']);
});

test('nodes of others behind an ask deliver nothing', (t) => {
  const traded = new TradedSite();
  traded.offer({ reserveMillicredits: 400 }, ['b1', 'b2']);
  traded.want({ valueMillicredits: 800 });
  traded.runUntil(EPOCH_MS);
  t.regex(traded.settled()[0]!, /^defaulted-seller 0 /);
  t.is(traded.site.state.leases.size, 0);
});

test('two contracts of one window never share a node', (t) => {
  const traded = new TradedSite();
  traded.offer({ nodes: 2 });
  traded.want();
  const other = bid('other', { nodeClass: 'standard' }, { organisation: 'org-b' });
  t.is(traded.command(B, { kind: 'PostBid', roundId: traded.roundId, bid: other }), null);
  traded.runUntil(EPOCH_MS);
  const nodes = [...traded.site.state.leases.values()].flatMap(({ terms }) => terms.nodeIds);
  t.deepEqual(nodes.sort(), ['a1', 'a2']);
});

test('a lease given back early is paid for as long as it was held', (t) => {
  const traded = agreed();
  traded.runUntil(EPOCH_MS + SLOT_MS);
  traded.site.done(TENANT, { kind: 'LeaseReturn', leaseId: 'market.c1', nodeIds: null });
  traded.run(60_000);
  t.deepEqual(traded.settled(), [`completed ${SLOT_MS} ${PRICE / 2} ${PRICE / 2}`]);
});

test('a recalled lease is paid for as long as it was held', (t) => {
  const traded = new TradedSite();
  const recall = { noticeMs: 60_000, penaltyPartsPerMillion: 0 };
  traded.offer({ endSlot: 4, reserveMillicredits: 400, recall });
  traded.want({ endSlot: 2, valueMillicredits: 1_600 });
  traded.runUntil(EPOCH_MS + SLOT_MS - 60_000);
  traded.site.done(A, { kind: 'LeaseRecall', leaseId: 'market.c1' });
  traded.run(3 * 60_000);
  t.deepEqual(traded.settled(), [`recalled ${SLOT_MS} ${PRICE / 2} ${PRICE / 2}`]);
});

/** The contract of `agreed` on these terms of recall, shortened to one slot by one of the two. */
function shortened(who: typeof A, recall: Ask['recall'], startSlot = 0): TradedSite {
  const traded = new TradedSite();
  traded.offer({ endSlot: 4, reserveMillicredits: 400, recall });
  traded.want({ startSlot, endSlot: startSlot + 2, valueMillicredits: 1_600 });
  traded.runUntil(EPOCH_MS + 60_000);
  const endMs = EPOCH_MS + (startSlot + 1) * SLOT_MS;
  traded.site.done(who, { kind: 'LeaseUpdate', leaseId: 'market.c1', endMs });
  traded.runUntil(EPOCH_MS + 4 * SLOT_MS);
  return traded;
}

test('a lease that is shortened was given back, or taken back, by who shortened it', (t) => {
  const recall = { noticeMs: 60_000, penaltyPartsPerMillion: 100_000 };
  t.deepEqual(shortened(TENANT, null).settled(), [
    `completed ${SLOT_MS} ${PRICE / 2} ${PRICE / 2}`,
  ]);
  // A tenth of the rest of the price.
  const paid = PRICE / 2 - PRICE / 20;
  t.deepEqual(shortened(A, recall).settled(), [`recalled ${SLOT_MS} ${paid} ${paid}`]);
  // Before it has begun, an owner may shorten a firm lease too.
  t.regex(shortened(A, null, 1).settled()[0]!, /^defaulted-seller 900000 /);
});

/** The contract of `agreed`, for a window that begins a slot after its round. */
function agreedAhead(): TradedSite {
  const traded = new TradedSite();
  traded.offer({ endSlot: 4, reserveMillicredits: 400 });
  traded.want({ startSlot: 1, endSlot: 3, valueMillicredits: 1_600 });
  traded.runUntil(EPOCH_MS + 60_000);
  return traded;
}

test('who calls a lease off before it begins is who has broken the contract', (t) => {
  const bySeller = agreedAhead();
  bySeller.site.done(A, { kind: 'LeaseCancel', leaseId: 'market.c1' });
  bySeller.run(60_000);
  t.regex(bySeller.settled()[0]!, /^defaulted-seller 0 -/);
  const byBuyer = agreedAhead();
  byBuyer.site.done(TENANT, { kind: 'LeaseCancel', leaseId: 'market.c1' });
  byBuyer.run(60_000);
  t.regex(byBuyer.settled()[0]!, /^defaulted-buyer 0 120/);
  const bySite = agreedAhead();
  bySite.site.done(ADMIN, { kind: 'LeaseCancel', leaseId: 'market.c1' });
  bySite.run(60_000);
  t.deepEqual(bySite.settled(), ['void 0 0 0']);
});

test('a contract that an administrator voids takes its lease with it, begun or not', (t) => {
  for (const [traded, was] of [
    [agreedAhead(), 'reserved'],
    [agreed(), 'airlock'],
  ] as const) {
    traded.runUntil(EPOCH_MS + 120_000);
    t.is(traded.site.node('a1').state, was);
    t.is(traded.command(ADMIN, { kind: 'VoidContract', contractId: 'c1' }), null);
    traded.run(60_000);
    t.is(traded.site.node('a1').state, 'free');
    t.deepEqual(traded.settled(), ['void 0 0 0']);
    t.is(traded.state.deliveries.size, 0);
    t.is(traded.state.requests.size, 0);
  }
});

test('while the isolation service is away nothing is settled, and nothing afterwards twice', (t) => {
  const traded = agreed();
  traded.isReachable = false;
  traded.runUntil(EPOCH_MS + 5 * 60_000);
  t.deepEqual(traded.settled(), []);
  t.is(traded.state.requests.size, 1);
  traded.reach();
  traded.run(60_000);
  t.is(traded.site.state.leases.size, 1);
  traded.runUntil(EPOCH_MS + 3 * SLOT_MS);
  t.is(traded.settled().length, 1);
  t.is(traded.imbalance(), 0);
});

test('a window that passes before the lease can be made is nobody’s gain', (t) => {
  const traded = agreed();
  traded.isReachable = false;
  traded.runUntil(EPOCH_MS + 3 * SLOT_MS);
  traded.reach();
  t.deepEqual(traded.settled(), ['void 0 0 0']);
  t.is(traded.site.state.leases.size, 0);
});

test('words of another service about the lease count for nothing', (t) => {
  const traded = agreed();
  traded.runUntil(EPOCH_MS + 60_000);
  const notice = { kind: 'LeaseEnded', leaseId: 'market.c1' } as const;
  traded.event({ kind: 'NoticeReceived', timeMs: traded.nowMs, service: 'attester', notice });
  t.deepEqual(traded.settled(), []);
  traded.event({ kind: 'NoticeReceived', timeMs: traded.nowMs, service: 'isolation', notice });
  t.is(traded.settled().length, 1);
});

test('a node that fails under its borrower is not paid for', (t) => {
  const traded = agreed();
  traded.runUntil(EPOCH_MS + SLOT_MS);
  traded.site.done(ADMIN, { kind: 'NodeWithdraw', nodeId: 'a1', state: 'broken' });
  traded.runUntil(EPOCH_MS + 3 * SLOT_MS);
  t.deepEqual(traded.settled(), ['void 0 0 0']);
});

test('a round that nobody was there to close is not held, and nothing is paid', (t) => {
  const traded = agreed();
  traded.sleepUntil(EPOCH_MS + SLOT_MS + 1);
  t.is(traded.told('org-t', 'RoundLapsed').length, 1);
  t.is(traded.balance('org-t'), OPENING);
  t.deepEqual([...traded.state.market.books], []);
  t.is(traded.state.market.orderCounts.get('org-t'), 0);
  const inTime = agreed();
  inTime.sleepUntil(EPOCH_MS + 1_000);
  t.like(inTime.told('org-t', 'ContractFormed')[0], { contract: { startMs: EPOCH_MS } });
});

test('orders of one side lapse with their round', (t) => {
  const traded = new TradedSite();
  for (let round = 0; round < 3; round++) {
    traded.want();
    traded.run(EPOCH_MS);
  }
  t.is(traded.told('org-t', 'RoundLapsed').length, 3);
  t.is(traded.state.market.orderCounts.get('org-t'), 0);
});

test('orders are for the round that is open, and for no other', (t) => {
  const traded = new TradedSite();
  const order = bid('want', { nodeClass: 'standard' }, { organisation: 'org-t' });
  const post = (roundId: number) =>
    traded.command(TENANT, { kind: 'PostBid', roundId, bid: order });
  t.is(post(traded.roundId + 1), 'MARKET_ROUND_CLOSED');
  t.is(post(traded.roundId), null);
  traded.run(EPOCH_MS);
  t.is(post(traded.roundId - 1), 'MARKET_ROUND_CLOSED');
});

test('rounds are the clock’s: not even an administrator closes one', (t) => {
  const traded = agreed();
  const { roundId } = traded;
  t.is(traded.command(ADMIN, { kind: 'CloseRound', roundId }), 'INPUT_UNKNOWN_COMMAND');
  t.is(traded.command(TENANT, { kind: 'AbandonRound', roundId }), 'DENIED_NOT_ADMINISTRATOR');
  t.is(
    traded.command(MARKET, { kind: 'PledgeNodes', nodeClass: 'x', nodeIds: [] }),
    'DENIED_NOT_MEMBER',
  );
});

test('a solution that does not hold is asked for again, and then the round is abandoned', (t) => {
  const traded = agreed();
  let asked = 0;
  traded.solve = () => {
    asked += 1;
    return { status: 'ok', value: { clearing: {}, state: {}, solverVersion: 'x/1' } };
  };
  traded.runUntil(EPOCH_MS);
  t.is(asked, 3);
  t.is(traded.state.solving, null);
  t.is(traded.state.market.pending, null);
  t.is(traded.balance('org-t'), OPENING);
});

test('a solver that never answers holds up no more than its own round', (t) => {
  const traded = agreed();
  traded.solve = () => null;
  traded.runUntil(EPOCH_MS + 59_000);
  t.is(traded.state.market.pending?.roundId, 0);
  traded.runUntil(EPOCH_MS + 60_000);
  t.is(traded.state.market.pending, null);
  t.is(traded.roundId, 1);
});

test('two horizons that close at once are solved one after the other', (t) => {
  const second = {
    ...{ name: 'forward', mechanism: 'k-double-auction', parameters: {} },
    ...{ slotMs: SLOT_MS, horizonSlots: 8 },
  };
  const clock = { everyMs: EPOCH_MS, leadMs: SLOT_MS, revealMs: 1 };
  const traded = new TradedSite(
    exchangeConfiguration({ horizons: [second] }, { clocks: [{ ...clock, leadMs: 0 }, clock] }),
  );
  const both = traded.state.clocks.map(({ round }) => round.roundId);
  t.deepEqual(both, [0, 1]);
  traded.offer();
  traded.want();
  const spare = ask('later', {
    organisation: 'org-a',
    nodeClass: 'standard',
    startSlot: 1,
    endSlot: 2,
  });
  const want = bid(
    'later',
    { nodeClass: 'standard', startSlot: 1, endSlot: 2 },
    { organisation: 'org-t' },
  );
  t.is(traded.command(A, { kind: 'PostAsk', roundId: 1, ask: spare }), null);
  t.is(traded.command(TENANT, { kind: 'PostBid', roundId: 1, bid: want }), null);
  traded.runUntil(EPOCH_MS);
  t.is(traded.told('org-t', 'ContractFormed').length, 2);
});

const SEALED = exchangeConfiguration({ sealing: { bondMillicredits: 500 } });

function sheets() {
  const nonce = '0'.repeat(32);
  const asks = [ask('spare', { organisation: 'org-a', nodeClass: 'standard' })].map(plainAsk);
  const bids = [bid('want', { nodeClass: 'standard' }, { organisation: 'org-t' })].map(plainBid);
  return [
    { agent: 'org-a', bids: [], asks, nonce },
    { agent: 'org-t', bids, asks: [], nonce },
  ] as const;
}

function committed(): TradedSite {
  const traded = new TradedSite(SEALED);
  traded.command(A, { kind: 'PledgeNodes', nodeClass: 'standard', nodeIds: ['a1'] });
  for (const sheet of sheets()) {
    const from = { role: 'organisation', name: sheet.agent } as const;
    const commitment = commitmentOf(sheet);
    const code = traded.command(from, { kind: 'CommitOrders', roundId: 0, commitment });
    if (code !== null) throw new Error(code);
  }
  return traded;
}

function reveal(traded: TradedSite, names = ['org-a', 'org-t']): (string | null)[] {
  return sheets()
    .filter(({ agent }) => names.includes(agent))
    .map(({ agent, bids, asks, nonce }) =>
      traded.command(
        { role: 'organisation', name: agent },
        { kind: 'RevealOrders', roundId: 0, bids, asks, nonce },
      ),
    );
}

test('sealed orders are committed to, revealed in their time, and traded', (t) => {
  const traded = committed();
  t.is(traded.told('org-t', 'CommitReceipt').length, 1);
  t.deepEqual(reveal(traded), ['MARKET_REVEAL_UNEXPECTED', 'MARKET_REVEAL_UNEXPECTED']);
  traded.runUntil(EPOCH_MS - 120_000);
  t.is(traded.told('org-b', 'CommitmentsPublished').length, 1);
  t.deepEqual(reveal(traded), [null, null]);
  traded.runUntil(EPOCH_MS);
  t.is(traded.told('org-t', 'ContractFormed').length, 1);
  t.is(
    traded.balance('org-t') + traded.balance('org-a') + traded.balance('org-b'),
    3 * OPENING - traded.state.market.ledger.balances.get('/escrow')!,
  );
});

test('who keeps silent loses the bond, and who could not speak gets the time for it', (t) => {
  const silent = committed();
  silent.runUntil(EPOCH_MS - 120_000);
  t.deepEqual(reveal(silent, ['org-a']), [null]);
  silent.runUntil(EPOCH_MS);
  t.is(silent.balance('org-t'), OPENING - 500);
  const away = committed();
  away.runUntil(EPOCH_MS - 120_000);
  away.sleepUntil(EPOCH_MS + 1_000);
  t.deepEqual(reveal(away), [null, null]);
  away.run(121_000);
  t.is(away.told('org-t', 'ContractFormed').length, 1);
});

test('the history alone leads to the same state and effects again', (t) => {
  const traded = agreed();
  traded.runUntil(EPOCH_MS + 3 * SLOT_MS);
  const state = initialExchange(exchangeConfiguration());
  const effects = traded.events.flatMap((event) => exchangeService.step(state, event).effects);
  t.is(canonicalJson(state), canonicalJson(traded.state));
  t.is(canonicalJson(effects), canonicalJson(traded.effects));
});
