/**
 * The walks of a node, each a list of steps. A step sends its effects and is over when all of them
 * are known to have happened; a walk that is started again starts from its first step, under a new
 * fencing token, because every step may be done twice.
 *
 * Release keeps the order power off → credentials → ports → (storage, elsewhere) → disks → read
 * back: cutting the network of a running node can corrupt its remote root (CCI-MOC/hil#932).
 */
import { invariant } from '../kernel/errors.ts';
import { abandonOperations } from './actions.ts';
import { NO_ATTACHMENTS, backOffMs, configurePort, issue, powerOn } from './devices.ts';
import {
  notifyAttester,
  notifyOrganisation,
  notifyParties,
  wakeNode,
  type Isolation,
} from './isolation.ts';
import { returnAirlock, takeAirlock } from './network-ids.ts';
import { closeLeaving, dropReservation, holderOf, nextHolder } from './reservations.ts';
import type { NodeState } from './protocol.ts';
import type { Attachment, Lease, Node, WalkName } from './state.ts';

export const NATIVE_CHANNEL = 'vlan/native';

type Step = (isolation: Isolation, node: Node) => void;

interface Walk {
  readonly steps: readonly Step[];
  /** Of the node meanwhile; null: as it is. */
  readonly state: NodeState | null;
  readonly finish: Step;
}

const WALKS: Readonly<Record<WalkName, Walk>> = {
  handover: { steps: [switchOff, grantBmc, enterAirlock], state: 'handover', finish: inAirlock },
  power: { steps: [bootFromNetwork, switchOn], state: null, finish: powered },
  join: { steps: [enterEnclave], state: 'allocated', finish: inEnclave },
  eject: { steps: [isolate, grantBmc, enterAirlock], state: 'handover', finish: inAirlock },
  withhold: { steps: [isolate, revokeBmc], state: null, finish: withheld },
  release: {
    steps: [switchOff, revokeBmc, cutPorts, wipe, verify],
    state: 'releasing',
    finish: released,
  },
};

/** Walks that take something away start under a new fencing token. */
const FENCED: ReadonlySet<WalkName> = new Set(['handover', 'eject', 'withhold', 'release']);

/** Starts a walk; whatever was under way on the node is given up. */
export function startWalk(isolation: Isolation, node: Node, walk: WalkName): void {
  abandonOperations(isolation, node, 'quarantined');
  node.walk = walk;
  node.step = 0;
  node.resumption = null;
  node.retryAtMs = null;
  if (FENCED.has(walk)) {
    node.fencingToken += 1;
    if (walk === 'handover') node.tenure = node.fencingToken;
    node.verdict = null;
    node.joined = false;
  }
  if (walk !== 'power') node.powerNext &&= walk === 'eject';
  node.state = walk === 'withhold' ? node.withheldAs : (WALKS[walk].state ?? node.state);
  runSteps(isolation, node);
}

/** The step's effects have all happened. */
export function nextStep(isolation: Isolation, node: Node): void {
  node.step += 1;
  runSteps(isolation, node);
}

/** Goes on until a step has to wait for its devices. */
export function runSteps(isolation: Isolation, node: Node): void {
  invariant(node.walk !== null, 'only a walking node has steps');
  const { steps, finish } = WALKS[node.walk];
  while (node.step < steps.length) {
    steps[node.step]!(isolation, node);
    if (node.operations.length > 0 || node.retryAtMs !== null) return;
    node.step += 1;
  }
  node.walk = null;
  node.changedMs = isolation.nowMs;
  finish(isolation, node);
}

function switchOff(isolation: Isolation, node: Node): void {
  issue(isolation, node, { kind: 'PowerOff', force: true }, 'walk');
}

function switchOn(isolation: Isolation, node: Node): void {
  powerOn(isolation, node, 'walk');
}

function bootFromNetwork(isolation: Isolation, node: Node): void {
  issue(isolation, node, { kind: 'SetBootDevice', device: 'network' }, 'walk');
}

