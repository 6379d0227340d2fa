/** What a lessee, and the attester that it named, can do with the nodes of a running lease. */
import { actsForLessee, isAttesterOf } from './access.ts';
import { hasPendingAction } from './actions.ts';
import type { Handlers } from './commands.ts';
import { wakeNode, type Isolation } from './isolation.ts';
import { visibleLease } from './leases.ts';
import { eject, withhold } from './recovery.ts';
import { blocked, denied, isRefusal, notFound, refuse, wrongState } from './refusals.ts';
import { isAdmitted, startWalk } from './walk.ts';
import type { Refusal } from '../kernel/errors.ts';
import type { Principal } from '../kernel/service.ts';
import type { IsolationState, Lease, Node } from './state.ts';

interface Held {
  readonly lease: Lease;
  readonly node: Node;
}

const MAY_POWER_ON = ['airlock', 'attesting', 'allocated', 'provisioning', 'active'];

export const tenancyCommands = {
  /**
   * Powers on in the airlock, or for level `none` in the enclave that the node has joined already.
   * A node that runs is power-cycled; a measured one leaves the enclave first and is measured again.
   */
  AirlockPowerOn(isolation, command) {
    const held = tenantNode(isolation.state, command);
    if (isRefusal(held)) return held;
    const { lease, node } = held;
    if (!MAY_POWER_ON.includes(node.state)) return wrongState(`node ${node.nodeId}`, node.state);
    return () => {
      const isMeasured = lease.terms.attester !== null;
      const isReady = node.power === 'off' && !(node.joined && isMeasured);
      node.powerNext = true;
      startWalk(isolation, node, isReady ? 'power' : 'eject');
    };
  },

  /** Moves the node into its lessee's enclave; a measured one only with a fresh trusted verdict. */
  EnclaveJoin(isolation, command) {
    const held = tenantNode(isolation.state, command);
    if (isRefusal(held)) return held;
    const { lease, node } = held;
    const { nodeId, state } = node;
    const isMeasured = lease.terms.attester !== null;
    if (state !== (isMeasured ? 'attesting' : 'airlock'))
      return wrongState(`node ${nodeId}`, state);
    if (isMeasured && node.verdict === null) {
      return refuse('ATTEST_REQUIRED', `this boot of node ${nodeId} has no trusted verdict`);
    }
    if (!isAdmitted(isolation, node, lease)) {
      return refuse('ATTEST_STALE', `the trusted verdict on node ${nodeId} has expired`);
    }
    return () => {
      startWalk(isolation, node, 'join');
    };
  },

  NodeActive(isolation, command) {
    const held = tenantNode(isolation.state, command);
    if (isRefusal(held)) return held;
    const { node } = held;
    if (node.state !== 'provisioning') return wrongState(`node ${node.nodeId}`, node.state);
    return () => {
      node.state = 'active';
    };
  },

  /** A bad verdict acts at once, in whatever state the node is; a good one only on this boot. */
  AttestationReport(isolation, command) {
    const { leaseId, bootCount, verdict, validUntilMs, from } = command;
    const lease = isolation.state.leases.get(leaseId);
    const held = heldNode(isolation.state, command, isAttesterOf(from, lease));
    if (isRefusal(held)) return held;
    const { node } = held;
    if (bootCount !== node.bootCount) {
      return refuse('ATTEST_WRONG_BOOT', `node ${node.nodeId} is in boot ${node.bootCount}`);
    }
    const isAway = node.walk === 'release' || node.walk === 'withhold' || node.power === 'off';
    if (isAway || (node.state === 'quarantined' && verdict === 'trusted')) {
      return wrongState(`node ${node.nodeId}`, node.state);
    }
    return () => {
      if (verdict === 'rejected') withhold(isolation, node, 'rejected', 'ATTEST_REJECTED');
      else if (verdict === 'trusted') trust(isolation, node, validUntilMs);
      else distrust(isolation, node);
    };
  },
} satisfies Partial<Handlers>;

function trust(isolation: Isolation, node: Node, validUntilMs: number): void {
  // A late copy of an earlier report must not shorten what a newer one has said of this boot.
  const { bootCount } = node;
  const knownMs = node.verdict?.bootCount === bootCount ? node.verdict.validUntilMs : 0;
  node.verdict = { bootCount, validUntilMs: Math.max(knownMs, validUntilMs) };
  if (node.joined) wakeNode(isolation, node, node.verdict.validUntilMs);
}

/** Silence and staleness are the same: out of the enclave, back to the airlock, powered off. */
function distrust(isolation: Isolation, node: Node): void {
  node.verdict = null;
  if (node.joined || node.walk === 'join') eject(isolation, node);
}

interface LeasedNodeCommand {
  readonly leaseId: string;
  readonly nodeId: string;
  readonly from: Principal;
}

function tenantNode(state: IsolationState, command: LeasedNodeCommand): Held | Refusal {
  const { leaseId, nodeId, from } = command;
  const lease = state.leases.get(leaseId);
  const held = heldNode(state, command, lease !== undefined && actsForLessee(state, from, lease));
  if (isRefusal(held)) return held;
  if (held.lease.state !== 'running') return wrongState(`lease ${leaseId}`, held.lease.state);
  const isBusy = held.node.operations.length > 0 || hasPendingAction(state, held.node);
  return isBusy ? blocked(`node ${nodeId} is being worked on`) : held;
}

/** Who may not see the lease learns nothing about it. */
function heldNode(
  state: IsolationState,
  { leaseId, nodeId, from }: LeasedNodeCommand,
  mayDo: boolean,
): Held | Refusal {
  const lease = visibleLease(state, leaseId, from);
  if (isRefusal(lease)) return lease;
  if (!mayDo) return denied(`this is not yours to do in lease ${leaseId}`);
  const node = state.nodes.get(nodeId);
  if (!node || !lease.openNodeIds.has(nodeId)) {
    return notFound('NODE', `${nodeId} in lease ${leaseId}`);
  }
  return node.leaseId === leaseId ? { lease, node } : wrongState(`node ${nodeId}`, 'elsewhere');
}
