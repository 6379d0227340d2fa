/** One seed of the fault simulation, from the first event to the last check. */
import type { LeaseTerms } from '../../core/allocator/protocol.ts';
import type { IsolationState } from '../../core/allocator/state.ts';
import { randomStream } from '../../core/kernel/random.ts';
import { HOUR_MS, MINUTE_MS } from '../../core/kernel/units.ts';
import { InvariantChecker } from './checker.ts';
import type { Violation } from './checker.ts';
import { Clients } from './clients.ts';
import { drawFaultMix } from './fault-mix.ts';
import type { Fault, FaultMix } from './fault-mix.ts';
import { innerState, mutateServices } from './mutants.ts';
import type { Mutant } from './mutants.ts';
import {
  ATTESTER,
  attesterConfiguration,
  drawNodes,
  ISOLATION,
  isolationConfiguration,
  orchestratorConfiguration,
  orchestratorName,
  organisation,
  PROVISIONER,
  provisionerConfiguration,
  SITE_SERVICES,
  siteHardware,
  TENANTS,
} from './site.ts';
import { scheduleWorldFaults } from './world-faults.ts';
import { FaultWorld } from './world.ts';

/** Faults begin until then; leases may last for an hour longer. */
export const FAULTS_END_MS = 5 * HOUR_MS;
export const LEASES_END_MS = FAULTS_END_MS + HOUR_MS;
/** B: once the faults are over and its time has come, everything ends within this. */
export const LIVENESS_BOUND_MS = 60 * MINUTE_MS;

export interface FaultSeedOptions {
  /** A bug to plant; default none. */
  readonly mutant?: Mutant | null;
  /** Default: drawn from the seed. */
  readonly mix?: FaultMix;
  /** Told everything that happens, one line each, about which node if any. */
  readonly trace?: (line: string, nodeId: string | null) => void;
}

export interface FaultSeedResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  /** Of every event, effect and outcome, in order: equal for equal seeds. */
  readonly digest: string;
  readonly events: number;
  /** Faults injected. */
  readonly faults: number;
  readonly faultCounts: ReadonlyMap<Fault, number>;
  /** `fault × state of the node` → times. */
  readonly coverage: ReadonlyMap<string, number>;
  /** Node-leases that came to `active`, were freed, were withheld. */
  readonly outcomes: { readonly active: number; readonly freed: number; readonly withheld: number };
}

export function runFaultSeed(seed: number, options: FaultSeedOptions = {}): FaultSeedResult {
  const { mutant = null } = options;
  const stream = (purpose: string) =>
    randomStream({ seed, replication: 0, entity: 'fault-simulation', purpose });
  const mix = options.mix ?? drawFaultMix(stream('mix'));
  const nodes = drawNodes(stream('site'));
  const leases = new Map<string, LeaseTerms>();
  const lesseeOf = (leaseId: string) => leases.get(leaseId)?.lessee;
  const hardware = siteHardware(nodes, seed, mutant !== 'no-fencing', lesseeOf);
  const checker = new InvariantChecker(hardware, ISOLATION, ATTESTER);
  const world = new FaultWorld({
    mix,
    faultsEndMs: FAULTS_END_MS,
    hardware,
    checker,
    streams: {
      messages: stream('messages'),
      effects: stream('effects'),
      crashes: stream('crashes'),
    },
    trace: options.trace ?? null,
    nodeState,
  });
  const services = mutateServices(SITE_SERVICES, mutant);
  const isolation = world.addEndpoint(ISOLATION, services.isolation, isolationConfiguration(nodes));
  function nodeState(nodeId: string): string | null {
    const state = innerState(isolation.state) as IsolationState;
    return state.nodes.get(nodeId)?.state ?? null;
  }
  const attester = world.addEndpoint(ATTESTER, services.attester, attesterConfiguration(nodes));
  const attesterPrincipal = { role: 'service', name: ATTESTER } as const;
  world.setPrincipal(attester, attesterPrincipal);
  world.addReceiver(attesterPrincipal, (event) => world.deliver(attester, event));
  world.addEndpoint(PROVISIONER, services.provisioner, provisionerConfiguration());
  for (const tenant of TENANTS) {
    const endpoint = world.addEndpoint(
      orchestratorName(tenant),
      services.orchestrator,
      orchestratorConfiguration(tenant),
    );
    world.setPrincipal(endpoint, organisation(tenant));
    world.addReceiver(organisation(tenant), (event) => world.deliver(endpoint, event));
  }
  const clients = new Clients(world, stream('clients'), nodes, leases, LEASES_END_MS);
  clients.scheduleLeases();
  clients.scheduleOperation(FAULTS_END_MS);
  scheduleWorldFaults(world, clients, mix, stream('world'), nodes, FAULTS_END_MS);
  world.run(LEASES_END_MS + LIVENESS_BOUND_MS);
  world.nowMs = LEASES_END_MS + LIVENESS_BOUND_MS;
  checker.checkEnd(world.nowMs, world.everybodyLives);
  return {
    seed,
    violations: checker.violations,
    digest: world.digest.toString(),
    events: world.events,
    faults: world.log.total,
    faultCounts: world.log.counts,
    coverage: world.log.cells,
    outcomes: checker.outcomes(),
  };
}