function grantBmc(isolation: Isolation, node: Node): void {
  rotateBmc(isolation, node, lesseeOf(isolation, node));
}

function revokeBmc(isolation: Isolation, node: Node): void {
  rotateBmc(isolation, node, null);
}

function rotateBmc(isolation: Isolation, node: Node, grantee: string | null): void {
  issue(isolation, node, { kind: 'RotateBmcToken', grantee }, 'walk');
}

function lesseeOf(isolation: Isolation, node: Node): string | null {
  return holderOf(isolation.state, node)?.terms.lessee ?? null;
}

/** Ports and power at once: the node is not trusted. */
function isolate(isolation: Isolation, node: Node): void {
  cutPorts(isolation, node);
  switchOff(isolation, node);
}

function cutPorts(isolation: Isolation, node: Node): void {
  configurePorts(isolation, node, null);
}

/** The network on the first wired NIC, nothing on the others; null: nothing on any. */
function configurePorts(isolation: Isolation, node: Node, networkId: number | null): void {
  let attachments: readonly Attachment[] =
    networkId === null ? NO_ATTACHMENTS : [{ networkId, channel: NATIVE_CHANNEL }];
  for (const nic of node.nics) {
    if (nic.port === null) continue;
    configurePort(isolation, node, nic, attachments, 'walk');
    attachments = NO_ATTACHMENTS;
  }
}

/** One airlock network a node, never shared; without a free id the step is tried again later. */
function enterAirlock(isolation: Isolation, node: Node): void {
  const { state, nowMs } = isolation;
  node.airlockNetworkId ??= takeAirlock(state, node);
  if (node.airlockNetworkId !== null) {
    configurePorts(isolation, node, node.airlockNetworkId);
    return;
  }
  node.retryAtMs = nowMs + backOffMs(state.settings, state.settings.retryLimit);
  wakeNode(isolation, node, node.retryAtMs);
}

export const ENCLAVE_PREFIX = 'enclave:';

/** Every lessee has one enclave network, made with its first lease. */
function enterEnclave(isolation: Isolation, node: Node): void {
  const network = isolation.state.networks.get(ENCLAVE_PREFIX + lesseeOf(isolation, node));
  invariant(network !== undefined, 'a lessee has an enclave network');
  configurePorts(isolation, node, network.networkId);
}

/** Power is off and all ports are known to be empty. */
function wipe(isolation: Isolation, node: Node): void {
  const { state, nowMs } = isolation;
  node.state = 'sanitizing';
  node.lastUseEndMs = nowMs;
  const lease = holderOf(state, node);
  if (lease) {
    const notice = {
      kind: 'NodeCutOff',
      leaseId: lease.terms.leaseId,
      nodeId: node.nodeId,
    } as const;
    notifyParties(isolation, lease, notice);
    notifyAttester(isolation, lease, notice);
  }
  issue(isolation, node, { kind: 'WipeNode' }, 'walk');
}

function verify(isolation: Isolation, node: Node): void {
  node.state = 'verifying';
  issue(isolation, node, { kind: 'ObserveNode' }, 'walk');
}

function inAirlock(isolation: Isolation, node: Node): void {
  const lease = requireLease(isolation, node);
  const { leaseId, lessee } = lease.terms;
  node.state = duringLease(lease, 'airlock');
  const { nodeId, fencingToken } = node;
  notifyOrganisation(isolation, lessee, { kind: 'NodeInAirlock', leaseId, nodeId, fencingToken });
  if (node.powerNext) startWalk(isolation, node, 'power');
}

function powered(isolation: Isolation, node: Node): void {
  const lease = requireLease(isolation, node);
  const { leaseId, lessee, attester } = lease.terms;
  node.powerNext = false;
  const measured = attester === null ? 'airlock' : 'attesting';
  node.state = duringLease(lease, node.joined ? 'provisioning' : measured);
  const { nodeId, bootCount } = node;
  const notice = { kind: 'NodePowered', leaseId, nodeId, bootCount } as const;
  notifyOrganisation(isolation, lessee, notice);
  notifyAttester(isolation, lease, notice);
}

