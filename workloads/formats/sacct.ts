/**
 * Job accounting of Slurm as `sacct -P` prints it (Slurm's manual of sacct), with or without `-X`:
 * steps are set aside, components of a heterogeneous job are one job, jobs that have not ended are
 * set aside. Times are local unless they were printed as seconds (`SLURM_TIME_FORMAT=%s`).
 */
import { numberIn } from '../delimited.ts';
import type { TextPlace } from '../set-aside.ts';
import { batchFormat, timeZoneField } from './batch-format.ts';
import { BatchRecorder, UNKNOWN_RECORD } from './batch-log.ts';
import type { BatchLog, BatchRecord } from './batch-log.ts';
import { LogClock } from './clock.ts';
import type { TraceFormat, TraceOptions } from './format.ts';
import { isSacctHeader, sacctTable, type SacctRow } from './sacct-rows.ts';

export const sacctFormat: TraceFormat = batchFormat({
  name: 'sacct',
  title: 'job accounting of Slurm, sacct -P (batch jobs)',
  lost: [
    'names and accounts of jobs, their node lists, and TRES beyond nodes, processors and memory',
  ],
  description: 'job accounting of Slurm as sacct -P prints it',
  fields: timeZoneField,
  recognises: (_fileName, head) => isSacctHeader(head),
  read: readSacct,
});

const COMPLETED = 1;
const FAILED = 0;
const CANCELLED = 5;

/** Ends of jobs by Slurm's states. */
const STATUS: ReadonlyMap<string, number> = new Map([
  ['COMPLETED', COMPLETED],
  ['CANCELLED', CANCELLED],
  ...[
    'BOOT_FAIL',
    'DEADLINE',
    'FAILED',
    'NODE_FAIL',
    'OUT_OF_MEMORY',
    'PREEMPTED',
    'REQUEUED',
    'REVOKED',
    'TIMEOUT',
  ].map((state) => [state, FAILED] as const),
]);

const WAITING = ['PENDING', 'REQUEUE_HOLD', 'SPECIAL_EXIT', 'CONFIGURING', 'RESV_DEL_HOLD'];
const RUNNING = ['RUNNING', 'COMPLETING', 'SUSPENDED', 'STOPPED', 'RESIZING', 'SIGNALING'];

/**
 * Reads a dump.
 *
 * @throws OcxError INPUT_HEADER, INPUT_TRUNCATED, INPUT_NO_ROWS, INPUT_ZONE, …
 */
export function readSacct(path: string, options: TraceOptions = {}): BatchLog {
  const recorder = new BatchRecorder(path);
  const clock = new LogClock(options.timeZone);
  const table = sacctTable(path, recorder.aside);
  let parts: HeterogeneousJob | null = null as HeterogeneousJob | null;
  for (const row of table.rows) {
    const id = row.text('JobID') || row.text('JobIDRaw');
    const reason = reasonAside(row, id);
    if (reason !== null) {
      recorder.aside.add(reason, { line: row.line, column: row.columnOf(columnFor(reason)) });
      continue;
    }
    const record = recordOf(row, id, clock);
    const column = row.columnOf(record.submitSeconds < 0 ? 'Submit' : 'JobID');
    const place = { line: row.line, column };
    const plus = id.indexOf('+');
    const leader = plus < 0 ? null : id.slice(0, plus);
    if (parts !== null && (leader === null || leader !== parts.record.id)) {
      recorder.add(parts.record, parts.place);
      parts = null;
    }
    if (leader === null) recorder.add(record, place);
    else parts = joined(parts, { ...record, id: leader }, place);
  }
  if (parts !== null) recorder.add(parts.record, parts.place);
  const oddities = clock.oddities();
  const timeZone = options.timeZone ?? null;
  return recorder.finish({ format: 'sacct', absolute: true, timeZone, oddities }, table.lines());
}

interface HeterogeneousJob {
  readonly record: BatchRecord;
  readonly place: TextPlace;
}

function joined(
  parts: HeterogeneousJob | null,
  record: BatchRecord,
  place: TextPlace,
): HeterogeneousJob {
  if (parts === null) return { record, place };
  return { record: together(parts.record, record), place: parts.place };
}

/** Components start together: widths add up, the longest run counts. */
function together(a: BatchRecord, b: BatchRecord): BatchRecord {
  const sum = (x: number, y: number) => (x < 0 ? y : y < 0 ? x : x + y);
  return {
    ...a,
    runSeconds: Math.max(a.runSeconds, b.runSeconds),
    requestedSeconds: Math.max(a.requestedSeconds, b.requestedSeconds),
    allocated: sum(a.allocated, b.allocated),
    requested: sum(a.requested, b.requested),
    nodes: sum(a.nodes, b.nodes),
    memoryMib: sum(a.memoryMib, b.memoryMib),
    status: a.status === b.status ? a.status : FAILED,
  };
}

function reasonAside(row: SacctRow, id: string): string | null {
  if (id.includes('.')) return 'step';
  const state = stateOf(row);
  if (WAITING.includes(state) || id.includes('[')) return 'notStartedYet';
  if (RUNNING.includes(state)) return 'stillRunning';
  return state === '' || STATUS.has(state) ? null : 'stateUnknown';
}

function columnFor(reason: string): string {
  return reason === 'step' ? 'JobID' : 'State';
}

