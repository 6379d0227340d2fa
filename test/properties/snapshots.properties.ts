import { isDeepStrictEqual } from 'node:util';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { readFileSync } from 'node:fs';
import seedrandom from 'seedrandom';
import { loadComparison, taskContext } from '../../cli/compose.ts';
import type { Carrier } from '../../core/kernel/carried.ts';
import { DAY_MS } from '../../core/kernel/units.ts';
import { mechanisms } from '../../core/market/mechanisms/registry.ts';
import { marketService } from '../../core/market/service.ts';
import { attesterService } from '../../core/attester/attester.ts';
import { orchestratorService } from '../../core/leasing/orchestrator.ts';
import { siteService } from '../../core/offers/service.ts';
import { provisionerService } from '../../core/provisioner/provisioner.ts';
import { HardwareDraws } from '../../sim/hardware/hardware-draws.ts';
import { Holdings } from '../../sim/clusters/holdings.ts';
import { executeTask, setupOf } from '../../sim/experiment/task.ts';
import { PlainCopier } from '../../sim/snapshot/plain-copy.ts';
import { outcomeOf, run } from '../../sim/world/run.ts';
import { MarketWorld } from '../../sim/world/world.ts';
import type { RunSetup } from '../../sim/world/setup.ts';
import { compareTwins } from './support/heap-twins.ts';
import type { Twins } from './support/heap-twins.ts';

const SEED = process.env['OCX_PROPERTY_SEED'] ?? '1';

/** Everything that has state of its own somewhere. */
const RICH = [
  'horizonDays=5',
  'warmUpDays=2',
  'market.options.enabled=true',
  'market.forward.enabled=true',
  'market.spot.enabled=true',
  'market.income=contributed',
  'failures.nodeMtbfHours=200',
  'failures.bmcFailureShare=0.05',
  'market.safeguards.warrantyBondShare=0.1',
  'market.safeguards.idleFeeShare=0.1',
  'market.safeguards.makerNodeSlots=100',
  'organisation.hpc-a.scheduler=conservative',
  'organisation.hpc-b.scheduler=easy-sjbf',
  'organisation.government.policy.lendsFirm=true',
];

const WORLDS = {
  'one exchange, all horizons, safeguards and failures': ['five-silos', RICH],
  'sealed rounds': [
    'five-silos',
    [
      'horizonDays=5',
      'warmUpDays=2',
      'market.sealing.enabled=true',
      'organisation.hpc-a.scheduler=maui',
      'organisation.hpc-b.scheduler=easy++',
    ],
  ],
  'a clearing house': [
    'five-silos',
    ['horizonDays=5', 'warmUpDays=2', 'market.clearingHouse.enabled=true'],
  ],
  'two providers and two exchanges': ['type-c', ['horizonDays=6', 'warmUpDays=2']],
  'nodes that go by their durations': [
    'type-c',
    ['horizonDays=6', 'warmUpDays=2', 'provisioning.walk=timed'],
  ],
  'preempted nodes are sold': [
    'type-c',
    ['horizonDays=6', 'warmUpDays=2', 'market.mechanism=spot-preemptible'],
  ],
  'one owner with several clusters': ['type-a', ['horizonDays=5', 'warmUpDays=2']],
} as const;

async function setupFor(
  scenario: string,
  settings: readonly string[],
  variant?: string,
): Promise<RunSetup> {
  const file = new URL(`../../scenarios/${scenario}.toml`, import.meta.url).pathname;
  const text = readFileSync(file, 'utf8');
  const source = { file, text, settings, tracesFolder: undefined };
  const loaded = loadComparison(source);
  const chosen = loaded.variants.find(({ name }) => name === variant) ?? loaded.variants[1]!;
  const setup = setupOf(chosen, 0, await taskContext(source, loaded));
  return { ...setup, ports: { ...setup.ports, bound: null } };
}

async function forks(scenario: string, settings: readonly string[], variants: string) {
  const file = new URL(`../../scenarios/${scenario}.toml`, import.meta.url).pathname;
  const text = readFileSync(file, 'utf8') + variants;
  const source = {
    file,
    text,
    settings: [...settings, 'search.enabled=false'],
    tracesFolder: undefined,
  };
  const loaded = loadComparison(source);
  const full = await taskContext(source, loaded);
  const ports: typeof full.ports = (scenario) => ({ ...full.ports(scenario), bound: null });
  const context = { ...full, ports };
  const setups = new Map(loaded.variants.map((one) => [one.name, setupOf(one, 0, context)]));
  return { context, setups };
}

function begun(setup: RunSetup, untilMs: number): MarketWorld {
  const world = new MarketWorld(setup);
  world.start();
  world.runUntil(untilMs);
  return world;
}

function resumed(setup: RunSetup, from: MarketWorld): MarketWorld {
  const world = new MarketWorld(setup);
  world.resume(from.snapshot());
  return world;
}

/** A run that is handed from world to world at random points of time. */
function relay(setup: RunSetup, links: number) {
  const random = seedrandom(`relay ${SEED}`);
  const endMs = setup.scenario.horizonDays * DAY_MS;
  const times = Array.from({ length: links }, () => random() * endMs).sort((a, b) => a - b);
  let world = begun(setup, 0);
  for (const atMs of times) {
    world.runUntil(atMs);
    world = resumed(setup, world);
  }
  return outcomeOf(setup, world);
}

