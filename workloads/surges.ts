/**
 * Demand of a systems-research testbed: experiments that pile up before deadlines.
 *
 *   λ(t) = λ0 · h(t) · [1 + Σ_k a · exp(−(D_k − t)/τ) · 1(t ≤ D_k)] · [1 − c · 1(0 < t − D_k ≤ 2 d)]
 *
 * No reservation log of a testbed is public, so this is an engineering assumption throughout and
 * labelled so in every report; only the deadlines may be real.
 */
import { Type } from 'typebox';
import type { Experiment } from '../core/demand/demand.ts';
import type { RandomStream } from '../core/kernel/random.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../core/kernel/units.ts';
import { amount, maybePositive, positive, share, type Filled } from './fields.ts';
import { poisson, weightedIndex } from './sampling.ts';

/** Gang sizes with their shares (assumption). */
export const GANG_SIZES: readonly (readonly [nodes: number, share: number])[] = [
  [1, 0.35],
  [2, 0.2],
  [4, 0.2],
  [8, 0.12],
  [16, 0.08],
  [32, 0.05],
];

/**
 * Activity by local hour, mean 1 (assumption). Its shape follows the one public testbed record,
 * Chameleon's KVM cloud 2015–2018: peaks about 08 and 16 h, low in the early morning.
 */
const HOUR_WEIGHTS = [
  0.5, 0.4, 0.35, 0.3, 0.35, 0.45, 0.7, 1.2, 1.55, 1.5, 1.35, 1.25, 1.2, 1.3, 1.45, 1.6, 1.65, 1.45,
  1.25, 1.1, 1, 0.85, 0.7, 0.55,
];
const HOUR_WEIGHT_MEAN = HOUR_WEIGHTS.reduce((sum, weight) => sum + weight, 0) / 24;

/** Fields of the workload tables of testbeds. */
export const surgeFields = {
  load: amount('node-time asked for, over the cluster’s, averaged over the calendar', 0.6, 100),
  experimentsPerDay: maybePositive('base rate; left out: what makes the load', 1e5),
  surge: amount('a: how much a deadline raises the rate at its peak (assumption)', 3, 1_000),
  surgeDays: positive('τ: how fast a surge builds up, days (assumption; 3 to 10)', 6, 365),
  dip: share('c: share by which the rate falls in the 2 days after a deadline (assumption)', 0.5),
  weekendFactor: amount('rate at weekends over working days (no weekly pattern is known)', 1, 10),
  minimumDays: positive('shortest lease, days (assumption)', 1, 365),
  maximumDays: positive('longest lease, days (assumption)', 7, 365),
  baseSlack: positive(
    'window of an experiment without a deadline, in lease lengths (assumption)',
    3,
    100,
  ),
  offHoursShare: share(
    'experimenters who would also work at nights and weekends (assumption)',
    0.5,
  ),
};

const fieldsSchema = Type.Object(surgeFields);
export type SurgeFields = Filled<typeof fieldsSchema, 'experimentsPerDay'>;

/** An experimenter plans to be done with a fifth of the time to the deadline left. */
const PLANNED_SHARE = 0.8;
/** Nothing useful is done in less. */
const SHORTEST_MS = 2 * HOUR_MS;
const DIP_MS = 2 * DAY_MS;
/** A surge further off than this many τ is below 0.04 % of its peak. */
const REACH = 8;

export interface SurgeDemand {
  /** Ascending by release. */
  readonly experiments: readonly Experiment[];
  readonly dropped: Readonly<Record<string, number>>;
  readonly baseRatePerDay: number;
}

/**
 * Experiments released in [0, horizonMs).
 *
 * @param deadlines ascending, ms; also those after the horizon that cast their surge into it
 * @param deadlinesPerDay of the whole calendar, for the load
 * @param nodes of the cluster; larger gangs are not asked for
 */
export function surgeDemand(
  deadlines: readonly number[],
  deadlinesPerDay: number,
  fields: SurgeFields,
  nodes: number,
  horizonMs: number,
  stream: RandomStream,
): SurgeDemand {
  const gangs = GANG_SIZES.filter(([size]) => size <= nodes);
  const baseRate = fields.experimentsPerDay ?? rateForLoad(fields, gangs, nodes, deadlinesPerDay);
  const reachMs = REACH * fields.surgeDays * DAY_MS;
  const experiments: Experiment[] = [];
  const dropped: Record<string, number> = Object.create(null);
  let first = 0;
  for (let hour = 0; hour * HOUR_MS < horizonMs; hour++) {
    const middle = (hour + 0.5) * HOUR_MS;
    while (first < deadlines.length && deadlines[first]! < middle - DIP_MS) first += 1;
    const near = nearDeadlines(deadlines, first, middle, reachMs);
    const surges = near.ahead.map(
      (deadline) => fields.surge * Math.exp(-(deadline - middle) / (fields.surgeDays * DAY_MS)),
    );
    const factor = 1 + surges.reduce((sum, surge) => sum + surge, 0);
    const rate =
      (baseRate / 24) * hourFactor(hour, fields) * factor * (near.justPassed ? 1 - fields.dip : 1);
    for (let left = poisson(stream, rate); left > 0; left--) {
      const releaseMs = Math.floor((hour + stream.uniform()) * HOUR_MS);
      if (releaseMs >= horizonMs) continue;
      const cause = weightedIndex(stream, [1, ...surges]);
      const deadlineMs = cause === 0 ? null : near.ahead[cause - 1]!;
      const made = experiment(releaseMs, deadlineMs, gangs, fields, stream);
      if (made === null) dropped['tooCloseToDeadline'] = (dropped['tooCloseToDeadline'] ?? 0) + 1;
      else experiments.push(made);
    }
  }
  experiments.sort((a, b) => a.releaseMs - b.releaseMs);
  const numbered = experiments.map((each, index) => ({
    ...each,
    experimentId: `experiment-${index + 1}`,
  }));
  return { experiments: numbered, dropped, baseRatePerDay: baseRate };
}

