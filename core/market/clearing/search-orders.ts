/** In which order the options of a round are tried. */
import type { Instance } from './instance.ts';
import { slotPrices } from './slot-prices.ts';

/**
 * What every option would be worth if nobody else were there.
 *
 * `surplus` by option: −1 where it cannot be served without a loss. `bound`: Σ over bids of their
 * best; no allocation is worth more, and one that is worth as much leaves nobody short of anything.
 */
export interface SoloSurplus {
  readonly surplus: Float64Array;
  readonly bound: number;
}

export function soloSurplus(instance: Instance): SoloSurplus {
  const { options, bids, firstOption } = instance;
  const surplus = new Float64Array(options);
  let bound = 0;
  for (let b = 0; b < bids.length; b++) {
    let best = 0;
    for (let o = firstOption[b]!; o < firstOption[b + 1]!; o++) {
      surplus[o] = optionSoloSurplus(instance, o);
      if (surplus[o]! > best) best = surplus[o]!;
    }
    bound += best;
  }
  return { surplus, bound };
}

function optionSoloSurplus(instance: Instance, o: number): number {
  const { firstCandidate, candidates, asks, optionNodes, optionMinimum, optionSlots } = instance;
  const nodes = optionNodes[o]!;
  const minimum = optionMinimum[o]!;
  const value = instance.optionValue[o]!;
  let taken = 0;
  let cost = 0;
  for (let i = firstCandidate[o]!; i < firstCandidate[o + 1]! && taken < nodes; i++) {
    const ask = asks[candidates[i]!]!;
    const unitCost = ask.reserveMillicredits * optionSlots[o]!;
    const wanted = unitCost * nodes <= value ? nodes - taken : minimum - taken;
    if (wanted <= 0) break;
    const used = Math.min(ask.nodes, wanted);
    taken += used;
    cost += unitCost * used;
  }
  if (taken < minimum) return -1;
  const worth = taken === nodes ? value : Math.floor((value * taken) / nodes);
  return worth < cost ? -1 : worth - cost;
}

export interface SearchOrders {
  /** Best first, each by another measure; options that can never pay are in none. */
  readonly all: readonly Int32Array[];
  /** The same, per class: byClass[measure][class]. */
  readonly byClass: readonly (readonly Int32Array[])[];
  readonly solo: SoloSurplus;
  /** No allocation is worth more. */
  readonly upperBound: number;
  /** Of node-slots, as in `SlotPrices`. */
  readonly price: Float64Array;
}

/** Price changes of the tâtonnement; see `docs/numbers.md`. */
const PRICE_ITERATIONS = 60;
const PRICE_ITERATIONS_SMALL = 12;
const SMALL_ROUND_OPTIONS = 200;

/**
 * By worth over the square root of the room taken, which keeps small gangs from crowding out large
 * ones and large ones from blocking small ones (Lehmann, O'Callaghan & Shoham, J. ACM 49 (2002)).
 */
export function soloOrder(instance: Instance, solo: SoloSurplus): Int32Array {
  return bestFirst(instance, solo, solo.surplus);
}

/** Orders for a round in which something is scarce: by profit at slot prices, and solo. */
export function contestedOrders(
  instance: Instance,
  solo: SoloSurplus,
  bySolo: Int32Array,
): SearchOrders {
  const iterations =
    instance.options > SMALL_ROUND_OPTIONS ? PRICE_ITERATIONS : PRICE_ITERATIONS_SMALL;
  const prices = slotPrices(instance, solo.surplus, iterations);
  const all = [bestFirst(instance, solo, prices.profit), bySolo];
  return {
    all,
    byClass: all.map((order) => splitByClass(instance, order)),
    solo,
    upperBound: Math.min(solo.bound, prices.upperBound),
    price: prices.price,
  };
}

function bestFirst(instance: Instance, solo: SoloSurplus, worth: Float64Array): Int32Array {
  const { options, optionNodes, optionSlots } = instance;
  const key = new Float64Array(options);
  const usable: number[] = [];
  for (let o = 0; o < options; o++) {
    if (solo.surplus[o]! < 0) continue;
    key[o] = worth[o]! / Math.sqrt(optionNodes[o]! * optionSlots[o]!);
    usable.push(o);
  }
  return new Int32Array(usable.sort((a, b) => key[b]! - key[a]! || a - b));
}

function splitByClass(instance: Instance, order: Int32Array): Int32Array[] {
  const lists: number[][] = instance.nodeClasses.map(() => []);
  for (const o of order) lists[instance.optionClass[o]!]!.push(o);
  return lists.map((list) => new Int32Array(list));
}
