/**
 * A round turned into arrays: what every mechanism computes on.
 *
 * Orders that cannot stand are left out, each with a code. Organisations and classes become small
 * integers. Slots become *steps*: only the slots at which some order starts or ends matter, so that
 * a long horizon costs nothing. For every option the asks that may serve it, i.e. compatible ones
 * of its class whose window contains it, are listed once, in the order in which they should be used.
 */
import { compileConstraints } from '../constraints/constraint.ts';
import type { Demand } from '../constraints/constraint.ts';
import { SECURITY_RANK } from '../orders.ts';
import type { Ask, Bid, MarketRound, Rejection } from '../orders.ts';
import { acceptOrders, BUCKETS } from './acceptance.ts';

/** `id`: independent of the order of submission. `submission`: first come, first served. */
export type OrderSequence = 'id' | 'submission';
/** Which of the possible asks an option should use first. */
export type AskPreference = 'cheapest' | 'submission' | 'tightest';

export interface Instance {
  readonly bids: readonly Bid[];
  readonly asks: readonly Ask[];
  readonly rejected: Rejection[];
  /** Classes on offer, and last, as '', all others. */
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
  const { asks, bids, rejected, horizonSlots } = acceptOrders(round);
  if (sequence === 'id') {
    asks.sort(byAskId);
    bids.sort(byBidId);
  }
  return arrays(asks, bids, preference, horizonSlots, rejected);
}

/**
 * The same round with these bids and asks only, given by their numbers in ascending order; the k-th
 * option of a bid stays its k-th. Nothing is checked or left out again.
 */
export function partOfInstance(
  instance: Instance,
  bids: readonly number[],
  asks: readonly number[],
  preference: AskPreference,
): Instance {
  const horizon = instance.stepSlot[instance.steps] ?? 0;
  return arrays(
    asks.map((a) => instance.asks[a]!),
    bids.map((b) => instance.bids[b]!),
    preference,
    horizon,
    [],
  );
}

/** The same for markets of units, which find whom an ask may serve by themselves: no candidates. */
export function compileUnits(
  round: MarketRound,
  sequence: OrderSequence = 'id',
  mostPairs?: number,
): Instance {
  const { asks, bids, rejected, horizonSlots } = acceptOrders(round, BUCKETS, mostPairs);
  if (sequence === 'id') {
    asks.sort(byAskId);
    bids.sort(byBidId);
  }
  const base = withoutCandidates(asks, bids, horizonSlots, rejected);
  const firstCandidate = new Int32Array(base.options + 1);
  return { ...base, firstCandidate, candidates: new Int32Array(0) };
}

function arrays(
  asks: readonly Ask[],
  bids: readonly Bid[],
  preference: AskPreference,
  horizon: number,
  rejected: Rejection[],
): Instance {
  const base = withoutCandidates(asks, bids, horizon, rejected);
  const byClass = asksByClass(asks, base.askClass, base.nodeClasses.length, preference);
  return { ...base, ...listCandidates(base, byClass) };
}

function withoutCandidates(
  asks: readonly Ask[],
  bids: readonly Bid[],
  horizon: number,
  rejected: Rejection[],
): WithoutCandidates {
  const { stepOf, stepSlot, steps } = compressSlots(asks, bids, horizon);
  const owners = new Numbers();
  const classes = new Numbers();
  const askClass = new Int32Array(asks.length);
  const askOwner = new Int32Array(asks.length);
  const askFrom = new Int32Array(asks.length);
  const askTo = new Int32Array(asks.length);
  for (let a = 0; a < asks.length; a++) {
    const ask = asks[a]!;
    askClass[a] = classes.of(ask.nodeClass);
    askOwner[a] = owners.of(ask.organisation);
    askFrom[a] = stepOf[ask.startSlot]!;
    askTo[a] = stepOf[ask.endSlot]!;
  }
  const optionArrays = compileOptions(bids, owners, stepOf, classes);
  return {
    bids,
    asks,
    rejected,
    nodeClasses: classes.names,
    organisations: owners.names,
    askOwner,
    steps,
    stepSlot,
    askClass,
    askFrom,
    askTo,
    ...optionArrays,
  };
}

/** Numbers for names, from 0. */
class Numbers {
  readonly names: string[] = [];
  readonly #numbers = new Map<string, number>();

