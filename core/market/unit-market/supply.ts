/**
 * Which bucket each offered node is sold in.
 *
 * A truthful auction must not give its seller a choice: whoever may sell in a second bucket what did
 * not sell in the first has a reason to ask for more in the first. So every node is put into one
 * bucket before a single price is looked at. Organisations take turns in the order of their lots;
 * each node goes where most wanted nodes have none yet. Only windows, terms and numbers of nodes
 * count, never what anybody bids or asks for them.
 */
import type { Instance } from '../clearing/instance.ts';
import type { Bucket } from './buckets.ts';

/** Nodes of an ask in a bucket. */
export interface BoundSupply {
  readonly ask: number;
  readonly nodes: number;
}

/**
 * @param untouched asks that stand in no bucket yet; those that are put into one are taken out
 * @param precedes order of organisations by lot
 * @returns supply by bucket
 */
export function bindSupply(
  instance: Instance,
  buckets: readonly Bucket[],
  untouched: Set<number>,
  precedes: (a: number, b: number) => number,
): BoundSupply[][] {
  const supply: BoundSupply[][] = buckets.map(() => []);
  /** Nodes that are wanted and not provided for yet; negative where more are offered. */
  const missing = buckets.map(({ options }) => wantedNodes(instance, options));
  const suits = new Map<number, number[]>();
  buckets.forEach(({ asks }, i) => {
    for (const ask of asks) {
      if (!untouched.has(ask)) continue;
      const own = suits.get(ask);
      if (own) own.push(i);
      else suits.set(ask, [i]);
    }
  });
  const { askOwner, asks } = instance;
  const isOne = buckets.length === 1;
  const order = [...suits.keys()];
  if (!isOne) {
    order.sort((a, b) => {
      const [ownerA, ownerB] = [askOwner[a]!, askOwner[b]!];
      return (ownerA === ownerB ? 0 : precedes(ownerA, ownerB)) || a - b;
    });
  }
  for (const ask of order) {
    untouched.delete(ask);
    const own = suits.get(ask)!;
    const shares = isOne ? [asks[ask]!.nodes] : levelled(own, missing, asks[ask]!.nodes);
    own.forEach((bucket, i) => {
      if (shares[i] === 0) return;
      supply[bucket]!.push({ ask, nodes: shares[i]! });
      missing[bucket]! -= shares[i]!;
    });
  }
  return supply;
}

function wantedNodes(instance: Instance, options: readonly number[]): number {
  let nodes = 0;
  for (const o of options) nodes += instance.optionNodes[o]!;
  return nodes;
}

/** Nodes one by one, each to where most are missing, ties to the first: all at once. */
function levelled(own: readonly number[], missing: readonly number[], nodes: number): number[] {
  const order = own.map((_, i) => i);
  order.sort((a, b) => missing[own[b]!]! - missing[own[a]!]! || a - b);
  const height = (rank: number) => missing[own[order[rank]!]!]!;
  // The `count` highest are lowered to one level, which the next one does not reach.
  let count = 1;
  let above = 0;
  while (count < order.length) {
    const step = (height(count - 1) - height(count)) * count;
    if (above + step >= nodes) break;
    above += step;
    count += 1;
  }
  const each = Math.floor((nodes - above) / count);
  let rest = nodes - above - each * count;
  const level = height(count - 1) - each;
  const shares = new Array<number>(own.length).fill(0);
  const lowered = order.slice(0, count).sort((a, b) => a - b);
  for (const i of lowered) {
    const more = rest > 0 ? 1 : 0;
    rest -= more;
    shares[i] = missing[own[i]!]! - level + more;
  }
  return shares;
}
