/** The virtual machines of a cloud trace as batches, ready to be fitted. */
import type { InputLabel } from '../../core/demand/demand.ts';
import { OcxError } from '../../core/kernel/errors.ts';
import { FLAVOURS } from '../cloud/flavours.ts';
import { binOfSeconds, LAST_BIN, TAIL_START_SECONDS } from '../cloud/lifetimes.ts';
import type { ColumnTable } from '../column-table.ts';
import { readAzureTrace, RUNNING } from '../formats/azure-files.ts';
import type { TraceFile, TraceOptions } from '../formats/format.ts';

/** Machines in batches, ascending by start. */
export interface MachineTrace {
  readonly format: string;
  readonly label: InputLabel;
  readonly batchSeconds: Float64Array;
  /** Index of each batch's first machine; one more at the end. */
  readonly batchStart: Uint32Array;
  /** Index into `FLAVOURS`. */
  readonly flavour: Uint8Array;
  /** As in the Azure stream: −1 unknown, 0… ended in the bin, 100… still ran in it. */
  readonly durationBin: Int16Array;
  /** Time beyond 3.5 days that was seen, and deaths in it; null where only bins are known. */
  readonly tail: { readonly seconds: number; readonly deaths: number } | null;
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** Weekday of time 0, 0 for Monday; an assumption. */
  readonly weekdayAtZero: number;
  readonly setAside: Readonly<Record<string, number>>;
  /** Sentences about what was assumed. */
  readonly assumed: readonly string[];
}

/** Columns that a log of machines has and others do not. */
const NEEDED = ['startSeconds', 'endSeconds', 'cores', 'memoryGb', 'owner', 'outlasts'];

/** Formats whose machines have cores and memory in absolute numbers. */
export const MACHINE_FORMATS: readonly string[] = [
  'azure-v1',
  'azure-vms',
  'machines',
  'alibaba-gpu-2023',
];

/**
 * Reads the machines of a trace.
 *
 * @throws OcxError INPUT_WORKLOAD_KIND where its columns are no machines in cores and GB, INPUT_…
 */
export function readMachineTrace(
  format: TraceFile,
  path: string,
  options: TraceOptions,
): MachineTrace {
  if (format.name === 'azure-v1') return azureTrace(path);
  const table = format.columns(path, options);
  const columns = new Map(table.columns.map((column) => [column.name, column.values]));
  if (NEEDED.some((name) => !columns.has(name))) {
    throw new OcxError({
      code: 'INPUT_WORKLOAD_KIND',
      message: 'the trace does not hold machines with cores, memory and both ends of their lives',
      place: { file: path },
      remedy: 'a fit needs a table of virtual machines',
    });
  }
  return machineTrace(format, path, options, table);
}

function azureTrace(path: string): MachineTrace {
  const { stream } = readAzureTrace(path);
  const unknown = stream.durationBin.filter((bin) => bin < 0).length;
  return {
    format: 'azure-v1',
    label: 'derived',
    ...stream,
    tail: null,
    // As the format has it: inferred from the quiet days of the stream.
    weekdayAtZero: 6,
    setAside: unknown > 0 ? { machinesWithoutLifetime: unknown } : {},
    assumed: ['Time 0 of the trace is taken for a Sunday, 00:00.'],
  };
}

const BIN_SECONDS = 300;

