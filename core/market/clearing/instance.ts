/**
 * A round turned into arrays: what every mechanism computes on.
 *
 * Orders that cannot stand are left out, each with a code. Organisations and classes become small
 * integers. Slots become *steps*: only the slots at which some order starts or ends matter, so that
 * a long horizon costs nothing. For every option the asks that may serve it, i.e. compatible ones
 * of its class whose window contains it, are listed once, in the order in which they should be used.
 */
import { askFault, bidFault, MAXIMUM_HORIZON_SLOTS, orderLabel } from '../order-check.ts';
import { MAXIMUM_ORDERS_MILLICREDITS, MAXIMUM_ROUND_MILLICREDITS } from '../order-check.ts';
import { SECURITY_RANK } from '../orders.ts';
import type { Ask, Bid, MarketRound, Rejection } from '../orders.ts';

/** `id`: independent of the order of submission. `submission`: first come, first served. */
export type OrderSequence = 'id' | 'submission';
/** Which of the possible asks an option should use first. */
export type AskPreference = 'cheapest' | 'submission' | 'tightest';

/**
 * Most (option, ask) pairs that one round may have, so that no set of orders can make a round
 * slow; 2,000 bids with three options against 200 asks of their class have 1.2 million.
 */
export const MAXIMUM_PAIRS = 4_000_000;
/** Most (ask, slot) cells, for the same reason; 10,000 asks over 2,000 slots. */
export const MAXIMUM_CELLS = 20_000_000;

export interface Instance {
  readonly bids: readonly Bid[];
  readonly asks: readonly Ask[];
  readonly rejected: Rejection[];
  readonly nodeClasses: readonly string[];
  /** Numbers of organisations, by bid and by ask. */
  readonly bidOwner: Int32Array;
  readonly askOwner: Int32Array;
  readonly organisations: readonly string[];
  /** Number of steps between the first start and the last end. */
  readonly steps: number;
  /** Slot at which each step starts, and the end of the last. */
  readonly stepSlot: Int32Array;

  readonly askClass: Int32Array;
  readonly askFrom: Int32Array;
  readonly askTo: Int32Array;

  /** Options of bid b: firstOption[b] … firstOption[b + 1] − 1. */
  readonly firstOption: Int32Array;
  readonly options: number;
  readonly optionBid: Int32Array;
  readonly optionClass: Int32Array;
  readonly optionNodes: Int32Array;
  readonly optionMinimum: Int32Array;
  readonly optionFrom: Int32Array;
  readonly optionTo: Int32Array;
  readonly optionSlots: Int32Array;
  readonly optionValue: Float64Array;
  /** Asks that may serve option o: candidates[firstCandidate[o]] … */
  readonly firstCandidate: Int32Array;
  readonly candidates: Int32Array;
}

/**
 * Compiles a round. Never throws for what an order holds.
 *
 * A horizon or slot length that makes no sense leaves out all orders (`MARKET_ROUND_MALFORMED`).
 */
export function compileRound(
  round: MarketRound,
  sequence: OrderSequence,
  preference: AskPreference,
): Instance {
  const rejected: Rejection[] = [];
  const horizon = isHorizon(round.horizonSlots) ? round.horizonSlots : 0;
  const owners = new Owners();
  const asks = acceptedAsks(round, horizon, owners, rejected);
  const bids = acceptedBids(round, horizon, owners, asks, rejected);
  if (sequence === 'id') {
    asks.sort(byAskId);
    bids.sort(byBidId);
  }
  return arrays(asks, bids, owners, preference, horizon, rejected);
}

/** Organisations by number, with what each has at stake on either side. */
class Owners {
  readonly numbers = new Map<string, number>();
  readonly names: string[] = [];
  readonly atStake: [number[], number[]] = [[], []];
  readonly total = [0, 0];

  number(organisation: string): number {
    const known = this.numbers.get(organisation);
    if (known !== undefined) return known;
    const number = this.names.length;
    this.numbers.set(organisation, number);
    this.names.push(organisation);
    this.atStake[0].push(0);
    this.atStake[1].push(0);
    return number;
  }

  /** Counts an order's worth against the limits; a code where it goes beyond them. */
  stake(organisation: string, side: 0 | 1, amount: number): string | null {
    const own = this.atStake[side];
    const number = this.number(organisation);
    if (own[number]! + amount > MAXIMUM_ORDERS_MILLICREDITS) return 'MARKET_ORGANISATION_LIMIT';
    if (this.total[side]! + amount > MAXIMUM_ROUND_MILLICREDITS) return 'MARKET_ROUND_FULL';
    own[number]! += amount;
    this.total[side]! += amount;
    return null;
  }
}

