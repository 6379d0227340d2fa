/** The walk of a borrowed node: how notices become facts, and how a node is given up or let go. */
import type { AttestationNotice } from '../attester/protocol.ts';
import type { ProvisionNotice } from '../provisioner/protocol.ts';
import {
  LEASE_TIMER,
  ask,
  cancelNodeTimer,
  dropRequest,
  drive,
  prepare,
  sayGoodbye,
  setNodeTimer,
} from './requests.ts';
import type { Turn } from './requests.ts';
import { leasedNode, nodeKey } from './state.ts';
import type { Lease, LeasedNode } from './state.ts';

/** The node is off and alone: the walk begins, or begins again under a newer fencing token. */
export function enterAirlock(turn: Turn, lease: Lease, nodeId: string, token: number): void {
  const { state } = turn;
  if (lease.ended || token <= (state.finishedTokens.get(nodeId) ?? -1)) return;
  const { leaseId } = lease.plan;
  const key = nodeKey(leaseId, nodeId);
  let node = state.nodes.get(key);
  if (node) {
    if (token <= node.fencingToken || node.cutOff || node.lost) return;
    dropRequest(state, node.commandId);
    const { attesterKnows, provisionerKnows, resumeDiskId } = node;
    Object.assign(node, leasedNode(leaseId, nodeId, token), {
      attesterKnows,
      provisionerKnows,
      resumeDiskId,
    });
  } else {
    node = leasedNode(leaseId, nodeId, token);
    state.nodes.set(key, node);
    lease.nodeIds.push(nodeId);
    node.resumeDiskId = lease.plan.resumeDiskIds?.[lease.disksResumed] ?? null;
    if (node.resumeDiskId !== null) lease.disksResumed += 1;
  }
  if (lease.plan.securityLevel !== 'none' && lease.plan.attester === null) {
    lose(turn, lease, node, 'CONFLICT_PLAN', true);
    return;
  }
  drive(turn, lease, node);
  if (lease.plan.method === 'diskless' && node.resumeDiskId === null && node.step !== null) {
    prepare(turn, lease, node);
  }
}

export function nodePowered(turn: Turn, lease: Lease, node: LeasedNode, bootCount: number): void {
  if (node.bootCount !== null && bootCount <= node.bootCount) return;
  const booted = node.bootCount !== null;
  if (booted && (node.provisioned || node.ready)) {
    // What was measured is gone, and with it what runs now is unknown.
    if (lease.plan.securityLevel !== 'none') lose(turn, lease, node, 'ATTEST_BOOT_COUNT', true);
    return;
  }
  node.bootCount = bootCount;
  node.trustedUntilMs = null;
  node.attempts = 0;
  drive(turn, lease, node);
}

export function nodeInEnclave(turn: Turn, lease: Lease, node: LeasedNode): void {
  if (node.inEnclave) return;
  node.inEnclave = true;
  node.attempts = 0;
  drive(turn, lease, node);
}

/** A verdict counts for the boot that is running, and for no other. */
export function verdictReached(
  turn: Turn,
  lease: Lease,
  node: LeasedNode,
  notice: AttestationNotice['notice'],
): void {
  if (notice.bootCount !== node.bootCount) return;
  if (notice.verdict !== 'trusted') {
    node.trustedUntilMs = null;
    lose(turn, lease, node, notice.code ?? 'ATTEST_REJECTED', true);
    return;
  }
  // A late copy of an earlier verdict must not bring an expired one back.
  node.trustedUntilMs = Math.max(node.trustedUntilMs ?? 0, notice.validUntilMs);
  drive(turn, lease, node);
}

export function provisioningEnded(
  turn: Turn,
  lease: Lease,
  node: LeasedNode,
  notice: Exclude<ProvisionNotice['notice'], { kind: 'NodeDeprovisioned' }>,
): void {
  if (notice.commandId !== node.provisionCommandId || node.provisioned) return;
  node.provisionCommandId = null;
  if (notice.kind === 'NodeProvisioned') {
    node.provisioned = true;
    node.attempts = 0;
    drive(turn, lease, node);
    return;
  }
  node.provisionAttempts += 1;
  if (node.provisionAttempts >= turn.state.configuration.provisioningAttempts) {
    lose(turn, lease, node, notice.code, true);
    return;
  }
  // The node may have run something since it was measured: it is measured again first.
  node.trustedUntilMs = null;
  dropRequest(turn.state, node.commandId);
  node.commandId = null;
  drive(turn, lease, node);
}

/** The node will not become (or stay) ready; `giveBack` where its owner does not know yet. */
export function lose(
  turn: Turn,
  lease: Lease,
  node: LeasedNode,
  code: string,
  giveBack: boolean,
): void {
  if (node.lost || node.cutOff) return;
  node.lost = true;
  node.attempts = 0;
  const { leaseId, nodeId } = node;
  turn.effects.push({ kind: 'NodeLost', leaseId, nodeId, code });
  if (giveBack) {
    ask(turn, lease, node, 'LeaseReturn');
    return;
  }
  dropRequest(turn.state, node.commandId);
  node.step = null;
  node.commandId = null;
  cancelNodeTimer(turn, node);
}

/** Power is off and the ports are shut: storage and keys can go. */
export function cutOff(turn: Turn, lease: Lease, node: LeasedNode): void {
  if (node.cutOff) return;
  if (!node.ready && !node.lost) {
    const { leaseId, nodeId } = node;
    turn.effects.push({ kind: 'NodeLost', leaseId, nodeId, code: 'LEASE_ENDED' });
  }
  node.cutOff = true;
  dropRequest(turn.state, node.commandId);
  node.commandId = null;
  node.step = null;
  sayGoodbye(turn, lease, node);
  const answersMatter = turn.state.configuration.requestTimeoutMs !== null;
  const waits = node.deprovisionCommandId !== null || node.forgetCommandId !== null;
  if (answersMatter && waits) {
    setNodeTimer(turn, node);
    return;
  }
  removeNode(turn, lease, node);
}

/** Forgets the node, and its lease where that is over and this was its last node. */
export function removeNode(turn: Turn, lease: Lease, node: LeasedNode): void {
  const { state } = turn;
  cancelNodeTimer(turn, node);
  dropRequest(state, node.commandId);
  dropRequest(state, node.deprovisionCommandId);
  dropRequest(state, node.forgetCommandId);
  state.nodes.delete(nodeKey(node.leaseId, node.nodeId));
  lease.nodeIds.splice(lease.nodeIds.indexOf(node.nodeId), 1);
  const finished = state.finishedTokens.get(node.nodeId) ?? -1;
  state.finishedTokens.set(node.nodeId, Math.max(finished, node.fencingToken));
  removeLeaseIfOver(turn, lease);
}

export function endLease(turn: Turn, lease: Lease): void {
  lease.ended = true;
  const { leaseId } = lease.plan;
  for (const nodeId of lease.nodeIds.slice()) {
    const node = turn.state.nodes.get(nodeKey(leaseId, nodeId));
    if (node) cutOff(turn, lease, node);
  }
  removeLeaseIfOver(turn, lease);
}

function removeLeaseIfOver(turn: Turn, lease: Lease): void {
  const { leaseId, endMs } = lease.plan;
  if (!lease.ended || lease.nodeIds.length > 0 || !turn.state.leases.delete(leaseId)) return;
  if (turn.state.configuration.requestTimeoutMs === null || endMs === undefined) return;
  turn.effects.push({ kind: 'CancelTimer', timerId: LEASE_TIMER + leaseId });
}
