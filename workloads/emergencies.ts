/**
 * What emergencies have in common whether they are recorded or modelled: how many nodes one
 * needs, how an experiment puts one in, and the background load of a government cluster.
 *
 * That the size grows with the number of states affected is an assumption; all of it can be set.
 */
import { Type } from 'typebox';
import type { Emergency, NodeNeedSeries } from '../core/demand/demand.ts';
import { DAY_MS, HOUR_MS } from '../core/kernel/units.ts';
import { workloadStream, type WorkloadContext } from './context.ts';
import { amount, maybePositive, positive, type Filled } from './fields.ts';
import { dailyCycle } from './models/daily-cycle-series.ts';

/**
 * Events 2000–2015 by number of states (FEMA declarations of major disasters and emergencies,
 * merged by name and month of begin): states → events in 16 years.
 */
export const STATES_PER_EVENT: readonly (readonly [states: number, events: number])[] = [
  [1, 502],
  [2, 86],
  [3, 40],
  [4, 18],
  [5, 13],
  [6, 12],
  [7, 1],
  [11, 1],
  [12, 1],
  [14, 1],
  [39, 1],
];
export const EVENT_YEARS = 16;

/** Fields of the workload tables of governments. */
export const emergencyFields = {
  minimumStates: Type.Optional(
    Type.Integer({
      default: 5,
      minimum: 1,
      maximum: 60,
      description: 'events over fewer states are no emergency for the cluster; 5: national ones',
    }),
  ),
  nationalNodes: maybePositive(
    'nodes that an event over 5 states needs (an assumption); left out: 0.6 of the cluster',
    1e6,
  ),
  sizeExponent: amount('nodes grow with states to this power (an assumption)', 1, 5),
  maximumNodes: maybePositive('most nodes of an emergency; left out: the whole cluster', 1e6),
  durationCapDays: positive('longest emergency, days', 90, 3_650),
  backgroundNodes: amount('mean need outside emergencies, nodes, with a daily cycle', 0, 1e6),
  injectNodes: maybePositive('puts one emergency of this size into every replication', 1e6),
  injectAtHours: amountOrNothing('when; left out: at a random time after the warm-up'),
  injectDurationHours: positive(
    'how long it lasts; default: the median of the record',
    168,
    20_000,
  ),
  injectPerYear: maybePositive(
    'how often one of at least this size happens, for its importance weight; left out: as the ' +
      'record has it',
    1_000,
  ),
};

function amountOrNothing(description: string) {
  return Type.Optional(Type.Number({ minimum: 0, maximum: 1e6, description }));
}

const fieldsSchema = Type.Object(emergencyFields);
/** Those of them that have no default. */
export type OpenEmergencyFields =
  'nationalNodes' | 'maximumNodes' | 'injectNodes' | 'injectAtHours' | 'injectPerYear';

export type EmergencyFields = Filled<typeof fieldsSchema, OpenEmergencyFields>;

const NATIONAL_STATES = 5;
const NATIONAL_SHARE = 0.6;

/** Nodes for an event over so many states: national · (states / 5)^exponent, rounded up, capped. */
export function emergencyNodes(states: number, fields: EmergencyFields, nodes: number): number {
  const national = fields.nationalNodes ?? NATIONAL_SHARE * nodes;
  const maximum = Math.floor(fields.maximumNodes ?? nodes);
  const factor = Math.exp(fields.sizeExponent * Math.log(states / NATIONAL_STATES));
  return Math.max(1, Math.min(maximum, Math.ceil(national * factor - 1e-9)));
}

/** An event before it has a size in nodes. */
export interface EmergencyEvent {
  readonly emergencyId: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly states: number;
}

export interface PreparedEmergencies {
  readonly emergencies: readonly Emergency[];
  readonly dropped: Readonly<Record<string, number>>;
  /** Sentences for the manifest. */
  readonly treatment: readonly string[];
}

/**
 * Sizes events, drops the small ones, folds what overlaps into one and injects what the table
 * asks for.
 */
