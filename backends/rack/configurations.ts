/**
 * What the live services need to know of a rack, as files in its folder: `devices.toml` is whole;
 * the others are tables for `serve.toml` and `airlock.toml`, to which belong where to listen, tokens
 * and peers.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'smol-toml';
import type { IsolationConfiguration } from '../../core/allocator/enrolment.ts';
import { OcxError } from '../../core/kernel/errors.ts';
import { identityOf, policyOf } from '../tpm/references.ts';
import { BOOT_PORT, enclaveHosts } from './boot-network.ts';
import { LAST_POOL_NETWORK, NETWORK_BITS } from './plan.ts';
import type { TenantPlan } from './plan.ts';
import type { Rack, RackNode } from './rack-file.ts';

/** Owner of all nodes, and who attests for tenants, until somebody changes the files. */
export const RACK_OWNER = 'org-a';
export const SWITCH_ID = 'tor';
export const POLICY_ID = 'rack';
/** QEMU's memory is gone with its process. */
const OFF_SECONDS = 1;
const POLL_SECONDS = 0.5;
/** `ipmi_sim` knows no newer one. */
const CIPHER_SUITE = 3;

export function writeConfigurations(rack: Rack): void {
  const write = (name: string, document: object) =>
    writeFileSync(join(rack.folder, name), stringify(document), { mode: 0o600 });
  write('devices.toml', deviceTables(rack));
  write('isolation.toml', { site: siteOf(rack) });
  write('attestation.toml', { attestation: attestationTable(rack) });
  write('airlock.toml', airlockTables(rack));
  for (const tenant of rack.tenants) {
    write(`${tenant.name}.toml`, { provisioning: { boot: bootTable(rack, tenant) } });
  }
}

/** For `ocx airlock`, but for the services that it talks with. */
export function airlockTables(rack: Rack): object {
  return {
    port: BOOT_PORT,
    image: rack.bootImage,
    nodes: rack.nodes.map(({ nodeId, airlock }) => ({
      ...{ nodeId, address: airlock.gateway, prefix: NETWORK_BITS },
    })),
  };
}

/** Of the tenant's provisioning service, which runs in the tenant's namespace. */
export function bootTable(rack: Rack, tenant: TenantPlan): object {
  const hosts = enclaveHosts(rack, tenant);
  return {
    ...{ host: tenant.address, port: BOOT_PORT, image: rack.bootImage },
    nodes: rack.nodes.map(({ nodeId, macAddress }, index) => {
      const { address } = hosts[index]!;
      return { nodeId, macs: [macAddress], address, tunnelAddress: inTunnel(address) };
    }),
    // wireguard-go's control socket has the interface's name, whatever the namespace.
    tunnel: {
      interface: `${rack.id}-${tenant.networkId}`,
      ...{ address: inTunnel(tenant.address), host: tenant.address },
    },
  };
}

export function deviceTables(rack: Rack): object {
  return {
    bmcs: rack.nodes.map(bmcEntry),
    switches: [
      {
        switchId: SWITCH_ID,
        driver: 'openvswitch',
        address: `unix:${rack.switchDatabase}`,
        bridge: rack.bridge,
      },
    ],
  };
}

function bmcEntry(node: RackNode): object {
  const { nodeId, bmcProtocol, bmcAddress, bmcPort, bmcUser, bmcPassword, console } = node;
  const common = {
    ...{ nodeId, protocol: bmcProtocol, user: bmcUser, password: bmcPassword },
    ...{ offSeconds: OFF_SECONDS, pollSeconds: POLL_SECONDS },
    ...(console === null ? {} : { console: `unix:${console}` }),
  };
  if (bmcProtocol === 'redfish') {
    const address = `http://${bmcAddress}:${bmcPort}`;
    return { ...common, address, networkTarget: 'UefiHttp' };
  }
  // Such a machine keeps nothing over its power.
  const nothing = { drives: 'none', firmware: 'fixed' };
  const address = `${bmcAddress}:${bmcPort}`;
  return { ...common, address, cipherSuite: CIPHER_SUITE, ...nothing };
}

export function siteOf(rack: Rack): IsolationConfiguration {
  return {
    settings: { networkIdLast: LAST_POOL_NETWORK },
    organisations: [
      { name: RACK_OWNER },
      ...rack.tenants.map(({ name, networkId }) => ({ name, enclaveNetworkId: networkId })),
    ],
    switches: [{ switchId: SWITCH_ID, switchType: 'openvswitch' }],
    nodes: rack.nodes.map(({ nodeId, macAddress, portId, airlock, kind }) => ({
      ...{ nodeId, owner: RACK_OWNER, nodeClass: kind, securityLevel: 'full' as const },
      airlockNetworkId: airlock.networkId,
      nics: [{ nicId: 'nic0', macAddress, switchId: SWITCH_ID, portId }],
    })),
  };
}

/** Addresses of a tenant's tunnels are those of its enclave, in another network. */
function inTunnel(address: string): string {
  return address.replace(/^10\.102\./, '10.103.');
}

/** Registry, policy and makers of an attestation service that knows this rack. */
export function attestationTable(rack: Rack): object {
  return {
    makers: [rack.tpmRoot],
    intermediates: [rack.tpmIssuer],
    nodes: rack.nodes.map(({ nodeId, endorsementKeyHash, hardware, pcrs }) =>
      checked(identityOf(nodeId, endorsementKeyHash, hardware, pcrs)),
    ),
    policies: [checked(policyOf({ policyId: POLICY_ID, version: 1 }, rack.references, true))],
  };
}

function checked<Value extends object>(value: Value): Exclude<Value, { readonly message: string }> {
  if ('message' in value && 'code' in value) throw new OcxError(value as never);
  return value as never;
}
