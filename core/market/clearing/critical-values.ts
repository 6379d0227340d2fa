/**
 * Greedy acceptance by density, and the least value with which each winner would still win.
 *
 * Options are tried in the order of value / √(nodes · slots), ties to the lower bid; one that fits
 * whole is accepted. A winner's critical value is what it takes to come just before the first option
 * that, in the winner's absence, leaves no room for it; without one, the least value at which it may
 * take part. All comparisons are exact: two densities by v² · size in big integers where doubles
 * cannot tell them apart, the critical value as the least whole number of millicredits that wins.
 *
 * Lehmann, O'Callaghan & Shoham, "Truth revelation in approximately efficient combinatorial
 * auctions", J. ACM 49 (2002).
 */
import { Allocation } from './allocation.ts';
import type { Instance } from './instance.ts';

export interface CriticalGreedy {
  readonly allocation: Allocation;
  /** By bid; 0 for those not served. */
  readonly critical: number[];
}

/** Doubles that differ by more than this, relatively, are in the right order. */
const CERTAIN = 1e-9;

/**
 * @param leastValue by option: below it nobody takes part
 * @param usable by ask: which may be used
 */
export function greedyWithCriticalValues(
  instance: Instance,
  leastValue: Float64Array,
  usable: Uint8Array,
): CriticalGreedy {
  const order = byDensity(instance, leastValue);
  const allocation = new Allocation(instance);
  const critical = new Array<number>(instance.bids.length).fill(0);
  order.forEach((o, place) => {
    const bid = instance.optionBid[o]!;
    if (allocation.optionOf[bid] !== -1 || !fitsWhole(allocation, o, usable)) return;
    const blocker = firstToBlock(allocation.copy(), order, place, usable);
    critical[bid] = Math.max(
      leastValue[o]!,
      blocker < 0 ? 0 : leastValueBefore(instance, o, blocker),
    );
    allocation.serveWhatFits(o, usable);
  });
  return { allocation, critical };
}

/** The option that takes the room of order[place] if its bid is not there, or −1. */
function firstToBlock(
  allocation: Allocation,
  order: readonly number[],
  place: number,
  usable: Uint8Array,
): number {
  const { optionBid } = allocation.instance;
  const absent = order[place]!;
  for (let next = place + 1; next < order.length; next++) {
    const o = order[next]!;
    const bid = optionBid[o]!;
    if (bid === optionBid[absent] || allocation.optionOf[bid] !== -1) continue;
    if (!fitsWhole(allocation, o, usable)) continue;
    allocation.serveWhatFits(o, usable);
    if (!fitsWhole(allocation, absent, usable)) return o;
  }
  return -1;
}

function fitsWhole(allocation: Allocation, o: number, usable: Uint8Array): boolean {
  return allocation.nodesThatFit(o, usable) === allocation.instance.optionNodes[o];
}

/** Options that take part, densest first. */
function byDensity(instance: Instance, leastValue: Float64Array): number[] {
  const { options, optionValue } = instance;
  const density = new Float64Array(options);
  const order: number[] = [];
  for (let o = 0; o < options; o++) {
    density[o] = optionValue[o]! / Math.sqrt(sizeOf(instance, o));
    if (optionValue[o]! >= leastValue[o]!) order.push(o);
  }
  return order.sort((a, b) => {
    const difference = density[b]! - density[a]!;
    const certain = CERTAIN * Math.max(density[a]!, density[b]!);
    if (difference > certain || difference < -certain) return difference;
    const exact = squaredValue(instance, b, a) - squaredValue(instance, a, b);
    return exact > 0n ? 1 : exact < 0n ? -1 : a - b;
  });
}

/** value(of)² · size(other): the side of `of` where two densities are compared. */
function squaredValue(instance: Instance, of: number, other: number): bigint {
  const value = BigInt(instance.optionValue[of]!);
  return value * value * BigInt(sizeOf(instance, other));
}

/** The least whole value with which option o comes before option `blocker`. */
function leastValueBefore(instance: Instance, o: number, blocker: number): number {
  // value² · size(blocker) must exceed this, or equal it where o wins ties.
  const target = squaredValue(instance, blocker, o);
  const size = BigInt(sizeOf(instance, blocker));
  let value = BigInt(Math.floor(Math.sqrt(Number(target / size))));
  while (value > 0n && value * value * size > target) value -= 1n;
  while ((value + 1n) * (value + 1n) * size <= target) value += 1n;
  const isTie = value * value * size === target;
  return Number(isTie && o < blocker ? value : value + 1n);
}

function sizeOf(instance: Instance, o: number): number {
  return instance.optionNodes[o]! * instance.optionSlots[o]!;
}
