/** Puts a series of needs into the demand of the kind of cluster that asked for it. */
import type { ClusterKind } from '../core/agents/view.ts';
import type { Demand, NodeNeedSeries } from '../core/demand/demand.ts';
import { invariant } from '../core/kernel/errors.ts';

/** A cloud's load, or a government's load without any emergency. */
export function demandOfNeeds(kind: ClusterKind, needs: NodeNeedSeries): Demand {
  if (kind === 'government') return { kind: 'government', needs, emergencies: [] };
  invariant(kind === 'cloud', 'a series of needs drives clouds and governments only');
  return { kind: 'cloud', needs };
}
