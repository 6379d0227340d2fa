/**
 * Rare emergencies as a self-exciting (Hawkes) process of declarations, calibrated on FEMA's:
 * λ(t) = μ + Σ n β exp(−β (t − t_i)), simulated by thinning (Ogata 1981).
 */
import { Type } from 'typebox';
import type { RandomStream } from '../../core/kernel/random.ts';
import { OcxError } from '../../core/kernel/errors.ts';
import { DAY_MS } from '../../core/kernel/units.ts';
import { workloadStream, type LoadedDemand, type WorkloadContext } from '../context.ts';
import {
  backgroundNeeds,
  EVENT_YEARS,
  emergencyFields,
  emergencyNodes,
  prepareEmergencies,
  STATES_PER_EVENT,
  type EmergencyEvent,
  type OpenEmergencyFields,
} from '../emergencies.ts';
import { amount, maybePositive, positive, shiftHours, type Filled } from '../fields.ts';
import { weightedIndex } from '../sampling.ts';
import type { WorkloadModel } from './model.ts';
import { drawUntil, largeEventProbability } from './rare-emergencies.ts';

/** Declarations a day, 2000–2019 (major disasters and emergencies). */
export const DECLARATIONS_PER_DAY = 0.1963;
/**
 * Declarations that one causes, and the time constant of that, days: both together give the daily
 * Fano factor 1.67 of 2000–2019 and events that cluster as the merged record does over months.
 * 1 − 1/√1.67 = 0.226 is the least branching that could, were all of it to happen on one day.
 */
export const BRANCHING = 0.333;
export const EXCITATION_DAYS = 0.37;

/**
 * Share of declarations that open an event of their own: 676 events in 16 years over the
 * declarations of as many years; the others add a state to one.
 */
export const EVENT_SHARE =
  STATES_PER_EVENT.reduce((sum, [, events]) => sum + events, 0) /
  (DECLARATIONS_PER_DAY * 365.25 * EVENT_YEARS);

type Pair = readonly [number, number];

/** Quantiles of incident durations (probability, days): p0 (assumed), p10, p25, p50, p75, p90 (= the cap). */
export const DURATION_QUANTILES: readonly Pair[] = [
  [0, 0.5],
  [0.1, 1],
  [0.25, 2],
  [0.5, 7],
  [0.75, 26],
  [0.9, 91],
  [1, 91],
];

function pairs(description: string, maximum: number) {
  const number = Type.Number({ minimum: 0, maximum });
  const pair = Type.Array(number, { minItems: 2, maxItems: 2 });
  return Type.Optional(Type.Array(pair, { minItems: 1, maxItems: 200, description }));
}

const schema = Type.Object(
  {
    model: Type.Literal('hawkes'),
    declarationsPerDay: positive('long-run rate of declarations', DECLARATIONS_PER_DAY, 1_000),
    branching: amount('declarations that one declaration causes, on average', BRANCHING, 0.99),
    excitationDays: positive('how long a declaration excites others, days', EXCITATION_DAYS, 3_650),
    eventShare: maybePositive(
      "share of declarations that open an event of their own; left out: FEMA's",
      1,
    ),
    states: pairs(
      "pairs [states, events]: how many states an event takes, and how often; left out: FEMA's",
      1e9,
    ),
    durations: pairs(
      "pairs [probability, days]: quantiles of durations, log-linear between them; left out: FEMA's",
      3_650,
    ),
    conditionNodes: maybePositive(
      'every measured window holds an emergency of at least so many nodes, drawn as the model draws it',
      1e6,
    ),
    ...emergencyFields,
    shiftHours,
  },
  { additionalProperties: false, description: 'emergencies as a Hawkes process, after FEMA' },
);

type OwnDistributions = 'eventShare' | 'states' | 'durations' | 'conditionNodes';
type HawkesTable = Filled<typeof schema, OpenEmergencyFields | OwnDistributions>;

