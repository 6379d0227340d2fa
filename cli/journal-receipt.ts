/**
 * What a bidder holds against a market's journal: a signed receipt of its commitment and, if it
 * likes, the sheet behind it.
 *
 * File: `{schema: "ocx-receipt/1", receipt: {roundId, organisation, commitment, place, head},
 * signature, sheet?: {agent, bids, asks, nonce}}`.
 */
import { OcxError } from '../core/kernel/errors.ts';
import type { Refusal } from '../core/kernel/errors.ts';
import type { JournalRecord } from '../core/kernel/journal.ts';
import { isSha256 } from '../core/kernel/sha256.ts';
import type {
  MarketEffect,
  MarketEvent,
  OrdersPosted,
  SolveRound,
} from '../core/market/protocol.ts';
import { auditRound } from '../core/market/sealing/audit.ts';
import type { RecordedRound } from '../core/market/sealing/audit.ts';
import { isNonce } from '../core/market/sealing/commitment.ts';
import type { OrderSheet } from '../core/market/sealing/commitment.ts';
import type { CommitReceipt } from '../core/market/sealing/protocol.ts';
import { askFault, bidFault, MAXIMUM_HORIZON_SLOTS } from '../core/market/order-check.ts';
import { isSigned } from '../backends/receipts/ed25519.ts';
import { readInputText } from './files.ts';
import { asDifference, stepOrBreak } from './journal-replay.ts';
import type { JournalledMarket } from './journalled-market.ts';

export const RECEIPT_SCHEMA = 'ocx-receipt/1';

export interface ReceiptFile {
  readonly receipt: CommitReceipt;
  readonly signature: string;
  readonly sheet: OrderSheet | null;
}

/** @throws OcxError INPUT_RECEIPT_INVALID, INPUT_FILE_NOT_FOUND */
export function readReceipt(path: string): ReceiptFile {
  const invalid = (message: string, keyPath?: string) =>
    new OcxError({
      code: 'INPUT_RECEIPT_INVALID',
      message,
      place: { file: path, ...(keyPath === undefined ? {} : { keyPath }) },
    });
  let parsed: unknown;
  try {
    parsed = JSON.parse(readInputText(path));
  } catch (error) {
    if (error instanceof OcxError) throw error;
    throw invalid('it is not JSON');
  }
  const file = (typeof parsed === 'object' && parsed) as Partial<
    ReceiptFile & { readonly schema: string }
  >;
  if (file?.schema !== RECEIPT_SCHEMA) throw invalid(`it must be ${RECEIPT_SCHEMA}`, 'schema');
  if (!isReceipt(file.receipt)) throw invalid('it is no receipt', 'receipt');
  if (typeof file.signature !== 'string') throw invalid('a text is needed', 'signature');
  const sheet = file.sheet ?? null;
  if (sheet !== null && !isSheet(sheet)) throw invalid('it is no sheet of orders', 'sheet');
  const { roundId, organisation, commitment, place, head } = file.receipt;
  const receipt = { roundId, organisation, commitment, place, head };
  return { receipt, signature: file.signature, sheet };
}

/**
 * Holds the journal against the receipt. Codes: those of `auditRound`, `AUDIT_SIGNATURE_WRONG`,
 * `AUDIT_ROUND_MISSING`.
 *
 * @param publicKeyPem the exchange's key, as the bidder knows it
 */
export function checkReceipt(
  { receipt, signature, sheet }: ReceiptFile,
  publicKeyPem: string,
  market: JournalledMarket,
  configuration: unknown,
  records: Iterable<JournalRecord>,
): Refusal | null {
  if (!isSigned(receipt, signature, publicKeyPem)) {
    const message = 'the receipt is not signed with this key, so it holds nobody to anything';
    return { code: 'AUDIT_SIGNATURE_WRONG', message };
  }
  let found: Refusal | null = null;
  const broken = asDifference(() => {
    const { record, refused } = recordedRound(receipt, market, configuration, records);
    found = record
      ? auditRound(receipt, record, sheet, refused)
      : { code: 'AUDIT_ROUND_MISSING', message: 'the round was never closed on this record' };
    return null;
  });
  return broken ?? found;
}

/** What the journal has of the receipt's round, and which of the holder's orders were refused. */
function recordedRound(
  { roundId, organisation }: CommitReceipt,
  { service, marketOf }: JournalledMarket,
  configuration: unknown,
  records: Iterable<JournalRecord>,
): { readonly record: RecordedRound | null; readonly refused: ReadonlySet<string> } {
  let state = service.initial(configuration);
  let commitments: readonly string[] = [];
  let published: Pick<RecordedRound, 'head' | 'commitmentsRoot'> | null = null;
  let ordersRoot: string | null = null;
  const refused = new Set<string>();
  let number = 0;
  for (const { event } of records) {
    number += 1;
    const step = stepOrBreak(service, state, event, number);
    state = step.state;
    for (const effect of step.effects as readonly MarketEffect[]) {
      if (!('roundId' in effect) || effect.roundId !== roundId) continue;
      if (effect.kind === 'CommitmentsPublished') {
        const sealed = marketOf(state).sealedRounds!.get(roundId)!;
        commitments = [...sealed.commitments.values()];
        published = { head: effect.head, commitmentsRoot: effect.root };
      } else if (effect.kind === 'OrdersPublished') ordersRoot = effect.root;
      else if (effect.kind === 'SolveRound' && published && ordersRoot !== null) {
        const { bids, asks } = (effect as SolveRound).round;
        const record = { roundId, commitments, bids, asks, ordersRoot, ...published };
        return { record, refused };
      }
    }
    noteRefused(event as MarketEvent, step.effects as readonly MarketEffect[]);
  }
  return { record: null, refused };

  function noteRefused(event: MarketEvent, effects: readonly MarketEffect[]): void {
    if (event.kind !== 'RevealOrders' || event.roundId !== roundId) return;
    if (event.from.name !== organisation) return;
    const reply = effects.find((effect) => effect.kind === 'Reply');
    if (!reply || reply.refusal) return;
    for (const { orderId } of (reply.result as OrdersPosted).refused) refused.add(orderId);
  }
}

function isReceipt(value: unknown): value is CommitReceipt {
  if (typeof value !== 'object' || value === null) return false;
  const { roundId, organisation, commitment, place, head } = value as Partial<CommitReceipt>;
  return (
    Number.isSafeInteger(roundId) &&
    Number.isSafeInteger(place) &&
    typeof organisation === 'string' &&
    isSha256(commitment) &&
    isSha256(head)
  );
}

function isSheet(value: unknown): value is OrderSheet {
  if (typeof value !== 'object' || value === null) return false;
  const { agent, bids, asks, nonce } = value as Partial<OrderSheet>;
  return (
    typeof agent === 'string' &&
    isNonce(nonce) &&
    Array.isArray(bids) &&
    Array.isArray(asks) &&
    bids.every((bid) => bidFault(bid, MAXIMUM_HORIZON_SLOTS) === null) &&
    asks.every((ask) => askFault(ask, MAXIMUM_HORIZON_SLOTS) === null)
  );
}
