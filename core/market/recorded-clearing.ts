/**
 * A clearing as plain JSON data, and back. Whoever solves a round is not trusted: what it sends is
 * read field by field here, and has the types that everything behind relies on; whether it is right
 * is `clearing/check.ts`'s to say.
 */
import { MAXIMUM_CELLS } from './clearing/acceptance.ts';
import type { Clearing, MarketRound } from './orders.ts';
import { MAXIMUM_NAME_LENGTH } from './order-check.ts';
import type { RecordedClearing } from './protocol.ts';

/** An order may be left out for more than one reason, but not for many. */
const REJECTIONS_AN_ORDER = 4;
const LONGEST_CODE = 64;

/** A clearing as plain JSON data. */
export function recordClearing(clearing: Clearing): RecordedClearing {
  const { receipts, ...rest } = clearing;
  return {
    ...rest,
    receipts: [...receipts].map(([askId, receiptMillicredits]) => ({ askId, receiptMillicredits })),
  };
}

/** The clearing behind its recorded form; null where it has not the shape of one for this round. */
export function readClearing(recorded: unknown, round: MarketRound): Clearing | null {
  if (!isRecord(recorded)) return null;
  const { fills, receipts, prices, rejected, search, preempted, slotPrices } = recorded as Shape;
  const bids = round.bids.length;
  const standing = round.standing?.length ?? 0;
  // Standing contracts that are preempted are sold like asks.
  const asks = round.asks.length + standing;
  const orders = bids + asks;
  if (!isList(fills, bids, (fill) => isFill(fill, asks))) return null;
  if (!isList(receipts, asks, isReceipt) || !isList(prices, orders, isPrice)) return null;
  if (!isList(rejected, REJECTIONS_AN_ORDER * orders, isRejection)) return null;
  if (slotPrices !== undefined && !isList(slotPrices, MAXIMUM_CELLS, isSlotPrice)) return null;
  if (search !== undefined && !isNumbers(search)) return null;
  if (preempted !== undefined && !isList(preempted, standing, isName)) return null;
  const byAsk = new Map<string, number>();
  for (const { askId, receiptMillicredits } of receipts as RecordedClearing['receipts']) {
    if (byAsk.has(askId)) return null;
    byAsk.set(askId, receiptMillicredits);
  }
  return { ...(recorded as unknown as Clearing), receipts: byAsk };
}

type Shape = { readonly [Key in keyof Clearing]?: unknown };

function isFill(fill: unknown, asks: number): boolean {
  if (!isRecord(fill)) return false;
  const { bidId, optionIndex, nodes, parts, paymentMillicredits } = fill;
  return (
    isName(bidId) &&
    Number.isInteger(optionIndex) &&
    Number.isInteger(nodes) &&
    Number.isInteger(paymentMillicredits) &&
    isList(parts, asks, (part) => isRecord(part) && isName(part['askId']) && isCount(part['nodes']))
  );
}

function isReceipt(receipt: unknown): boolean {
  return (
    isRecord(receipt) &&
    isName(receipt['askId']) &&
    Number.isInteger(receipt['receiptMillicredits'])
  );
}

function isPrice(price: unknown): boolean {
  if (!isRecord(price) || !isName(price['nodeClass'])) return false;
  const { millicreditsPerNodeSlot: amount } = price;
  return amount === null || Number.isInteger(amount);
}

function isSlotPrice(price: unknown): boolean {
  return (
    isRecord(price) &&
    isName(price['nodeClass']) &&
    ['startSlot', 'endSlot', 'millicreditsPerNodeSlot'].every((key) => Number.isInteger(price[key]))
  );
}

function isRejection(rejection: unknown): boolean {
  if (!isRecord(rejection) || !isName(rejection['orderId'])) return false;
  const { code } = rejection;
  return typeof code === 'string' && code.length <= LONGEST_CODE && /^[A-Z]+(_[A-Z]+)*$/.test(code);
}

/** A report of numbers, and nothing where there is none. */
function isNumbers(report: unknown): boolean {
  if (!isRecord(report)) return false;
  const values = Object.values(report);
  return values.length <= 32 && values.every((value) => value === null || Number.isFinite(value));
}

function isList(list: unknown, most: number, isItem: (item: unknown) => boolean): boolean {
  if (!Array.isArray(list) || list.length > most) return false;
  for (let i = 0; i < list.length; i++) if (!isItem(list[i])) return false;
  return true;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** In a market an order's id has the organisation's name in front. */
function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 2 * MAXIMUM_NAME_LENGTH + 1;
}

function isCount(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 1;
}
