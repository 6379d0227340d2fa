/**
 * Pivotal-supplier test (crash 4, withholding): a supplier without whom the others' demand cannot be
 * met (residual supply index below 1) may ask for no more than the class's cost plus a markup, for
 * as many nodes as are attested to be idle; nodes in use keep the reserve that stopping their work is
 * worth. The index of a supplier does not depend on what it says itself.
 *
 * Costs: an owner whose idle nodes cost more than the class's cost plus markup sells below cost, and
 * the incentive to build where supply is scarce is smaller.
 */
import { multiplyDivideUp } from '../amounts.ts';
import type { Ask, MarketRound } from '../orders.ts';
import type { KnownClass, PivotalSupplierTerms } from './configuration.ts';
import type { Safeguard, SafeguardDesk } from './safeguard.ts';
import { balanceByClass, residualSupplyIndex, supplyKey } from './supply.ts';

export function pivotalSupplier(
  { markupPartsPerMillion }: PivotalSupplierTerms,
  nodeClasses: readonly KnownClass[],
): Safeguard {
  const caps = new Map(
    nodeClasses.map(({ nodeClass, costMillicreditsPerNodeSlot }) => [
      nodeClass,
      multiplyDivideUp(costMillicreditsPerNodeSlot, 1_000_000 + markupPartsPerMillion, 1_000_000),
    ]),
  );
  return {
    name: 'pivotal-supplier',
    shape(round, desk) {
      const capped = new Set(asksToCap(round, caps, desk).map(({ askId }) => askId));
      if (capped.size === 0) return round;
      const asks = round.asks.map((ask) => {
        if (!capped.has(ask.askId)) return ask;
        const detail = 'pivotal, held to cost plus markup';
        desk.trigger({ organisation: ask.organisation, orderId: ask.askId, detail });
        return { ...ask, reserveMillicredits: caps.get(ask.nodeClass)! };
      });
      return { ...round, asks };
    },
  };
}

/** Asks above the cap of pivotal suppliers, the cheapest first, up to their idle nodes. */
function asksToCap(
  round: MarketRound,
  caps: ReadonlyMap<string, number>,
  { memory, roundId }: SafeguardDesk,
): Ask[] {
  const balances = balanceByClass(round);
  const left = new Map<string, number>();
  const inOrder = [...round.asks].sort(
    (a, b) => a.reserveMillicredits - b.reserveMillicredits || (a.askId < b.askId ? -1 : 1),
  );
  return inOrder.filter(({ organisation, nodeClass, nodes, reserveMillicredits }) => {
    const index = residualSupplyIndex(balances.get(nodeClass)!, organisation);
    if (index === null || index >= 1) return false;
    const key = supplyKey(organisation, nodeClass);
    const idle = memory.idle.get(key);
    const room = left.get(key) ?? (idle?.roundId === roundId ? idle.nodes : 0);
    if (nodes > room) return false;
    left.set(key, room - nodes);
    return reserveMillicredits > (caps.get(nodeClass) ?? Infinity);
  });
}