function inEnclave(isolation: Isolation, node: Node): void {
  const lease = requireLease(isolation, node);
  const { leaseId, lessee } = lease.terms;
  node.joined = true;
  if (!isAdmitted(isolation, node, lease)) return startWalk(isolation, node, 'eject');
  if (node.verdict) wakeNode(isolation, node, node.verdict.validUntilMs);
  node.state = duringLease(lease, node.power === 'on' ? 'provisioning' : 'allocated');
  notifyOrganisation(isolation, lessee, { kind: 'NodeInEnclave', leaseId, nodeId: node.nodeId });
}

/** True where the enclave is open to this boot of the node: level none, or trusted and fresh. */
export function isAdmitted(isolation: Isolation, node: Node, lease: Lease): boolean {
  if (lease.terms.attester === null) return true;
  return (
    node.verdict !== null &&
    node.verdict.bootCount === node.bootCount &&
    node.verdict.validUntilMs > isolation.nowMs
  );
}

/** Off, cut, without credentials: it leaves its leases and stays where it is. */
function withheld(isolation: Isolation, node: Node): void {
  node.lastUseEndMs = isolation.nowMs;
  leaveLease(isolation, node);
}

/** No lease has the node any more; that it is not clean is what its state says. */
export function leaveLease(isolation: Isolation, node: Node): void {
  const { leaseId, leaving } = node;
  if (leaseId !== null) {
    dropReservation(node, leaseId);
    if (!leaving.includes(leaseId)) leaving.push(leaseId);
    node.leaseId = null;
  }
  closeLeaving(isolation, node);
}

/** Verified clean, with evidence: back to its owner, or on to whose turn it is. */
function released(isolation: Isolation, node: Node): void {
  const { state } = isolation;
  node.trouble = null;
  node.recoveries = 0;
  // Only now the ports were seen to be clear: what was sent earlier may have landed late.
  returnAirlock(state, node);
  for (const leaseId of node.leaving) {
    const lease = state.leases.get(leaseId);
    if (lease) notifyParties(isolation, lease, { kind: 'NodeFreed', leaseId, nodeId: node.nodeId });
  }
  node.leaseId = null;
  closeLeaving(isolation, node);
  node.state = node.reservations.length > 0 ? 'reserved' : 'free';
  handOver(isolation, node, nextHolder(state, node));
}

/** Begins the lease's use of a clean node. */
export function handOver(isolation: Isolation, node: Node, lease: Lease | null): void {
  if (!lease) return;
  node.leaseId = lease.terms.leaseId;
  startWalk(isolation, node, 'handover');
}

function requireLease(isolation: Isolation, node: Node): Lease {
  const lease = holderOf(isolation.state, node);
  invariant(lease !== undefined, 'this walk belongs to a lease');
  return lease;
}

/** A recalled lease keeps its nodes `draining` until the notice has run out. */
export function duringLease(lease: Lease, state: NodeState): NodeState {
  return lease.state === 'draining' ? 'draining' : state;
}

/** Tells both parties that the lease has lost the node, for now or for good. */
export function notifyWithheld(
  isolation: Isolation,
  node: Node,
  lease: Lease,
  state: 'rejected' | 'quarantined' | 'broken',
  code: string,
): void {
  const { leaseId } = lease.terms;
  const { nodeId } = node;
  notifyParties(isolation, lease, { kind: 'NodeWithheld', leaseId, nodeId, state, code });
  // What a sub-lease has lost, its parent has lost too.
  const { parentLeaseId } = lease;
  const parent = parentLeaseId === null ? undefined : isolation.state.leases.get(parentLeaseId);
  if (parent) notifyWithheld(isolation, node, parent, state, code);
}
