/**
 * `posted-price`: the exchange posts a price a node-slot of each class before orders come in; who
 * likes it trades at once or not at all (immediate or cancel), and the price then follows demand.
 *
 * Rule (ours; the `posted-price` case is the definition): after each round
 * p ← clip(p · (1 + η · (D − S) / S), floor, ceiling), in real numbers. D: node-slots wanted at p,
 * by each bid's best option; S: node-slots offered at reserves up to p. Where nothing is offered
 * but something is wanted, (D − S) / S counts as 1; where neither, the price stays.
 * Trades are at ⌊p⌋. Bids are served in order of submission, each by the option that leaves it most
 * at that price with the nodes that are there; asks sell in order of submission.
 * Claims: individually rational, strongly budget balanced; truthful for price takers, since the
 * price is set before the report and the place in the queue does not depend on it.
 * Complexity: O(options × asks of the class × steps).
 *
 * Example: p = 100, η = ½, demand 150 and supply 100 node-slots: the next price is 125.
 *
 * Parameters: `initialPriceMillicredits` (1,000), `eta` (0.2), `floorMillicredits` (1),
 * `ceilingMillicredits` (10⁹). State: `price CLASS`.
 */
import { Allocation, worthOf } from '../clearing/allocation.ts';
import { compileRound } from '../clearing/instance.ts';
import type { Instance } from '../clearing/instance.ts';
import { clearingOf } from '../clearing/result.ts';
import type { Mechanism, MechanismParameters, MechanismState } from '../mechanism.ts';

export interface TatonnementTerms {
  readonly eta: number;
  readonly floor: number;
  readonly ceiling: number;
}

/** One change of price. `demand` and `supply` in the same unit, ≥ 0. */
export function nextPrice(
  price: number,
  demand: number,
  supply: number,
  { eta, floor, ceiling }: TatonnementTerms,
): number {
  const excess = supply > 0 ? (demand - supply) / supply : demand > 0 ? 1 : 0;
  return Math.min(ceiling, Math.max(floor, price * (1 + eta * excess)));
}

/** Classes whose price is carried on; more are traded at the initial price. */
const MOST_CLASSES = 1_000;

export const postedPrice: Mechanism = {
  name: 'posted-price',
  version: 1,
  heedsOneSide: true,
  properties: {
    individualRationality: 'always',
    incentiveCompatibility: 'price-taking',
    efficiency: 'never',
    budgetBalance: 'strong',
    falseNameProofness: 'price-taking',
    gangs: true,
    windows: true,
  },
  clear(round, parameters, state) {
    const instance = compileRound(round, 'submission', 'submission');
    const terms = termsOf(parameters);
    const prices = carriedPrices(instance, state, terms);
    const charged = prices.map((price) => Math.floor(price));
    const allocation = new Allocation(instance);
    const willing = new Uint8Array(instance.asks.length);
    for (let a = 0; a < instance.asks.length; a++) {
      const reserve = instance.asks[a]!.reserveMillicredits;
      willing[a] = reserve <= charged[instance.askClass[a]!]! ? 1 : 0;
    }
    const demand = new Float64Array(prices.length);
    for (let b = 0; b < instance.bids.length; b++) {
      const wanted = bestOption(instance, b, charged, (o) => instance.optionNodes[o]!);
      if (wanted < 0) continue;
      const size = instance.optionNodes[wanted]! * instance.optionSlots[wanted]!;
      demand[instance.optionClass[wanted]!]! += size;
      const had = bestOption(instance, b, charged, (o) => allocation.nodesThatFit(o, willing));
      if (had >= 0) allocation.serveWhatFits(had, willing);
    }
    const { payment, receipt } = uniformPayments(allocation, charged);
    const clearing = clearingOf(round, allocation, payment, receipt);
    return { clearing, state: movedPrices(instance, state, prices, demand, willing, terms) };
  },
};

/** Terms of prices that a mechanism posts; `initial` for a class that has none yet. */
export interface PostedTerms extends TatonnementTerms {
  readonly initial: number;
}

/** Parameters with their defaults. */
export function termsOf(parameters: MechanismParameters): PostedTerms {
  return {
    initial: parameters['initialPriceMillicredits'] ?? 1_000,
    eta: parameters['eta'] ?? 0.2,
    floor: parameters['floorMillicredits'] ?? 1,
    ceiling: parameters['ceilingMillicredits'] ?? 1_000_000_000,
  };
}

function stateKey(nodeClass: string): string {
  return `price ${nodeClass}`;
}

/** By class: the price that was carried over, or the first one. */
export function carriedPrices(
  instance: Instance,
  state: MechanismState,
  terms: PostedTerms,
): readonly number[] {
  return instance.nodeClasses.map((name) => state[stateKey(name)] ?? terms.initial);
}

/**
 * The option that leaves the bidder most with so many nodes, ties to the earlier one; −1 where none
 * is worth its price or has nodes.
 */
function bestOption(
  instance: Instance,
  bid: number,
  charged: readonly number[],
  nodesOf: (o: number) => number,
): number {
  let best = -1;
  let most = -1;
  for (let o = instance.firstOption[bid]!; o < instance.firstOption[bid + 1]!; o++) {
    const nodes = nodesOf(o);
    if (nodes === 0) continue;
    const price = nodes * instance.optionSlots[o]! * charged[instance.optionClass[o]!]!;
    const gain = worthOf(instance, o, nodes) - price;
    if (gain <= most) continue;
    most = gain;
    best = o;
  }
  return best;
}

/** Everybody pays and receives the price of the class for each node-slot. */
export function uniformPayments(allocation: Allocation, charged: readonly number[]) {
  const { instance } = allocation;
  const payment = new Array<number>(instance.bids.length).fill(0);
  const receipt = new Array<number>(instance.asks.length).fill(0);
  for (let b = 0; b < instance.bids.length; b++) {
    const o = allocation.optionOf[b]!;
    if (o < 0) continue;
    const perNode = instance.optionSlots[o]! * charged[instance.optionClass[o]!]!;
    payment[b] = allocation.nodesOf[b]! * perNode;
    const parts = allocation.partsOf[b]!;
    for (let p = 0; p < parts.length; p += 2) receipt[parts[p]!]! += parts[p + 1]! * perNode;
  }
  return { payment, receipt };
}

/** The state with every class's price after demand and the supply of willing asks. */
export function movedPrices(
  instance: Instance,
  state: MechanismState,
  prices: readonly number[],
  demand: Float64Array,
  willing: Uint8Array,
  terms: PostedTerms,
): MechanismState {
  const supply = new Float64Array(prices.length);
  const isOffered = new Uint8Array(prices.length);
  for (let a = 0; a < instance.asks.length; a++) {
    const { nodes, startSlot, endSlot } = instance.asks[a]!;
    isOffered[instance.askClass[a]!] = 1;
    if (willing[a]) supply[instance.askClass[a]!]! += nodes * (endSlot - startSlot);
  }
  const moved: Record<string, number> = { ...state };
  let room = MOST_CLASSES - Object.keys(state).length;
  for (let c = 0; c < prices.length; c++) {
    const key = stateKey(instance.nodeClasses[c]!);
    // A class that is only asked for is not carried on: names are free, memory is not.
    if (!(key in moved) && (!isOffered[c] || room-- <= 0)) continue;
    moved[key] = nextPrice(prices[c]!, demand[c]!, supply[c]!, terms);
  }
  return moved;
}
