/**
 * Paper deadlines of computer-science conferences (a table derived from ccf-deadlines, MIT): what
 * drives the surges of a testbed. The deadlines are real, the experiments before them are not.
 */
import { Type } from 'typebox';
import { OcxError } from '../../core/kernel/errors.ts';
import { DAY_MS, WEEK_MS } from '../../core/kernel/units.ts';
import { cachedByFile } from '../cache.ts';
import {
  daysFromCivil,
  formatInstant,
  instantOfLocal,
  parseCivilMs,
  sinceMondayMs,
  zoneNamed,
  type Zone,
} from '../calendar.ts';
import type { ColumnTable } from '../column-table.ts';
import { workloadStream, type LoadedDemand, type WorkloadContext } from '../context.ts';
import { readCsv, type CsvRow } from '../csv.ts';
import { shiftHours, traceLabel, tracePath, type Filled } from '../fields.ts';
import { fileSha256 } from '../input.ts';
import { significant } from '../statistics.ts';
import { surgeDemand, surgeFields } from '../surges.ts';
import type { Inspection, TraceFormat } from './format.ts';

const year = (description: string, fallback: number) =>
  Type.Optional(Type.Integer({ default: fallback, minimum: 1970, maximum: 2200, description }));

const schema = Type.Object(
  {
    trace: tracePath,
    format: Type.Literal('deadlines'),
    label: traceLabel,
    category: Type.Optional(
      Type.String({
        default: 'DS',
        maxLength: 40,
        description: 'category of conferences (DS: systems), or "all"',
      }),
    ),
    conferences: Type.Optional(
      Type.Array(Type.String({ maxLength: 100 }), {
        maxItems: 1_000,
        description: 'only these conferences; left out: all of the category',
      }),
    ),
    fromYear: year('first year that windows are drawn from', 2022),
    untilYear: year('last year that windows are drawn from', 2026),
    timeZone: Type.Optional(
      Type.String({
        default: 'America/New_York',
        maxLength: 60,
        description: "the testbed's zone, which its hours are counted in",
      }),
    ),
    ...surgeFields,
    shiftHours,
  },
  {
    additionalProperties: false,
    description: 'a real calendar of deadlines with assumed surges of experiments before them',
  },
);

type DeadlineTable = Filled<typeof schema, 'experimentsPerDay' | 'conferences' | 'label'>;

export interface Deadline {
  readonly conference: string;
  readonly category: string;
  readonly kind: string;
  readonly zone: string;
  /** Milliseconds since 1970, UTC. */
  readonly atMs: number;
}

export interface DeadlineCalendar {
  /** Ascending. */
  readonly deadlines: readonly Deadline[];
  readonly rows: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly quarantined: readonly { reason: string; line: number; column: number }[];
  /** Rows whose stated UNIX time differs from local time and zone. */
  readonly contradicting: number;
}

export const deadlineFormat: TraceFormat = {
  name: 'deadlines',
  title: 'calendar of conference deadlines (drives the surges of a testbed)',
  kinds: ['testbed'],
  schema,
  recognises: (fileName, head) =>
    /deadlines.*\.csv(\.gz)?$/i.test(fileName) || /^[^\n]*deadline_local/.test(head),
  load,
  inspect,
  columns,
};

const COLUMNS = ['conference', 'category', 'kind', 'deadline_local', 'timezone', 'deadline_unix'];
const KEPT_PLACES = 20;

/** @throws OcxError INPUT_CSV, INPUT_NO_ROWS, … */
export function readDeadlines(path: string): DeadlineCalendar {
  return cachedByFile(path, 'deadlines', () => parseCalendar(path));
}

function parseCalendar(path: string): DeadlineCalendar {
  const rows = readCsv(path, COLUMNS);
  const zones = new Map<string, Zone | null>();
  const deadlines: Deadline[] = [];
  const dropped: Record<string, number> = Object.create(null);
  const quarantined: { reason: string; line: number; column: number }[] = [];
  let contradicting = 0;
  const setAside = (row: CsvRow, reason: string, column: string) => {
    dropped[reason] = (dropped[reason] ?? 0) + 1;
    if (quarantined.length >= KEPT_PLACES) return;
    quarantined.push({ reason, line: row.line, column: row.columnNumber(column) });
  };
  for (const row of rows) {
    const localMs = parseCivilMs(row.text('deadline_local'));
    const zone = zoneOf(row.text('timezone'), zones);
    if (localMs === null) setAside(row, 'deadlineUnreadable', 'deadline_local');
    else if (zone === null) setAside(row, 'zoneUnknown', 'timezone');
    else {
      const atMs = instantOfLocal(zone, localMs);
      const stated = row.text('deadline_unix');
      // Zones are exact, the derived column is only a check (and empty for PT).
      if (stated !== '' && Number(stated) * 1000 !== atMs) contradicting += 1;
      deadlines.push({
        conference: row.text('conference'),
        category: row.text('category'),
        kind: row.text('kind'),
        zone: row.text('timezone'),
        atMs,
      });
    }
  }
  deadlines.sort((a, b) => a.atMs - b.atMs || (a.conference < b.conference ? -1 : 1));
  return { deadlines, rows: rows.length, dropped, quarantined, contradicting };
}

