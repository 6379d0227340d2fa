/**
 * What a run came to, in the terms of those who took part: who got which node under which lease, at
 * what prices, what the ledger says, and what was done to each node in which order. It follows from
 * events and effects; it is told apart because it is what the comparison is for.
 */
import { canonicalJson } from '../../core/kernel/canonical-json.ts';
import type { ServiceEffect, ServiceEvent } from '../../core/kernel/service.ts';

export interface RunResults {
  /** Instance, lease and node, whenever a node comes to a lease or leaves it. */
  readonly assignments: readonly string[];
  readonly prices: readonly string[];
  readonly ledger: readonly string[];
  /** Node → kinds and ids of the effects on it, in order. */
  readonly effectsByNode: ReadonlyMap<string, readonly string[]>;
}

/** How many there are of each in the live run, and how many of them are not as simulated. */
export interface ResultsComparison {
  readonly assignments: Compared;
  readonly prices: Compared;
  readonly ledger: Compared;
  /** Nodes by the order of their effects. */
  readonly nodes: Compared;
}

export interface Compared {
  readonly live: number;
  readonly differences: number;
}

interface Told {
  readonly event: ServiceEvent;
  readonly effects: readonly ServiceEffect[];
}

const ASSIGNING: ReadonlySet<string> = new Set(['NodeInAirlock', 'NodeInEnclave', 'NodeFreed']);

export function resultsOf(runs: ReadonlyMap<string, readonly Told[]>): RunResults {
  const [assignments, prices, ledger] = [[], [], []] as string[][];
  const effectsByNode = new Map<string, string[]>();
  for (const [instance, steps] of runs) {
    for (const { event, effects } of steps) {
      for (const effect of effects) {
        const { kind } = effect;
        if (kind === 'PricesPublished') prices!.push(`${instance} ${canonicalJson(effect)}`);
        else if (kind === 'LedgerEntry') ledger!.push(`${instance} ${canonicalJson(effect)}`);
        else if (kind === 'Notify') noteAssignment(assignments!, instance, event, effect);
        else if ('effectId' in effect && 'nodeId' in effect) {
          const { nodeId, effectId } = effect as ServiceEffect & Record<string, string>;
          const done = effectsByNode.get(nodeId!);
          if (!done?.push(`${kind} ${effectId}`)) {
            effectsByNode.set(nodeId!, [`${kind} ${effectId}`]);
          }
        }
      }
    }
  }
  return { assignments: assignments!, prices: prices!, ledger: ledger!, effectsByNode };
}

function noteAssignment(
  assignments: string[],
  instance: string,
  { timeMs }: ServiceEvent,
  effect: ServiceEffect,
): void {
  const { to, notice } = effect as ServiceEffect & {
    readonly to: { readonly name: string };
    readonly notice: { readonly kind: string; readonly leaseId: string; readonly nodeId?: string };
  };
  if (!ASSIGNING.has(notice.kind)) return;
  const { kind, leaseId, nodeId } = notice;
  assignments.push(`${instance} ${timeMs} ${kind} ${leaseId} ${nodeId} ${to.name}`);
}

export function compareResults(live: RunResults, simulated: RunResults): ResultsComparison {
  const orders = ({ effectsByNode }: RunResults) =>
    [...effectsByNode].map(([nodeId, done]) => `${nodeId}: ${done.join(', ')}`);
  return {
    assignments: compared(live.assignments, simulated.assignments),
    prices: compared(live.prices, simulated.prices),
    ledger: compared(live.ledger, simulated.ledger),
    nodes: compared(orders(live), orders(simulated)),
  };
}

/** Place by place. */
function compared(live: readonly string[], simulated: readonly string[]): Compared {
  let differences = 0;
  for (let at = 0; at < Math.max(live.length, simulated.length); at++) {
    if (live[at] !== simulated[at]) differences += 1;
  }
  return { live: live.length, differences };
}