export function prepareEmergencies(
  events: readonly EmergencyEvent[],
  fields: EmergencyFields,
  context: WorkloadContext,
): PreparedEmergencies {
  const dropped: Record<string, number> = Object.create(null);
  const treatment: string[] = [];
  const cap = fields.durationCapDays * DAY_MS;
  const large = events.filter((event) => event.states >= fields.minimumStates);
  if (large.length < events.length) dropped['fewerStates'] = events.length - large.length;
  const drawn = large.map((event): Emergency => ({
    emergencyId: event.emergencyId,
    startMs: event.startMs,
    durationMs: Math.min(cap, Math.max(HOUR_MS, event.durationMs)),
    nodes: emergencyNodes(event.states, fields, context.nodes),
    injected: false,
    weight: 1,
  }));
  const separate = foldOverlaps(drawn);
  if (separate.length < drawn.length) dropped['foldedIntoEarlier'] = drawn.length - separate.length;
  treatment.push(
    `events over ≥ ${fields.minimumStates} states; nodes ∝ states^${fields.sizeExponent} (assumption)`,
  );
  if (fields.injectNodes === undefined) return { emergencies: separate, dropped, treatment };
  const injected = injectionOf(fields, context);
  treatment.push(
    `one of ${injected.nodes} nodes injected, weight ${injected.weight.toPrecision(3)}`,
  );
  const kept = separate.filter(
    (emergency) => emergency.nodes < injected.nodes && !overlap(emergency, injected),
  );
  if (kept.length < separate.length) dropped['replacedByInjected'] = separate.length - kept.length;
  return { emergencies: sortedByStart([...kept, injected]), dropped, treatment };
}

function injectionOf(fields: EmergencyFields, context: WorkloadContext): Emergency {
  const durationMs = Math.round(fields.injectDurationHours * HOUR_MS);
  const latest = Math.max(context.warmUpMs, context.horizonMs - durationMs);
  const drawnMs =
    context.warmUpMs +
    Math.floor(workloadStream(context, 'injection').uniform() * (latest - context.warmUpMs));
  const startMs =
    fields.injectAtHours === undefined ? drawnMs : Math.round(fields.injectAtHours * HOUR_MS);
  const nodes = Math.ceil(fields.injectNodes!);
  const perYear = fields.injectPerYear ?? eventsPerYear(nodes, fields, context.nodes);
  const years = (context.horizonMs - context.warmUpMs) / (365.25 * DAY_MS);
  return {
    emergencyId: 'injected',
    startMs,
    durationMs,
    nodes,
    injected: true,
    weight: perYear * years,
  };
}

/** Events a year that need at least so many nodes, by the record; at least one in its 16 years. */
export function eventsPerYear(nodes: number, fields: EmergencyFields, cluster: number): number {
  let events = 0;
  for (const [states, count] of STATES_PER_EVENT) {
    if (emergencyNodes(states, fields, cluster) >= nodes) events += count;
  }
  return Math.max(1, events) / EVENT_YEARS;
}

/** An emergency that begins while another lasts prolongs it and raises it to its own size. */
function foldOverlaps(emergencies: readonly Emergency[]): Emergency[] {
  const folded: Emergency[] = [];
  for (const emergency of sortedByStart([...emergencies])) {
    const last = folded[folded.length - 1];
    if (last === undefined || last.startMs + last.durationMs <= emergency.startMs) {
      folded.push(emergency);
      continue;
    }
    const endMs = Math.max(
      last.startMs + last.durationMs,
      emergency.startMs + emergency.durationMs,
    );
    folded[folded.length - 1] = {
      ...last,
      durationMs: endMs - last.startMs,
      nodes: Math.max(last.nodes, emergency.nodes),
    };
  }
  return folded;
}

function overlap(a: Emergency, b: Emergency): boolean {
  return a.startMs < b.startMs + b.durationMs && b.startMs < a.startMs + a.durationMs;
}

function sortedByStart(emergencies: Emergency[]): Emergency[] {
  return emergencies.sort(
    (a, b) => a.startMs - b.startMs || (a.emergencyId < b.emergencyId ? -1 : 1),
  );
}

/** What a government's cluster does outside emergencies. */
export function backgroundNeeds(fields: EmergencyFields, context: WorkloadContext): NodeNeedSeries {
  if (fields.backgroundNodes === 0)
    return { timeMs: Float64Array.of(0), nodes: Float64Array.of(0) };
  return dailyCycle(
    { meanNodes: fields.backgroundNodes, dayAmplitude: 0.4, weekendFactor: 0.6, noise: 0.05 },
    context.horizonMs,
    workloadStream(context, 'background'),
  );
}
