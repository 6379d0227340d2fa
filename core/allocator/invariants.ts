/**
 * Invariants of the isolation service, as far as its own state shows them. They are named as in
 * the reference: A allocation, N networks, T attestation. For tests and simulations; the service
 * does not need it.
 */
import { isActionPending } from './actions.ts';
import { compareText } from './isolation.ts';
import { isOpenTo, userOf } from './networks.ts';
import { holderOf } from './reservations.ts';
import type { Attachment, IsolationState, Lease, Nic, Node } from './state.ts';

/** One sentence for each violation; none where all is well. Looks at everything: O(state). */
export function checkIsolationInvariants(state: IsolationState): string[] {
  const found: string[] = [];
  for (const node of state.nodes.values()) {
    const report = (sentence: string) => found.push(`${sentence} (node ${node.nodeId})`);
    checkHolder(state, node, report);
    checkFree(node, report);
    checkNics(state, node, report);
    checkAdmission(state, node, report);
    checkTimer(node, report);
    checkActions(state, node, report);
  }
  for (const lease of state.leases.values()) checkLease(state, lease, found);
  for (const { name, networkId } of state.networks.values()) {
    if (state.networkIds.inUse.get(networkId) !== name) found.push(`N2 id of network ${name}`);
  }
  return found.sort(compareText);
}

/** Nothing stays pending that nobody works on. */
function checkActions(state: IsolationState, node: Node, report: Report): void {
  if (node.state === 'quarantined') return;
  for (const { actionId } of [node, ...node.nics]) {
    const isWorkedOn = node.operations.some((operation) => operation.actionId === actionId);
    if (isActionPending(state, actionId) && !isWorkedOn) report(`N6 ${actionId} hangs`);
  }
}

type Report = (sentence: string) => void;

function checkHolder(state: IsolationState, node: Node, report: Report): void {
  if (node.leaseId !== null && !holderOf(state, node)?.openNodeIds.has(node.nodeId)) {
    report('A1 its lease does not have it');
  }
  if (node.leaseId !== null && node.organisation !== null) report('A1 it has two users');
  const leases = node.reservations.map((leaseId) => state.leases.get(leaseId));
  leases.forEach((lease, index) => {
    if (!lease) return report('A1 a reservation has no lease');
    const { leaseId } = lease.terms;
    for (const other of leases.slice(0, index)) {
      if (!other || leaseId === other.parentLeaseId) continue;
      if (other.terms.leaseId === lease.parentLeaseId) continue;
      const overlaps = lease.terms.startMs < other.endMs && other.terms.startMs < lease.endMs;
      if (overlaps) report(`A1 leases ${other.terms.leaseId} and ${leaseId} overlap`);
    }
  });
}

function checkFree(node: Node, report: Report): void {
  if (node.state !== 'free' && node.state !== 'reserved') return;
  const isOff = node.power === 'off' && node.intendedPower === 'off';
  if (!isOff) report('A2 free, but its power is not off');
  if (node.bmcGrantee !== null || node.intendedGrantee !== null) report('A2 free, BMC granted');
  const isShut = node.nics.every((nic) => possibleOn(nic).length === 0);
  if (!isShut || node.airlockNetworkId !== null) report('A2 free, but on a network');
  const isBusy = node.walk !== null || node.operations.length > 0 || node.leaving.length > 0;
  if (isBusy || node.leaseId !== null) report('A2 free, but in use');
  if (node.trouble !== null || node.resumption !== null) report('A6 free after trouble');
  const { evidence, lastUseEndMs } = node;
  if (lastUseEndMs === null) return;
  if (!evidence || evidence.atMs < lastUseEndMs) report('A2 free without newer evidence');
}

function checkNics(state: IsolationState, node: Node, report: Report): void {
  for (const { attachments, nicId } of node.nics) {
    const channels = new Set(attachments.map(({ channel }) => channel));
    const networks = new Set(attachments.map(({ networkId }) => networkId));
    if (Math.min(channels.size, networks.size) < attachments.length) {
      report(`N5 two attachments on one channel or network of ${nicId}`);
    }
  }
  if (isBeingCleared(node)) return;
  for (const { networkId } of node.nics.flatMap(possibleOn)) {
    const name = state.networkIds.inUse.get(networkId);
    if (name === undefined) report(`N2 network id ${networkId} is nobody's`);
    else if (networkId !== node.airlockNetworkId) checkAccess(state, node, name, report);
  }
}

/** Two organisations meet on a network only where both are on its list. */
function checkAccess(state: IsolationState, node: Node, name: string, report: Report): void {
  const network = state.networks.get(name);
  const user = userOf(state, node);
  if (!network) report(`N4 on ${name}, which is no network of its own`);
  else if (user === null || !isOpenTo(network, user)) report(`N1 on ${name} without a right to it`);
}

/** A measured node is outside its airlock only with a trusted verdict on its present boot. */
function checkAdmission(state: IsolationState, node: Node, report: Report): void {
  const lease = holderOf(state, node);
  if (!lease || lease.terms.attester === null || isBeingCleared(node)) return;
  const isOutside = node.nics
    .flatMap((nic) => nic.attachments)
    .some(({ networkId }) => networkId !== node.airlockNetworkId);
  const isTrusted = node.verdict?.bootCount === node.bootCount;
  if ((isOutside || node.joined) && !isTrusted) report('T1 in the enclave without a verdict');
}

/** On the way out of everything, or shown by its hardware to be where it should not be. */
function isBeingCleared(node: Node): boolean {
  const isWalkingOut = node.walk === 'release' || node.walk === 'withhold' || node.walk === 'eject';
  return node.state === 'quarantined' || isWalkingOut;
}

function possibleOn(nic: Nic): readonly Attachment[] {
  return [...nic.attachments, ...nic.intended, ...nic.unsettled];
}

/** Nothing is waited for without a timer that ends the wait. */
function checkTimer(node: Node, report: Report): void {
  const dueMs = Math.min(node.retryAtMs ?? Infinity, ...node.operations.map(({ dueMs }) => dueMs));
  if (dueMs === Infinity) return;
  if (node.timerAtMs === null || node.timerAtMs > dueMs) report('A7 it waits without a timer');
}

function checkLease(state: IsolationState, lease: Lease, found: string[]): void {
  const { leaseId, startMs, nodeIds } = lease.terms;
  if (lease.parentLeaseId !== null) {
    const parent = state.leases.get(lease.parentLeaseId);
    const isInside = parent && startMs >= parent.terms.startMs && lease.endMs <= parent.endMs;
    if (!isInside) found.push(`A4 sub-lease ${leaseId} is not inside its parent`);
    if (parent && parent.parentLeaseId !== null) found.push(`A4 ${leaseId} is two levels deep`);
    if (parent?.state === 'ending' && lease.state !== 'ending') {
      found.push(`A4 sub-lease ${leaseId} outlives its parent`);
    }
  }
  for (const nodeId of lease.openNodeIds) {
    const node = state.nodes.get(nodeId);
    if (!node || !nodeIds.includes(nodeId)) found.push(`A1 lease ${leaseId} has node ${nodeId}`);
    else if (lease.state === 'ending' && !isLeaving(node, leaseId)) {
      found.push(`A7 lease ${leaseId} is over, but node ${nodeId} is not on its way back`);
    }
  }
}

function isLeaving(node: Node, leaseId: string): boolean {
  const isOnItsWay =
    node.walk === 'release' || node.walk === 'withhold' || node.resumption !== null;
  return isOnItsWay && node.leaving.includes(leaseId);
}
