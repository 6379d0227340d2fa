/**
 * OpenFEMA disaster declarations: one row a declaration of one state, merged into events by name
 * and month of the incident's begin. The incident's begin is when it starts, not the declaration,
 * which comes a median of 35 days later. The FEMA and the US government do not endorse this use.
 */
import { Type } from 'typebox';
import { OcxError } from '../../core/kernel/errors.ts';
import { DAY_MS, WEEK_MS } from '../../core/kernel/units.ts';
import { cachedByFile } from '../cache.ts';
import { daysFromCivil, formatInstant, parseCivilMs, sinceMondayMs } from '../calendar.ts';
import type { ColumnTable } from '../column-table.ts';
import { workloadStream, type LoadedDemand, type WorkloadContext } from '../context.ts';
import { readCsv } from '../csv.ts';
import {
  backgroundNeeds,
  emergencyFields,
  prepareEmergencies,
  type EmergencyEvent,
  type OpenEmergencyFields,
} from '../emergencies.ts';
import { shiftHours, traceLabel, tracePath, type Filled } from '../fields.ts';
import { fileSha256 } from '../input.ts';
import { quantile, significant, sorted } from '../statistics.ts';
import type { Inspection, TraceFormat } from './format.ts';

const year = (description: string, fallback: number) =>
  Type.Optional(Type.Integer({ default: fallback, minimum: 1953, maximum: 2200, description }));

const schema = Type.Object(
  {
    trace: tracePath,
    format: Type.Literal('fema'),
    label: traceLabel,
    fromYear: year('first year that windows are drawn from', 2000),
    untilYear: year('last year that windows are drawn from', 2015),
    ...emergencyFields,
    shiftHours,
  },
  { additionalProperties: false, description: 'US disaster declarations as emergencies' },
);

type FemaTable = Filled<typeof schema, OpenEmergencyFields | 'label'>;

/** One incident, over however many states. */
export interface FemaEvent {
  readonly name: string;
  readonly incidentType: string;
  readonly beginMs: number;
  /** Null where no declaration of it says when it ended. */
  readonly endMs: number | null;
  readonly states: number;
  readonly declarations: number;
}

export interface FemaRecord {
  /** Ascending by begin. */
  readonly events: readonly FemaEvent[];
  readonly rows: number;
  readonly declarationTypes: ReadonlyMap<string, number>;
  readonly dropped: Readonly<Record<string, number>>;
  readonly quarantined: readonly { reason: string; line: number; column: number }[];
  /** Declarations without an end. */
  readonly withoutEnd: number;
  /** Days from begin to declaration. */
  readonly delayDays: Float64Array;
}

export const femaFormat: TraceFormat = {
  name: 'fema',
  title: 'OpenFEMA web disaster declarations (emergencies)',
  kinds: ['government'],
  schema,
  recognises: (fileName, head) =>
    /fema.*\.csv(\.gz)?$/i.test(fileName) || /^[^\n]*incidentBeginDate/.test(head),
  load,
  inspect,
  columns,
};

const COLUMNS = [
  'declarationDate',
  'disasterName',
  'incidentBeginDate',
  'incidentEndDate',
  'declarationType',
  'stateCode',
  'incidentType',
];
/** Fire declarations are regional help with forest fires, not emergencies. */
const TYPES = ['Major Disaster', 'Emergency'];
/** Median duration of the record, where an end is missing. */
const MEDIAN_DURATION_MS = 7 * DAY_MS;
const KEPT_PLACES = 20;

/** @throws OcxError INPUT_CSV, INPUT_NO_ROWS, … */
export function readFema(path: string): FemaRecord {
  return cachedByFile(path, 'fema', () => mergeDeclarations(path));
}