function machineTrace(
  format: TraceFile,
  path: string,
  options: TraceOptions,
  table: ColumnTable,
): MachineTrace {
  const column = (name: string) => table.columns.find((each) => each.name === name)!.values;
  const numbers = (name: string) => column(name) as ArrayLike<number>;
  const [start, end] = [numbers('startSeconds'), numbers('endSeconds')];
  const [cores, memory] = [numbers('cores'), numbers('memoryGb')];
  const [before, outlasts] = [numbers('aliveBefore'), numbers('outlasts')];
  const owners = column('owner') as readonly string[];
  const bin = (i: number) => Math.floor(start[i]! / BIN_SECONDS);
  const fresh = Array.from({ length: table.rows }, (_, i) => i).filter((i) => before[i] === 0);
  // Machines that one owner starts within one bin are a batch; without an owner each is its own.
  const keys = fresh.map((i) => (owners[i] === '' ? `\0${i}` : owners[i]!));
  const order = fresh
    .map((machine, at) => ({ machine, key: keys[at]!, bin: bin(machine) }))
    .sort((a, b) => a.bin - b.bin || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const batchSeconds: number[] = [];
  const batchStart: number[] = [];
  order.forEach((each, at) => {
    const last = order[at - 1];
    if (last !== undefined && last.bin === each.bin && last.key === each.key) return;
    batchSeconds.push(each.bin * BIN_SECONDS);
    batchStart.push(at);
  });
  batchStart.push(order.length);
  let [tailSeconds, deaths, inexact] = [0, 0, 0];
  const flavour = new Uint8Array(order.length);
  const durationBin = new Int16Array(order.length);
  order.forEach(({ machine }, at) => {
    const life = end[machine]! - start[machine]!;
    const [nearest, exact] = nearestFlavour(cores[machine]!, memory[machine]!);
    flavour[at] = nearest;
    if (!exact) inexact += 1;
    // The model's curve ends within bin 38: what lives longer belongs to the tail.
    const lived = life > TAIL_START_SECONDS ? Math.max(LAST_BIN + 1, binOfSeconds(life)) : 0;
    durationBin[at] = (lived || binOfSeconds(life)) + (outlasts[machine] === 1 ? RUNNING : 0);
    if (life <= TAIL_START_SECONDS) return;
    tailSeconds += life - TAIL_START_SECONDS;
    if (outlasts[machine] === 0) deaths += 1;
  });
  const { label, dropped } = format.inspect(path, options);
  const left = table.rows - fresh.length;
  const assumed = ['Time 0 of the trace is taken for a Monday, 00:00.'];
  if (inexact > 0) {
    assumed.push(
      `${inexact} machines have a size that Azure has not, and count as the nearest one.`,
    );
  }
  return {
    format: format.name,
    label,
    batchSeconds: Float64Array.from(batchSeconds),
    batchStart: Uint32Array.from(batchStart),
    flavour,
    durationBin,
    tail: { seconds: tailSeconds, deaths },
    startSeconds: batchSeconds[0] ?? 0,
    endSeconds: (batchSeconds[batchSeconds.length - 1] ?? 0) + BIN_SECONDS,
    weekdayAtZero: 0,
    setAside: { ...dropped, ...(left > 0 ? { aliveBeforeTheLog: left } : {}) },
    assumed,
  };
}

/** The flavour with the nearest ln of cores and memory, and whether it is the same. */
function nearestFlavour(cores: number, memoryGb: number): [number, boolean] {
  let [best, least] = [0, Infinity];
  FLAVOURS.forEach((flavour, index) => {
    const byCores = Math.log(Math.max(0.01, cores) / flavour.cores);
    const byMemory = Math.log(Math.max(0.01, memoryGb) / flavour.memoryGb);
    const distance = byCores * byCores + byMemory * byMemory;
    if (distance < least) [best, least] = [index, distance];
  });
  return [best, least < 1e-12];
}

/** Deaths and censorings by bin of the model's curve. */
export interface LifeCounts {
  readonly deaths: Float64Array;
  readonly censored: Float64Array;
}

/** None yet. */
export function emptyCounts(): LifeCounts {
  return { deaths: new Float64Array(LAST_BIN + 1), censored: new Float64Array(LAST_BIN + 1) };
}

/** Counts machines; what lives beyond the last bin counts as censored in it. */
export function addLives(
  { deaths, censored }: LifeCounts,
  durationBin: Int16Array,
  from: number,
  to: number,
): void {
  for (let i = from; i < to; i++) {
    const code = durationBin[i]!;
    if (code < 0) continue;
    const bin = code >= RUNNING ? code - RUNNING : code;
    if (bin > LAST_BIN || code >= RUNNING) censored[Math.min(bin, LAST_BIN)]! += 1;
    else deaths[bin]! += 1;
  }
}

/** All machines. */
export function lifetimeCounts(durationBin: Int16Array): LifeCounts {
  const counts = emptyCounts();
  addLives(counts, durationBin, 0, durationBin.length);
  return counts;
}
