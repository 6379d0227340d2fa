/**
 * Extra round (crash 16, a stale price in a burst of demand): as soon as new demand for a class
 * reaches a share of its nodes, the world is asked for a round at once instead of at the end of the
 * epoch; not more often than the least gap.
 *
 * Costs: rounds, and the orders that would have come later do not meet these.
 */
import type { ExtraRoundTerms, KnownClass } from './configuration.ts';
import type { Safeguard } from './safeguard.ts';

export function extraRound(
  { demandPartsPerMillion, leastGapMs }: ExtraRoundTerms,
  nodeClasses: readonly KnownClass[],
): Safeguard {
  const nodesOf = new Map(nodeClasses.map(({ nodeClass, nodes }) => [nodeClass, nodes]));
  return {
    name: 'extra-round',
    admitted(order, { memory, roundId, market, timeMs, callRound, trigger }) {
      if (!('options' in order) || roundId !== market.openRoundIds[0]) return;
      for (const nodeClass of new Set(order.options.map((option) => option.nodeClass))) {
        const known = nodesOf.get(nodeClass);
        if (known === undefined) continue;
        const own = order.options.filter((option) => option.nodeClass === nodeClass);
        const wanted = Math.max(...own.map(({ nodes }) => nodes));
        const demand = (memory.openDemand.get(nodeClass) ?? 0) + wanted;
        memory.openDemand.set(nodeClass, demand);
        const isSoon = memory.lastCloseMs !== null && timeMs - memory.lastCloseMs < leastGapMs;
        if (memory.called || isSoon) continue;
        if (demand * 1_000_000 < known * demandPartsPerMillion) continue;
        memory.called = true;
        const detail = `${demand} of ${known} ${nodeClass} are wanted`;
        trigger({ detail });
        callRound(detail);
      }
    },
    beforeRound({ memory, timeMs }) {
      memory.openDemand.clear();
      memory.called = false;
      memory.lastCloseMs = timeMs;
    },
  };
}