for (const [name, [scenario, settings]] of Object.entries(WORLDS)) {
  test(`a run that is handed on at 80 random times is the same run: ${name}`, async (t) => {
    const setup = await setupFor(scenario, settings);
    const whole = outcomeOf(setup, begun(setup, 0));
    t.true(whole.market!.leases.length > 0, 'there is something to hand on');
    const handedOn = relay(setup, 80);
    t.is(handedOn.digest, whole.digest, `OCX_PROPERTY_SEED=${SEED}`);
    t.deepEqual(handedOn, whole);
  });
}

const FORKS = `
[[variant]]
name = "posted"
from = "market"
set = { "market.mechanism" = "posted-price" }
[[variant]]
name = "foreman"
from = "market"
forkDay = 3
set = { "provisioning.method" = "foreman" }
[[variant]]
name = "stopped"
from = "market"
set = { "market.mechanism" = "static" }
[[variant]]
name = "unchanged"
from = "market"
[[variant]]
name = "introduced"
from = "static"
set = { "market.mechanism" = "exchange-threshold" }
`;

test('what goes on from a run disturbs neither it nor each other, and goes by its own rules', async (t) => {
  const { context, setups } = await forks('type-c', ['horizonDays=6', 'warmUpDays=2'], FORKS);
  const whole = executeTask({ kind: 'run', variant: 'market', replication: 0 }, context);
  if (whole.kind !== 'run') throw new Error('a run was asked for');
  const { outcome, forks: together = [] } = whole;
  const base = setups.get('market')!;
  t.deepEqual(outcome, outcomeOf(base, begun(base, 0)), 'the run itself is as without forks');
  const named = new Map(together.map((run) => [run.variant, run]));
  t.deepEqual([...named.keys()], ['posted', 'foreman', 'stopped', 'unchanged']);

  // One at a time, from snapshots of their own, last first.
  for (const variant of [...named.keys()].reverse()) {
    const alone = executeTask({ kind: 'run', variant, replication: 0 }, context);
    t.deepEqual(alone.kind === 'run' && alone.outcome, named.get(variant), variant);
  }
  t.deepEqual({ ...named.get('unchanged')!, variant: 'market' }, outcome);

  const leasesAfter = (variant: string, day: number) =>
    named.get(variant)!.market!.leases.filter(({ startMs }) => startMs >= day * DAY_MS);
  t.deepEqual(leasesAfter('stopped', 2.2), [], 'nothing is traded any more');
  t.true(leasesAfter('posted', 2).length > 0);
  t.not(named.get('posted')!.digest, outcome.digest);
  const setupMs = (leases: readonly { readonly setupMs: number | null }[]) => {
    const times = leases.flatMap((lease) => lease.setupMs ?? []);
    return times.reduce((sum, time) => sum + time, 0) / times.length;
  };
  const before = outcome.market!.leases.filter(({ startMs }) => startMs < 3 * DAY_MS);
  const foreman = named.get('foreman')!.market!.leases;
  t.deepEqual(
    foreman
      .filter(({ startMs }) => startMs < 2.9 * DAY_MS && startMs > 2 * DAY_MS)
      .map(({ leaseId }) => leaseId),
    before
      .filter(({ startMs }) => startMs < 2.9 * DAY_MS && startMs > 2 * DAY_MS)
      .map(({ leaseId }) => leaseId),
  );
  t.true(setupMs(leasesAfter('foreman', 3.1)) > 1.5 * setupMs(before), 'discs are slower');
});

test('every mechanism can take over in the middle of a run, and its books hold', async (t) => {
  const names = [...mechanisms.keys()];
  const variants = names.map(
    (name) =>
      `[[variant]]\nname = "to-${name}"\nfrom = "market"\nset = { "market.mechanism" = "${name}" }\n`,
  );
  const settings = ['horizonDays=5', 'warmUpDays=3', 'market.boundSamples=0'];
  const { context } = await forks('type-c', settings, variants.join(''));
  const result = executeTask({ kind: 'run', variant: 'market', replication: 0 }, context);
  if (result.kind !== 'run') throw new Error('a run was asked for');
  t.is(result.forks!.length, names.length);
  for (const { variant, invariantViolations, ledgerImbalanceMillicredits } of result.forks!) {
    t.deepEqual(invariantViolations, [], variant);
    t.is(ledgerImbalanceMillicredits, 0, variant);
  }
});

test('without trade a world is what its organisations are alone', async (t) => {
  const { context, setups } = await forks('type-c', ['horizonDays=6', 'warmUpDays=2'], FORKS);
  const alone = run(setups.get('static')!);
  const world = outcomeOf(setups.get('static')!, begun(setups.get('static')!, 0));
  t.deepEqual(
    world.organisations.map(({ metNodeMs, valueMillicredits }) => [metNodeMs, valueMillicredits]),
    alone.organisations.map(({ metNodeMs, valueMillicredits }) => [metNodeMs, valueMillicredits]),
  );
  const introduced = executeTask({ kind: 'run', variant: 'introduced', replication: 0 }, context);
  if (introduced.kind !== 'run') throw new Error('a run was asked for');
  const leases = introduced.outcome.market!.leases;
  t.true(leases.length > 0);
  t.true(leases.every(({ startMs }) => startMs >= 2 * DAY_MS));
});

