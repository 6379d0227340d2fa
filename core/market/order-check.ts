/**
 * What an order must be. Orders come from parties that nobody trusts, as parsed JSON: every field
 * is looked at by its known name, never enumerated, so that surplus keys (`__proto__` among them)
 * have no effect.
 */
import { constraintsFault, plainConstraints } from './constraints/constraint.ts';
import { plainProperties, propertiesFault } from './constraints/properties.ts';
import { TIMES_IN_FORCE } from './orders.ts';
import type { Ask, Bid, BidOption, RecallTerms } from './orders.ts';

export const MAXIMUM_OPTIONS = 64;
export const MAXIMUM_NODES = 1_000_000;
export const MAXIMUM_HORIZON_SLOTS = 100_000;
export const MAXIMUM_NAME_LENGTH = 200;
/**
 * Most that all orders of one organisation on one side of a round may be worth: 2⁴³ millicredits,
 * 8.8 billion credits.
 */
export const MAXIMUM_ORDERS_MILLICREDITS = 8_796_093_022_208;
/** Most that one side of a round may be worth: 2⁵², so that every sum over it is exact. */
export const MAXIMUM_ROUND_MILLICREDITS = 4_503_599_627_370_496;
/** Longest notice of a recall: a leap year. */
export const MAXIMUM_NOTICE_MS = 366 * 86_400_000;
const MILLION = 1_000_000;

/** Why a bid cannot stand, as a stable code, or null. Its organisation is not judged here. */
export function bidFault(bid: unknown, horizonSlots: number): string | null {
  if (!isRecord(bid)) return 'MARKET_ORDER_MALFORMED';
  const { bidId, organisation, options, securityLevel, acceptsRecall } = bid as Partial<Bid>;
  if (!isName(bidId) || !isName(organisation)) return 'MARKET_ORDER_MALFORMED';
  if (!isSecurityLevel(securityLevel)) return 'MARKET_SECURITY_LEVEL_UNKNOWN';
  if (typeof acceptsRecall !== 'boolean' || !Array.isArray(options)) {
    return 'MARKET_ORDER_MALFORMED';
  }
  if (options.length === 0) return 'MARKET_OPTIONS_NONE';
  if (options.length > MAXIMUM_OPTIONS) return 'MARKET_OPTIONS_TOO_MANY';
  for (let i = 0; i < options.length; i++) {
    const fault = optionFault(options[i], horizonSlots);
    if (fault) return fault;
  }
  return constraintsFault((bid as Partial<Bid>).constraints) ?? submissionFault(bid);
}

function optionFault(option: unknown, horizonSlots: number): string | null {
  if (!isRecord(option)) return 'MARKET_ORDER_MALFORMED';
  const { nodeClass, nodes, minimumNodes, startSlot, endSlot, valueMillicredits } =
    option as Partial<BidOption>;
  if (!isName(nodeClass)) return 'MARKET_ORDER_MALFORMED';
  if (!isCount(nodes, MAXIMUM_NODES) || !isCount(minimumNodes, nodes)) {
    return 'MARKET_QUANTITY_INVALID';
  }
  if (!isWindow(startSlot, endSlot, horizonSlots)) return 'MARKET_WINDOW_INVALID';
  return moneyFault(valueMillicredits, nodes);
}

/** Why an ask cannot stand, as a stable code, or null. */
export function askFault(ask: unknown, horizonSlots: number): string | null {
  if (!isRecord(ask)) return 'MARKET_ORDER_MALFORMED';
  const order = ask as Partial<Ask>;
  if (!isName(order.askId) || !isName(order.organisation) || !isName(order.nodeClass)) {
    return 'MARKET_ORDER_MALFORMED';
  }
  if (!isSecurityLevel(order.securityLevel)) return 'MARKET_SECURITY_LEVEL_UNKNOWN';
  if (!isCount(order.nodes, MAXIMUM_NODES)) return 'MARKET_QUANTITY_INVALID';
  const { startSlot, endSlot } = order;
  if (!isWindow(startSlot, endSlot, horizonSlots)) return 'MARKET_WINDOW_INVALID';
  if (!isRecallTerms(order.recall)) return 'MARKET_RECALL_TERMS_INVALID';
  return (
    moneyFault(order.reserveMillicredits, order.nodes * (endSlot! - startSlot!)) ??
    propertiesFault(order.properties) ??
    submissionFault(order)
  );
}

