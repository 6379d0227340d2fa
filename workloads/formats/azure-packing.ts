/**
 * Azure's trace for packing of 2020 (Hadary et al., OSDI 2020): an SQLite database, or its tables as
 * CSV with headers, `vm` and beside it `vmType`. Times are days, sizes are shares of a machine;
 * the same type has other shares on other machines.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { OcxError } from '../../core/kernel/errors.ts';
import { CSV_OPTIONS, headedRows, noRows, refuseCutOff } from '../delimited.ts';
import { isSqlite } from '../input.ts';
import type { TextPlace } from '../set-aside.ts';
import { sqliteRows } from '../sqlite-rows.ts';
import type { TraceFormat } from './format.ts';
import { machineFormat } from './machine-format.ts';
import { MachineRecorder, type MachineLog } from './machine-log.ts';

export const azurePackingFormat: TraceFormat = machineFormat({
  name: 'azure-packing',
  title: "Azure's trace for packing of 2020, SQLite or CSV (virtual machines)",
  lost: ['disks and network; starts before day 0, and ends after the last request'],
  description: "virtual machines of Azure's trace for packing of 2020",
  recognises: (_fileName, head) =>
    (head.startsWith('SQLite format 3') && head.includes('vmTypeId')) ||
    /^\uFEFF?(?=[^\n]*\bvmTypeId\b)(?=[^\n]*\bstarttime\b)vmId,/.test(head),
  read: readAzurePacking,
});

const VM_COLUMNS = ['vmId', 'tenantId', 'vmTypeId', 'priority', 'starttime', 'endtime'];
const TYPE_COLUMNS = ['vmTypeId', 'machineId', 'core', 'memory'];
const DAY_SECONDS = 86_400;
const PRIORITIES: ReadonlyMap<string, string> = new Map([
  ['0', 'high'],
  ['1', 'low'],
]);

interface Row {
  /** As written; empty for NULL. */
  readonly texts: readonly string[];
  readonly place: TextPlace;
}

interface Share {
  readonly cores: number;
  readonly memory: number;
}

/** @throws OcxError INPUT_SQLITE, INPUT_CSV, INPUT_FILE_NOT_FOUND (the types), INPUT_NO_ROWS, … */
export function readAzurePacking(path: string): MachineLog {
  const vms = [...rowsOf(path, 'vm', VM_COLUMNS)];
  const shares = sharesByMachine(path);
  const machine = commonestMachine(vms, shares);
  // Requests came in for 14 days; ends are known for 90: only the former is the load of a zone.
  const lastStart = vms.reduce((last, { texts }) => Math.max(last, secondsOf(texts[4]!) || 0), 0);
  const recorder = new MachineRecorder(path);
  recorder.lastsUntil(lastStart);
  for (const { texts, place } of vms) {
    const [id, owner, type, priority, start, end] = texts as [string, ...string[]];
    const startSeconds = secondsOf(start!);
    const endSeconds = end === '' || end === 'NULL' ? Infinity : secondsOf(end!);
    if (Number.isNaN(startSeconds) || Number.isNaN(endSeconds)) {
      recorder.aside.add('timeUnknown', place);
      continue;
    }
    if (endSeconds <= 0) {
      recorder.aside.add('endedBeforeTheLog', place);
      continue;
    }
    const own = shares.get(type!)?.get(machine);
    const share = own ?? meanShare(shares.get(type!));
    if (share === null) {
      recorder.aside.add('typeUnknown', place);
      continue;
    }
    const taken = recorder.count;
    recorder.add(
      {
        id: id!,
        startSeconds: Math.max(0, startSeconds),
        endSeconds: endSeconds > lastStart ? null : endSeconds,
        begunBefore: startSeconds < 0,
        ageSeconds: Math.max(0, -startSeconds),
        cores: share.cores,
        memoryGb: share.memory,
        owner: owner!,
        category: PRIORITIES.get(priority!) ?? priority!,
      },
      place,
    );
    if (recorder.count === taken) continue;
    if (own === undefined) recorder.odd('notOnTheCommonestMachine');
    if (priority === '1') recorder.odd('lowPriority');
  }
  return recorder.finish('azure-packing', true, [
    `sizes are shares of machine ${machine}, on which most requests can run; it counts as one node`,
    'types that are not on it count with the mean of their shares on other machines',
    'what began before day 0 counts from there, what ended after the last request until then',
    'low priority (1) may have been evicted: then its life is shorter than was wanted',
    'disk and network are not packed',
  ]);
}

