/**
 * When a bid that has to wait could be served at the earliest, and with what: the reservation that
 * backfilling must not delay.
 */
import { SECURITY_RANK } from '../orders.ts';
import type { Allocation } from './allocation.ts';
import type { Instance } from './instance.ts';

/** Nodes of asks over steps `[from, to)`. */
export interface Reservation {
  readonly fromSlot: number;
  /** `[ask, nodes, ask, nodes, …]` */
  readonly parts: readonly number[];
  readonly from: number;
  readonly to: number;
}

/** Whether option o could be served if nobody else were; null: all asks may be used. */
export function fitsEmptyPool(
  instance: Instance,
  o: number,
  usable: Uint8Array | null = null,
): boolean {
  let nodes = 0;
  for (let i = instance.firstCandidate[o]!; i < instance.firstCandidate[o + 1]!; i++) {
    const a = instance.candidates[i]!;
    if (!usable || usable[a]) nodes += instance.asks[a]!.nodes;
  }
  return nodes >= instance.optionMinimum[o]!;
}

/**
 * The earliest window of option o's length, from its own start on, in which its fewest nodes are
 * free; null where the asks of this round have none. O(asks of the class × steps).
 */
export function earliestReservation(
  allocation: Allocation,
  o: number,
  usable: Uint8Array | null = null,
): Reservation | null {
  const { instance } = allocation;
  const { stepSlot, steps } = instance;
  const needed = instance.optionMinimum[o]!;
  const length = instance.optionSlots[o]!;
  const asks = compatibleAsks(instance, o).filter((a) => !usable || usable[a]);
  const first = instance.optionFrom[o]!;
  const free = new Float64Array(steps);
  for (const a of asks) addLeastFree(allocation, a, first, length, free);
  for (let from = first; from < steps; from++) {
    if (free[from]! < needed) continue;
    const endSlot = stepSlot[from]! + length;
    let to = from;
    while (stepSlot[to]! < endSlot) to += 1;
    const parts: number[] = [];
    let left = needed;
    for (const a of asks) {
      if (left === 0) break;
      if (instance.askFrom[a]! > from || stepSlot[instance.askTo[a]!]! < endSlot) continue;
      const used = Math.min(left, allocation.freeOver(a, from, to));
      if (used <= 0) continue;
      parts.push(a, used);
      left -= used;
    }
    return { fromSlot: stepSlot[from]!, parts, from, to };
  }
  return null;
}

/** Keeps a reservation's nodes from everybody else; for rounds in which it is not used itself. */
export function hold(allocation: Allocation, { parts, from, to }: Reservation): void {
  const { steps } = allocation.instance;
  for (let p = 0; p < parts.length; p += 2) {
    const base = parts[p]! * steps;
    for (let t = base + from; t < base + to; t++) allocation.free[t]! -= parts[p + 1]!;
  }
}

/** Asks that may serve the bid of option o in its class, whatever their window. */
function compatibleAsks(instance: Instance, o: number): number[] {
  const b = instance.optionBid[o]!;
  const { securityLevel, acceptsRecall } = instance.bids[b]!;
  const found: number[] = [];
  for (let a = 0; a < instance.asks.length; a++) {
    if (instance.askClass[a] !== instance.optionClass[o]) continue;
    if (instance.askOwner[a] === instance.bidOwner[b]) continue;
    const ask = instance.asks[a]!;
    if (SECURITY_RANK[ask.securityLevel] < SECURITY_RANK[securityLevel]) continue;
    if (ask.recall && !acceptsRecall) continue;
    found.push(a);
  }
  return found;
}

/**
 * Adds to `sums[t]` what the ask has free over so many slots from step t on, for every t from
 * `first` on: a sliding minimum, whose queue holds the steps that may still become the least.
 */
function addLeastFree(
  { instance, free }: Allocation,
  ask: number,
  first: number,
  length: number,
  sums: Float64Array,
): void {
  const { stepSlot, steps } = instance;
  const base = ask * steps;
  const lastSlot = stepSlot[instance.askTo[ask]!]!;
  const queue: number[] = [];
  let head = 0;
  let end = Math.max(first, instance.askFrom[ask]!);
  for (let t = end; stepSlot[t]! + length <= lastSlot; t++) {
    const endSlot = stepSlot[t]! + length;
    for (; stepSlot[end]! < endSlot; end++) {
      while (queue.length > head && free[base + queue.at(-1)!]! >= free[base + end]!) queue.pop();
      queue.push(end);
    }
    while (queue[head]! < t) head += 1;
    sums[t]! += Math.max(0, free[base + queue[head]!]!);
  }
}
