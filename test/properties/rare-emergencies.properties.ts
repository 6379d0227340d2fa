import test from 'ava';
import type { Emergency, Rarity, Stratum } from '../../core/demand/demand.ts';
import { DAY_MS, HOUR_MS } from '../../core/kernel/units.ts';
import { stratified } from '../../core/metrics/rare-emergencies.ts';
import { estimate } from '../../core/metrics/statistics.ts';
import { hawkesModel } from '../../workloads/models/hawkes.ts';
import { checkWorkload } from '../../workloads/schema.ts';
import { loadDemand } from '../../workloads/source.ts';

const SEED = Number(process.env['OCX_PROPERTY_SEED'] ?? 1);
const WARM_UP_MS = 7 * DAY_MS;
const HORIZON_MS = 56 * DAY_MS;
const NODES = 32;

/** Processes with rare and frequent, scattered and clustered emergencies. */
const PROCESSES = {
  'as shipped': { durationCapDays: 2 },
  clustered: { durationCapDays: 2, declarationsPerDay: 1, branching: 0.6, excitationDays: 3 },
  'without excitation': { durationCapDays: 2, declarationsPerDay: 2, branching: 0 },
} as const;

function windowOf(table: object, replication: number, stratum?: Stratum) {
  const loaded = loadDemand(checkWorkload({ model: hawkesModel.name, ...table }), {
    kind: 'government',
    organisation: 'government',
    seed: SEED,
    replication,
    horizonMs: HORIZON_MS,
    warmUpMs: WARM_UP_MS,
    nodes: NODES,
    scenarioFolder: '',
    tracesFolder: undefined,
    ...(stratum ? { stratum } : {}),
  });
  if (loaded.demand.kind !== 'government') throw new Error('a government was asked for');
  return { emergencies: loaded.demand.emergencies, rarity: loaded.rarity };
}

/** Node-hours of emergencies that begin in the measured window: what a comparison counts. */
function demandOf(emergencies: readonly Emergency[]): number {
  return emergencies
    .filter(({ startMs }) => startMs >= WARM_UP_MS)
    .reduce((sum, { nodes, durationMs }) => sum + (nodes * durationMs) / HOUR_MS, 0);
}

function crude(table: object, windows: number): number[] {
  return Array.from({ length: windows }, (_, at) => demandOf(windowOf(table, at).emergencies));
}

function inStrata(table: object, replications: number) {
  const conditioned = { ...table, conditionNodes: NODES };
  // Other replications than those of the crude estimate: nothing is drawn twice.
  const demands = (stratum: Stratum) =>
    Array.from({ length: replications }, (_, at) =>
      demandOf(windowOf(conditioned, 1_000_000 + at, stratum).emergencies),
    );
  const rarity: Rarity = windowOf(conditioned, 1_000_000).rarity!;
  return { some: demands('some'), none: demands('none'), rarity };
}

/** Standard deviations that two estimates lie apart. */
function apart(a: ReturnType<typeof estimate>, b: ReturnType<typeof estimate>): number {
  // Half-widths are 1.96 standard errors for so many values.
  const error = ({ ci95: [low, high] }: typeof a) => (high - low) / 2 / 1.96;
  return Math.abs(a.mean - b.mean) / Math.sqrt(error(a) ** 2 + error(b) ** 2);
}

for (const [name, table] of Object.entries(PROCESSES)) {
  test(`weighted windows come to what unconditioned ones do: ${name}`, (t) => {
    const all = estimate(crude(table, 6_000));
    const { some, none, rarity } = inStrata(table, 800);
    const { expected } = stratified(some, none, rarity.probability, 1);
    const said = `${expected.mean} and ${all.mean}, OCX_PROPERTY_SEED=${SEED}`;
    t.true(apart(all, expected) < 3.5, said);
    t.log(`probability ${rarity.probability.toPrecision(4)}, node-hours a window: ${said}`);
  });

  test(`the probability in closed form is how often it happens: ${name}`, (t) => {
    // Where nothing else happens, whatever happens in the window is large.
    const only = { ...table, states: [[5, 1]], nationalNodes: NODES, eventShare: 0.01 };
    const windows = 6_000;
    const hits = crude(only, windows).filter((demand) => demand > 0).length;
    const { probability } = windowOf({ ...only, conditionNodes: NODES }, 0).rarity!;
    const error = Math.sqrt((probability * (1 - probability)) / windows);
    // Fewer by those that begin while one from before the window lasts, which they prolong.
    t.true(hits / windows < probability + 3.5 * error, `${hits / windows} and ${probability}`);
    t.true(
      hits / windows > probability * 0.93 - 3.5 * error,
      `${hits / windows} and ${probability}`,
    );
  });
}

test('emergencies that do not meet have the node-hours of their rates', (t) => {
  const hours = 1.2;
  const days = hours / 24;
  const table = {
    declarationsPerDay: 0.02,
    branching: 0,
    eventShare: 1,
    states: [[5, 1]],
    nationalNodes: NODES,
    durations: [
      [0, days],
      [1, days],
    ],
  };
  const { some, none, rarity } = inStrata(table, 2_500);
  const { expected } = stratified(some, none, rarity.probability, 1);
  const rate = (0.02 * (HORIZON_MS - WARM_UP_MS)) / DAY_MS;
  t.true(Math.abs(expected.mean - rate * hours * NODES) < 0.02 * rate * hours * NODES);
});

test('planted weights that are wrong are found', (t) => {
  const table = { durationCapDays: 2, declarationsPerDay: 6, branching: 0 };
  const all = estimate(crude(table, 3_000));
  const { some, none, rarity } = inStrata(table, 800);
  const { probability } = rarity;
  t.true(
    apart(all, stratified(some, none, probability, 1).expected) < 3.5,
    'the right one is none',
  );
  // The expected number of events for the probability of one; conditional figures as they are; none.
  for (const wrong of [-Math.log1p(-probability), 1, 0]) {
    const { expected } = stratified(some, none, wrong, 1);
    t.true(apart(all, expected) > 3.5, `${wrong} instead of ${probability}`);
  }
});