  known(name: string): number | undefined {
    return this.#numbers.get(name);
  }

  of(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    this.#numbers.set(name, this.names.length);
    return this.names.push(name) - 1;
  }
}

type WithoutCandidates = Omit<Instance, 'firstCandidate' | 'candidates'>;

function compileOptions(
  bids: readonly Bid[],
  owners: Numbers,
  stepOf: Int32Array,
  classes: Numbers,
) {
  // Names are free: classes that nobody offers share one number, under a name that none can have.
  const notOffered = classes.of('');
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
    bidOwner[b] = owners.of(bid.organisation);
    for (const option of bid.options) {
      optionBid[o] = b;
      optionClass[o] = classes.known(option.nodeClass) ?? notOffered;
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
  const marked: number[] = [];
  const mark = (slot: number) => {
    if (stepOf[slot] === 1) return;
    stepOf[slot] = 1;
    marked.push(slot);
  };
  for (const ask of asks) {
    mark(ask.startSlot);
    mark(ask.endSlot);
  }
  for (const bid of bids) {
    for (const option of bid.options) {
      mark(option.startSlot);
      mark(option.endSlot);
    }
  }
  const stepSlot = Int32Array.from(marked).sort();
  for (let step = 0; step < stepSlot.length; step++) stepOf[stepSlot[step]!] = step;
  return { stepOf, stepSlot, steps: Math.max(0, stepSlot.length - 1) };
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
  const kinds = new KindsOfNodes(asks);
  for (let o = 0; o < options; o++) {
    firstCandidate[o] = found.length;
    const b = instance.optionBid[o]!;
    if (instance.firstOption[b] === o) kinds.demandOf(bids[b]!);
    const { securityLevel, acceptsRecall } = bids[b]!;
    const rank = SECURITY_RANK[securityLevel];
    const owner = instance.bidOwner[b]!;
    const from = instance.optionFrom[o]!;
    const to = instance.optionTo[o]!;
    for (const a of byClass[instance.optionClass[o]!]!) {
      if (askFrom[a]! > from || askTo[a]! < to || askOwner[a] === owner) continue;
      const ask = asks[a]!;
      if (SECURITY_RANK[ask.securityLevel] < rank || (ask.recall && !acceptsRecall)) continue;
      if (!kinds.fulfil(a)) continue;
      found.push(a);
    }
  }
  firstCandidate[options] = found.length;
  return { firstCandidate, candidates: new Int32Array(found) };
}

/** Asks by what they say about their nodes; each kind is held once against each bid's constraints. */
class KindsOfNodes {
  readonly #asks: readonly Ask[];
  /** By ask; numbered when the first bid has constraints. */
  #kinds: Int32Array | null = null;
  /** Of the present bid, by kind: 1 fulfils, 2 does not, 0 not known yet. */
  #known = new Uint8Array(0);
  #demand: Demand | null = null;

  constructor(asks: readonly Ask[]) {
    this.#asks = asks;
  }

  demandOf({ constraints }: Bid): void {
    this.#demand = constraints && constraints.length > 0 ? compileConstraints(constraints) : null;
    if (!this.#demand) return;
    if (this.#kinds) this.#known.fill(0);
    else this.#number();
  }

  fulfil(ask: number): boolean {
    if (!this.#demand) return true;
    const kind = this.#kinds![ask]!;
    if (this.#known[kind] === 0) {
      this.#known[kind] = this.#demand(this.#asks[ask]!.properties) ? 1 : 2;
    }
    return this.#known[kind] === 1;
  }

  #number(): void {
    const numbers = new Numbers();
    this.#kinds = new Int32Array(this.#asks.length);
    for (let a = 0; a < this.#asks.length; a++) {
      this.#kinds[a] = numbers.of(JSON.stringify(this.#asks[a]!.properties ?? null));
    }
    this.#known = new Uint8Array(numbers.names.length);
  }
}

function byBidId(a: Bid, b: Bid): number {
  return a.bidId < b.bidId ? -1 : a.bidId > b.bidId ? 1 : 0;
}

function byAskId(a: Ask, b: Ask): number {
  return a.askId < b.askId ? -1 : a.askId > b.askId ? 1 : 0;
}
