/**
 * The gateway's place in the airlocks: a leg in each, and a filter that keeps nodes from talking to
 * another leg's address, by which the gateway would take them for another node.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addWire, runIn } from './namespace.ts';
import { NETWORK_BITS } from './plan.ts';
import type { NodePlan, RackPlan } from './plan.ts';

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
