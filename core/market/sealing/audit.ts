/**
 * What a bidder holds against the exchange: with its receipt and its sheet it can show that a sealed
 * round was not what it should have been.
 *
 * It needs nobody's word: the receipt is signed, the commitments are under a root that was public
 * before the first reveal, and the round that was cleared is on record. Whether that round was
 * cleared by the rules is another check, which anybody can do: solve it again.
 */
import { canonicalJson } from '../../kernel/canonical-json.ts';
import type { Refusal } from '../../kernel/errors.ts';
import { sha256Hex } from '../../kernel/sha256.ts';
import type { Ask, Bid } from '../orders.ts';
import { commitmentOf } from './commitment.ts';
import type { OrderSheet } from './commitment.ts';
import { merkleRoot } from './merkle.ts';
import type { CommitReceipt } from './protocol.ts';

/** What is on record of a sealed round. */
export interface RecordedRound {
  readonly roundId: number;
  readonly head: string;
  /** In the order that the exchange claims. */
  readonly commitments: readonly string[];
  /** As published before the first reveal. */
  readonly commitmentsRoot: string;
  /** As they were cleared. */
  readonly bids: readonly Bid[];
  readonly asks: readonly Ask[];
  /** As published when the round was closed. */
  readonly ordersRoot: string;
}

/** Hashes over which the root of a closed round's orders is taken. */
export function orderLeaves(bids: readonly Bid[], asks: readonly Ask[]): string[] {
  return [...bids, ...asks].map((order) => sha256Hex(canonicalJson(order)));
}

/**
 * Null where the round did right by the holder of the receipt.
 *
 * Codes: `AUDIT_ROUND_OTHER`, `AUDIT_COMMITMENT_DROPPED`, `AUDIT_COMMITMENT_MOVED`,
 * `AUDIT_ROOT_WRONG`; with the sheet also `AUDIT_SHEET_OTHER`, `AUDIT_ORDER_DROPPED`,
 * `AUDIT_ORDER_ALTERED`, `AUDIT_ORDER_MOVED`, `AUDIT_ORDER_FOREIGN`.
 *
 * @param refused own ids of the sheet's orders that the exchange refused with a reason
 */
export function auditRound(
  receipt: CommitReceipt,
  record: RecordedRound,
  sheet: OrderSheet | null,
  refused: ReadonlySet<string> = new Set(),
): Refusal | null {
  if (record.roundId !== receipt.roundId || record.head !== receipt.head) {
    return wrong('AUDIT_ROUND_OTHER', 'the record is of another round, or drew from another head');
  }
  if (record.commitments[receipt.place] !== receipt.commitment) {
    return record.commitments.includes(receipt.commitment)
      ? wrong('AUDIT_COMMITMENT_MOVED', 'the commitment does not stand at the place receipted')
      : wrong('AUDIT_COMMITMENT_DROPPED', 'the commitment receipted is not on record');
  }
  if (merkleRoot(record.commitments) !== record.commitmentsRoot) {
    return wrong('AUDIT_ROOT_WRONG', 'the published root is not of these commitments');
  }
  if (merkleRoot(orderLeaves(record.bids, record.asks)) !== record.ordersRoot) {
    return wrong('AUDIT_ROOT_WRONG', 'the published root is not of these orders');
  }
  return sheet === null ? null : auditSheet(receipt, record, sheet, refused);
}

function auditSheet(
  receipt: CommitReceipt,
  record: RecordedRound,
  sheet: OrderSheet,
  refused: ReadonlySet<string>,
): Refusal | null {
  if (sheet.agent !== receipt.organisation || commitmentOf(sheet) !== receipt.commitment) {
    return wrong('AUDIT_SHEET_OTHER', 'the sheet is not the one that was committed to');
  }
  const own = (order: Bid | Ask) => order.organisation === sheet.agent;
  const bids = sheet.bids.filter(({ bidId }) => !refused.has(bidId));
  const asks = sheet.asks.filter(({ askId }) => !refused.has(askId));
  return (
    compare(
      bids.map((bid) => ({ ...bid, bidId: `${sheet.agent}/${bid.bidId}` })),
      record.bids.filter(own),
      ({ bidId }) => bidId,
    ) ??
    compare(
      asks.map((ask) => ({ ...ask, askId: `${sheet.agent}/${ask.askId}` })),
      record.asks.filter(own),
      ({ askId }) => askId,
    )
  );
}

/** Own orders as they should be against own orders on record. */
function compare<Order extends Bid | Ask>(
  wanted: readonly Order[],
  recorded: readonly Order[],
  idOf: (order: Order) => string,
): Refusal | null {
  const byId = new Map(recorded.map((order) => [idOf(order), order]));
  for (const order of wanted) {
    const found = byId.get(idOf(order));
    if (!found) return wrong('AUDIT_ORDER_DROPPED', `order ${idOf(order)} is not in the round`);
    if (canonicalJson(found) !== canonicalJson(order)) {
      return wrong('AUDIT_ORDER_ALTERED', `order ${idOf(order)} was changed`);
    }
  }
  if (recorded.length > wanted.length) {
    return wrong('AUDIT_ORDER_FOREIGN', 'the round holds an order that the sheet does not');
  }
  const moved = recorded.findIndex((order, i) => idOf(order) !== idOf(wanted[i]!));
  if (moved >= 0) {
    return wrong('AUDIT_ORDER_MOVED', `order ${idOf(recorded[moved]!)} is out of its turn`);
  }
  return null;
}

function wrong(code: string, message: string): Refusal {
  return { code, message };
}