/** Seconds of days as written; NaN for anything else. */
function secondsOf(text: string): number {
  const days = /^-?\d{1,6}(\.\d*)?(e-?\d{1,2})?$/i.test(text) ? Number(text) : NaN;
  // The clock behind the days has no finer grain than a second worth keeping.
  return Math.round(days * DAY_SECONDS * 1_000) / 1_000;
}

function sharesByMachine(path: string): Map<string, Map<string, Share>> {
  const shares = new Map<string, Map<string, Share>>();
  for (const { texts } of rowsOf(typesPath(path), 'vmType', TYPE_COLUMNS)) {
    const [type, machine, core, memory] = texts as [string, string, string, string];
    const share = { cores: Number(core || 'NaN'), memory: Number(memory || 'NaN') };
    if (!(share.cores >= 0 && share.memory >= 0)) continue;
    const machines = shares.get(type) ?? new Map<string, Share>();
    shares.set(type, machines.set(machine, share));
  }
  if (shares.size > 0) return shares;
  throw noRows(path, 'the table vmType holds no type with its sizes');
}

/** The machine that most requests can run on; of equal ones the first by name. */
function commonestMachine(vms: readonly Row[], shares: Map<string, Map<string, Share>>): string {
  const perType = new Map<string, number>();
  for (const { texts } of vms) perType.set(texts[2]!, (perType.get(texts[2]!) ?? 0) + 1);
  const perMachine = new Map<string, number>();
  for (const [type, count] of perType) {
    for (const machine of shares.get(type)?.keys() ?? []) {
      perMachine.set(machine, (perMachine.get(machine) ?? 0) + count);
    }
  }
  const ranked = [...perMachine].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return ranked[0]?.[0] ?? 'none';
}

function meanShare(machines: ReadonlyMap<string, Share> | undefined): Share | null {
  if (machines === undefined) return null;
  const all = [...machines.values()];
  const mean = (pick: (share: Share) => number) =>
    all.reduce((sum, share) => sum + pick(share), 0) / all.length;
  return { cores: mean((share) => share.cores), memory: mean((share) => share.memory) };
}

function* rowsOf(path: string, table: string, columns: readonly string[]): Generator<Row> {
  if (isSqlite(path)) {
    let line = 0;
    for (const values of sqliteRows(path, table, columns)) {
      line += 1;
      const texts = values.map((value) => (value === null ? '' : String(value)));
      yield { texts, place: { line, column: 1 } };
    }
    return;
  }
  const { header, rows } = headedRows(path, CSV_OPTIONS);
  const positions = columns.map((name) => header.need(name));
  for (const row of rows) {
    refuseCutOff(path, row, header.width);
    yield { texts: positions.map((position) => row.text(position)), place: row.placeOf(0) };
  }
}

/** In the same database, else the file beside that is called like this one with vmType for vm. */
function typesPath(path: string): string {
  if (isSqlite(path)) return path;
  const name = basename(path);
  const beside = [name.replace(/vm(?!Type)(_instances)?/i, 'vmType'), 'vmType.csv', 'vm_types.csv']
    .filter((other) => other !== name)
    .map((other) => join(dirname(path), other));
  const found = beside.find((other) => existsSync(other));
  if (found !== undefined) return found;
  throw new OcxError({
    code: 'INPUT_FILE_NOT_FOUND',
    message: 'the table vmType, which has the sizes, is not beside the table vm',
    place: { file: beside[0]! },
    remedy: 'export both tables, or give the SQLite file',
  });
}
