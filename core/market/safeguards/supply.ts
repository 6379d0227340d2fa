/** What is offered and wanted in a round, by organisation and class. */
import type { MarketRound } from '../orders.ts';

/** `organisation/class`: organisations have no `/` in their names. */
export function supplyKey(organisation: string, nodeClass: string): string {
  return `${organisation}/${nodeClass}`;
}

export interface ClassBalance {
  /** Node-slots. */
  supply: number;
  demand: number;
  readonly supplyOf: Map<string, number>;
  readonly demandOf: Map<string, number>;
}

/** Demand by each bid's largest option in the class. */
export function balanceByClass(round: MarketRound): Map<string, ClassBalance> {
  const classes = new Map<string, ClassBalance>();
  const of = (nodeClass: string): ClassBalance => {
    let balance = classes.get(nodeClass);
    if (!balance) {
      balance = { supply: 0, demand: 0, supplyOf: new Map(), demandOf: new Map() };
      classes.set(nodeClass, balance);
    }
    return balance;
  };
  const add = (to: Map<string, number>, organisation: string, size: number) =>
    to.set(organisation, (to.get(organisation) ?? 0) + size);
  for (const { organisation, nodeClass, nodes, startSlot, endSlot } of round.asks) {
    const balance = of(nodeClass);
    const size = nodes * (endSlot - startSlot);
    balance.supply += size;
    add(balance.supplyOf, organisation, size);
  }
  for (const { organisation, options } of round.bids) {
    const largest = new Map<string, number>();
    for (const { nodeClass, nodes, startSlot, endSlot } of options) {
      const size = nodes * (endSlot - startSlot);
      largest.set(nodeClass, Math.max(size, largest.get(nodeClass) ?? 0));
    }
    for (const [nodeClass, size] of largest) {
      const balance = of(nodeClass);
      balance.demand += size;
      add(balance.demandOf, organisation, size);
    }
  }
  return classes;
}

/**
 * Residual supply index of a supplier: what the others offer ÷ what the others want. Neither its
 * own offers nor its own bids count, so that nothing it says changes its own index. Null where the
 * others want nothing.
 */
export function residualSupplyIndex(balance: ClassBalance, organisation: string): number | null {
  const demand = balance.demand - (balance.demandOf.get(organisation) ?? 0);
  if (demand <= 0) return null;
  return (balance.supply - (balance.supplyOf.get(organisation) ?? 0)) / demand;
}