function acceptedAsks(
  round: MarketRound,
  horizon: number,
  owners: Owners,
  rejected: Rejection[],
): Ask[] {
  const accepted: Ask[] = [];
  const seen = new Set<string>();
  for (let i = 0; i < round.asks.length; i++) {
    const ask = round.asks[i]!;
    let code = horizon === 0 ? 'MARKET_ROUND_MALFORMED' : askFault(ask, horizon);
    if (!code && seen.has(ask.askId)) code = 'MARKET_ORDER_ID_REUSED';
    if (!code && (accepted.length + 1) * horizon > MAXIMUM_CELLS) code = 'MARKET_ROUND_FULL';
    if (!code) {
      const nodeSlots = ask.nodes * (ask.endSlot - ask.startSlot);
      code = owners.stake(ask.organisation, 1, ask.reserveMillicredits * nodeSlots);
    }
    if (code) {
      rejected.push({ orderId: orderLabel(ask, 'askId', i), code });
      continue;
    }
    seen.add(ask.askId);
    accepted.push(ask);
  }
  return accepted;
}

function acceptedBids(
  round: MarketRound,
  horizon: number,
  owners: Owners,
  asks: readonly Ask[],
  rejected: Rejection[],
): Bid[] {
  const accepted: Bid[] = [];
  const seen = new Set<string>();
  let pairs = 0;
  for (let i = 0; i < round.bids.length; i++) {
    const bid = round.bids[i]!;
    let code = horizon === 0 ? 'MARKET_ROUND_MALFORMED' : bidFault(bid, horizon);
    if (!code && seen.has(bid.bidId)) code = 'MARKET_ORDER_ID_REUSED';
    if (!code && pairs + bid.options.length * asks.length > MAXIMUM_PAIRS) {
      code = 'MARKET_ROUND_FULL';
    }
    if (!code) code = owners.stake(bid.organisation, 0, largestValue(bid));
    if (code) {
      rejected.push({ orderId: orderLabel(bid, 'bidId', i), code });
      continue;
    }
    seen.add(bid.bidId);
    pairs += bid.options.length * asks.length;
    accepted.push(bid);
  }
  return accepted;
}

function largestValue(bid: Bid): number {
  let largest = 0;
  for (const option of bid.options) {
    if (option.valueMillicredits > largest) largest = option.valueMillicredits;
  }
  return largest;
}

function arrays(
  asks: readonly Ask[],
  bids: readonly Bid[],
  owners: Owners,
  preference: AskPreference,
  horizon: number,
  rejected: Rejection[],
): Instance {
  const { stepOf, stepSlot, steps } = compressSlots(asks, bids, horizon);
  const classes = new Map<string, number>();
  const nodeClasses: string[] = [];
  const classNumber = (name: string): number => {
    let number = classes.get(name);
    if (number === undefined) {
      number = nodeClasses.length;
      classes.set(name, number);
      nodeClasses.push(name);
    }
    return number;
  };

  const askClass = new Int32Array(asks.length);
  const askOwner = new Int32Array(asks.length);
  const askFrom = new Int32Array(asks.length);
  const askTo = new Int32Array(asks.length);
  for (let a = 0; a < asks.length; a++) {
    const ask = asks[a]!;
    askClass[a] = classNumber(ask.nodeClass);
    askOwner[a] = owners.number(ask.organisation);
    askFrom[a] = stepOf[ask.startSlot]!;
    askTo[a] = stepOf[ask.endSlot]!;
  }
  const optionArrays = compileOptions(bids, owners, stepOf, classNumber);
  const base = {
    bids,
    asks,
    rejected,
    nodeClasses,
    organisations: owners.names,
    askOwner,
    steps,
    stepSlot,
    askClass,
    askFrom,
    askTo,
    ...optionArrays,
  };
  const byClass = asksByClass(asks, askClass, nodeClasses.length, preference);
  return { ...base, ...listCandidates(base, byClass) };
}

type WithoutCandidates = Omit<Instance, 'firstCandidate' | 'candidates'>;

