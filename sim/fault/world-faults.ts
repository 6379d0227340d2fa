/** Faults of whole nodes and parties: power failures, broken nodes, services that die or turn. */
import type { RandomStream } from '../../core/kernel/random.ts';
import { MINUTE_MS } from '../../core/kernel/units.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { Clients } from './clients.ts';
import type { FaultMix, WorldFault } from './fault-mix.ts';
import { ATTESTER, orchestratorName, PROVISIONER, TENANTS } from './site.ts';
import type { SiteNode } from './site.ts';
import type { FaultWorld } from './world.ts';

/** Chances for a power failure per node; there is one every this long. */
const POWER_FAILURE_INTERVAL_MS = 30 * MINUTE_MS;

export function scheduleWorldFaults(
  world: FaultWorld,
  clients: Clients,
  mix: FaultMix,
  stream: RandomStream,
  nodes: readonly SiteNode[],
  faultsEndMs: TimeMs,
): void {
  const happens = (fault: WorldFault) => stream.uniform() < mix[fault];
  const sometime = () => stream.integer(faultsEndMs);
  for (const { nodeId } of nodes) {
    for (let fromMs = 0; fromMs < faultsEndMs; fromMs += POWER_FAILURE_INTERVAL_MS) {
      if (!happens('power-cycle')) continue;
      const atMs = fromMs + stream.integer(POWER_FAILURE_INTERVAL_MS);
      if (atMs < faultsEndMs) world.at(atMs, () => world.cyclePower(nodeId, null));
    }
    if (!happens('node-breaks')) continue;
    world.at(sometime(), () => world.breakNode(nodeId));
    if (stream.uniform() < 0.5) world.at(faultsEndMs, () => world.hardware.repairNode(nodeId));
  }
  for (const [fault, name] of [
    ['attester-dead', ATTESTER],
    ['provisioner-dead', PROVISIONER],
  ] as const) {
    if (happens(fault)) world.at(sometime(), () => world.die(name, fault));
  }
  for (const tenant of TENANTS) {
    const name = orchestratorName(tenant);
    if (happens('orchestrator-hostile')) {
      world.at(sometime(), () => clients.turnHostile(tenant, name, faultsEndMs));
    } else if (happens('orchestrator-dead')) {
      world.at(sometime(), () => world.die(name, 'orchestrator-dead'));
    }
  }
}
