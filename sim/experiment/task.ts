/**
 * The pieces of a comparison that can be done apart from each other, in any order and by any
 * number of workers: each depends on the scenario and its own replication alone.
 */
import type { Demand, DemandSource, Rarity, Stratum } from '../../core/demand/demand.ts';
import type { ProfileOutcome, RunOutcome, SearchOutcome } from '../../core/metrics/outcome.ts';
import { demandCorrelation } from '../../core/metrics/series.ts';
import type { LoadedScenario, ScenarioVariant } from '../scenario/load.ts';
import { STATIC_VARIANT } from '../scenario/load.ts';
import type { Organisation, Scenario } from '../scenario/schema.ts';
import { applySetting } from '../scenario/settings.ts';
import { runAlone } from '../world/alone.ts';
import { runWithForks } from '../world/fork.ts';
import type { ForkedSetup } from '../world/fork.ts';
import { run } from '../world/run.ts';
import { installedHardware, measuredWindow } from '../world/setup.ts';
import type { RunPorts, RunSetup } from '../world/setup.ts';
import { executeDeviation, planDeviations } from './deviations.ts';
import type { DeviationTask } from './deviations.ts';
import { withSearchEmergencies } from './emergencies.ts';
import { searchHardware } from './hardware-search.ts';

export type Task =
  | { readonly kind: 'run'; readonly variant: string; readonly replication: number }
  /** The same in a window without what replications are conditioned on. */
  | { readonly kind: 'calm'; readonly variant: string; readonly replication: number }
  | { readonly kind: 'search'; readonly replication: number; readonly alignmentHours: number }
  | {
      readonly kind: 'sensitivity';
      readonly parameter: string;
      readonly value: number;
      readonly replication: number;
    }
  | DeviationTask;

export type TaskResult =
  | {
      readonly kind: 'run';
      readonly outcome: RunOutcome;
      readonly sources: TaskSource[];
      /** What its demand is conditioned on; absent: nothing. */
      readonly rarity?: Rarity;
      /** Of the variants that go on from this one, where there are any. */
      readonly forks?: readonly RunOutcome[];
    }
  | { readonly kind: 'calm'; readonly outcome: RunOutcome; readonly forks: readonly RunOutcome[] }
  | { readonly kind: 'search'; readonly outcome: SearchOutcome }
  | {
      readonly kind: 'sensitivity';
      readonly parameter: string;
      readonly value: number;
      readonly replication: number;
      readonly extraNodeMs: number;
    }
  | { readonly kind: 'deviation'; readonly outcome: ProfileOutcome };

export type TaskSource = DemandSource & { readonly organisation: string };

export interface DemandLoader {
  (
    scenario: Scenario,
    organisation: Organisation,
    replication: number,
    /** Which windows to draw where they are conditioned. */
    stratum: Stratum,
  ): {
    readonly demand: Demand;
    readonly sources: readonly DemandSource[];
    readonly rarity?: Rarity;
  };
}

export interface TaskContext {
  readonly loaded: LoadedScenario;
  readonly loadDemand: DemandLoader;
  /** Ports of one run; each run may get mechanisms of its own. */
  ports(scenario: Scenario): RunPorts;
}

/** All tasks of a comparison, the long ones first. */
export function planTasks(loaded: LoadedScenario): Task[] {
  const { scenario, variants } = loaded;
  const replications = Array.from({ length: scenario.replications }, (_, index) => index);
  const tasks: Task[] = [];
  if (scenario.search.enabled) {
    const searched = scenario.search.replications || scenario.replications;
    for (const alignmentHours of new Set([0, ...scenario.search.alignmentHours])) {
      for (const replication of replications.slice(0, searched)) {
        tasks.push({ kind: 'search', replication, alignmentHours });
      }
    }
  }
  for (const { parameter, values } of scenario.sensitivity) {
    for (const value of values) {
      for (const replication of replications) {
        tasks.push({ kind: 'sensitivity', parameter, value, replication });
      }
    }
  }
  tasks.push(...planDeviations(loaded));
  // Variants that go on from others are run with those.
  for (const { name } of variants.filter(({ fork }) => !fork).reverse()) {
    for (const replication of replications) {
      tasks.push({ kind: 'run', variant: name, replication });
      if (isConditioned(scenario)) tasks.push({ kind: 'calm', variant: name, replication });
    }
  }
  return tasks;
}

export function executeTask(task: Task, context: TaskContext): TaskResult {
  switch (task.kind) {
    case 'run':
      return executeRun(task, context);
    case 'calm': {
      const { outcome, forks = [] } = executeRun(task, context, 'none');
      return { kind: 'calm', outcome, forks };
    }
    case 'search':
      return { kind: 'search', outcome: executeSearch(task, context) };
    case 'sensitivity':
      return executeSensitivity(task, context);
    case 'deviation': {
      const outcome = executeDeviation(
        task,
        variantNamed(context, task.variant),
        (variant) => prepare(variant, task.replication, context).setup,
      );
      return { kind: 'deviation', outcome };
    }
  }
}

/** Whether emergencies of some size are in every measured window of the ordinary runs. */
export function isConditioned({ organisation }: Scenario): boolean {
  return organisation.some(({ workload }) => workload['conditionNodes'] !== undefined);
}

