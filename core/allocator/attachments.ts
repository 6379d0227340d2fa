/** Networks on the NICs of nodes in use: connected, detached, reverted, each asynchronously. */
import { actsFor, isAdministrator } from './access.ts';
import { beginAction, isActionPending } from './actions.ts';
import type { Handlers } from './commands.ts';
import { NO_ATTACHMENTS, configurePort } from './devices.ts';
import type { Change, Isolation } from './isolation.ts';
import { isOpenTo, userOf } from './networks.ts';
import { findNic, findNode } from './nodes.ts';
import { badArgument, blocked, denied, isRefusal, mismatch, notFound } from './refusals.ts';
import { SWITCH_TYPES } from './switch-types.ts';
import { findPort } from './switches.ts';
import { NATIVE_CHANNEL } from './walk.ts';
import type { Refusal } from '../kernel/errors.ts';
import type { Principal } from '../kernel/service.ts';
import type { ActionType, Attachment, IsolationState, Network, Nic, Node } from './state.ts';

interface Place {
  readonly node: Node;
  readonly nic: Nic;
  readonly network: Network;
  readonly user: string;
}

export const attachmentCommands = {
  /** Answers with the id of an action; the attachment is there once the switch has confirmed it. */
  NetworkConnect(isolation, command) {
    const { state } = isolation;
    const place = findPlace(state, command);
    if (isRefusal(place)) return place;
    const { nic, network, user } = place;
    const { name, networkId } = network;
    const { channel } = command;
    if (!isOpenTo(network, user)) return mismatch(`network ${name} is not open to ${user}`);
    if (channel !== NATIVE_CHANNEL && channel !== `vlan/${networkId}`) {
      return badArgument(`channels of ${name} are ${NATIVE_CHANNEL} and vlan/${networkId}`);
    }
    const { attachments } = nic;
    if (attachments.some((found) => found.networkId === networkId)) {
      return blocked(`NIC ${nic.nicId} is on network ${name}`);
    }
    if (attachments.some((found) => found.channel === channel)) {
      return blocked(`channel ${channel} of NIC ${nic.nicId} is occupied`);
    }
    const hasNative = channel === NATIVE_CHANNEL || attachments.some(isNative);
    if (!hasNative && isNativeFirst(state, nic)) return blocked('this switch needs native first');
    const wanted = [...attachments, { networkId, channel }];
    return applyTo(isolation, place, 'connectNetwork', channel, wanted);
  },

  NetworkDetach(isolation, command) {
    const place = findPlace(isolation.state, command);
    if (isRefusal(place)) return place;
    const { nic, network } = place;
    const { attachments } = nic;
    const found = attachments.find(({ networkId }) => networkId === network.networkId);
    if (!found) return badArgument(`NIC ${nic.nicId} is not on network ${network.name}`);
    if (isNative(found) && attachments.length > 1 && isNativeFirst(isolation.state, nic)) {
      return blocked('on this switch the native network goes last');
    }
    const wanted = attachments.filter((attachment) => attachment !== found);
    return applyTo(isolation, place, 'detachNetwork', found.channel, wanted);
  },
} satisfies Partial<Handlers>;

export const portAdministration = {
  /** Everything off a port that no lease has. */
  PortRevert(isolation, { switchId, portId }) {
    const { state } = isolation;
    const port = findPort(state, switchId, portId);
    if (isRefusal(port)) return port;
    if (!port.wired) return notFound('NIC', `at port ${portId}`);
    const { node, nic } = port.wired;
    const isClean = node.state === 'free' || node.state === 'reserved';
    const isAway = node.leaseId !== null || node.walk !== null || node.state === 'quarantined';
    if (isClean || isAway || isActionPending(state, nic.actionId)) {
      return blocked(`port ${portId} is free, being worked on or leased`);
    }
    return () => {
      const { actionId } = beginAction(isolation, node, nic, 'revertPort', node.organisation);
      configurePort(isolation, node, nic, NO_ATTACHMENTS, 'action', actionId);
      return { actionId };
    };
  },
} satisfies Partial<Handlers>;

function applyTo(
  isolation: Isolation,
  { node, nic, network, user }: Place,
  type: ActionType,
  channel: string,
  attachments: readonly Attachment[],
): Change {
  return () => {
    const change = { channel, network: network.name };
    const { actionId } = beginAction(isolation, node, nic, type, user, change);
    configurePort(isolation, node, nic, attachments, 'action', actionId);
    return { actionId };
  };
}

function findPlace(
  state: IsolationState,
  command: { nodeId: string; nicId: string; network: string; from: Principal },
): Place | Refusal {
  const { nodeId, nicId, from } = command;
  const node = findNode(state, nodeId);
  if (isRefusal(node)) return node;
  const nic = findNic(node, nicId);
  if (!nic) return notFound('NIC', nicId);
  const network = state.networks.get(command.network);
  if (!network) return notFound('NETWORK', command.network);
  const user = userOf(state, node);
  if (user === null) return mismatch(`node ${nodeId} is in no organisation's use`);
  if (!isAdministrator(from) && !actsFor(state, from, user, 'tenancy')) {
    return denied(`node ${nodeId} is ${user}'s`);
  }
  if (!nic.port) return notFound('PORT', `of NIC ${nicId}`);
  if (!isOpenForUse(node) || isActionPending(state, nic.actionId)) {
    return blocked(`NIC ${nicId} of node ${nodeId} is being worked on`);
  }
  return { node, nic, network, user };
}

/** Connected by hand, or admitted to its lessee's enclave; never on the way there or back. */
function isOpenForUse(node: Node): boolean {
  if (node.walk !== null || node.state === 'quarantined') return false;
  return node.leaseId === null || node.joined;
}

function isNative(attachment: Attachment): boolean {
  return attachment.channel === NATIVE_CHANNEL;
}

function isNativeFirst(state: IsolationState, nic: Nic): boolean {
  const { switchType } = state.switches.get(nic.port!.switchId)!;
  return SWITCH_TYPES.get(switchType)?.nativeFirst ?? false;
}
