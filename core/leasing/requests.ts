/** Making requests: ids, timers, and which request is the next one for a node. */
import type { TimeMs } from '../kernel/units.ts';
import type { OrchestratorEffect, Request } from './protocol.ts';
import { nodeKey } from './state.ts';
import type { Lease, LeasedNode, OrchestratorState, Plan, RequestKind } from './state.ts';

/** One step in the making. */
export interface Turn {
  readonly state: OrchestratorState;
  readonly timeMs: TimeMs;
  readonly effects: OrchestratorEffect[];
}

/** The request that a node's facts call for, or null where there is nothing to ask. */
export function nextStep(plan: Plan, node: LeasedNode, timeMs: TimeMs): RequestKind | null {
  if (node.lost || node.cutOff) return null;
  if (node.ready) return node.activeConfirmed ? null : 'NodeActive';
  if (plan.securityLevel === 'none') {
    if (!node.inEnclave) return 'EnclaveJoin';
    if (node.bootCount === null) return 'AirlockPowerOn';
  } else {
    if (node.bootCount === null) return 'AirlockPowerOn';
    // Nothing but a verdict on this boot leads on, whatever was tried before.
    if (node.trustedUntilMs === null || node.trustedUntilMs <= timeMs) return 'AttestNode';
    if (!node.inEnclave) return 'EnclaveJoin';
  }
  return node.provisioned ? 'NodeActive' : 'ProvisionNode';
}

/** True from the announced end of the lease on. */
export function isOver(lease: Lease, timeMs: TimeMs): boolean {
  return lease.endingAtMs !== null && lease.endingAtMs <= timeMs;
}

/** Sends what comes next, unless it is on its way already or the lease is over. */
export function drive(turn: Turn, lease: Lease, node: LeasedNode): void {
  if (isOver(lease, turn.timeMs)) return;
  const step = nextStep(lease.plan, node, turn.timeMs);
  if (step === null || (step === node.step && node.commandId !== null)) return;
  if (step === 'NodeActive' && !node.ready) {
    node.ready = true;
    turn.effects.push({ kind: 'NodeReady', leaseId: node.leaseId, nodeId: node.nodeId });
  }
  ask(turn, lease, node, step);
}

/** Sends the request `step` under a new command id; the one before it no longer counts. */
export function ask(turn: Turn, lease: Lease, node: LeasedNode, step: RequestKind): void {
  dropRequest(turn.state, node.commandId);
  const commandId = newCommandId(turn.state);
  node.step = step;
  node.commandId = commandId;
  turn.state.requests.set(commandId, nodeKey(node.leaseId, node.nodeId));
  const { leaseId, nodeId, fencingToken } = node;
  const { plan } = lease;
  switch (step) {
    case 'AirlockPowerOn':
    case 'EnclaveJoin':
    case 'NodeActive':
      send(turn, turn.state.configuration.isolation, { kind: step, commandId, leaseId, nodeId });
      break;
    case 'LeaseReturn':
      send(turn, turn.state.configuration.isolation, {
        kind: step,
        commandId,
        leaseId,
        nodeIds: [nodeId],
      });
      break;
    case 'AttestNode':
      node.attesterKnows = true;
      node.attestCommandId = commandId;
      send(turn, plan.attester!, {
        kind: step,
        commandId,
        leaseId,
        nodeId,
        fencingToken,
        bootCount: node.bootCount!,
        policyId: plan.policyId,
      });
      break;
    case 'ProvisionNode':
      node.provisionerKnows = true;
      node.provisionCommandId = commandId;
      send(turn, plan.provisioner, {
        kind: step,
        commandId,
        leaseId,
        nodeId,
        fencingToken,
        imageId: plan.imageId,
        method: plan.method,
        securityLevel: plan.securityLevel,
        fromAttestedFirmware: plan.securityLevel !== 'none',
        ...(node.resumeDiskId === null ? {} : { resumeDiskId: node.resumeDiskId }),
      });
      break;
    default:
      break;
  }
  setNodeTimer(turn, node);
}

/** Has the image cloned while the node is still in its power-on self test. */
export function prepare(turn: Turn, lease: Lease, node: LeasedNode): void {
  node.provisionerKnows = true;
  send(turn, lease.plan.provisioner, {
    kind: 'PrepareNode',
    commandId: newCommandId(turn.state),
    leaseId: node.leaseId,
    nodeId: node.nodeId,
    fencingToken: node.fencingToken,
    imageId: lease.plan.imageId,
  });
}

/** Asks the attester and the provisioner to let go of the node, as far as they know it. */
export function sayGoodbye(turn: Turn, lease: Lease, node: LeasedNode): void {
  const { leaseId, nodeId, fencingToken } = node;
  const key = nodeKey(leaseId, nodeId);
  const { requests } = turn.state;
  if (node.provisionerKnows) {
    dropRequest(turn.state, node.deprovisionCommandId);
    const commandId = newCommandId(turn.state);
    node.deprovisionCommandId = commandId;
    requests.set(commandId, key);
    send(turn, lease.plan.provisioner, {
      kind: 'DeprovisionNode',
      commandId,
      leaseId,
      nodeId,
      fencingToken,
      park: lease.plan.parkDisks === true,
    });
  }
  if (node.attesterKnows) {
    dropRequest(turn.state, node.forgetCommandId);
    const commandId = newCommandId(turn.state);
    node.forgetCommandId = commandId;
    requests.set(commandId, key);
    send(turn, lease.plan.attester!, {
      kind: 'ForgetNode',
      commandId,
      leaseId,
      nodeId,
      fencingToken,
    });
  }
}

/** Its answer no longer matters. */
export function dropRequest(state: OrchestratorState, commandId: string | null): void {
  if (commandId !== null) state.requests.delete(commandId);
}

/** Begins the id of a node's timer; the rest is its `nodeKey`. */
export const NODE_TIMER = 'node/';
/** Begins the id of a lease's timer; the rest is its id. */
export const LEASE_TIMER = 'lease/';

/** (Re)starts the wait for what was last asked about the node. */
export function setNodeTimer(turn: Turn, node: LeasedNode): void {
  const timeoutMs = turn.state.configuration.requestTimeoutMs;
  if (timeoutMs === null) return;
  const timerId = NODE_TIMER + nodeKey(node.leaseId, node.nodeId);
  turn.effects.push({ kind: 'SetTimer', timerId, atMs: turn.timeMs + timeoutMs });
}

/** Nothing is waited for any more. */
export function cancelNodeTimer(turn: Turn, node: LeasedNode): void {
  if (turn.state.configuration.requestTimeoutMs === null) return;
  const timerId = NODE_TIMER + nodeKey(node.leaseId, node.nodeId);
  turn.effects.push({ kind: 'CancelTimer', timerId });
}

function newCommandId(state: OrchestratorState): string {
  state.sequence += 1;
  return `${state.configuration.name}/${state.sequence}`;
}

function send(turn: Turn, service: string, command: Request['command']): void {
  turn.effects.push({ kind: 'Request', service, command });
}
