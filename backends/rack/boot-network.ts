/** Addresses and the boot image's URL by DHCP: in each node's airlock, and in each tenant's enclave. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dnsmasqConfiguration } from '../boot/dnsmasq.ts';
import type { BootHost, BootNetwork } from '../boot/dnsmasq.ts';
import { startDaemon } from './daemon.ts';
import { NETWORK_BITS } from './plan.ts';
import type { NodePlan, RackPlan, TenantPlan } from './plan.ts';

/** Of gateways and boot desks. */
export const BOOT_PORT = 8080;
const LEASE_SECONDS = 3_600;
const AIRLOCK_HOST = 50;

export function startAirlockDhcp(rack: RackPlan, { nodeId, macAddress, airlock }: NodePlan): void {
  const { gateway, portId } = airlock;
  startDhcp(rack, rack.gatewayNamespace, portId, {
    ...{ kind: 'airlock', interface: portId, address: gateway },
    hosts: [{ mac: macAddress, address: hostAddress(gateway, AIRLOCK_HOST), name: nodeId }],
  });
}

export function startEnclaveDhcp(rack: RackPlan, tenant: TenantPlan): void {
  startDhcp(rack, tenant.namespace, tenant.name, {
    ...{ kind: 'enclave', interface: 'eth0', address: tenant.address },
    hosts: enclaveHosts(rack, tenant),
  });
}

/** Which node has which address in the enclave. */
export function enclaveHosts({ nodes }: Pick<RackPlan, 'nodes'>, tenant: TenantPlan): BootHost[] {
  return nodes.map(({ nodeId, macAddress, number }) => ({
    mac: macAddress,
    address: hostAddress(tenant.address, number + 1),
    name: nodeId,
  }));
}

function startDhcp(
  rack: RackPlan,
  namespace: string,
  name: string,
  network: Pick<BootNetwork, 'kind' | 'interface' | 'address' | 'hosts'>,
): void {
  const folder = join(rack.folder, 'dhcp', name);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'dnsmasq.conf');
  const configuration = dnsmasqConfiguration({
    ...network,
    ...{ prefixLength: NETWORK_BITS, httpPort: BOOT_PORT, leaseSeconds: LEASE_SECONDS },
    ...{ tftpFolder: null, ipxeScript: null, stateFolder: folder },
  });
  writeFileSync(file, configuration);
  startDaemon(['dnsmasq', '--keep-in-foreground', '--user=root', `--conf-file=${file}`], {
    ...{ rackId: rack.id, namespace },
    log: join(folder, 'output.log'),
  });
}

function hostAddress(gateway: string, host: number): string {
  return `${gateway.slice(0, gateway.lastIndexOf('.'))}.${host}`;
}
