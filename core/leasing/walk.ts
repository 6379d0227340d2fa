/** The walk of a borrowed node: how notices become facts, and how a node is given up or let go. */
import type { LeaseNotice } from '../allocator/protocol.ts';
import type { AttestationNotice } from '../attester/protocol.ts';
import type { ProvisionNotice } from '../provisioner/protocol.ts';
import {
  LEASE_TIMER,
  ask,
  cancelNodeTimer,
  dropRequest,
  drive,
  isOver,
  prepare,
  sayGoodbye,
  setNodeTimer,
} from './requests.ts';
import type { Turn } from './requests.ts';
import type { TimeMs } from '../kernel/units.ts';
import { finish, isFinished, leasedNode, nodeKey } from './state.ts';
import type { Lease, LeasedNode } from './state.ts';

/** The node is off and alone: the walk begins, or begins again under a newer fencing token. */
export function enterAirlock(turn: Turn, lease: Lease, nodeId: string, token: number): void {
  const { state } = turn;
  if (lease.ended || isFinished(state, nodeId, token)) return;
  const { plan } = lease;
  let node = state.nodes.get(nodeKey(plan.leaseId, nodeId));
  if (node) {
    if (!thrownBack(turn, lease, node, token)) return;
  } else {
    node = addNode(turn, lease, nodeId, token);
    node.resumeDiskId = plan.resumeDiskIds?.[lease.disksResumed] ?? null;
    if (node.resumeDiskId !== null) lease.disksResumed += 1;
  }
  if (plan.securityLevel !== 'none' && plan.attester === null) {
    lose(turn, lease, node, 'CONFLICT_PLAN', true);
    return;
  }
  const clones = plan.method === 'diskless' && node.resumeDiskId === null;
  if (clones && !node.provisionerKnows && !isOver(lease, turn.timeMs)) prepare(turn, lease, node);
  drive(turn, lease, node);
}

function addNode(turn: Turn, lease: Lease, nodeId: string, token: number): LeasedNode {
  const { leaseId } = lease.plan;
  const node = leasedNode(leaseId, nodeId, token);
  turn.state.nodes.set(nodeKey(leaseId, nodeId), node);
  lease.nodeIds.push(nodeId);
  lease.goneNodeIds.delete(nodeId);
  return node;
}

/** Before any handover: no fencing token is as old as this. */
const NO_TOKEN = -1;

/** Out of service, perhaps before it ever came; one in quarantine goes back to be settled. */
export function nodeWithheld(
  turn: Turn,
  lease: Lease,
  notice: Extract<LeaseNotice, { readonly kind: 'NodeWithheld' }>,
): void {
  const { leaseId, nodeId, state, code } = notice;
  if (lease.ended || lease.goneNodeIds.has(nodeId)) return;
  const known = turn.state.nodes.get(nodeKey(leaseId, nodeId));
  const node = known ?? addNode(turn, lease, nodeId, NO_TOKEN);
  lose(turn, lease, node, code, state === 'quarantined');
}

/** Back in the airlock: the facts of before are void. True where it may start over. */
function thrownBack(turn: Turn, lease: Lease, node: LeasedNode, token: number): boolean {
  if (token <= node.fencingToken || node.cutOff) return false;
  node.fencingToken = token;
  if (node.lost) return false;
  node.attempts += 1;
  if (node.ready || node.attempts >= turn.state.configuration.requestAttempts) {
    // A node that its tenant already works with has left under its hands.
    lose(turn, lease, node, 'CONFLICT_THROWN_BACK', true);
    return false;
  }
  settleRequest(turn, node);
  node.bootsOver = Math.max(node.bootsOver, node.bootCount ?? -1);
  node.bootCount = null;
  node.inEnclave = false;
  voidVerdict(node);
  node.provisioned = false;
  node.provisionCommandId = null;
  return true;
}

/** The node runs in its measured boot, number `bootCount`. */
export function nodePowered(turn: Turn, lease: Lease, node: LeasedNode, bootCount: number): void {
  if (bootCount <= Math.max(node.bootsOver, node.bootCount ?? -1)) return;
  if (node.bootCount !== null && (node.provisioned || node.ready)) {
    // What was measured is gone, and with it what runs now is unknown.
    if (lease.plan.securityLevel !== 'none') lose(turn, lease, node, 'ATTEST_BOOT_COUNT', true);
    return;
  }
  if (node.bootCount === null && node.bootsOver < 0) node.attempts = 0;
  node.bootCount = bootCount;
  voidVerdict(node);
  settleRequest(turn, node);
  drive(turn, lease, node);
}

/** The node's port is in the tenant's network. */
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
    voidVerdict(node);
    lose(turn, lease, node, notice.code ?? 'ATTEST_REJECTED', true);
    return;
  }
  if (notice.commandId !== node.attestCommandId) return;
  // A late copy of an earlier verdict must not bring an expired one back.
  node.trustedUntilMs = Math.max(node.trustedUntilMs ?? 0, notice.validUntilMs);
  if (node.step === 'AttestNode') {
    settleRequest(turn, node);
    if (node.trustedUntilMs <= turn.timeMs) node.attempts += 1;
  }
  if (node.attempts >= turn.state.configuration.requestAttempts) {
    lose(turn, lease, node, 'ATTEST_STALE', true);
  } else {
    drive(turn, lease, node);
  }
}

/** The request under way has its answer, or is overtaken: the next may be the same again. */
function settleRequest(turn: Turn, node: LeasedNode): void {
  dropRequest(turn.state, node.commandId);
  node.commandId = null;
  node.step = null;
}

/** No verdict that was asked for before now counts any more. */
export function voidVerdict(node: LeasedNode): void {
  node.trustedUntilMs = null;
  node.attestCommandId = null;
}

/** The system is up, or did not come up; counts for the latest wish alone. */
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
  voidVerdict(node);
  settleRequest(turn, node);
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
  settleRequest(turn, node);
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
  node.attempts = 0;
  settleRequest(turn, node);
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
  lease.goneNodeIds.add(node.nodeId);
  finish(state, node.nodeId, node.fencingToken);
  removeLeaseIfOver(turn, lease);
}

/** From the notice of a recall on, the isolation service lets no more nodes in. */
export function leaseEnding(turn: Turn, lease: Lease, atMs: TimeMs): void {
  const { state, timeMs, effects } = turn;
  if (lease.endingAtMs !== null && lease.endingAtMs <= atMs) return;
  lease.endingAtMs = atMs;
  const { leaseId } = lease.plan;
  effects.push({ kind: 'NodeEnding', leaseId, atMs });
  const { requestTimeoutMs } = state.configuration;
  if (requestTimeoutMs !== null) {
    const timerId = LEASE_TIMER + leaseId;
    effects.push({ kind: 'SetTimer', timerId, atMs: Math.max(atMs, timeMs) + requestTimeoutMs });
    lease.timed = true;
  }
  if (atMs <= timeMs) return;
  for (const nodeId of lease.nodeIds) {
    const node = state.nodes.get(nodeKey(leaseId, nodeId))!;
    const isIn = node.inEnclave && node.bootCount !== null;
    if (!isIn) lose(turn, lease, node, 'LEASE_ENDED', true);
  }
}

/** The lease is over: whatever is left of it is let go. */
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
  const { leaseId } = lease.plan;
  if (!lease.ended || lease.nodeIds.length > 0 || !turn.state.leases.delete(leaseId)) return;
  if (lease.timed) turn.effects.push({ kind: 'CancelTimer', timerId: LEASE_TIMER + leaseId });
}