/** A copy of a valid bid with exactly the known keys, always in the same order. */
export function plainBid(bid: Bid): Bid {
  return {
    bidId: bid.bidId,
    organisation: bid.organisation,
    options: bid.options.map((option) => ({
      nodeClass: option.nodeClass,
      nodes: option.nodes,
      minimumNodes: option.minimumNodes,
      startSlot: option.startSlot,
      endSlot: option.endSlot,
      valueMillicredits: option.valueMillicredits,
    })),
    securityLevel: bid.securityLevel,
    acceptsRecall: bid.acceptsRecall,
    ...(bid.constraints ? { constraints: plainConstraints(bid.constraints) } : {}),
    ...(bid.timeInForce ? { timeInForce: bid.timeInForce } : {}),
  };
}

/** A copy of a valid ask with exactly the known keys, always in the same order. */
export function plainAsk(ask: Ask): Ask {
  return {
    askId: ask.askId,
    organisation: ask.organisation,
    nodeClass: ask.nodeClass,
    nodes: ask.nodes,
    startSlot: ask.startSlot,
    endSlot: ask.endSlot,
    reserveMillicredits: ask.reserveMillicredits,
    recall: ask.recall && {
      noticeMs: ask.recall.noticeMs,
      penaltyPartsPerMillion: ask.recall.penaltyPartsPerMillion,
    },
    securityLevel: ask.securityLevel,
    ...(ask.properties ? { properties: plainProperties(ask.properties) } : {}),
    ...(ask.timeInForce ? { timeInForce: ask.timeInForce } : {}),
  };
}

/** How an order is to be handled, and when it came. */
function submissionFault(order: object): string | null {
  const { timeInForce, sequence } = order as Partial<Bid>;
  if (timeInForce !== undefined && !TIMES_IN_FORCE.includes(timeInForce)) {
    return 'MARKET_TIME_IN_FORCE_UNKNOWN';
  }
  if (sequence === undefined || (Number.isSafeInteger(sequence) && sequence >= 0)) return null;
  return 'MARKET_ORDER_MALFORMED';
}

/** A printable id of an order that may be anything. */
export function orderLabel(order: unknown, idKey: 'bidId' | 'askId', position: number): string {
  const id = isRecord(order) ? (order as Record<string, unknown>)[idKey] : undefined;
  return isName(id) ? id : `${idKey === 'bidId' ? 'bid' : 'ask'}[${position}]`;
}

/** An amount whose product with `times` may be paid; `times` is a positive safe integer. */
function moneyFault(amount: unknown, times: number): string | null {
  if (typeof amount !== 'number' || !Number.isInteger(amount)) return 'MARKET_MONEY_NOT_INTEGER';
  if (amount < 0) return 'MARKET_MONEY_NEGATIVE';
  if (amount > MAXIMUM_ORDERS_MILLICREDITS || !Number.isSafeInteger(amount * times)) {
    return 'MARKET_AMOUNT_OVERFLOW';
  }
  return null;
}

/** Not null, so that its fields can be looked at by name. */
export function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAXIMUM_NAME_LENGTH;
}

function isCount(value: unknown, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most;
}

function isWindow(start: unknown, end: unknown, horizonSlots: number): boolean {
  return (
    Number.isInteger(start) &&
    Number.isInteger(end) &&
    (start as number) >= 0 &&
    (end as number) > (start as number) &&
    (end as number) <= horizonSlots
  );
}

function isSecurityLevel(value: unknown): boolean {
  return value === 'none' || value === 'attested' || value === 'full';
}

function isRecallTerms(value: unknown): value is RecallTerms | null {
  if (value === null) return true;
  if (!isRecord(value)) return false;
  const { noticeMs, penaltyPartsPerMillion } = value as Partial<RecallTerms>;
  return (
    Number.isInteger(noticeMs) &&
    noticeMs! >= 0 &&
    noticeMs! <= MAXIMUM_NOTICE_MS &&
    Number.isInteger(penaltyPartsPerMillion) &&
    penaltyPartsPerMillion! >= 0 &&
    penaltyPartsPerMillion! <= MILLION
  );
}