function mergeDeclarations(path: string): FemaRecord {
  const rows = readCsv(path, COLUMNS);
  const groups = new Map<string, { event: FemaEvent; states: Set<string> }>();
  const types = new Map<string, number>();
  const dropped: Record<string, number> = Object.create(null);
  const quarantined: { reason: string; line: number; column: number }[] = [];
  const delays: number[] = [];
  let withoutEnd = 0;
  for (const row of rows) {
    const type = row.text('declarationType');
    types.set(type, (types.get(type) ?? 0) + 1);
    if (!TYPES.includes(type)) continue;
    const beginMs = parseCivilMs(row.text('incidentBeginDate'));
    const endText = row.text('incidentEndDate');
    const endMs = endText === '' ? null : parseCivilMs(endText);
    const reason =
      beginMs === null
        ? 'beginDateUnreadable'
        : endText !== '' && endMs === null
          ? 'endDateUnreadable'
          : endMs !== null && endMs < beginMs
            ? 'endsBeforeItBegins'
            : null;
    if (reason !== null || beginMs === null) {
      dropped[reason!] = (dropped[reason!] ?? 0) + 1;
      const column = row.columnNumber(
        reason === 'beginDateUnreadable' ? 'incidentBeginDate' : 'incidentEndDate',
      );
      if (quarantined.length < KEPT_PLACES)
        quarantined.push({ reason: reason!, line: row.line, column });
      continue;
    }
    if (endMs === null) withoutEnd += 1;
    const declaredMs = parseCivilMs(row.text('declarationDate'));
    if (declaredMs !== null) delays.push((declaredMs - beginMs) / DAY_MS);
    const name = row.text('disasterName').slice(0, 200);
    const key = JSON.stringify([name, formatInstant(beginMs).slice(0, 7)]);
    const group = groups.get(key);
    const state = row.text('stateCode');
    if (group === undefined) {
      const incidentType = row.text('incidentType');
      const event = { name, incidentType, beginMs, endMs, states: 1, declarations: 1 };
      groups.set(key, { event, states: new Set([state]) });
    } else {
      group.states.add(state);
      group.event = merged(group.event, beginMs, endMs, group.states.size);
    }
  }
  const events = [...groups.values()].map((group) => group.event);
  events.sort((a, b) => a.beginMs - b.beginMs || (a.name < b.name ? -1 : 1));
  if (events.length === 0) throw noEvents(path);
  const delayDays = sorted(delays);
  const rest = { declarationTypes: types, dropped, quarantined, withoutEnd, delayDays };
  return { events, rows: rows.length, ...rest };
}

function merged(
  event: FemaEvent,
  beginMs: number,
  endMs: number | null,
  states: number,
): FemaEvent {
  const ends = [event.endMs, endMs].filter((end) => end !== null);
  return {
    ...event,
    beginMs: Math.min(event.beginMs, beginMs),
    endMs: ends.length === 0 ? null : Math.max(...ends),
    states,
    declarations: event.declarations + 1,
  };
}

function noEvents(path: string): OcxError {
  return new OcxError({
    code: 'INPUT_NO_ROWS',
    message: 'there is no declaration of a major disaster or an emergency',
    place: { file: path },
    remedy: 'check that this is the right file',
  });
}

function load(table: FemaTable, path: string, context: WorkloadContext): LoadedDemand {
  const record = readFema(path);
  const firstMs = daysFromCivil(table.fromYear, 1, 1) * DAY_MS;
  const endMs = daysFromCivil(table.untilYear + 1, 1, 1) * DAY_MS;
  const firstMondayMs = firstMs + ((WEEK_MS - sinceMondayMs(firstMs)) % WEEK_MS);
  const windows = Math.floor((endMs - firstMondayMs - context.horizonMs) / WEEK_MS) + 1;
  if (windows < 1) {
    throw new OcxError({
      code: 'INPUT_TRACE_SHORT',
      message: `the years ${table.fromYear} to ${table.untilYear} are shorter than the horizon`,
      place: { file: path },
      remedy: 'widen fromYear and untilYear',
    });
  }
  const week = workloadStream(context, 'window').integer(windows);
  const startMs = firstMondayMs + week * WEEK_MS;
  const events = record.events
    .filter((event) => event.beginMs >= startMs && event.beginMs < startMs + context.horizonMs)
    .map((event): EmergencyEvent => ({
      emergencyId: `${event.name} ${formatInstant(event.beginMs).slice(0, 7)}`,
      startMs: event.beginMs - startMs,
      durationMs: event.endMs === null ? MEDIAN_DURATION_MS : event.endMs - event.beginMs,
      states: event.states,
    }));
  const prepared = prepareEmergencies(events, table, context);
  const window = `a window from ${formatInstant(startMs).slice(0, 10)}, drawn from ${windows} weeks`;
  return {
    demand: {
      kind: 'government',
      needs: backgroundNeeds(table, context),
      emergencies: prepared.emergencies,
    },
    sources: [
      {
        name: table.trace,
        label: table.label ?? 'derived',
        sha256: cachedByFile(path, 'sha256', () => fileSha256(path)),
        treatment: [window, ...prepared.treatment].join('; '),
        droppedRecords: { ...record.dropped, ...prepared.dropped },
      },
    ],
  };
}

