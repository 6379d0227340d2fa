/**
 * Effects on power, BMC, ports and disks: sent, tried again, given up. Each carries the node's
 * fencing token and a deadline; the service itself counts an outcome that never comes as
 * uncertain.
 */
import { invariant } from '../kernel/errors.ts';
import type { IsolationDeviceEffect, NodeObservation, WipeEvidence } from './protocol.ts';
import { wakeNode, type Isolation } from './isolation.ts';
import type { IsolationSettings } from './settings.ts';
import type { Action, Attachment, Nic, Node, Operation, Purpose } from './state.ts';

export const NO_ATTACHMENTS: readonly Attachment[] = Object.freeze([]);

type Headless<E> = E extends unknown
  ? Omit<E, 'effectId' | 'nodeId' | 'fencingToken' | 'deadlineMs'>
  : never;
type DeviceRequest = Headless<IsolationDeviceEffect>;

/** Sends an effect and waits for its outcome. */
export function issue(
  isolation: Isolation,
  node: Node,
  request: DeviceRequest,
  purpose: Purpose,
  actionId: string | null = null,
): void {
  intend(node, request);
  const effect = stamp(isolation, node, request);
  const dueMs = effect.deadlineMs;
  node.operations.push({ effect, purpose, actionId, attempt: 0, waiting: false, dueMs });
  send(isolation, node, effect);
}

/** Makes the port of a wired NIC exactly this. */
export function configurePort(
  isolation: Isolation,
  node: Node,
  nic: Nic,
  attachments: readonly Attachment[],
  purpose: Purpose,
  actionId: string | null = null,
): void {
  const { switchId, portId } = nic.port!;
  const request = { kind: 'ConfigurePort', switchId, portId, attachments } as const;
  issue(isolation, node, request, purpose, actionId);
}

/** Writes down what the hardware is meant to become, before anybody knows that it did. */
function intend(node: Node, request: DeviceRequest): void {
  if (request.kind === 'PowerOff') node.intendedPower = 'off';
  else if (request.kind === 'PowerOn') node.intendedPower = 'on';
  else if (request.kind === 'RotateBmcToken') node.intendedGrantee = request.grantee;
  else if (request.kind === 'ConfigurePort') {
    const nic = nicAt(node, request.portId);
    // By value: a journal that is replayed holds other objects than the devices did.
    if (!isSameList(nic.intended, nic.attachments)) {
      nic.unsettled = [...nic.unsettled, ...nic.intended];
    }
    nic.intended = request.attachments;
  }
}

/** A boot of its own: its number is what a verdict has to name. */
export function powerOn(
  isolation: Isolation,
  node: Node,
  purpose: Purpose,
  actionId: string | null = null,
): void {
  node.bootCount += 1;
  node.verdict = null;
  issue(isolation, node, { kind: 'PowerOn', bootCount: node.bootCount }, purpose, actionId);
}

function nicAt(node: Node, portId: string): Nic {
  const nic = node.nics.find((candidate) => candidate.port?.portId === portId);
  invariant(nic !== undefined, 'a port that is configured is wired to the node');
  return nic;
}

/** Sends the next attempt, under an id, a deadline and the fencing token of its own. */
export function sendAgain(isolation: Isolation, node: Node, operation: Operation): void {
  operation.effect = stamp(isolation, node, operation.effect);
  operation.attempt += 1;
  operation.waiting = false;
  operation.dueMs = operation.effect.deadlineMs;
  setStatus(isolation, operation, 'applying');
  send(isolation, node, operation.effect);
}

/** Keeps the operation for another attempt after a back-off that doubles each time. */
export function retryLater(isolation: Isolation, node: Node, operation: Operation): void {
  operation.waiting = true;
  operation.dueMs = isolation.nowMs + backOffMs(isolation.state.settings, operation.attempt);
  setStatus(isolation, operation, 'queued');
  wakeNode(isolation, node, operation.dueMs);
}

export function backOffMs(settings: IsolationSettings, attempt: number): number {
  const doubled = settings.retryBaseMs * (1 << Math.min(attempt, 20));
  return Math.min(doubled, settings.retryMaximumMs);
}

function stamp(isolation: Isolation, node: Node, request: DeviceRequest): IsolationDeviceEffect {
  node.effectCount += 1;
  return {
    ...request,
    effectId: `${node.nodeId}#${node.effectCount}`,
    nodeId: node.nodeId,
    fencingToken: node.fencingToken,
    deadlineMs: isolation.nowMs + isolation.state.settings.deadlineMs[request.kind],
  };
}

