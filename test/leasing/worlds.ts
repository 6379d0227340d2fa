/** Small worlds as fast-check draws them, and what must hold once one has come to rest. */
import fc from 'fast-check';
import type { AttesterState } from '../../core/attester/state.ts';
import type { OrchestratorState } from '../../core/leasing/state.ts';
import type { ProvisionerState } from '../../core/provisioner/state.ts';
import { SmallWorld } from './small-world.ts';
import type { WorldOptions } from './small-world.ts';

/** Nothing, or a chance of up to so many per cent. */
function upTo(perCent: number): fc.Arbitrary<number> {
  const chance = fc.integer({ min: 1, max: perCent }).map((value) => value / 100);
  return fc.oneof({ weight: 1, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: chance });
}

/**
 * Any mix of faults, none of them included; any level and method. Without fast-check's bias to
 * small numbers, which would make nearly every world a calm one.
 */
export const anyWorld: fc.Arbitrary<WorldOptions> = fc.noBias(
  fc.record({
    seed: fc.nat(),
    faults: fc.record({
      lose: upTo(20),
      duplicate: upTo(30),
      delayMs: fc.oneof(fc.constant(0), fc.nat(8_000)),
      noEffect: upTo(20),
      uncertain: upTo(20),
      silent: upTo(20),
      badBoot: upTo(30),
      quarantine: upTo(10),
    }),
    securityLevel: fc.constantFrom('none', 'attested', 'full'),
    method: fc.constantFrom('diskless', 'diskless', 'diskful'),
    nodeCount: fc.integer({ min: 1, max: 3 }),
    leaseCount: fc.integer({ min: 1, max: 3 }),
    leaseMs: fc.integer({ min: 100_000, max: 600_000 }),
    recallMs: fc.option(fc.nat(300_000)),
    parkDisks: fc.boolean(),
  }),
);

/** Everything that is wrong with a world that has run to its end; empty where nothing is. */
export function wrongs(world: SmallWorld): string[] {
  const orchestrator = world.hosted.get('orchestrator')!.state as OrchestratorState;
  const attester = world.hosted.get('attester')!.state as AttesterState;
  const provisioner = world.hosted.get('provisioner')!.state as ProvisionerState;
  const parked = [...provisioner.disks.values()].filter(({ state }) => state === 'parked');
  const found = [...world.violations];
  for (const [name, collection] of [
    ['leases of the orchestrator', orchestrator.leases],
    ['nodes of the orchestrator', orchestrator.nodes],
    ['requests of the orchestrator', orchestrator.requests],
    ['watches of the attester', attester.watches],
    ['watched nodes of the attester', attester.watchedNodes],
    ['operations of the attester', attester.operations],
    ['revocations of the attester', attester.revocations],
    ['reports of the attester', attester.reports],
    ['sessions of the provisioner', provisioner.sessions],
    ['operations of the provisioner', provisioner.operations],
  ] as const) {
    if (collection.size > 0) found.push(`${collection.size} ${name} are left`);
  }
  if (provisioner.disks.size !== parked.length) found.push('P3: disks are left on the books');
  const allowed = new Set(parked.map(({ diskId }) => diskId));
  for (const there of world.store.residue()) {
    if (!allowed.has(there)) found.push(`P3: ${there} is left in the store`);
  }
  return [...found, ...untold(world)];
}

/** Every node that the orchestrator asked anything about became ready or was lost. */
function untold(world: SmallWorld): string[] {
  const told = new Set<string>();
  for (const effect of world.told) {
    if (effect.kind === 'NodeReady' || effect.kind === 'NodeLost') {
      told.add(`${effect.leaseId} ${effect.nodeId}`);
    }
  }
  const asked = new Set<string>();
  for (const { effects } of world.hosted.get('orchestrator')!.log) {
    for (const effect of effects) {
      const { command } = effect as { readonly command?: Record<string, unknown> };
      if (command?.['nodeId']) asked.add(`${command['leaseId']} ${command['nodeId']}`);
    }
  }
  const silent = [...asked].filter((node) => !told.has(node));
  return silent.map((node) => `${node} became neither ready nor lost`);
}

/** Runs worlds until one goes wrong, and says how; null where none does. */
export function firstWrong(worlds: number, change: (world: SmallWorld) => void): string | null {
  const drawn = fc.sample(anyWorld, { numRuns: worlds, seed: 1 });
  for (const [index, options] of drawn.entries()) {
    const world = new SmallWorld(options);
    change(world);
    const [first] = wrongs(world.run());
    if (first !== undefined) return `world ${index}: ${first}`;
  }
  return null;
}
