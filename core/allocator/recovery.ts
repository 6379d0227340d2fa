/**
 * What happens to a node whose hardware may be in another state than the service means it to be.
 *
 * Unknown never counts as done, nor as not done: the node is quarantined until its hardware has
 * been read back under a new fencing token, so that nothing of before can land afterwards. From
 * there it goes on where that is what the hardware shows, and starts over where it is not; the way
 * to `free` is always the whole release with its own read-back.
 */
import { abandonOperations, settleActions } from './actions.ts';
import {
  NO_ATTACHMENTS,
  backOffMs,
  configurePort,
  isAsIntended,
  issue,
  recordObservation,
} from './devices.ts';
import { wakeNode, type Isolation } from './isolation.ts';
import { holderOf } from './reservations.ts';
import { duringLease, isAdmitted, nextStep, notifyWithheld, startWalk } from './walk.ts';
import type { NodeObservation } from './protocol.ts';
import type { Node, Resumption } from './state.ts';

/** Out of service; whatever is under way is given up, and all it might still do is fenced off. */
export function quarantine(
  isolation: Isolation,
  node: Node,
  code: string,
  resumption: Resumption,
): void {
  const isNew = node.state !== 'quarantined';
  abandonOperations(isolation, node, resumption === 'settle' ? 'uncertain' : 'quarantined');
  node.fencingToken += 1;
  if (isNew) node.stateBefore = node.state;
  node.state = 'quarantined';
  node.trouble = code;
  node.resumption = resumption;
  node.retryAtMs = null;
  if (resumption !== 'continue' && resumption !== 'settle') contain(isolation, node);
  if (resumption !== null) readBack(isolation, node, isNew);
  const lease = holderOf(isolation.state, node);
  if (!isNew) return;
  if (lease) notifyWithheld(isolation, node, lease, 'quarantined', code);
  else callOwner(isolation, node, code);
}

function callOwner({ state, effects }: Isolation, { owner, nodeId }: Node, code: string): void {
  const principal = state.organisations.get(owner ?? '')?.principal;
  if (principal) effects.push({ kind: 'CallOwner', owner: principal, nodeId, code });
}

/** At once, whatever else hangs: ports shut, power off, credentials void, as far as they obey. */
function contain(isolation: Isolation, node: Node): void {
  node.walk = null;
  node.joined = false;
  node.verdict = null;
  for (const nic of node.nics) {
    if (nic.port) configurePort(isolation, node, nic, NO_ATTACHMENTS, 'contain');
  }
  issue(isolation, node, { kind: 'PowerOff', force: true }, 'contain');
  issue(isolation, node, { kind: 'RotateBmcToken', grantee: null }, 'contain');
}

/** The first time at once; a node that keeps coming back waits longer each time. */
function readBack(isolation: Isolation, node: Node, isNew: boolean): void {
  if (isNew) node.recoveries += 1;
  if (node.recoveries <= 1) {
    issue(isolation, node, { kind: 'ObserveNode' }, 'observe');
    return;
  }
  node.retryAtMs = isolation.nowMs + backOffMs(isolation.state.settings, node.recoveries - 2);
  wakeNode(isolation, node, node.retryAtMs);
}

/** What the way out of an uncertain outcome is, by what the node was doing. */
export function resumptionOf({ walk }: Node): Resumption {
  if (walk === null) return 'settle';
  return walk === 'handover' || walk === 'power' || walk === 'join' ? 'continue' : walk;
}

/** The hardware has been read back. */
export function resume(isolation: Isolation, node: Node, observation: NodeObservation): void {
  const { resumption } = node;
  const matches = isAsIntended(node, observation);
  recordObservation(node, observation);
  if (resumption !== 'continue' && resumption !== 'settle') {
    if (resumption !== null) startWalk(isolation, node, resumption);
    return;
  }
  const lease = holderOf(isolation.state, node);
  node.state = lease ? duringLease(lease, node.stateBefore) : node.stateBefore;
  node.resumption = null;
  if (resumption === 'continue') {
    node.powerNext &&= matches;
    if (matches) nextStep(isolation, node);
    else startWalk(isolation, node, 'eject');
  } else if (!settleActions(isolation, node)) {
    quarantine(isolation, node, 'DEVICE_DRIFT', null);
  } else if (lease && node.joined && !isAdmitted(isolation, node, lease)) {
    startWalk(isolation, node, 'eject');
  }
}

/** Ends the use of a node, from whatever state it is in; nobody else has to be alive for it. */
export function release(isolation: Isolation, node: Node): void {
  const isWithheld = node.walk === 'withhold' || node.resumption === 'withhold';
  if (isWithheld || node.walk === 'release' || node.resumption === 'release') return;
  if (node.state === 'quarantined') {
    quarantine(isolation, node, node.trouble ?? 'DEVICE_UNCERTAIN', 'release');
  } else {
    startWalk(isolation, node, 'release');
  }
}

/** Takes a node out of its enclave, ports first, and back to its airlock. */
export function eject(isolation: Isolation, node: Node): void {
  const { state, resumption } = node;
  if (state !== 'quarantined') startWalk(isolation, node, 'eject');
  else if (resumption === 'continue' || resumption === 'settle') {
    quarantine(isolation, node, 'ATTEST_STALE', 'eject');
  }
}

/** Cuts a node off, ports first, and keeps it out of service until an operator returns it. */
export function withhold(
  isolation: Isolation,
  node: Node,
  withheldAs: Node['withheldAs'],
  code: string,
): void {
  node.withheldAs = withheldAs;
  node.trouble = code;
  const lease = holderOf(isolation.state, node);
  if (lease) {
    const told = withheldAs === 'rejected' ? 'rejected' : 'broken';
    notifyWithheld(isolation, node, lease, told, code);
  }
  if (node.state === 'quarantined') quarantine(isolation, node, code, 'withhold');
  else startWalk(isolation, node, 'withhold');
}
