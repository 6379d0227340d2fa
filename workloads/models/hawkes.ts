/**
 * Rare emergencies as a self-exciting (Hawkes) process of declarations, calibrated on FEMA's:
 * λ(t) = μ + Σ n β exp(−β (t − t_i)), simulated by thinning (Ogata 1981).
 */
import { Type } from 'typebox';
import type { RandomStream } from '../../core/kernel/random.ts';
import { DAY_MS } from '../../core/kernel/units.ts';
import { workloadStream, type LoadedDemand, type WorkloadContext } from '../context.ts';
import {
  backgroundNeeds,
  EVENT_YEARS,
  emergencyFields,
  prepareEmergencies,
  STATES_PER_EVENT,
  type EmergencyEvent,
  type OpenEmergencyFields,
} from '../emergencies.ts';
import { amount, positive, shiftHours, type Filled } from '../fields.ts';
import { weightedIndex } from '../sampling.ts';
import type { WorkloadModel } from './model.ts';

/** Declarations a day, 2000–2019 (major disasters and emergencies). */
export const DECLARATIONS_PER_DAY = 0.1963;
/** Branching ratio from the daily Fano factor F = 1.67: 1 − 1/√F; a lower bound. */
export const BRANCHING = 0.226;
/** Excitation fades with this time constant, days (assumption). */
const EXCITATION_DAYS = 7;

/**
 * Share of declarations that open an event of their own: 676 events in 16 years over the
 * declarations of as many years; the others add a state to one.
 */
export const EVENT_SHARE =
  STATES_PER_EVENT.reduce((sum, [, events]) => sum + events, 0) /
  (DECLARATIONS_PER_DAY * 365.25 * EVENT_YEARS);

/** Quantiles of incident durations, days: p0 (assumed), p10, p25, p50, p75, p90 (= the cap). */
const DURATION_QUANTILES: readonly (readonly [probability: number, days: number])[] = [
  [0, 0.5],
  [0.1, 1],
  [0.25, 2],
  [0.5, 7],
  [0.75, 26],
  [0.9, 91],
  [1, 91],
];

const schema = Type.Object(
  {
    model: Type.Literal('hawkes'),
    declarationsPerDay: positive('long-run rate of declarations', DECLARATIONS_PER_DAY, 1_000),
    branching: amount('declarations that one declaration causes, on average', BRANCHING, 0.99),
    excitationDays: positive('how long a declaration excites others, days', EXCITATION_DAYS, 3_650),
    ...emergencyFields,
    shiftHours,
  },
  { additionalProperties: false, description: 'emergencies as a Hawkes process, after FEMA' },
);

type HawkesTable = Filled<typeof schema, OpenEmergencyFields>;

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

/** A duration in days: log-linear between the quantiles of the record. */
export function incidentDays(stream: RandomStream): number {
  const u = stream.uniform();
  for (let i = 1; i < DURATION_QUANTILES.length; i++) {
    const [high, days] = DURATION_QUANTILES[i]!;
    if (u >= high) continue;
    const [low, before] = DURATION_QUANTILES[i - 1]!;
    const place = (u - low) / (high - low);
    return Math.exp(Math.log(before) + place * (Math.log(days) - Math.log(before)));
  }
  return DURATION_QUANTILES[DURATION_QUANTILES.length - 1]![1];
}

/** Excitation of declarations before time 0: the process runs so long before it is used. */
const BURN_IN_TIME_CONSTANTS = 10;

function generate(table: HawkesTable, context: WorkloadContext): LoadedDemand {
  const process: HawkesProcess = {
    baseRate: table.declarationsPerDay * (1 - table.branching),
    branching: table.branching,
    decay: 1 / table.excitationDays,
  };
  const burnIn = BURN_IN_TIME_CONSTANTS * table.excitationDays;
  const days = burnIn + context.horizonMs / DAY_MS;
  const marks = workloadStream(context, 'marks');
  const weights = STATES_PER_EVENT.map(([, events]) => events);
  const events: EmergencyEvent[] = [];
  for (const day of hawkesTimes(process, days, workloadStream(context, 'declarations'))) {
    const opensEvent = marks.uniform() < EVENT_SHARE;
    const states = STATES_PER_EVENT[weightedIndex(marks, weights)]![0];
    const durationMs = Math.round(incidentDays(marks) * DAY_MS);
    const startMs = Math.floor((day - burnIn) * DAY_MS);
    if (!opensEvent || startMs < 0) continue;
    events.push({ emergencyId: `emergency-${events.length + 1}`, startMs, durationMs, states });
  }
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
