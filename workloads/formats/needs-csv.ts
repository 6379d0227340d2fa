/** A plain series of node needs: CSV with the columns `timeSeconds,nodes`. */
import { Type } from 'typebox';
import type { InputLabel, NodeNeedSeries } from '../../core/demand/demand.ts';
import { OcxError } from '../../core/kernel/errors.ts';
import { DAY_MS, HOUR_MS, SECOND_MS, WEEK_MS } from '../../core/kernel/units.ts';
import { cachedByFile } from '../cache.ts';
import { WEEKDAYS, type Weekday } from '../calendar.ts';
import type { ColumnTable } from '../column-table.ts';
import { workloadStream, type LoadedDemand, type WorkloadContext } from '../context.ts';
import { readCsv, type CsvRow } from '../csv.ts';
import { demandOfNeeds } from '../demand-kinds.ts';
import {
  maybePositive,
  resample,
  shiftHours,
  startWeekday,
  traceLabel,
  tracePath,
  type Filled,
} from '../fields.ts';
import { fileSha256, isParquet } from '../input.ts';
import { planResampling, resampleNeeds } from '../resample.ts';
import { quantile, significant, sorted } from '../statistics.ts';
import { openTable } from '../table-rows.ts';
import { refuseColumns } from './canonical-table.ts';
import type { Inspection, TraceFormat } from './format.ts';

const schema = Type.Object(
  {
    trace: tracePath,
    format: Type.Literal('needs-csv'),
    label: traceLabel,
    meanNodes: maybePositive('scales the series to this mean, nodes', 1e6),
    startWeekday: startWeekday('monday', 'the file does not say it'),
    resample,
    shiftHours,
  },
  { additionalProperties: false, description: 'a series of node needs (timeSeconds,nodes)' },
);

type NeedsTable = Filled<typeof schema, 'meanNodes' | 'label'>;

export const needsFormat: TraceFormat = {
  name: 'needs-csv',
  title: 'CSV or Parquet with timeSeconds,nodes (any series of node needs)',
  kinds: ['cloud', 'government'],
  schema,
  recognises: (fileName, head) =>
    /needs.*\.csv(\.gz)?$/i.test(fileName) ||
    /^\uFEFF?\s*timeSeconds\s*,\s*nodes\b/.test(head) ||
    (head.startsWith('PAR1') && head.includes('timeSeconds') && head.includes('nodes')),
  load,
  inspect,
  columns,
};

const COLUMNS = ['timeSeconds', 'nodes'];
const MAXIMUM_SECONDS = 630_720_000;
const MAXIMUM_NODES = 50_000_000;

/**
 * Needs by time, as they stand; fractions of a node allowed.
 *
 * @throws OcxError INPUT_CSV, INPUT_NUMBER, INPUT_OUT_OF_RANGE, INPUT_ORDER with line and column
 */
export function readNeeds(path: string): NodeNeedSeries {
  return cachedByFile(path, 'needs', () => {
    const rows = isParquet(path) ? parquetRows(path) : readCsv(path, COLUMNS);
    const timeMs = new Float64Array(rows.length);
    const nodes = new Float64Array(rows.length);
    rows.forEach((row, index) => {
      timeMs[index] = Math.round(numberIn(path, row, 'timeSeconds', MAXIMUM_SECONDS) * SECOND_MS);
      nodes[index] = numberIn(path, row, 'nodes', MAXIMUM_NODES);
      if (index > 0 && timeMs[index]! <= timeMs[index - 1]!) {
        throw problem(
          'INPUT_ORDER',
          path,
          row,
          'timeSeconds',
          'times do not ascend',
          'sort the rows',
        );
      }
    });
    return { timeMs, nodes };
  });
}

function parquetRows(path: string): CsvRow[] {
  const table = openTable(path, COLUMNS);
  refuseColumns(path, table, COLUMNS);
  return Array.from(table.rows, ({ line, text }) => ({
    line,
    text,
    columnNumber: (column) => COLUMNS.indexOf(column) + 1,
  }));
}

function numberIn(path: string, row: CsvRow, column: string, maximum: number): number {
  const text = row.text(column);
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i.test(text) ? Number(text) : NaN;
  if (Number.isNaN(value)) {
    const message = `${JSON.stringify(text.slice(0, 40))} is no number`;
    throw problem('INPUT_NUMBER', path, row, column, message, 'write digits with a decimal point');
  }
  if (value >= 0 && value <= maximum) return value;
  const message = `${column} is ${value}, not between 0 and ${maximum}`;
  throw problem('INPUT_OUT_OF_RANGE', path, row, column, message, 'correct the row');
}