export const hawkesModel: WorkloadModel = {
  name: 'hawkes',
  title: 'rare emergencies (Hawkes process calibrated on FEMA declarations)',
  kinds: ['government'],
  schema,
  generate,
};

/** Constants of the process, all times in days. */
export interface HawkesProcess {
  /** μ: rate without excitation. */
  readonly baseRate: number;
  /** n: mean number of direct offspring, < 1. */
  readonly branching: number;
  /** β: 1 / time constant. */
  readonly decay: number;
}

/** Event times in [0, untilDays), ascending, starting unexcited. Ogata's thinning. */
export function hawkesTimes(
  process: HawkesProcess,
  untilDays: number,
  stream: RandomStream,
): number[] {
  const times: number[] = [];
  let now = 0;
  // Σ n β exp(−β (now − t_i)): between events it only falls, so its value now bounds it.
  let excitation = 0;
  for (;;) {
    const bound = process.baseRate + excitation;
    const gap = stream.exponential(1 / bound);
    now += gap;
    if (now >= untilDays) return times;
    excitation *= Math.exp(-process.decay * gap);
    if (stream.uniform() * bound >= process.baseRate + excitation) continue;
    times.push(now);
    excitation += process.branching * process.decay;
  }
}

/** A duration in days: log-linear between quantiles, by default those of the record. */
export function incidentDays(
  stream: RandomStream,
  quantiles: readonly Pair[] = DURATION_QUANTILES,
): number {
  const u = stream.uniform();
  for (let i = 1; i < quantiles.length; i++) {
    const [high, days] = quantiles[i]!;
    if (u >= high) continue;
    const [low, before] = quantiles[i - 1]!;
    const place = (u - low) / (high - low);
    return Math.exp(Math.log(before) + place * (Math.log(days) - Math.log(before)));
  }
  return quantiles[quantiles.length - 1]![1];
}

/** @throws OcxError INPUT_WORKLOAD where no event could be drawn from the pairs */
function statesOf(given: readonly (readonly number[])[] | undefined): readonly Pair[] {
  if (given === undefined) return STATES_PER_EVENT;
  const some = given.some(([, events]) => events! > 0);
  if (some && given.every(([states]) => Number.isInteger(states) && states! >= 1)) {
    return given as unknown as readonly Pair[];
  }
  throw refused('states', 'each pair is a whole number of states and how many events took them');
}

/** @throws OcxError INPUT_WORKLOAD where they are no quantiles from 0 to 1 */
function durationsOf(given: readonly (readonly number[])[] | undefined): readonly Pair[] {
  if (given === undefined) return DURATION_QUANTILES;
  const ascending = given.every(([p, days], i) => {
    const before = given[i - 1];
    return days! > 0 && (before === undefined || (p! > before[0]! && days! >= before[1]!));
  });
  if (ascending && given[0]![0] === 0 && given[given.length - 1]![0] === 1) {
    return given as unknown as readonly Pair[];
  }
  throw refused('durations', 'probabilities have to ascend from 0 to 1, and days with them, > 0');
}

function refused(key: string, message: string): OcxError {
  return new OcxError({
    code: 'INPUT_WORKLOAD',
    message,
    place: { keyPath: `workload.${key}` },
    remedy: `correct ${key}, or leave it out for FEMA's`,
  });
}

/** Excitation of declarations before time 0: the process runs so long before it is used. */
const BURN_IN_TIME_CONSTANTS = 10;

function generate(table: HawkesTable, context: WorkloadContext): LoadedDemand {
  const { conditionNodes } = table;
  if (conditionNodes === undefined) return demandOf(draw(table, context, 0), table, context);
  if (table.injectNodes !== undefined) {
    throw new OcxError({
      code: 'INPUT_WORKLOAD',
      message: 'emergencies are either injected or conditioned on',
      place: { keyPath: 'workload.conditionNodes' },
      remedy: 'leave out injectNodes or conditionNodes',
    });
  }
  const { stratum = 'some' } = context;
  const rarity = { nodes: conditionNodes, probability: probabilityOf(table, context) };
  const { probability } = rarity;
  const events = drawUntil(
    (number) => draw(table, context, number),
    (drawn) => drawn.some((event) => isLarge(event, table, context)) === (stratum === 'some'),
    stratum === 'some' ? probability : 1 - probability,
  );
  return { ...demandOf(events, table, context), rarity };
}

