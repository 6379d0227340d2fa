/**
 * Asks that no option tells apart, taken together: same class, reserve and window, and each option
 * may use all or none of them. An allocation to supplies can always be spread over their asks:
 * handed out in order of their starts, gangs find the nodes that are free then free until the end.
 */
import { Allocation } from './allocation.ts';
import type { Instance } from './instance.ts';

export interface Supplies {
  readonly count: number;
  readonly asks: readonly (readonly number[])[];
  readonly reserve: Float64Array;
  readonly nodeClass: Int32Array;
  /** Nodes of supply s at step t: free[s · steps + t]. */
  readonly free: Int32Array;
  /** By option: supplies that may serve it, in the order of its candidates. */
  readonly ofOption: readonly (readonly number[])[];
}

/** A fill by supplies: `[supply, nodes, …]`. */
export interface SupplyFill {
  readonly option: number;
  readonly nodes: number;
  readonly parts: readonly number[];
  readonly surplus: number;
}

export function mergedSupplies(instance: Instance): Supplies {
  const { asks, steps, askClass, askFrom, askTo, firstCandidate, candidates, options } = instance;
  const users: string[] = asks.map(() => '');
  for (let o = 0; o < options; o++) {
    for (let i = firstCandidate[o]!; i < firstCandidate[o + 1]!; i++)
      users[candidates[i]!] += `,${o}`;
  }
  const numbers = new Map<string, number>();
  const members: number[][] = [];
  const supplyOf = asks.map((ask, a) => {
    const terms = [askClass[a], ask.reserveMillicredits, askFrom[a], askTo[a], users[a]].join(' ');
    let supply = numbers.get(terms);
    if (supply === undefined) {
      supply = members.push([]) - 1;
      numbers.set(terms, supply);
    }
    members[supply]!.push(a);
    return supply;
  });
  const free = new Int32Array(members.length * steps);
  asks.forEach(({ nodes }, a) => {
    for (let t = askFrom[a]!; t < askTo[a]!; t++) free[supplyOf[a]! * steps + t]! += nodes;
  });
  return {
    count: members.length,
    asks: members,
    reserve: Float64Array.from(members, ([first]) => asks[first!]!.reserveMillicredits),
    nodeClass: Int32Array.from(members, ([first]) => askClass[first!]!),
    free,
    ofOption: Array.from({ length: options }, (_, o) => {
      const used = candidates.subarray(firstCandidate[o]!, firstCandidate[o + 1]!);
      return [...new Set(Array.from(used, (a) => supplyOf[a]!))];
    }),
  };
}

/** The allocation in which these fills are supplied by asks. */
export function spreadOverAsks(
  instance: Instance,
  supplies: Supplies,
  fills: readonly SupplyFill[],
): Allocation {
  const { optionFrom, optionTo } = instance;
  const allocation = new Allocation(instance);
  const inOrder = [...fills].sort(
    (a, b) => optionFrom[a.option]! - optionFrom[b.option]! || a.option - b.option,
  );
  for (const { option, nodes, parts, surplus } of inOrder) {
    const named: number[] = [];
    for (let p = 0; p < parts.length; p += 2) {
      let left = parts[p + 1]!;
      for (const a of supplies.asks[parts[p]!]!) {
        const free = allocation.freeOver(a, optionFrom[option]!, optionTo[option]!);
        const used = Math.min(left, free);
        if (used > 0) named.push(a, used);
        left -= used;
      }
    }
    allocation.restore(option, nodes, named, surplus);
  }
  return allocation;
}
