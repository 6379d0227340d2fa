/**
 * Writes the configuration of dnsmasq for one network in which nodes boot: a node's airlock or a
 * tenant's enclave. Addresses go to known MAC addresses alone; the firmware is led to the boot image
 * by UEFI HTTP boot, by PXE and TFTP, or, in an enclave of level `none`, by iPXE.
 *
 * Options and tags: dnsmasq(8). Numbers of processor architectures: IANA, "Processor Architecture
 * Types" of DHCPv6 and RFC 4578 (7 and 9: x86-64 UEFI, 16: x86-64 UEFI over HTTP).
 */
import { isIPv4 } from 'node:net';
import { OcxError } from '../../core/kernel/errors.ts';

/** A NIC that gets an address. */
export interface BootHost {
  /** Lower case, colons. */
  readonly mac: string;
  readonly address: string;
  readonly name: string;
}

export interface BootNetwork {
  readonly kind: 'airlock' | 'enclave';
  /** Name of the interface that dnsmasq answers on, and on no other. */
  readonly interface: string;
  /** Of the gateway or boot desk on that interface; it is the router and the next server. */
  readonly address: string;
  readonly prefixLength: number;
  readonly hosts: readonly BootHost[];
  /** Port of the HTTP server that has the boot image. */
  readonly httpPort: number;
  /** Folder with `uki.efi`, for PXE; null: no TFTP. */
  readonly tftpFolder: string | null;
  /** URL of a script for iPXE; null: iPXE gets nothing. Only for enclaves of level `none`. */
  readonly ipxeScript: string | null;
  /** For leases, process id and log. */
  readonly stateFolder: string;
  readonly leaseSeconds: number;
}

/** Name of the boot image, on HTTP and TFTP alike. */
export const BOOT_IMAGE = 'uki.efi';

const INTERFACE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,14}$/;
const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;
const HOST_NAME = /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
/** What dnsmasq takes in a value without quotes. */
const PATH = /^\/[A-Za-z0-9._/@+-]+$/;
const SCRIPT_URL = /^http:\/\/[A-Za-z0-9._:/-]+$/;
/** dnsmasq gives no lease shorter than this. */
const SHORTEST_LEASE_SECONDS = 120;

/** @throws INPUT_BOOT_NETWORK where a value cannot stand in such a file or does not fit */
export function dnsmasqConfiguration(network: BootNetwork): string {
  check(network);
  const { kind, address, httpPort, tftpFolder, ipxeScript, stateFolder } = network;
  const url = `http://${address}:${httpPort}/${BOOT_IMAGE}`;
  const lines = [
    `# ${kind} network, written by ocx`,
    'port=0',
    `interface=${network.interface}`,
    'except-interface=lo',
    'bind-interfaces',
    'dhcp-authoritative',
    'no-ping',
    'log-dhcp',
    `log-facility=${stateFolder}/dnsmasq.log`,
    `dhcp-leasefile=${stateFolder}/dnsmasq.leases`,
    `pid-file=${stateFolder}/dnsmasq.pid`,
    `dhcp-range=${networkOf(network)},static,${maskOf(network)},${network.leaseSeconds}`,
    'dhcp-ignore=tag:!known',
    `dhcp-option=option:router,${address}`,
    // No name server: nothing in these networks has a name.
    'dhcp-option=option:dns-server',
    'dhcp-vendorclass=set:http,HTTPClient',
    'dhcp-option-force=tag:http,60,HTTPClient',
    `dhcp-boot=tag:http,${url},,${address}`,
    'dhcp-match=set:uefi,option:client-arch,7',
    'dhcp-match=set:uefi,option:client-arch,9',
    'dhcp-userclass=set:ipxe,iPXE',
    'dhcp-match=set:ipxe,175',
  ];
  if (tftpFolder !== null) {
    lines.push('enable-tftp', `tftp-root=${tftpFolder}`, 'tftp-secure', 'tftp-no-fail');
    lines.push(`dhcp-boot=tag:uefi,tag:!http,tag:!ipxe,${BOOT_IMAGE},,${address}`);
  }
  if (ipxeScript !== null) lines.push(`dhcp-boot=tag:ipxe,tag:!http,${ipxeScript},,${address}`);
  for (const host of network.hosts) {
    lines.push(`dhcp-host=${host.mac},${host.address},${host.name}`);
  }
  return `${lines.join('\n')}\n`;
}

function check(network: BootNetwork): void {
  const { kind, hosts, prefixLength, ipxeScript, tftpFolder } = network;
  require(INTERFACE.test(network.interface), 'interface');
  require(Number.isInteger(prefixLength) &&
    prefixLength >= 8 &&
    prefixLength <= 30, 'prefixLength');
  require(isIPv4(network.address), 'address');
  require(isPort(network.httpPort), 'httpPort');
  require(PATH.test(network.stateFolder), 'stateFolder');
  require(tftpFolder === null || PATH.test(tftpFolder), 'tftpFolder');
  require(ipxeScript === null || (kind === 'enclave' && SCRIPT_URL.test(ipxeScript)), 'ipxeScript');
  require(Number.isInteger(network.leaseSeconds) &&
    network.leaseSeconds >= SHORTEST_LEASE_SECONDS, 'leaseSeconds');
  const taken = new Set([network.address, networkOf(network), broadcastOf(network)]);
  const macs = new Set<string>();
  for (const { mac, address, name } of hosts) {
    require(MAC.test(mac) && !macs.has(mac), 'hosts.mac');
    require(isIPv4(address) && !taken.has(address) && isInside(network, address), 'hosts.address');
    require(HOST_NAME.test(name), 'hosts.name');
    macs.add(mac);
    taken.add(address);
  }
}

function require(holds: boolean, keyPath: string): void {
  if (holds) return;
  throw new OcxError({
    code: 'INPUT_BOOT_NETWORK',
    message: 'a network for booting cannot have this value',
    place: { keyPath },
    remedy: 'see docs/boot.md',
  });
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port < 65_536;
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function addressOf(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
}

function maskNumber({ prefixLength }: BootNetwork): number {
  return (0xffff_ffff << (32 - prefixLength)) >>> 0;
}

function maskOf(network: BootNetwork): string {
  return addressOf(maskNumber(network));
}

function networkOf(network: BootNetwork): string {
  return addressOf((numberOf(network.address) & maskNumber(network)) >>> 0);
}

function broadcastOf(network: BootNetwork): string {
  return addressOf((numberOf(network.address) | ~maskNumber(network)) >>> 0);
}

function isInside(network: BootNetwork, address: string): boolean {
  return (numberOf(address) & maskNumber(network)) >>> 0 === numberOf(networkOf(network));
}
