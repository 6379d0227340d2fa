/** What becomes of effects: outcomes that the world reports, deadlines that pass, read-backs. */
import { failAction } from './actions.ts';
import {
  isAsIntended,
  isCompleteEvidence,
  isObservationOf,
  issue,
  recordDone,
  recordObservation,
  retryLater,
  sendAgain,
} from './devices.ts';
import { NODE_TIMER, wakeNode, type Isolation } from './isolation.ts';
import { eject, quarantine, resume, resumptionOf } from './recovery.ts';
import { holderOf } from './reservations.ts';
import { isAdmitted, nextStep, runSteps } from './walk.ts';
import { continueAction } from './power.ts';
import type { NodeObserved } from './commands.ts';
import type { IsolationOutcome } from './protocol.ts';
import type { Action, Node, Operation } from './state.ts';

/** Late, repeated and unknown outcomes are none of what is under way: they are ignored. */
export function takeOutcome(isolation: Isolation, event: IsolationOutcome): void {
  const { effectId, outcome } = event;
  const node = isolation.state.nodes.get(effectId.slice(0, effectId.lastIndexOf('#')));
  const operation = node && underWay(node, effectId);
  if (!operation) return;
  if (outcome.status === 'noEffect')
    nothingHappened(isolation, node, operation, outcome.error.code);
  else if (outcome.status !== 'ok') becameUncertain(isolation, node, operation);
  else happened(isolation, node, operation, outcome.value);
}

function underWay(node: Node, effectId: string): Operation | undefined {
  for (const operation of node.operations) {
    if (operation.effect.effectId === effectId && !operation.waiting) return operation;
  }
  return undefined;
}

function remove(node: Node, operation: Operation): void {
  node.operations.splice(node.operations.indexOf(operation), 1);
}

function happened(isolation: Isolation, node: Node, operation: Operation, value: unknown): void {
  const { effect, purpose } = operation;
  const observation = effect.kind === 'ObserveNode' && isObservationOf(node, value) ? value : null;
  if (effect.kind === 'ObserveNode' && !observation) {
    becameUncertain(isolation, node, operation);
    return;
  }
  if (effect.kind === 'WipeNode' && !isCompleteEvidence(value)) {
    nothingHappened(isolation, node, operation, 'DEVICE_WIPE_INCOMPLETE');
    return;
  }
  remove(node, operation);
  node.changedMs = isolation.nowMs;
  recordDone(node, operation);
  if (isCompleteEvidence(value)) {
    const { memoryScrubbed, disksErased, bmcReset } = value;
    node.evidence = { memoryScrubbed, disksErased, bmcReset, atMs: isolation.nowMs };
  }
  if (purpose === 'observe') {
    if (observation) resume(isolation, node, observation);
  } else if (purpose === 'action') {
    continueAction(isolation, node, operation, value);
  } else if (purpose === 'walk') {
    if (observation && !isClean(node, observation)) {
      recordObservation(node, observation);
      quarantine(isolation, node, 'DEVICE_READ_BACK', 'release');
    } else if (node.operations.length === 0) {
      nextStep(isolation, node);
    }
  }
}

/** Off, no credential, and every port empty: known, not only intended. */
function isClean(node: Node, observation: Parameters<typeof isAsIntended>[1]): boolean {
  const isShut = node.nics.every((nic) => nic.intended.length === 0);
  return (
    isShut &&
    node.intendedPower === 'off' &&
    node.intendedGrantee === null &&
    isAsIntended(node, observation) &&
    Object.values(observation.ports).every((attachments) => attachments.length === 0)
  );
}