function inspect(path: string): Inspection {
  const record = readFema(path);
  const { events } = record;
  const months = new Array<number>(12).fill(0);
  const years = new Map<string, number>();
  for (const event of events) {
    const date = formatInstant(event.beginMs);
    months[Number(date.slice(5, 7)) - 1]! += 1;
    const decade = `${date.slice(0, 3)}0s`;
    years.set(decade, (years.get(decade) ?? 0) + 1);
  }
  const known = events.filter((event) => event.endMs !== null);
  const durations = sorted(known.map((event) => (event.endMs! - event.beginMs) / DAY_MS));
  const national = events.filter((event) => event.states >= 5).length;
  const largest = events.reduce((a, b) => (b.states > a.states ? b : a));
  return {
    format: 'fema',
    label: 'real',
    records: record.rows,
    facts: [
      ...[...record.declarationTypes].map(([type, count]) => ({
        name: `rows: ${type}`,
        value: count,
      })),
      { name: 'events (name and month)', value: events.length },
      { name: 'first begin', value: formatInstant(events[0]!.beginMs).slice(0, 10) },
      { name: 'last begin', value: formatInstant(events[events.length - 1]!.beginMs).slice(0, 10) },
      { name: 'events over ≥ 5 states', value: national },
      { name: 'largest event', value: `${largest.name}, ${largest.states} states` },
      { name: 'duration, median', value: significant(quantile(durations, 0.5)), unit: 'days' },
      { name: 'duration, 90 %', value: significant(quantile(durations, 0.9)), unit: 'days' },
      {
        name: 'begin to declaration, median',
        value: significant(quantile(record.delayDays, 0.5)),
        unit: 'days',
      },
    ],
    dropped: record.dropped,
    quarantined: record.quarantined,
    suspicious: record.withoutEnd > 0 ? { endDateMissing: record.withoutEnd } : {},
    oddities: ['sizes in nodes are not in the data: they are an assumption of the workload table'],
    sketches: [
      {
        title: 'events by month of begin',
        unit: 'events',
        labels: [
          'Jan',
          'Feb',
          'Mar',
          'Apr',
          'May',
          'Jun',
          'Jul',
          'Aug',
          'Sep',
          'Oct',
          'Nov',
          'Dec',
        ],
        values: months,
      },
      {
        title: 'events by decade',
        unit: 'events',
        labels: [...years.keys()],
        values: [...years.values()],
      },
    ],
  };
}

function columns(path: string): ColumnTable {
  const { events } = readFema(path);
  const instant = (ms: number | null) => (ms === null ? '' : formatInstant(ms));
  return {
    rows: events.length,
    columns: [
      { name: 'event', type: 'STRING', values: events.map((event) => event.name) },
      { name: 'incidentType', type: 'STRING', values: events.map((event) => event.incidentType) },
      { name: 'begin', type: 'STRING', values: events.map((event) => instant(event.beginMs)) },
      { name: 'end', type: 'STRING', values: events.map((event) => instant(event.endMs)) },
      { name: 'states', type: 'INT32', values: events.map((event) => event.states) },
      { name: 'declarations', type: 'INT32', values: events.map((event) => event.declarations) },
    ],
  };
}
