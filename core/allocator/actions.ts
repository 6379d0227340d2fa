/**
 * Networking actions on NICs and out-of-band actions on BMCs: asynchronous, one at a time for each
 * NIC and BMC, `queued → applying → done | failed (no effect) | uncertain → verified | quarantined`.
 */
import { isSameList } from './devices.ts';
import type { Isolation } from './isolation.ts';
import type { Action, ActionType, IsolationState, Nic, Node } from './state.ts';

const PENDING: ReadonlySet<Action['status']> = new Set(['queued', 'applying', 'uncertain']);

export function isActionPending(state: IsolationState, actionId: string | null): boolean {
  const action = actionId === null ? undefined : state.actions.get(actionId);
  return action !== undefined && PENDING.has(action.status);
}

/** True while any NIC or the BMC of the node is being worked on. */
export function hasPendingAction(state: IsolationState, node: Node): boolean {
  return (
    isActionPending(state, node.actionId) ||
    node.nics.some((nic) => isActionPending(state, nic.actionId))
  );
}

/** Takes the place of the NIC's (null: the BMC's) last action. */
export function beginAction(
  isolation: Isolation,
  node: Node,
  nic: Nic | null,
  type: ActionType,
  organisation: string | null,
  change: { channel: string | null; network: string | null } | null = null,
): Action {
  const { state } = isolation;
  state.actionCount += 1;
  const action: Action = {
    actionId: `action-${state.actionCount}`,
    nodeId: node.nodeId,
    nicId: nic?.nicId ?? null,
    type,
    channel: change?.channel ?? null,
    network: change?.network ?? null,
    organisation,
    before: nic?.attachments ?? null,
    status: 'applying',
    code: null,
    power: null,
  };
  forgetAction(state, (nic ?? node).actionId);
  (nic ?? node).actionId = action.actionId;
  state.actions.set(action.actionId, action);
  return action;
}

/**
 * Gives up what is under way on the node: every outcome of it will be ignored from here on. Its
 * actions are `uncertain` where a read-back will settle them, `quarantined` where none will.
 */
export function abandonOperations(
  { state }: Isolation,
  node: Node,
  status: 'uncertain' | 'quarantined',
): void {
  node.operations.length = 0;
  abandonAction(state, node.actionId, status);
  for (const nic of node.nics) abandonAction(state, nic.actionId, status);
}

function abandonAction(
  state: IsolationState,
  actionId: string | null,
  status: 'uncertain' | 'quarantined',
): void {
  const action = actionId === null ? undefined : state.actions.get(actionId);
  if (!action || !PENDING.has(action.status)) return;
  action.status = status;
  action.code = status === 'quarantined' ? 'ACTION_SUPERSEDED' : null;
}

export function forgetAction(state: IsolationState, actionId: string | null): void {
  if (actionId !== null) state.actions.delete(actionId);
}

/** Nothing happened, for sure: what was meant falls back to what is. */
export function failAction(isolation: Isolation, node: Node, action: Action, code: string): void {
  action.status = 'failed';
  action.code = code;
  node.changedMs = isolation.nowMs;
  if (action.nicId !== null) {
    const nic = node.nics.find((candidate) => candidate.nicId === action.nicId);
    if (nic) nic.intended = nic.attachments;
    return;
  }
  if (node.power !== 'unknown') node.intendedPower = node.power;
  node.intendedGrantee = node.bmcGrantee;
  node.outOfBandEnabled = node.organisation !== null && node.bmcGrantee === node.organisation;
}

/**
 * Settles what was uncertain by what the hardware shows: as meant, as before, or neither.
 *
 * @returns false where the hardware is in a state that nobody asked for
 */
export function settleActions(isolation: Isolation, node: Node): boolean {
  let isSettled = true;
  for (const nic of node.nics) {
    const action = uncertainAction(isolation.state, nic.actionId);
    if (action) isSettled = settleNic(isolation, node, nic, action) && isSettled;
    else if (!isSameList(nic.attachments, nic.intended)) isSettled = false;
  }
  const action = uncertainAction(isolation.state, node.actionId);
  if (!isGranteePossible(node, action)) {
    if (action) action.status = 'quarantined';
    return false;
  }
  if (!action) return isSettled;
  const isAsMeant = node.power === node.intendedPower && node.bmcGrantee === node.intendedGrantee;
  if (isAsMeant && !UNSEEN.has(action.type)) action.status = 'verified';
  else failAction(isolation, node, action, 'DEVICE_UNCERTAIN');
  return isSettled;
}

/** What a read-back does not show. */
const UNSEEN: ReadonlySet<ActionType> = new Set(['setBootDevice', 'setMedia', 'setSecureBoot']);

/** Only an action on the credential itself may have left either of two. */
function isGranteePossible(node: Node, action: Action | null): boolean {
  const { bmcGrantee, intendedGrantee, organisation } = node;
  if (bmcGrantee === intendedGrantee) return true;
  const isChanging = action?.type === 'enableOutOfBand' || action?.type === 'disableOutOfBand';
  return isChanging && (bmcGrantee === null || bmcGrantee === organisation);
}

function settleNic(isolation: Isolation, node: Node, nic: Nic, action: Action): boolean {
  if (isSameList(nic.attachments, nic.intended)) {
    action.status = 'verified';
    return true;
  }
  if (isSameList(nic.attachments, action.before ?? [])) {
    failAction(isolation, node, action, 'DEVICE_NO_EFFECT');
    return true;
  }
  action.status = 'quarantined';
  action.code = 'DEVICE_DRIFT';
  return false;
}

function uncertainAction(state: IsolationState, actionId: string | null): Action | null {
  const action = actionId === null ? undefined : state.actions.get(actionId);
  return action?.status === 'uncertain' ? action : null;
}