function nothingHappened(
  isolation: Isolation,
  node: Node,
  operation: Operation,
  code: string,
): void {
  const { purpose, attempt, actionId } = operation;
  const { retryLimit } = isolation.state.settings;
  if (purpose === 'observe' || purpose === 'contain' || attempt < retryLimit) {
    if (node.walk === 'release') node.trouble = code;
    retryLater(isolation, node, operation);
    return;
  }
  remove(node, operation);
  if (purpose === 'walk') quarantine(isolation, node, code, resumptionOf(node));
  const action = actionOf(isolation, actionId);
  if (action) failAction(isolation, node, action, code);
}

function becameUncertain(isolation: Isolation, node: Node, operation: Operation): void {
  const { purpose } = operation;
  if (purpose === 'observe' || purpose === 'contain') {
    retryLater(isolation, node, operation);
    return;
  }
  remove(node, operation);
  const action = actionOf(isolation, operation.actionId);
  if (action && operation.effect.kind === 'ObserveNode') {
    // Reading has no effect that could be uncertain.
    failAction(isolation, node, action, 'DEVICE_UNCERTAIN');
    return;
  }
  if (action) action.status = 'uncertain';
  quarantine(isolation, node, 'DEVICE_UNCERTAIN', resumptionOf(node));
}

function actionOf(isolation: Isolation, actionId: string | null): Action | undefined {
  return actionId === null ? undefined : isolation.state.actions.get(actionId);
}

/** The node's timer: deadlines, retries, read-backs and the freshness of its verdict. */
export function nodeTimerFired(isolation: Isolation, timerId: string): void {
  const node = isolation.state.nodes.get(timerId.slice(NODE_TIMER.length));
  if (!node) return;
  node.timerAtMs = null;
  const { nowMs } = isolation;
  for (;;) {
    const due = node.operations.find((operation) => operation.dueMs <= nowMs);
    if (!due) break;
    if (due.waiting) sendAgain(isolation, node, due);
    else becameUncertain(isolation, node, due);
  }
  if (node.retryAtMs !== null && node.retryAtMs <= nowMs) {
    node.retryAtMs = null;
    if (node.state === 'quarantined') issue(isolation, node, { kind: 'ObserveNode' }, 'observe');
    else runSteps(isolation, node);
  }
  dropStaleVerdict(isolation, node);
  wakeAgain(isolation, node);
}

/** Silence of the attester beyond the verdict's validity is as good as a stale verdict. */
function dropStaleVerdict(isolation: Isolation, node: Node): void {
  const lease = holderOf(isolation.state, node);
  if (!lease || !node.joined || isAdmitted(isolation, node, lease)) return;
  node.verdict = null;
  eject(isolation, node);
}

function wakeAgain(isolation: Isolation, node: Node): void {
  let atMs = node.retryAtMs ?? Infinity;
  for (const operation of node.operations) atMs = Math.min(atMs, operation.dueMs);
  if (node.joined && node.verdict) atMs = Math.min(atMs, node.verdict.validUntilMs);
  if (atMs < Infinity) wakeNode(isolation, node, atMs);
}

/**
 * A read-back that nobody asked for. One that was taken before the node's last change is too old
 * to tell anything; one that differs from what is meant quarantines the node.
 */
export function takeObservation(isolation: Isolation, event: NodeObserved): void {
  const node = isolation.state.nodes.get(event.nodeId);
  if (!node || node.walk !== null || node.operations.length > 0) return;
  if (node.state === 'quarantined' || node.state === 'enrolled') return;
  if (event.observedAtMs <= node.changedMs || !isObservationOf(node, event.observation)) return;
  if (!isDrifted(node, event.observation)) {
    // Its user may have shut it down from within.
    node.power = node.intendedPower = event.observation.power;
    return;
  }
  recordObservation(node, event.observation);
  quarantine(isolation, node, 'DEVICE_DRIFT', null);
}

/** Whoever holds the BMC's credential may switch the power; nobody else may. */
function isDrifted(node: Node, observation: NodeObserved['observation']): boolean {
  const power = node.bmcGrantee === null ? observation.power : node.intendedPower;
  return !isAsIntended(node, { ...observation, power });
}
