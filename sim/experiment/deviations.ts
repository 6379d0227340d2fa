/**
 * Which false reports are tried, by whom, and what each would have brought: one organisation (or
 * all) plays another strategy, the rest of the run is the same to the last draw.
 */
import { TRUTHFUL, utilitiesOf } from '../../core/metrics/incentives.ts';
import type { ProfileOutcome } from '../../core/metrics/outcome.ts';
import type { LoadedScenario, ScenarioVariant } from '../scenario/load.ts';
import type { Incentives } from '../scenario/incentives-schema.ts';
import type { Organisation, Scenario } from '../scenario/schema.ts';
import { run } from '../world/run.ts';
import type { RunSetup } from '../world/setup.ts';

/** A profile of strategies in one replication; what is not named stays as in the scenario. */
export interface DeviationTask {
  readonly kind: 'deviation';
  readonly variant: string;
  readonly replication: number;
  /** Who plays `own`; null: everybody. */
  readonly organisation: string | null;
  /** Names of `reportsOf`. */
  readonly own: string;
  readonly others: string | null;
}

/** A way of reporting: a strategy with its parameters. */
interface Report {
  readonly name: string;
  readonly strategy: string;
  readonly parameters: Readonly<Record<string, number>>;
}

/** An edge so wide that a sniper's prices are the truth: only its waiting is left. */
const ONLY_WAITING = 1e9;

/** Name of the shading of the game. */
const SHADING = 'shading';

/** The truth, the deviations of the grid, and the shading of the game. */
export function reportsOf(incentives: Incentives): Report[] {
  const { factors, markups, withheldShares, waitSlots, gameFactor } = incentives;
  const shader = (name: string, bid: number, ask: number) => ({
    name,
    strategy: 'shader',
    parameters: { bid, ask },
  });
  return [
    { name: TRUTHFUL, strategy: TRUTHFUL, parameters: {} },
    ...factors.map((factor) => shader(`bid x ${factor}`, factor, 1)),
    ...markups.map((markup) => shader(`ask x ${markup}`, 1, markup)),
    ...withheldShares.map((share) => ({
      name: `withhold ${share}`,
      strategy: 'withholder',
      parameters: { share },
    })),
    ...waitSlots.map((lastSlots) => ({
      name: `wait to ${lastSlots}`,
      strategy: 'sniper',
      parameters: { lastSlots, edge: ONLY_WAITING },
    })),
    ...(gameFactor > 0 ? [shader(SHADING, gameFactor, 1 / gameFactor)] : []),
  ];
}

/** Empty where the scenario does not ask for any. */
export function planDeviations({ scenario, variants }: LoadedScenario): DeviationTask[] {
  const { incentives } = scenario;
  if (!incentives?.enabled) return [];
  const asked = incentives.variants.length > 0 ? incentives.variants : [scenario.search.variant];
  const count = Math.min(incentives.replications || scenario.replications, scenario.replications);
  const tasks: DeviationTask[] = [];
  for (const variant of variants.filter(({ name }) => asked.includes(name))) {
    for (let replication = 0; replication < count; replication++) {
      const common = { kind: 'deviation', variant: variant.name, replication } as const;
      for (const profile of profilesOf(variant.scenario)) tasks.push({ ...common, ...profile });
    }
  }
  return tasks;
}

type Profile = Pick<DeviationTask, 'organisation' | 'own' | 'others'>;

function profilesOf({ organisation: organisations, incentives }: Scenario): Profile[] {
  const names = organisations.map(({ name }) => name);
  const grid = reportsOf(incentives!).filter(({ name }) => name !== SHADING);
  const profiles = organisations.flatMap((entry) =>
    grid
      .filter(({ name }) => name !== TRUTHFUL || entry.strategy !== TRUTHFUL)
      .map((report): Profile => ({ organisation: entry.name, own: report.name, others: null })),
  );
  if (incentives!.gameFactor === 0) return profiles;
  for (const [own, others] of [
    [TRUTHFUL, SHADING],
    [SHADING, TRUTHFUL],
  ] as const) {
    profiles.push({ organisation: null, own, others: own });
    for (const organisation of names) profiles.push({ organisation, own, others });
  }
  return profiles;
}

/** @param prepare from a variant to all that a run needs */
export function executeDeviation(
  task: DeviationTask,
  variant: ScenarioVariant,
  prepare: (variant: ScenarioVariant) => RunSetup,
): ProfileOutcome {
  const reports = new Map(
    reportsOf(variant.scenario.incentives!).map((report) => [report.name, report]),
  );
  const scenario = structuredClone(variant.scenario);
  for (const organisation of scenario.organisation) {
    const isOwn = task.organisation === null || task.organisation === organisation.name;
    const played = isOwn ? task.own : task.others;
    if (played !== null) play(organisation, reports.get(played)!);
  }
  const setup = prepare({ name: variant.name, scenario });
  // Nobody asks for the bound of these rounds.
  const outcome = run({ ...setup, ports: { ...setup.ports, bound: null, observe: null } });
  const { variant: name, replication, organisation, own, others } = task;
  const utilityMillicredits = utilitiesOf(outcome);
  return { variant: name, replication, organisation, own, others, utilityMillicredits };
}

function play(organisation: Organisation, { strategy, parameters }: Report): void {
  organisation.strategy = strategy;
  organisation.strategyParameters = { ...parameters };
}