/** Whether a drawn event is one that windows are conditioned on. */
function isLarge(event: EmergencyEvent, table: HawkesTable, context: WorkloadContext): boolean {
  const isMeasured = event.startMs >= context.warmUpMs && event.startMs < context.horizonMs;
  return isMeasured && areLarge(event.states, table, context);
}

function areLarge(states: number, table: HawkesTable, { nodes }: WorkloadContext): boolean {
  return (
    states >= table.minimumStates && emergencyNodes(states, table, nodes) >= table.conditionNodes!
  );
}

function probabilityOf(table: HawkesTable, context: WorkloadContext): number {
  const states = statesOf(table.states);
  const all = states.reduce((sum, [, events]) => sum + events, 0);
  const large = states.filter(([affected]) => areLarge(affected, table, context));
  const share = large.reduce((sum, [, events]) => sum + events, 0) / all;
  const { warmUpMs, horizonMs } = context;
  return largeEventProbability(processOf(table), {
    beforeDays: burnInDays(table) + warmUpMs / DAY_MS,
    days: (horizonMs - warmUpMs) / DAY_MS,
    share: (table.eventShare ?? EVENT_SHARE) * share,
  });
}

function processOf(table: HawkesTable): HawkesProcess {
  return {
    baseRate: table.declarationsPerDay * (1 - table.branching),
    branching: table.branching,
    decay: 1 / table.excitationDays,
  };
}

function burnInDays({ excitationDays }: HawkesTable): number {
  return BURN_IN_TIME_CONSTANTS * excitationDays;
}

/** One draw of the model. @param number of the draw; the first is 0 */
function draw(table: HawkesTable, context: WorkloadContext, number: number): EmergencyEvent[] {
  const stream = (purpose: string) =>
    workloadStream(context, number === 0 ? purpose : `${purpose}, draw ${number}`);
  const burnIn = burnInDays(table);
  const days = burnIn + context.horizonMs / DAY_MS;
  const marks = stream('marks');
  const states = statesOf(table.states);
  const durations = durationsOf(table.durations);
  const eventShare = table.eventShare ?? EVENT_SHARE;
  const weights = states.map(([, events]) => events);
  const events: EmergencyEvent[] = [];
  for (const day of hawkesTimes(processOf(table), days, stream('declarations'))) {
    const opensEvent = marks.uniform() < eventShare;
    const affected = states[weightedIndex(marks, weights)]![0];
    const durationMs = Math.round(incidentDays(marks, durations) * DAY_MS);
    const startMs = Math.floor((day - burnIn) * DAY_MS);
    if (!opensEvent || startMs < 0) continue;
    events.push({
      emergencyId: `emergency-${events.length + 1}`,
      startMs,
      durationMs,
      states: affected,
    });
  }
  return events;
}

function demandOf(
  events: readonly EmergencyEvent[],
  table: HawkesTable,
  context: WorkloadContext,
): LoadedDemand {
  const prepared = prepareEmergencies(events, table, context);
  const base = `${table.declarationsPerDay} declarations a day, branching ${table.branching}`;
  return {
    demand: {
      kind: 'government',
      needs: backgroundNeeds(table, context),
      emergencies: prepared.emergencies,
    },
    sources: [
      {
        name: 'hawkes',
        label: 'synthetic',
        sha256: null,
        treatment: [base, ...prepared.treatment].join('; '),
        droppedRecords: prepared.dropped,
      },
    ],
  };
}