function problem(
  code: string,
  file: string,
  row: CsvRow,
  column: string,
  message: string,
  remedy: string,
): OcxError {
  const place = { file, line: row.line, column: row.columnNumber(column) };
  return new OcxError({ code, message, place, remedy });
}

/** The series from its first instant on: where its last step ends is as long as the one before. */
function endOf(needs: NodeNeedSeries): number {
  const last = needs.timeMs.length - 1;
  const step = last > 0 ? needs.timeMs[last]! - needs.timeMs[last - 1]! : HOUR_MS;
  return needs.timeMs[last]! + step;
}

function meanOf(needs: NodeNeedSeries): number {
  const endMs = endOf(needs);
  let sum = 0;
  for (let i = 0; i < needs.nodes.length; i++) {
    sum += needs.nodes[i]! * ((needs.timeMs[i + 1] ?? endMs) - needs.timeMs[i]!);
  }
  return sum / (endMs - needs.timeMs[0]!);
}

function load(table: NeedsTable, path: string, context: WorkloadContext): LoadedDemand {
  const raw = readNeeds(path);
  const factor = table.meanNodes === undefined ? 1 : table.meanNodes / meanOf(raw);
  const scaled = {
    timeMs: raw.timeMs,
    nodes: raw.nodes.map((need) => Math.ceil(need * factor - 1e-9)),
  };
  const startMs = raw.timeMs[0]!;
  const sinceMonday = WEEKDAYS.indexOf(table.startWeekday as Weekday) * DAY_MS + startMs;
  const firstMondayMs = startMs + ((WEEK_MS - (sinceMonday % WEEK_MS)) % WEEK_MS);
  const plan = planResampling(
    { startMs, endMs: endOf(raw), firstMondayMs },
    context.horizonMs,
    workloadStream(context, 'resample'),
    table.resample,
  );
  const label: InputLabel = plan.mode === 'window' && factor === 1 ? 'real' : 'derived';
  const scale = factor === 1 ? '' : `; scaled by ${significant(factor, 3)}`;
  return {
    demand: demandOfNeeds(context.kind, resampleNeeds(scaled, plan)),
    sources: [
      {
        name: table.trace,
        label: table.label ?? label,
        sha256: cachedByFile(path, 'sha256', () => fileSha256(path)),
        treatment: `${plan.treatment}${scale}`,
        droppedRecords: {},
      },
    ],
  };
}

function inspect(path: string): Inspection {
  const needs = readNeeds(path);
  const values = sorted(needs.nodes);
  const bars = 48;
  const startMs = needs.timeMs[0]!;
  const spanMs = endOf(needs) - startMs;
  const peaks = new Array<number>(bars).fill(0);
  needs.nodes.forEach((need, i) => {
    const bar = Math.min(bars - 1, Math.floor(((needs.timeMs[i]! - startMs) / spanMs) * bars));
    peaks[bar] = Math.max(peaks[bar]!, need);
  });
  return {
    format: 'needs-csv',
    label: 'real',
    records: needs.nodes.length,
    facts: [
      { name: 'span', value: significant(spanMs / DAY_MS), unit: 'days' },
      { name: 'mean', value: significant(meanOf(needs)), unit: 'nodes' },
      { name: 'lowest', value: quantile(values, 0), unit: 'nodes' },
      { name: 'highest', value: quantile(values, 1), unit: 'nodes' },
    ],
    dropped: {},
    quarantined: [],
    suspicious: {},
    oddities: [],
    sketches: [
      {
        title: 'highest need over time',
        unit: 'nodes',
        labels: peaks.map((_, bar) => `day ${significant((bar * spanMs) / bars / DAY_MS, 3)}`),
        values: peaks,
      },
    ],
  };
}

function columns(path: string): ColumnTable {
  const needs = readNeeds(path);
  return {
    rows: needs.nodes.length,
    columns: [
      { name: 'timeSeconds', type: 'DOUBLE', values: needs.timeMs.map((ms) => ms / SECOND_MS) },
      { name: 'nodes', type: 'DOUBLE', values: needs.nodes },
    ],
  };
}