function send(isolation: Isolation, node: Node, effect: IsolationDeviceEffect): void {
  node.changedMs = isolation.nowMs;
  isolation.effects.push(effect);
  wakeNode(isolation, node, effect.deadlineMs);
}

function setStatus(isolation: Isolation, operation: Operation, status: Action['status']): void {
  if (operation.actionId === null) return;
  const action = isolation.state.actions.get(operation.actionId);
  if (action) action.status = status;
}

/** Writes down what an effect that is known to have happened has changed. */
export function recordDone(node: Node, operation: Operation): void {
  const { effect } = operation;
  if (effect.kind === 'PowerOff') node.power = 'off';
  else if (effect.kind === 'PowerOn') {
    node.power = 'on';
    node.bootDevice = null;
  } else if (effect.kind === 'SetBootDevice') node.bootDevice = effect.device;
  else if (effect.kind === 'SetMedia') node.mediaImage = effect.image;
  else if (effect.kind === 'SetSecureBoot') node.secureBoot = effect.enabled;
  else if (effect.kind === 'WipeNode') {
    node.bootDevice = node.mediaImage = node.secureBoot = null;
  } else if (effect.kind === 'RotateBmcToken') node.bmcGrantee = effect.grantee;
  else if (effect.kind === 'ConfigurePort') {
    const nic = nicAt(node, effect.portId);
    nic.attachments = effect.attachments;
    nic.unsettled = NO_ATTACHMENTS;
  }
}

/** Writes down what the hardware shows. */
export function recordObservation(node: Node, observation: NodeObservation): void {
  node.power = observation.power;
  node.bmcGrantee = observation.bmcGrantee;
  for (const nic of node.nics) {
    const seen = nic.port && ownMember(observation.ports, nic.port.portId);
    if (!seen) continue;
    nic.attachments = seen;
    nic.unsettled = NO_ATTACHMENTS;
  }
}

function ownMember<V>(record: Readonly<Record<string, V>>, key: string): V | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** True where every port of the node shows what it was last told, and so do power and BMC. */
export function isAsIntended(node: Node, observation: NodeObservation): boolean {
  return (
    observation.power === node.intendedPower &&
    observation.bmcGrantee === node.intendedGrantee &&
    node.nics.every((nic) => !nic.port || showsOn(observation, nic.port.portId, nic.intended))
  );
}

function showsOn(
  observation: NodeObservation,
  portId: string,
  expected: readonly Attachment[],
): boolean {
  const seen = ownMember(observation.ports, portId);
  return seen !== undefined && isSameList(seen, expected);
}

/** The same networks on the same channels, in whatever order. */
export function isSameList(a: readonly Attachment[], b: readonly Attachment[]): boolean {
  return a === b || (a.length === b.length && b.every((wanted) => a.some(isSame, wanted)));
}

function isSame(this: Attachment, found: Attachment): boolean {
  return this.networkId === found.networkId && this.channel === found.channel;
}

/**
 * A device may answer anything; what does not show the power, the BMC and every port of the node is
 * as good as no answer.
 */
export function isObservationOf(node: Node, value: unknown): value is NodeObservation {
  if (!isObservation(value)) return false;
  const { ports } = value;
  return node.nics.every((nic) => nic.port === null || Object.hasOwn(ports, nic.port.portId));
}

function isObservation(value: unknown): value is NodeObservation {
  if (!isRecord(value) || (value['power'] !== 'on' && value['power'] !== 'off')) return false;
  const { bmcGrantee, ports } = value;
  if (bmcGrantee !== null && typeof bmcGrantee !== 'string') return false;
  return isRecord(ports) && Object.values(ports).every(isAttachmentList);
}

function isAttachmentList(value: unknown): boolean {
  return Array.isArray(value) && value.every(isAttachment);
}

function isAttachment(value: unknown): boolean {
  return (
    isRecord(value) &&
    Number.isSafeInteger(value['networkId']) &&
    typeof value['channel'] === 'string'
  );
}

/** Evidence counts only where all three legs are proved. */
export function isCompleteEvidence(value: unknown): value is WipeEvidence {
  return (
    isRecord(value) &&
    value['memoryScrubbed'] === true &&
    value['disksErased'] === true &&
    value['bmcReset'] === true
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
