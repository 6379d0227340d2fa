/** Network namespaces and the wires between them. */
import { runProgram } from '../processes/program.ts';
import { inNamespace } from './daemon.ts';

/** One that says nothing by itself: no IPv6, no forwarding. */
export async function addNamespace(name: string): Promise<void> {
  await runProgram('ip', ['netns', 'add', name]);
  const settings = ['all', 'default'].map((scope) => `net.ipv6.conf.${scope}.disable_ipv6=1`);
  await runIn(name, ['sysctl', '-q', '-w', ...settings, 'net.ipv4.ip_forward=0']);
  await runIn(name, ['ip', 'link', 'set', 'lo', 'up']);
}

export async function removeNamespace(name: string): Promise<void> {
  await runProgram('ip', ['netns', 'delete', name]);
}

export async function runIn(namespace: string, command: readonly string[]): Promise<string> {
  const [name, ...parameters] = inNamespace(namespace, command);
  return runProgram(name!, parameters);
}

export interface WireEnd {
  readonly namespace: string;
  readonly link: string;
  readonly address?: string;
  readonly macAddress?: string;
}

/** A cable between two namespaces; without offloading, which a switch in user space cannot do. */
export async function addWire(one: WireEnd, other: WireEnd): Promise<void> {
  const parameters = ['link', 'add', one.link, 'netns', one.namespace, 'type', 'veth'];
  await runProgram('ip', [...parameters, 'peer', 'name', other.link, 'netns', other.namespace]);
  for (const { namespace, link, address, macAddress } of [one, other]) {
    if (macAddress) await runIn(namespace, ['ip', 'link', 'set', link, 'address', macAddress]);
    if (address) await runIn(namespace, ['ip', 'address', 'add', address, 'dev', link]);
    await runIn(namespace, ['ethtool', '-K', link, 'tx', 'off']);
    await runIn(namespace, ['ip', 'link', 'set', link, 'up']);
  }
}

/** A virtual machine's end of a cable. */
export async function addTap(namespace: string, link: string): Promise<void> {
  await runIn(namespace, ['ip', 'tuntap', 'add', 'dev', link, 'mode', 'tap']);
  await runIn(namespace, ['ip', 'link', 'set', link, 'up']);
}