test('a snapshot costs a small part of the time that it saves', async (t) => {
  const setup = await setupFor('type-c', ['horizonDays=14', 'warmUpDays=10']);
  begun(setup, DAY_MS);
  const cpuMs = (work: () => void) => {
    const start = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  };
  let world!: MarketWorld;
  const warmUpMs = cpuMs(() => (world = begun(setup, 10 * DAY_MS)));
  const forkMs = cpuMs(() => resumed(setup, world));
  t.log(`warm-up ${Math.round(warmUpMs)} ms, snapshot and restoring ${Math.round(forkMs)} ms`);
  t.true(forkMs < warmUpMs / 3);
});

/** What a restored world has made anew, or will before it looks at it. */
const EXEMPT = {
  'BatchCluster.#outlooks': 'a cache by version and time',
  'BatchCluster.#whatIf': 'a cache by version and time',
  'HardwareDraws.#paces': 'a cache of streams',
  'Bus.#takers': 'nothing is in line between two instants',
  'Bus.#posted': 'nothing is in line between two instants',
  'SimulatedHardware.#performed': 'one answer that is used again',
  'MarketDesk.#solved': 'of the round that is over',
};

/** Code that all worlds run, as objects. */
const CODE = [
  seedrandom.alea,
  marketService,
  siteService,
  attesterService,
  provisionerService,
  orchestratorService,
];

function twinsAt(setup: RunSetup, atMs: number): Twins {
  const world = begun(setup, atMs);
  return compareTwins(world, resumed(setup, world), [setup, ...CODE], EXEMPT);
}

test('a restored world is the one that was saved, object by object, and has nothing of it', async (t) => {
  for (const [scenario, settings, day] of [
    ['five-silos', RICH, 3.3],
    ['five-silos', RICH, 4.7],
    ['type-c', ['horizonDays=6', 'warmUpDays=2'], 3.3],
    ['type-c', ['horizonDays=6', 'warmUpDays=2', 'provisioning.walk=timed'], 3.3],
  ] as const) {
    const { differences, shared, objects } = twinsAt(
      await setupFor(scenario, settings),
      day * DAY_MS,
    );
    t.deepEqual(differences, []);
    t.deepEqual(shared, []);
    t.true(objects > 2000, `${objects} objects were looked at`);
  }
});

/** Does the work with a method of a class changed. */
function planted<Class extends { prototype: object }, Result>(
  { prototype }: Class,
  method: string,
  change: (original: (...given: never[]) => unknown) => (this: never, ...given: never[]) => unknown,
  work: () => Result,
): Result {
  const original = Reflect.get(prototype, method) as (...given: never[]) => unknown;
  Reflect.set(prototype, method, change(original));
  try {
    return work();
  } finally {
    Reflect.set(prototype, method, original);
  }
}

/** Both nets must hold what is planted: the walk over all objects, and the history of the run. */
async function isCaught(
  t: ExecutionContext,
  plant: <Result>(work: () => Result) => Result,
  place: RegExp,
): Promise<void> {
  const setup = await setupFor('type-c', ['horizonDays=6', 'warmUpDays=2']);
  const { differences, shared } = plant(() => twinsAt(setup, 3.3 * DAY_MS));
  t.regex([...differences, ...shared].join('\n'), place);
  const whole = outcomeOf(setup, begun(setup, 0));
  const handedOn = plant(() => {
    try {
      return relay(setup, 20);
    } catch (error) {
      return error;
    }
  });
  t.false(isDeepStrictEqual(handedOn, whole), 'the history is another');
}

test('a planted field that is forgotten is found', async (t) => {
  const forget = (): ((this: Holdings, carrier: Carrier) => void) =>
    function (carrier) {
      carrier.fills({ own: this.own, lots: this.lots });
    };
  await isCaught(
    t,
    (work) => planted(Holdings, 'carry', forget, work),
    /#holdings\/#ownTotal|#readyTotal/,
  );
});

test('planted random streams that are not carried are found', async (t) => {
  const forget = () => () => {};
  await isCaught(t, (work) => planted(HardwareDraws, 'carry', forget, work), /#draws\/#streams/);
});

test('planted state that two worlds share is found', async (t) => {
  const share = (original: (...given: never[]) => unknown) =>
    function (this: never, name: string, value: unknown): unknown {
      return /holdings\/lots$/.test(name)
        ? value
        : original.call(this, name as never, value as never);
    };
  const plant = <Result>(work: () => Result) => planted(PlainCopier, 'copy', share as never, work);
  const setup = await setupFor('type-c', ['horizonDays=6', 'warmUpDays=2']);
  const { shared } = plant(() => twinsAt(setup, 3.3 * DAY_MS));
  t.regex(shared.join('\n'), /#holdings\/lots\//);
});