function zoneOf(name: string, zones: Map<string, Zone | null>): Zone | null {
  let zone = zones.get(name);
  if (zone === undefined) {
    try {
      zone = zoneNamed(name);
    } catch {
      zone = null;
    }
    zones.set(name, zone);
  }
  return zone;
}

function load(table: DeadlineTable, path: string, context: WorkloadContext): LoadedDemand {
  const calendar = readDeadlines(path);
  const zone = zoneNamed(table.timeZone);
  const chosen = calendar.deadlines.filter(
    (deadline) =>
      deadline.kind === 'full' &&
      (table.category === 'all' || deadline.category === table.category) &&
      (table.conferences === undefined || table.conferences.includes(deadline.conference)),
  );
  const firstMs = daysFromCivil(table.fromYear, 1, 1) * DAY_MS;
  const endMs = daysFromCivil(table.untilYear + 1, 1, 1) * DAY_MS;
  const local = chosen
    .map((deadline) => deadline.atMs + zone.offsetMs(deadline.atMs))
    .filter((at) => at >= firstMs && at < endMs);
  if (local.length === 0) throw noDeadlines(path, table);
  const mondayMs = firstMs + ((WEEK_MS - sinceMondayMs(firstMs)) % WEEK_MS);
  const windows = Math.floor((endMs - mondayMs - context.horizonMs) / WEEK_MS) + 1;
  if (windows < 1) throw tooShort(path, table);
  const startMs = mondayMs + workloadStream(context, 'window').integer(windows) * WEEK_MS;
  const surges = surgeDemand(
    local.map((at) => at - startMs),
    local.length / ((endMs - firstMs) / DAY_MS),
    table,
    context.nodes,
    context.horizonMs,
    workloadStream(context, 'experiments'),
  );
  return {
    demand: { kind: 'testbed', experiments: surges.experiments },
    sources: [
      {
        name: table.trace,
        label: table.label ?? 'derived',
        sha256: cachedByFile(path, 'sha256', () => fileSha256(path)),
        treatment: [
          `a window from ${formatInstant(startMs).slice(0, 10)}, drawn from ${windows} weeks`,
          `${local.length} deadlines`,
          'experiments before them are an assumption, no reservation log of a testbed is public',
          `base rate ${significant(surges.baseRatePerDay)} a day`,
        ].join('; '),
        droppedRecords: { ...calendar.dropped, ...surges.dropped },
      },
    ],
  };
}

function noDeadlines(path: string, table: DeadlineTable): OcxError {
  return new OcxError({
    code: 'INPUT_NO_ROWS',
    message: `no full-paper deadline of category ${table.category} lies in the years asked for`,
    place: { file: path },
    remedy: 'check category, conferences, fromYear and untilYear',
  });
}

function tooShort(path: string, table: DeadlineTable): OcxError {
  return new OcxError({
    code: 'INPUT_TRACE_SHORT',
    message: `the years ${table.fromYear} to ${table.untilYear} are shorter than the horizon`,
    place: { file: path },
    remedy: 'widen fromYear and untilYear',
  });
}

function inspect(path: string): Inspection {
  const calendar = readDeadlines(path);
  const { deadlines } = calendar;
  const months = new Array<number>(12).fill(0);
  const kinds = new Map<string, number>();
  const categories = new Map<string, number>();
  const zones = new Map<string, number>();
  const count = (counts: Map<string, number>, key: string) =>
    counts.set(key, (counts.get(key) ?? 0) + 1);
  for (const deadline of deadlines) {
    count(kinds, deadline.kind);
    if (deadline.kind !== 'full') continue;
    months[Number(formatInstant(deadline.atMs).slice(5, 7)) - 1]! += 1;
    count(categories, deadline.category);
    count(zones, deadline.zone);
  }
  const listed = (counts: Map<string, number>) =>
    [...counts].map(([name, number]) => `${name} ${number}`).join(', ');
  return {
    format: 'deadlines',
    label: 'derived',
    records: calendar.rows,
    facts: [
      { name: 'kinds', value: listed(kinds) },
      { name: 'full-paper deadlines by category', value: listed(categories) },
      { name: 'by zone', value: listed(zones) },
      { name: 'first', value: deadlines.length > 0 ? formatInstant(deadlines[0]!.atMs) : null },
      { name: 'last', value: deadlines.length > 0 ? formatInstant(deadlines.at(-1)!.atMs) : null },
    ],
    dropped: calendar.dropped,
    quarantined: calendar.quarantined,
    suspicious:
      calendar.contradicting > 0 ? { unixTimeContradictsZone: calendar.contradicting } : {},
    oddities: ['the experiments before the deadlines are not in the data: they are an assumption'],
    sketches: [
      {
        title: 'full-paper deadlines by month (UTC)',
        unit: 'deadlines',
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
    ],
  };
}

function columns(path: string): ColumnTable {
  const { deadlines } = readDeadlines(path);
  return {
    rows: deadlines.length,
    columns: [
      { name: 'conference', type: 'STRING', values: deadlines.map((each) => each.conference) },
      { name: 'category', type: 'STRING', values: deadlines.map((each) => each.category) },
      { name: 'kind', type: 'STRING', values: deadlines.map((each) => each.kind) },
      {
        name: 'deadline',
        type: 'STRING',
        values: deadlines.map((each) => formatInstant(each.atMs)),
      },
    ],
  };
}
