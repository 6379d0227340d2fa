/**
 * Out-of-band management of nodes (after obmd): whose credential the BMC obeys, power, boot
 * device. Every action is asynchronous, one at a time for each BMC; secrets never pass through the
 * service, which only says whose the next credential is.
 */
import { actsFor, isAdministrator } from './access.ts';
import { beginAction, isActionPending } from './actions.ts';
import type { Handlers } from './commands.ts';
import { issue, powerOn } from './devices.ts';
import type { Change, Isolation } from './isolation.ts';
import { userOf } from './networks.ts';
import { badArgument, blocked, isRefusal, notFound } from './refusals.ts';
import { holderOf } from './reservations.ts';
import type { Refusal } from '../kernel/errors.ts';
import type { Principal } from '../kernel/service.ts';
import type { ActionType, IsolationState, Node, Operation } from './state.ts';

export const powerCommands = {
  /** A lessee has the credential from handover to release; this is for connected nodes. */
  OutOfBandSet(isolation, { nodeId, enabled, from }) {
    const node = managedNode(isolation.state, nodeId, from);
    if (isRefusal(node)) return node;
    const { organisation } = node;
    if (organisation === null) return blocked(`node ${nodeId} is connected to no organisation`);
    const type = enabled ? 'enableOutOfBand' : 'disableOutOfBand';
    return begin(isolation, node, type, (actionId) => {
      node.outOfBandEnabled = enabled;
      const grantee = enabled ? organisation : null;
      issue(isolation, node, { kind: 'RotateBmcToken', grantee }, 'action', actionId);
    });
  },

  PowerControl(isolation, { nodeId, operation, force, from }) {
    const node = enabledNode(isolation.state, nodeId, from);
    if (isRefusal(node)) return node;
    if (operation !== 'off' && isSwitchedByWalk(isolation.state, node)) {
      return blocked(`node ${nodeId} is switched on by its walk only`);
    }
    const type = POWER_ACTIONS[operation];
    return begin(isolation, node, type, (actionId) => {
      const isOn = operation === 'on' || (operation === 'cycle' && node.power === 'off');
      if (isOn) powerOn(isolation, node, 'action', actionId);
      else issue(isolation, node, { kind: 'PowerOff', force }, 'action', actionId);
    });
  },

  BootDeviceSet(isolation, { nodeId, device, from }) {
    const node = enabledNode(isolation.state, nodeId, from);
    if (isRefusal(node)) return node;
    return begin(isolation, node, 'setBootDevice', (actionId) =>
      issue(isolation, node, { kind: 'SetBootDevice', device }, 'action', actionId),
    );
  },

  /** A BMC reaches more than a tenant does, and shows the node what it fetches. */
  MediaSet(isolation, { nodeId, image, from }) {
    const node = enabledNode(isolation.state, nodeId, from);
    if (isRefusal(node)) return node;
    const { mediaOrigins } = isolation.state.settings;
    if (image !== null && !mediaOrigins.some((origin) => image.startsWith(`${origin}/`))) {
      return badArgument('this site’s BMCs fetch nothing from there');
    }
    return begin(isolation, node, 'setMedia', (actionId) =>
      issue(isolation, node, { kind: 'SetMedia', image }, 'action', actionId),
    );
  },

  SecureBootSet(isolation, { nodeId, enabled, from }) {
    const node = enabledNode(isolation.state, nodeId, from);
    if (isRefusal(node)) return node;
    return begin(isolation, node, 'setSecureBoot', (actionId) =>
      issue(isolation, node, { kind: 'SetSecureBoot', enabled }, 'action', actionId),
    );
  },

  /** Reads the power back; the action shows what was found. */
  PowerStatus(isolation, { nodeId, from }) {
    const node = enabledNode(isolation.state, nodeId, from);
    if (isRefusal(node)) return node;
    return begin(isolation, node, 'powerStatus', (actionId) =>
      issue(isolation, node, { kind: 'ObserveNode' }, 'action', actionId),
    );
  },
} satisfies Partial<Handlers>;

const POWER_ACTIONS = { on: 'powerOn', off: 'powerOff', cycle: 'powerCycle' } as const;

/** A measured node is switched on by its walk only, so that each of its boots is measured. */
export function isSwitchedByWalk(state: IsolationState, node: Node): boolean {
  const lease = holderOf(state, node);
  return lease !== undefined && (lease.terms.attester !== null || !node.joined);
}

/** One effect of an action has happened; a power cycle goes on with its second. */
export function continueAction(
  isolation: Isolation,
  node: Node,
  operation: Operation,
  value: unknown,
): void {
  const action = isolation.state.actions.get(operation.actionId ?? '');
  if (!action) return;
  if (action.type === 'powerCycle' && operation.effect.kind === 'PowerOff') {
    powerOn(isolation, node, 'action', action.actionId);
    return;
  }
  if (action.type === 'powerStatus') action.power = (value as { power: 'on' | 'off' }).power;
  action.status = 'done';
}

function begin(
  isolation: Isolation,
  node: Node,
  type: ActionType,
  start: (actionId: string) => void,
): Change {
  return () => {
    const { actionId } = beginAction(isolation, node, null, type, userOf(isolation.state, node));
    start(actionId);
    return { actionId };
  };
}

/** To strangers a node's BMC is not there. */
function managedNode(state: IsolationState, nodeId: string, from: Principal): Node | Refusal {
  const node = state.nodes.get(nodeId);
  const mayManage =
    node && (isAdministrator(from) || actsFor(state, from, userOf(state, node), 'tenancy'));
  if (!mayManage) return notFound('NODE', nodeId);
  const isClean = node.state === 'free' || node.state === 'reserved';
  const isBusy = node.walk !== null || node.state === 'quarantined';
  if (!isClean && !isBusy && !isActionPending(state, node.actionId)) return node;
  return blocked(`node ${nodeId} is ${isClean ? node.state : 'being worked on'}`);
}

function enabledNode(state: IsolationState, nodeId: string, from: Principal): Node | Refusal {
  const node = managedNode(state, nodeId, from);
  if (isRefusal(node) || node.leaseId !== null || node.outOfBandEnabled) return node;
  if (isAdministrator(from) && node.organisation === null) return node;
  return blocked(`out-of-band management of ${nodeId} is disabled`);
}
