/** Switches, their ports, and which NIC is wired to which port. */
import { isActionPending } from './actions.ts';
import type { Handlers } from './commands.ts';
import { findNic, findNode, isIdle } from './nodes.ts';
import { badArgument, blocked, duplicate, isRefusal, notFound } from './refusals.ts';
import { SWITCH_TYPES } from './switch-types.ts';
import type { Refusal } from '../kernel/errors.ts';
import type { IsolationState, Nic, Node, Switch } from './state.ts';

export const switchAdministration = {
  SwitchRegister({ state }, { switchId, switchType }) {
    if (!SWITCH_TYPES.has(switchType)) return badArgument(`no switch type ${switchType}`);
    if (state.switches.has(switchId)) return duplicate(`switch ${switchId} exists`);
    return () => void state.switches.set(switchId, { switchId, switchType, ports: new Map() });
  },

  SwitchDelete({ state }, { switchId }) {
    const found = state.switches.get(switchId);
    if (!found) return notFound('SWITCH', switchId);
    if (found.ports.size > 0) return blocked(`switch ${switchId} has ports`);
    return () => void state.switches.delete(switchId);
  },

  PortRegister({ state }, { switchId, portId }) {
    const found = state.switches.get(switchId);
    if (!found) return notFound('SWITCH', switchId);
    if (!SWITCH_TYPES.get(found.switchType)?.portName.test(portId)) {
      return badArgument(`${portId} is no port name of a ${found.switchType}`);
    }
    if (found.ports.has(portId)) return duplicate(`switch ${switchId} has a port ${portId}`);
    return () => void found.ports.set(portId, null);
  },

  PortDelete({ state }, { switchId, portId }) {
    const port = findPort(state, switchId, portId);
    if (isRefusal(port)) return port;
    if (port.wired) return blocked(`port ${portId} is wired`);
    return () => void port.of.ports.delete(portId);
  },

  /** What is on the port is not known yet: a node that was free has to be verified again. */
  PortWire({ state }, { switchId, portId, nodeId, nicId }) {
    const port = findPort(state, switchId, portId);
    if (isRefusal(port)) return port;
    const node = findNode(state, nodeId);
    if (isRefusal(node)) return node;
    const nic = findNic(node, nicId);
    if (!nic) return notFound('NIC', nicId);
    const isNamesake = node.nics.some((other) => other.port?.portId === portId);
    if (port.wired || nic.port || isNamesake) {
      return duplicate(`port ${portId} or NIC ${nicId} is wired, or ${nodeId} has such a port`);
    }
    if (!isIdle(node)) return blocked(`node ${nodeId} is in use`);
    return () => {
      nic.port = { switchId, portId };
      port.of.ports.set(portId, { nodeId, nicId });
      if (node.state === 'free') node.state = 'enrolled';
    };
  },

  PortUnwire({ state }, { switchId, portId }) {
    const port = findPort(state, switchId, portId);
    if (isRefusal(port)) return port;
    if (!port.wired) return notFound('NIC', `at port ${portId}`);
    const { node, nic } = port.wired;
    const isShut = nic.attachments.length + nic.intended.length + nic.unsettled.length === 0;
    if (!isIdle(node) || !isShut || isActionPending(state, nic.actionId)) {
      return blocked(`node ${node.nodeId} is in use`);
    }
    return () => {
      nic.port = null;
      port.of.ports.set(portId, null);
    };
  },
} satisfies Partial<Handlers>;

export interface Port {
  readonly of: Switch;
  readonly wired: { readonly node: Node; readonly nic: Nic } | null;
}

export function findPort(state: IsolationState, switchId: string, portId: string): Port | Refusal {
  const of = state.switches.get(switchId);
  if (!of) return notFound('SWITCH', switchId);
  const end = of.ports.get(portId);
  if (end === undefined) return notFound('PORT', portId);
  const node = end === null ? undefined : state.nodes.get(end.nodeId);
  const nic = node && findNic(node, end!.nicId);
  return { of, wired: nic ? { node, nic } : null };
}