function executeRun(
  task: Extract<Task, { kind: 'run' | 'calm' }>,
  context: TaskContext,
  stratum: Stratum = 'some',
): Extract<TaskResult, { kind: 'run' }> {
  const variant = variantNamed(context, task.variant);
  const base = variant.fork ? variantNamed(context, variant.fork.from) : variant;
  const { setup, sources, rarity } = prepare(base, task.replication, context, stratum);
  const about = { kind: 'run', sources, ...(rarity ? { rarity } : {}) } as const;
  if (variant.fork) {
    const own = forksOf(base.name, setup, context).filter(
      (fork) => fork.setup.variant === variant.name,
    );
    return { ...about, outcome: runWithForks(setup, own).forks[0]! };
  }
  const forks = forksOf(task.variant, setup, context);
  if (forks.length === 0) return { ...about, outcome: run(setup) };
  return { ...about, ...runWithForks(setup, forks) };
}

/** What goes on from a variant's run: with the same site and demand, by other rules. */
function forksOf(name: string, setup: RunSetup, context: TaskContext): ForkedSetup[] {
  return context.loaded.variants.flatMap(({ name: variant, scenario, fork }) =>
    fork?.from === name
      ? [
          {
            atMs: fork.atMs,
            setup: { ...setup, variant, scenario, ports: context.ports(scenario) },
          },
        ]
      : [],
  );
}

/** Extra demand met by the searched variant with one parameter changed in both partitions. */
function executeSensitivity(
  task: Extract<Task, { kind: 'sensitivity' }>,
  context: TaskContext,
): TaskResult {
  const met = (name: string) => {
    const variant = variantNamed(context, name);
    const scenario = structuredClone(variant.scenario);
    applySetting(
      scenario as unknown as Record<string, unknown>,
      { path: task.parameter.split('.'), value: task.value },
      scenario.name,
      'sensitivity',
    );
    const outcome = run(prepare({ name, scenario }, task.replication, context).setup);
    return outcome.organisations.reduce((sum, { metNodeMs }) => sum + metNodeMs, 0);
  };
  const main = context.loaded.scenario.search.variant;
  const { parameter, value, replication } = task;
  const extraNodeMs = met(main) - met(STATIC_VARIANT);
  return { kind: 'sensitivity', parameter, value, replication, extraNodeMs };
}

function executeSearch(
  task: Extract<Task, { kind: 'search' }>,
  context: TaskContext,
): SearchOutcome {
  const { scenario } = context.loaded;
  const shifted = (variant: ScenarioVariant) =>
    prepare(shiftOwners(variant, task.alignmentHours), task.replication, context).setup;
  const alone = shifted(variantNamed(context, STATIC_VARIANT));
  const demand = withSearchEmergencies(scenario, task.replication, alone.demand);
  const market = shifted(variantNamed(context, scenario.search.variant));
  const organisations = new Map(scenario.organisation.map((entry) => [entry.name, entry]));
  const result = searchHardware({
    installed: installedHardware(scenario),
    organisationTolerance: scenario.search.organisationTolerance,
    windowStartMs: measuredWindow(scenario).startMs,
    metAlone: (name, nodes) =>
      runAlone(
        { ...alone, demand, hardware: { ...alone.hardware, [name]: nodes } },
        organisations.get(name)!,
      ).metNodeMs,
    // Nobody asks for the bound of these rounds.
    runMarket: (hardware) =>
      run({ ...market, demand, hardware, ports: { ...market.ports, bound: null, digests: false } }),
  });
  const { replication, alignmentHours } = task;
  return { replication, alignmentHours, correlation: demandCorrelation(run(alone)), ...result };
}

/** Each owner's local time runs `hours` later than that of the one before. */
function shiftOwners(variant: ScenarioVariant, hours: number): ScenarioVariant {
  if (hours === 0) return variant;
  const scenario = structuredClone(variant.scenario);
  for (const [index, organisation] of scenario.organisation.entries()) {
    const before = Number(organisation.workload['shiftHours'] ?? 0);
    organisation.workload = { ...organisation.workload, shiftHours: before + index * hours };
  }
  return { name: variant.name, scenario };
}

/** What one run of a variant needs. */
export function setupOf(
  variant: ScenarioVariant,
  replication: number,
  context: TaskContext,
): RunSetup {
  return prepare(variant, replication, context).setup;
}

function variantNamed({ loaded }: TaskContext, name: string): ScenarioVariant {
  return loaded.variants.find((variant) => variant.name === name)!;
}

function prepare(
  { name, scenario }: ScenarioVariant,
  replication: number,
  context: TaskContext,
  stratum: Stratum = 'some',
): { setup: RunSetup; sources: TaskSource[]; rarity: Rarity | undefined } {
  const demand = new Map<string, Demand>();
  const sources: TaskSource[] = [];
  let rarity: Rarity | undefined;
  for (const organisation of scenario.organisation) {
    const loaded = context.loadDemand(scenario, organisation, replication, stratum);
    rarity ??= loaded.rarity;
    demand.set(organisation.name, loaded.demand);
    for (const source of loaded.sources) {
      sources.push({ ...source, organisation: organisation.name });
    }
  }
  const setup: RunSetup = {
    variant: name,
    scenario,
    replication,
    demand,
    hardware: installedHardware(scenario),
    ports: context.ports(scenario),
  };
  return { setup, sources, rarity };
}
