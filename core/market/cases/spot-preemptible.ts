/**
 * Case `spot-preemptible` (ours, defined by the case): rounds of a spot market whose capacity changes
 * while the same bids stand.
 *
 * In each round bids of at least the reserve are looked at in order of price, ties to the lower id; a
 * gang that fits into what is left of the capacity gets its nodes, another one gets none, and later
 * ones may still fit. Price = min(lowest winning bid, max(reserve, highest losing bid)). Preempted is
 * who had nodes in the round before and has none now.
 */
import { spotPrice } from '../mechanisms/spot-preemptible.ts';
import type { CaseSolver } from './case.ts';
import {
  asCount,
  asList,
  asMoney,
  asRecord,
  entriesOf,
  invalid,
  keyed,
  member,
  toCredits,
} from './input.ts';

/** Bids × rounds that one case may have. */
const MOST_WORK = 1e7;

/** Input `{bids: {id: {nodes, price}}, capacitySequence: [nodes, …], reserve?}`. */
export const solveSpotPreemptible: CaseSolver = (input) => {
  const record = asRecord(input, 'input');
  const bids = entriesOf(record['bids'], 'bids').map(([id, value]) => {
    const bid = asRecord(value, `bids.${id}`);
    return {
      id,
      nodes: asCount(bid['nodes'], `bids.${id}.nodes`, 1),
      price: asMoney(bid['price'], `bids.${id}.price`),
    };
  });
  const reserve = asMoney(member(record, 'reserve') ?? 0, 'reserve');
  const sequence = asList(record['capacitySequence'], 'capacitySequence').map((nodes, i) =>
    asCount(nodes, `capacitySequence[${i}]`),
  );
  if (bids.length * sequence.length > MOST_WORK) {
    throw invalid('capacitySequence', `bids × rounds are more than ${MOST_WORK}`);
  }
  // Entries are sorted by id, and sorting keeps the order of equals.
  const byPrice = [...bids].sort((a, b) => b.price - a.price);
  let before: string[] = [];
  const rounds = sequence.map((capacity) => {
    let left = capacity;
    let lowestWinning = Infinity;
    let highestLosing = -Infinity;
    const allocated: [string, number][] = [];
    for (const { id, nodes, price } of byPrice) {
      if (price >= reserve && nodes <= left) {
        left -= nodes;
        allocated.push([id, nodes]);
        lowestWinning = Math.min(lowestWinning, price);
      } else highestLosing = Math.max(highestLosing, price);
    }
    const served = new Set(allocated.map(([id]) => id));
    const preempted = before.filter((id) => !served.has(id)).sort();
    before = [...served];
    const price = toCredits(spotPrice(lowestWinning, reserve, highestLosing));
    return { capacity, allocated: keyed(allocated), price, preempted };
  });
  return { rounds };
};