/** `CANCELLED by 75200` and `CANCELLED+` are CANCELLED. */
function stateOf(row: SacctRow): string {
  return row.text('State').split(/[ +]/, 1)[0]!;
}

function recordOf(row: SacctRow, id: string, clock: LogClock): BatchRecord {
  const submit = clock.seconds(row.text('Submit'));
  // Where times are numbers, 0 stands for unknown.
  const start = clock.seconds(row.text('Start')) || null;
  const end = clock.seconds(row.text('End')) || null;
  const status = STATUS.get(stateOf(row)) ?? -1;
  const elapsed =
    countIn(row.text('ElapsedRaw')) ??
    secondsOf(row.text('Elapsed')) ??
    (start === null || end === null ? null : end - start);
  const requestedTres = resources(row.text('ReqTRES'));
  const allocatedTres = resources(row.text('AllocTRES'));
  const count = (columns: readonly string[], tres: number | undefined): number => {
    for (const column of columns) {
      const value = countIn(row.text(column));
      if (value !== null && value > 0) return value;
    }
    return tres ?? -1;
  };
  const requested = count(['ReqCPUS'], requestedTres.get('cpu'));
  const allocated = count(['AllocCPUS', 'NCPUS'], allocatedTres.get('cpu'));
  const nodes = count(
    ['AllocNodes', 'NNodes', 'ReqNodes'],
    allocatedTres.get('node') ?? requestedTres.get('node') ?? nodesIn(row.text('NodeList')),
  );
  return {
    ...UNKNOWN_RECORD,
    id,
    submitSeconds: submit ?? -1,
    waitSeconds: submit === null || start === null ? -1 : start - submit,
    // What never started has no run, whatever was planned for it.
    runSeconds: start === null ? (status === CANCELLED ? 0 : -1) : (elapsed ?? -1),
    requestedSeconds: limitSeconds(row),
    allocated: Math.round(allocated),
    requested: Math.round(requested),
    nodes: Math.round(nodes),
    status,
    user: row.text('User') || row.text('UID'),
    queue: row.text('QOS'),
    partition: row.text('Partition'),
    memoryMib: memoryMib(row.text('ReqMem'), Math.max(requested, allocated), nodes),
  };
}

/** Minutes where they are given raw; unlimited and the partition's limit are no estimate. */
function limitSeconds(row: SacctRow): number {
  const raw = countIn(row.text('TimelimitRaw'));
  return raw === null ? (secondsOf(row.text('Timelimit')) ?? -1) : raw * 60;
}

/** `[days-]hours:minutes:seconds[.fraction]` or `minutes:seconds[.fraction]`. */
export function secondsOf(text: string): number | null {
  const match = /^(?:(\d{1,6})-)?(?:(\d{1,8}):)?(\d{1,8}):(\d{1,2}(?:\.\d{1,9})?)$/.exec(text);
  if (match === null) return null;
  const [days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0));
  return days! * 86_400 + hours! * 3_600 + minutes! * 60 + seconds!;
}

/** A count, `K` and `M` for thousands and millions. */
function countIn(text: string): number | null {
  const unit = text.endsWith('K') ? 1_000 : text.endsWith('M') ? 1_000_000 : 1;
  const value = numberIn(unit === 1 ? text : text.slice(0, -1));
  return value === null ? null : value * unit;
}

/** `billing=2,cpu=2,mem=4000M,node=1`: the plain counts. */
function resources(text: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const part of text.split(',', 100)) {
    const [name, value] = part.split('=', 2);
    const count = countIn(value ?? '');
    if (count !== null && count > 0 && name !== 'mem') found.set(name!, count);
  }
  return found;
}

const MIB: Readonly<Record<string, number>> = {
  K: 1 / 1_024,
  M: 1,
  G: 1_024,
  T: 1_048_576,
  P: 1_073_741_824,
};

/** `2800Mc` a processor, `4Gn` a node (until Slurm 20.11), `187000M` a job; MiB of the whole job. */
export function memoryMib(text: string, processors: number, nodes: number): number {
  const match = /^(\d{1,12}(?:\.\d{1,6})?)([KMGTP]?)([cn]?)$/.exec(text);
  if (match === null) return -1;
  const each = Number(match[1]) * MIB[match[2] || 'M']!;
  if (match[3] === 'c') return processors > 0 ? each * processors : -1;
  if (match[3] === 'n') return nodes > 0 ? each * nodes : -1;
  return each;
}

const MAXIMUM_NODES = 1_000_000;

/** How many nodes `cpn-q06-04-[01-02,07],gpu1` names; undefined where it names none. */
export function nodesIn(text: string): number | undefined {
  if (!/^[\w.,[\]-]+$/.test(text) || /^None/.test(text)) return undefined;
  let nodes = 0;
  for (const [name] of text.matchAll(/[^,[\]]+(\[[^[\]]*\])?[^,[\]]*/g)) {
    const ranges = /\[([^[\]]*)\]/.exec(name)?.[1];
    if (ranges === undefined) nodes += 1;
    else for (const range of ranges.split(',')) nodes += rangeSize(range);
  }
  return nodes > 0 && nodes <= MAXIMUM_NODES ? nodes : undefined;
}

function rangeSize(range: string): number {
  const [from, to] = range.split('-', 2).map(Number);
  return to === undefined ? 1 : to >= from! ? to - from! + 1 : NaN;
}
