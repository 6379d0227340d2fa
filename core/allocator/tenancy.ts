/** What a lessee, and the attester that it named, can do with the nodes of a running lease. */
import { actsForLessee, isAttesterOf, maySeeLease } from './access.ts';
import { hasPendingAction } from './actions.ts';
import { refuse, wakeNode, type Isolation, type Verdict } from './isolation.ts';
import { isAdmitted, startWalk } from './walk.ts';
import { withhold } from './recovery.ts';
import type { Refusal } from '../kernel/errors.ts';
import type { Principal } from '../kernel/service.ts';
import type {
  AirlockPowerOn,
  AttestationReport,
  EnclaveJoin,
  NodeActive,
  NodeState,
} from './protocol.ts';
import type { Lease, Node } from './state.ts';

interface Held {
  readonly lease: Lease;
  readonly node: Node;
}

const MAY_POWER_ON: ReadonlySet<NodeState> = new Set([
  'airlock',
  'attesting',
  'allocated',
  'provisioning',
  'active',
]);

/**
 * Powers on in the airlock, or for level `none` in the enclave that the node has joined already.
 * A node that runs is power-cycled; a measured one leaves the enclave first and is measured again.
 */
export function airlockPowerOn(isolation: Isolation, command: AirlockPowerOn): Verdict {
  const held = tenantNode(isolation, command);
  if ('code' in held) return held;
  const { lease, node } = held;
  if (!MAY_POWER_ON.has(node.state)) return wrongState(node);
  return () => {
    const isMeasured = lease.terms.attester !== null;
    node.powerNext = true;
    if (node.power === 'off' && !(node.joined && isMeasured)) startWalk(isolation, node, 'power');
    else startWalk(isolation, node, 'eject');
    return null;
  };
}

/** Moves the node into its lessee's enclave; a measured one only with a fresh trusted verdict. */
export function enclaveJoin(isolation: Isolation, command: EnclaveJoin): Verdict {
  const held = tenantNode(isolation, command);
  if ('code' in held) return held;
  const { lease, node } = held;
  const isMeasured = lease.terms.attester !== null;
  if (node.state !== (isMeasured ? 'attesting' : 'airlock')) return wrongState(node);
  if (isMeasured && node.verdict === null) {
    return refuse('ATTEST_REQUIRED', `this boot of node ${node.nodeId} has no trusted verdict`);
  }
  if (!isAdmitted(isolation, node, lease)) {
    return refuse('ATTEST_STALE', `the trusted verdict on node ${node.nodeId} has expired`);
  }
  return () => {
    startWalk(isolation, node, 'join');
    return null;
  };
}

export function nodeActive(isolation: Isolation, command: NodeActive): Verdict {
  const held = tenantNode(isolation, command);
  if ('code' in held) return held;
  const { node } = held;
  if (node.state !== 'provisioning') return wrongState(node);
  return () => {
    node.state = 'active';
    return null;
  };
}

/** A bad verdict acts at once, in whatever state the node is; a good one only on this boot. */
export function attestationReport(isolation: Isolation, command: AttestationReport): Verdict {
  const { leaseId, nodeId, bootCount, verdict, validUntilMs } = command;
  const held = heldNode(
    isolation,
    command,
    isAttesterOf(command.from, leaseOf(isolation, leaseId)),
  );
  if ('code' in held) return held;
  const { node } = held;
  if (verdict !== 'trusted' && verdict !== 'rejected' && verdict !== 'stale') {
    return refuse('INPUT_BAD_ARGUMENT', 'verdict must be trusted, rejected or stale');
  }
  if (bootCount !== node.bootCount) {
    return refuse('ATTEST_WRONG_BOOT', `node ${nodeId} is in boot ${node.bootCount}`);
  }
  const isQuarantined = node.state === 'quarantined';
  const isAway = node.walk === 'release' || node.walk === 'withhold' || node.power === 'off';
  if (isAway || (isQuarantined && verdict === 'trusted')) return wrongState(node);
  return () => {
    if (verdict === 'rejected') withhold(isolation, node, 'rejected', 'ATTEST_REJECTED');
    else if (verdict === 'trusted') trust(isolation, node, validUntilMs);
    else distrust(isolation, node);
    return null;
  };
}

function trust(isolation: Isolation, node: Node, validUntilMs: number): void {
  node.verdict = { bootCount: node.bootCount, validUntilMs };
  if (node.joined) wakeNode(isolation, node, validUntilMs);
}

/** Silence and staleness are the same: out of the enclave, back to the airlock, powered off. */
function distrust(isolation: Isolation, node: Node): void {
  node.verdict = null;
  if (node.joined && node.state !== 'quarantined') startWalk(isolation, node, 'eject');
}

function leaseOf(isolation: Isolation, leaseId: string): Lease | undefined {
  return isolation.state.leases.get(leaseId);
}

function tenantNode(
  isolation: Isolation,
  command: { leaseId: string; nodeId: string; from: Principal },
): Held | Refusal {
  const lease = leaseOf(isolation, command.leaseId);
  const isTenant = lease !== undefined && actsForLessee(isolation.state, command.from, lease);
  const held = heldNode(isolation, command, isTenant);
  if ('code' in held) return held;
  if (held.lease.state !== 'running') {
    return refuse('CONFLICT_STATE', `lease ${command.leaseId} is ${held.lease.state}`);
  }
  const { node } = held;
  if (node.operations.length > 0 || hasPendingAction(isolation.state, node)) {
    return refuse('CONFLICT_BLOCKED', `node ${node.nodeId} is being worked on`);
  }
  return held;
}

/** Who may not see the lease learns nothing about it. */
function heldNode(
  isolation: Isolation,
  command: { leaseId: string; nodeId: string; from: Principal },
  mayDo: boolean,
): Held | Refusal {
  const { state } = isolation;
  const lease = state.leases.get(command.leaseId);
  if (!lease || !maySeeLease(state, command.from, lease)) {
    return refuse('NOT_FOUND_LEASE', `no lease ${command.leaseId}`);
  }
  if (!mayDo) {
    return refuse('DENIED_AUTHORIZATION', `this is not yours to do in lease ${command.leaseId}`);
  }
  const node = state.nodes.get(command.nodeId);
  if (!node || !lease.openNodeIds.has(command.nodeId)) {
    return refuse('NOT_FOUND_NODE', `no node ${command.nodeId} in lease ${command.leaseId}`);
  }
  if (node.leaseId !== command.leaseId) {
    return refuse('CONFLICT_STATE', `node ${command.nodeId} is not with this lease now`);
  }
  return { lease, node };
}

function wrongState(node: Node): Refusal {
  return refuse('CONFLICT_STATE', `node ${node.nodeId} is ${node.state}`);
}