function nearDeadlines(
  deadlines: readonly number[],
  first: number,
  atMs: number,
  reachMs: number,
): { ahead: number[]; justPassed: boolean } {
  const ahead: number[] = [];
  let justPassed = false;
  for (let k = first; k < deadlines.length && deadlines[k]! - atMs <= reachMs; k++) {
    if (deadlines[k]! >= atMs) ahead.push(deadlines[k]!);
    else justPassed = true;
  }
  return { ahead, justPassed };
}

function hourFactor(hour: number, fields: SurgeFields): number {
  const week = (5 + 2 * fields.weekendFactor) / 7;
  const day = hour % 168 >= 120 ? fields.weekendFactor : 1;
  return ((HOUR_WEIGHTS[hour % 24]! / HOUR_WEIGHT_MEAN) * day) / week;
}

function experiment(
  releaseMs: number,
  deadlineMs: number | null,
  gangs: readonly (readonly [number, number])[],
  fields: SurgeFields,
  stream: RandomStream,
): Experiment | null {
  const nodes =
    gangs[
      weightedIndex(
        stream,
        gangs.map(([, weight]) => weight),
      )
    ]![0];
  const wishedMs = wished(fields, stream.uniform());
  const acceptsOffHours = stream.uniform() < fields.offHoursShare;
  const leftMs = deadlineMs === null ? Infinity : PLANNED_SHARE * (deadlineMs - releaseMs);
  const durationMs = wholeMinutes(Math.min(wishedMs, leftMs));
  if (durationMs < SHORTEST_MS) return null;
  const due = deadlineMs ?? releaseMs + Math.max(DAY_MS, fields.baseSlack * durationMs);
  const rest = { nodes, durationMs, acceptsOffHours };
  return { experimentId: '', releaseMs, deadlineMs: Math.floor(due), ...rest };
}

/** Uniform in whole hours. */
function wished(fields: SurgeFields, uniform: number): number {
  const low = Math.round(fields.minimumDays * 24);
  const high = Math.max(low, Math.round(fields.maximumDays * 24));
  return (low + Math.floor(uniform * (high - low + 1))) * HOUR_MS;
}

function wholeMinutes(ms: number): number {
  return Math.floor(ms / MINUTE_MS) * MINUTE_MS;
}

/**
 * Base rate, experiments a day, at which the expected node-time asked for is `load` of the
 * cluster's: base arrivals with full lengths, and for every deadline its surge with lengths cut to
 * the time left. Dips are taken to be as frequent as deadlines allow.
 */
export function rateForLoad(
  fields: SurgeFields,
  gangs: readonly (readonly [number, number])[],
  nodes: number,
  deadlinesPerDay: number,
): number {
  const total = gangs.reduce((sum, [, weight]) => sum + weight, 0);
  const meanGang = gangs.reduce((sum, [size, weight]) => sum + size * weight, 0) / total;
  const meanDays = (fields.minimumDays + fields.maximumDays) / 2;
  let surgeDays = 0;
  const hours = Math.ceil(REACH * fields.surgeDays * 24);
  for (let hour = 0; hour < hours; hour++) {
    const days = (hour + 0.5) / 24;
    const length = meanCutDays(fields, PLANNED_SHARE * days);
    surgeDays += (fields.surge * Math.exp(-days / fields.surgeDays) * length) / 24;
  }
  const dipShare = 1 - Math.exp(-2 * deadlinesPerDay);
  const perBaseArrival = meanDays + deadlinesPerDay * surgeDays;
  return (fields.load * nodes) / (meanGang * perBaseArrival * (1 - fields.dip * dipShare));
}

/** E[min(U, cut)] of a length uniform between the bounds, days. */
function meanCutDays(fields: SurgeFields, cut: number): number {
  const low = fields.minimumDays;
  const high = Math.max(low, fields.maximumDays);
  if (cut * DAY_MS < SHORTEST_MS) return 0;
  if (cut <= low) return cut;
  if (cut >= high) return (low + high) / 2;
  const below = (cut - low) / (high - low);
  return (below * (low + cut)) / 2 + (1 - below) * cut;
}
