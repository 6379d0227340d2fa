import test from 'ava';
import { sha256Hex } from '../../../core/kernel/sha256.ts';
import { auditRound, orderLeaves } from '../../../core/market/sealing/audit.ts';
import type { RecordedRound } from '../../../core/market/sealing/audit.ts';
import { commitmentOf } from '../../../core/market/sealing/commitment.ts';
import { merkleRoot } from '../../../core/market/sealing/merkle.ts';
import type { Bid } from '../../../core/market/orders.ts';
import { bid } from '../support/orders.ts';

const HEAD = sha256Hex('journal');
const SHEET = {
  agent: 'beta',
  bids: ['x', 'y', 'z'].map((id) => bid(id, {}, { organisation: 'beta' })),
  asks: [],
  nonce: 'ab'.repeat(16),
};
const RECEIPT = {
  roundId: 7,
  organisation: 'beta',
  commitment: commitmentOf(SHEET),
  place: 1,
  head: HEAD,
};
const OTHERS = [bid('q', {}, { organisation: 'alpha', bidId: 'alpha/q' })];
const OWN = SHEET.bids.map((own) => ({ ...own, bidId: `beta/${own.bidId}` }));

/** A record with these bids whose roots are right. */
function recordOf(bids: readonly Bid[], more: Partial<RecordedRound> = {}): RecordedRound {
  const commitments = [sha256Hex('alpha'), RECEIPT.commitment];
  return {
    roundId: 7,
    head: HEAD,
    commitments,
    commitmentsRoot: merkleRoot(commitments),
    bids,
    asks: [],
    ordersRoot: merkleRoot(orderLeaves(bids, [])),
    ...more,
  };
}

const codeOf = (record: RecordedRound, refused?: ReadonlySet<string>) =>
  auditRound(RECEIPT, record, SHEET, refused)?.code ?? null;

test('a round with all own orders in their turn is right, whatever others do', (t) => {
  t.is(codeOf(recordOf([...OTHERS, ...OWN])), null);
  t.is(codeOf(recordOf(OWN)), null);
});

test('an order that is missing, changed, moved or invented is found', (t) => {
  const [x, y, z] = OWN as [Bid, Bid, Bid];
  t.is(codeOf(recordOf([x, z])), 'AUDIT_ORDER_DROPPED');
  t.is(codeOf(recordOf([x, { ...y, acceptsRecall: !y.acceptsRecall }, z])), 'AUDIT_ORDER_ALTERED');
  t.is(codeOf(recordOf([x, z, y])), 'AUDIT_ORDER_MOVED');
  t.is(codeOf(recordOf([x, y, z, { ...x, bidId: 'beta/w' }])), 'AUDIT_ORDER_FOREIGN');
});

test('an order that was refused with a reason need not be there', (t) => {
  const [x, , z] = OWN as [Bid, Bid, Bid];
  t.is(codeOf(recordOf([x, z]), new Set(['y'])), null);
});

test('a root, head or round that does not fit is found', (t) => {
  const bids = [...OTHERS, ...OWN];
  t.is(codeOf(recordOf(bids, { commitmentsRoot: HEAD })), 'AUDIT_ROOT_WRONG');
  t.is(codeOf(recordOf(bids, { ordersRoot: HEAD })), 'AUDIT_ROOT_WRONG');
  t.is(codeOf(recordOf(bids, { head: sha256Hex('later') })), 'AUDIT_ROUND_OTHER');
  t.is(codeOf(recordOf(bids, { roundId: 8 })), 'AUDIT_ROUND_OTHER');
});
