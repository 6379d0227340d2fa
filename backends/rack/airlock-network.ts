/**
 * The airlocks' network services on the gateway: a leg in each node's airlock, a filter that keeps
 * nodes from talking to another leg's address (by which the gateway would take them for another
 * node), addresses and the boot image's URL by DHCP.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDaemon } from './daemon.ts';
import { addWire, runIn } from './namespace.ts';
import { NETWORK_BITS } from './plan.ts';
import type { NodePlan, RackPlan } from './plan.ts';

export const GATEWAY_PORT = 8080;
const FIRST_HOST = 50;
const LAST_HOST = 99;

export async function addAirlock(rack: RackPlan, { airlock }: NodePlan): Promise<void> {
  const { portId, gateway } = airlock;
  await addWire(
    { namespace: rack.gatewayNamespace, link: portId, address: `${gateway}/${NETWORK_BITS}` },
    { namespace: rack.switchNamespace, link: portId },
  );
}

/** A packet may only be for the address of the leg that it came in on. */
export async function filterAirlocks(rack: RackPlan): Promise<void> {
  const own = rack.nodes.map(({ airlock }) => `"${airlock.portId}" . ${airlock.gateway}`);
  const broadcast = rack.nodes.map(({ airlock }) => `"${airlock.portId}" . 255.255.255.255`);
  const rules = `table inet airlocks {
  set legs { type ifname . ipv4_addr; elements = { ${[...own, ...broadcast].join(', ')} } }
  chain input {
    type filter hook input priority 0; policy drop;
    iifname "lo" accept
    iifname . ip daddr @legs accept
  }
  chain forward { type filter hook forward priority 0; policy drop; }
}
`;
  const file = join(rack.folder, 'airlocks.nft');
  writeFileSync(file, rules);
  await runIn(rack.gatewayNamespace, ['nft', '-f', file]);
}

/** One server for all airlocks: each leg has its own range. */
export function startDhcp(rack: RackPlan): void {
  const file = join(rack.folder, 'dnsmasq.conf');
  writeFileSync(file, dhcpConfiguration(rack));
  startDaemon(['dnsmasq', '--keep-in-foreground', `--conf-file=${file}`], {
    rackId: rack.id,
    namespace: rack.gatewayNamespace,
    log: join(rack.folder, 'dnsmasq.log'),
  });
}

function dhcpConfiguration(rack: RackPlan): string {
  const legs = rack.nodes.flatMap(({ nodeId, airlock, macAddress }) => {
    const { portId, gateway } = airlock;
    const network = gateway.slice(0, gateway.lastIndexOf('.'));
    const [first, last] = [FIRST_HOST, LAST_HOST].map((host) => `${network}.${host}`);
    return [
      `interface=${portId}`,
      `dhcp-range=set:${nodeId},${first},${last},255.255.255.0,1h`,
      `dhcp-host=${macAddress},${first}`,
      `dhcp-option=tag:${nodeId},option:router,${gateway}`,
      `dhcp-boot=tag:${nodeId},tag:http,http://${gateway}:${GATEWAY_PORT}/uki.efi,,${gateway}`,
    ];
  });
  return [
    ...['port=0', 'bind-dynamic', 'dhcp-authoritative', 'log-facility=-', 'user=root'],
    ...[`dhcp-leasefile=${join(rack.folder, 'dnsmasq.leases')}`, 'no-ping', 'no-resolv'],
    // Firmware that boots by HTTP says so, and wants to hear it back.
    ...['dhcp-vendorclass=set:http,HTTPClient', 'dhcp-option-force=tag:http,60,HTTPClient'],
    ...legs,
    '',
  ].join('\n');
}
