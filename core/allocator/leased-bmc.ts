/**
 * The BMC of a leased node as its lessee may know it, for as long as the lease has the node: what the
 * lease's Redfish service shows. Reading only; the reducer does not need this file.
 */
import { actsForLessee } from './access.ts';
import { hasPendingAction } from './actions.ts';
import { visibleLease } from './leases.ts';
import { isSwitchedByWalk } from './power.ts';
import { denied, isRefusal, notFound } from './refusals.ts';
import type { Refusal } from '../kernel/errors.ts';
import type { Principal } from '../kernel/service.ts';
import type { NodeState } from './protocol.ts';
import type { IsolationState, Node } from './state.ts';

export interface LeasedBmc {
  readonly leaseId: string;
  readonly nodeId: string;
  /** In whose name the node is driven. */
  readonly lessee: Principal;
  /** Differs between any two times that a lease got this node. */
  readonly tenure: number;
  readonly nodeClass: string;
  readonly state: NodeState;
  readonly power: Node['power'];
  readonly bootDevice: Node['bootDevice'];
  readonly mediaImage: string | null;
  readonly secureBoot: boolean | null;
  /** The site lets its BMCs fetch images from somewhere. */
  readonly hasMedia: boolean;
  /** Something is being done to the node: a request now would be refused. */
  readonly isBusy: boolean;
  /** Each of its boots is measured, or it is not in its enclave yet. */
  readonly isSwitchedByWalk: boolean;
  readonly nics: readonly { readonly nicId: string; readonly macAddress: string }[];
}

/** Null from the moment that the lease, or its use of this node, is over. */
export function leasedBmc(
  state: IsolationState,
  leaseId: string,
  nodeId: string,
): LeasedBmc | null {
  const lease = state.leases.get(leaseId);
  const node = state.nodes.get(nodeId);
  const isRunning = lease?.state === 'running' || lease?.state === 'draining';
  if (!isRunning || node?.leaseId !== leaseId || isGoing(node, leaseId)) return null;
  const { tenure, nodeClass, power, bootDevice, mediaImage, secureBoot, walk, operations } = node;
  return {
    ...{ leaseId, nodeId, tenure, nodeClass, power, bootDevice, mediaImage, secureBoot },
    lessee: { role: 'organisation', name: lease.terms.lessee },
    state: node.state,
    hasMedia: state.settings.mediaOrigins.length > 0,
    isBusy: walk !== null || operations.length > 0 || hasPendingAction(state, node),
    isSwitchedByWalk: isSwitchedByWalk(state, node),
    nics: node.nics.flatMap(({ nicId, macAddress }) => (macAddress ? [{ nicId, macAddress }] : [])),
  };
}

function isGoing(node: Node, leaseId: string): boolean {
  const isWithheld = node.walk === 'withhold' || node.resumption === 'withhold';
  return isWithheld || node.leaving.includes(leaseId);
}

/** The same, to the lessee and to nobody else. */
export function lesseesBmc(
  state: IsolationState,
  from: Principal,
  leaseId: string,
  nodeId: string,
): LeasedBmc | Refusal {
  const lease = visibleLease(state, leaseId, from);
  if (isRefusal(lease)) return lease;
  if (!actsForLessee(state, from, lease)) {
    return denied(`the credentials of lease ${leaseId} are its lessee's`);
  }
  return leasedBmc(state, leaseId, nodeId) ?? notFound('NODE', `${nodeId} in lease ${leaseId}`);
}