function compileOptions(
  bids: readonly Bid[],
  owners: Owners,
  stepOf: Int32Array,
  classNumber: (name: string) => number,
) {
  let options = 0;
  for (const bid of bids) options += bid.options.length;
  const firstOption = new Int32Array(bids.length + 1);
  const bidOwner = new Int32Array(bids.length);
  const optionBid = new Int32Array(options);
  const optionClass = new Int32Array(options);
  const optionNodes = new Int32Array(options);
  const optionMinimum = new Int32Array(options);
  const optionFrom = new Int32Array(options);
  const optionTo = new Int32Array(options);
  const optionSlots = new Int32Array(options);
  const optionValue = new Float64Array(options);
  let o = 0;
  for (let b = 0; b < bids.length; b++) {
    const bid = bids[b]!;
    firstOption[b] = o;
    bidOwner[b] = owners.number(bid.organisation);
    for (const option of bid.options) {
      optionBid[o] = b;
      optionClass[o] = classNumber(option.nodeClass);
      optionNodes[o] = option.nodes;
      optionMinimum[o] = option.minimumNodes;
      optionFrom[o] = stepOf[option.startSlot]!;
      optionTo[o] = stepOf[option.endSlot]!;
      optionSlots[o] = option.endSlot - option.startSlot;
      optionValue[o] = option.valueMillicredits;
      o += 1;
    }
  }
  firstOption[bids.length] = o;
  return {
    firstOption,
    bidOwner,
    options,
    optionBid,
    optionClass,
    optionNodes,
    optionMinimum,
    optionFrom,
    optionTo,
    optionSlots,
    optionValue,
  };
}

/** Numbers the slots at which something starts or ends. */
function compressSlots(asks: readonly Ask[], bids: readonly Bid[], horizon: number) {
  const stepOf = new Int32Array(horizon + 1);
  for (const ask of asks) stepOf[ask.startSlot] = stepOf[ask.endSlot] = 1;
  for (const bid of bids) {
    for (const option of bid.options) stepOf[option.startSlot] = stepOf[option.endSlot] = 1;
  }
  let marks = 0;
  for (let slot = 0; slot <= horizon; slot++) marks += stepOf[slot]!;
  const stepSlot = new Int32Array(marks);
  let step = 0;
  for (let slot = 0; slot <= horizon; slot++) {
    const marked = stepOf[slot]!;
    stepOf[slot] = step;
    if (marked) stepSlot[step++] = slot;
  }
  return { stepOf, stepSlot, steps: marks > 0 ? marks - 1 : 0 };
}

function asksByClass(
  asks: readonly Ask[],
  askClass: Int32Array,
  classes: number,
  preference: AskPreference,
): readonly (readonly number[])[] {
  const lists: number[][] = Array.from({ length: classes }, () => []);
  for (let a = 0; a < asks.length; a++) lists[askClass[a]!]!.push(a);
  if (preference === 'submission') return lists;
  const length = (a: number) => asks[a]!.endSlot - asks[a]!.startSlot;
  const reserve = (a: number) => asks[a]!.reserveMillicredits;
  // Among equals the narrowest window first: what is left over is then of more use to others.
  for (const list of lists) {
    list.sort(
      preference === 'cheapest'
        ? (a, b) => reserve(a) - reserve(b) || length(a) - length(b) || a - b
        : (a, b) => length(a) - length(b) || a - b,
    );
  }
  return lists;
}

function listCandidates(
  instance: WithoutCandidates,
  byClass: readonly (readonly number[])[],
): Pick<Instance, 'firstCandidate' | 'candidates'> {
  const { asks, bids, askFrom, askTo, askOwner, options } = instance;
  const firstCandidate = new Int32Array(options + 1);
  const found: number[] = [];
  for (let o = 0; o < options; o++) {
    firstCandidate[o] = found.length;
    const b = instance.optionBid[o]!;
    const { securityLevel, acceptsRecall } = bids[b]!;
    const rank = SECURITY_RANK[securityLevel];
    const owner = instance.bidOwner[b]!;
    const from = instance.optionFrom[o]!;
    const to = instance.optionTo[o]!;
    for (const a of byClass[instance.optionClass[o]!]!) {
      if (askFrom[a]! > from || askTo[a]! < to || askOwner[a] === owner) continue;
      const ask = asks[a]!;
      if (SECURITY_RANK[ask.securityLevel] < rank || (ask.recall && !acceptsRecall)) continue;
      found.push(a);
    }
  }
  firstCandidate[options] = found.length;
  return { firstCandidate, candidates: new Int32Array(found) };
}

function byBidId(a: Bid, b: Bid): number {
  return a.bidId < b.bidId ? -1 : a.bidId > b.bidId ? 1 : 0;
}

function byAskId(a: Ask, b: Ask): number {
  return a.askId < b.askId ? -1 : a.askId > b.askId ? 1 : 0;
}

function isHorizon(slots: unknown): boolean {
  return (
    Number.isInteger(slots) && (slots as number) >= 1 && (slots as number) <= MAXIMUM_HORIZON_SLOTS
  );
}
