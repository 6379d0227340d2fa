/**
 * What every log of machines has in common: its workload table, how it becomes the need of a cloud
 * in whole nodes, its inspection and columns. A format adds how it is read.
 */
import { Type, type TObject } from 'typebox';
import type { InputLabel } from '../../core/demand/demand.ts';
import { OcxError } from '../../core/kernel/errors.ts';
import { HOUR_MS, SECOND_MS, WEEK_MS } from '../../core/kernel/units.ts';
import { cachedByFile } from '../cache.ts';
import { WEEKDAYS, type Weekday } from '../calendar.ts';
import { NodeFold, nodesFor, packingFields, type NodePacking } from '../cloud/packing.ts';
import { copiesAt } from '../cloud/population.ts';
import { withLost, type ColumnTable } from '../column-table.ts';
import { workloadStream, type LoadedDemand, type WorkloadContext } from '../context.ts';
import { maybePositive, resample, shiftHours, startWeekday, traceLabel } from '../fields.ts';
import { tracePath } from '../fields.ts';
import { fileSha256 } from '../input.ts';
import { lowerBound, planResampling, type Block, type TraceSpan } from '../resample.ts';
import { mean, quantile, significant, sorted, spanFact } from '../statistics.ts';
import type { Fact, Inspection, Sketch, TraceFormat } from './format.ts';
import { BEGUN_BEFORE, OUTLASTS, type MachineLog } from './machine-log.ts';

/** How one format of machines is told from others and read. */
export interface MachineReader {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** What such files hold and the reader does not keep, in words. */
  readonly lost?: readonly string[];
  recognises(fileName: string, head: string): boolean;
  read(path: string): MachineLog;
}

interface MachineTable extends NodePacking {
  readonly trace: string;
  readonly label?: InputLabel;
  readonly meanNodes?: number;
  readonly load: number;
  readonly stepMinutes: number;
  readonly startWeekday: Weekday;
  readonly resample: 'auto' | 'window' | 'weeks' | 'days';
}

function machineSchema(name: string, description: string): TObject {
  return Type.Object(
    {
      trace: tracePath,
      format: Type.Literal(name),
      label: traceLabel,
      meanNodes: maybePositive('mean need, nodes', 1e6),
      ...packingFields,
      startWeekday: startWeekday('monday', 'an assumption where the trace does not say it'),
      resample,
      shiftHours,
    },
    { additionalProperties: false, description },
  );
}

/** A format of machines out of its reader. */
export function machineFormat(reader: MachineReader): TraceFormat {
  const read = (path: string) => cachedByFile(path, reader.name, () => reader.read(path));
  return {
    name: reader.name,
    title: reader.title,
    kinds: ['cloud'],
    schema: machineSchema(reader.name, reader.description),
    recognises: (fileName, head) => reader.recognises(fileName, head),
    load: (table: never, path, context) => loadMachines(table, path, context, read(path)),
    inspect: (path) => inspectMachines(read(path)),
    columns: (path) => withLost(machineColumns(read(path)), reader.lost),
  };
}

function loadMachines(
  table: MachineTable,
  path: string,
  context: WorkloadContext,
  log: MachineLog,
): LoadedDemand {
  const meanNodes = table.meanNodes ?? table.load * context.nodes;
  const scale = meanNodes / meanNeed(log, table, path);
  const plan = planResampling(
    spanOf(log, table.startWeekday),
    context.horizonMs,
    workloadStream(context, 'resample'),
    table.resample,
  );
  const fold = new NodeFold(context.horizonMs);
  const thinning = workloadStream(context, 'thinning');
  plan.blocks.forEach((block, index) => {
    for (const i of machinesOf(log, block, index === 0)) {
      const copies = copiesAt(scale, thinning);
      if (copies === 0) continue;
      const shift = block.toMs - block.fromMs;
      const [cores, memory] = sizeOf(log, i, table);
      const startMs = log.startSeconds[i]! * SECOND_MS + shift;
      fold.add(startMs, log.endSeconds[i]! * SECOND_MS + shift, cores * copies, memory * copies);
    }
  });
  const size = log.shares
    ? 'a node is the largest machine'
    : `${table.coresPerNode} cores and ${table.memoryPerNodeGb} GB a node`;
  const cut = Object.entries(log.suspicious).map(([reason, count]) => `${reason} ${count}`);
  const treatment = [
    plan.treatment,
    `machines thinned to ${significant(scale, 3)} of the log (mean ${significant(meanNodes)} nodes)`,
    `${size}, packed to ${table.packingFactor}`,
    ...cut,
  ].join('; ');
  return {
    demand: { kind: 'cloud', needs: fold.series(table, table.stepMinutes) },
    sources: [
      {
        name: table.trace,
        label: table.label ?? 'derived',
        sha256: cachedByFile(path, 'sha256', () => fileSha256(path)),
        treatment,
        droppedRecords: log.dropped,
      },
    ],
  };
}

/** Machines that start in a block; before the first one also those that live into it. */
function* machinesOf(log: MachineLog, block: Block, first: boolean): Generator<number> {
  const from = block.fromMs / SECOND_MS;
  const to = (block.fromMs + block.lengthMs) / SECOND_MS;
  const begin = first ? 0 : lowerBound(log.startSeconds, from);
  for (let i = begin; i < log.count && log.startSeconds[i]! < to; i++) {
    if (log.startSeconds[i]! >= from || log.endSeconds[i]! > from) yield i;
  }
}

function sizeOf(log: MachineLog, i: number, packing: NodePacking): [number, number] {
  const [cores, memory] = [log.cores[i]!, log.memoryGb[i]!];
  return log.shares
    ? [cores * packing.coresPerNode, memory * packing.memoryPerNodeGb]
    : [cores, memory];
}

/** Nodes that all machines of the log need on average, before rounding up. */
function meanNeed(log: MachineLog, packing: NodePacking, path: string): number {
  let cores = 0;
  let memory = 0;
  for (let i = 0; i < log.count; i++) {
    const seconds = log.endSeconds[i]! - log.startSeconds[i]!;
    const [each, eachMemory] = sizeOf(log, i, packing);
    cores += each * seconds;
    memory += eachMemory * seconds;
  }
  const seconds = log.toSeconds - log.fromSeconds;
  const need = nodesFor(cores / seconds, memory / seconds, packing);
  if (need > 0 && Number.isFinite(need)) return need;
  throw new OcxError({
    code: 'INPUT_NO_ROWS',
    message: 'no machine of the log lives for any time',
    place: { file: path },
    remedy: 'use a longer part of the trace',
  });
}

function spanOf(log: MachineLog, weekday: Weekday): TraceSpan {
  const startMs = log.fromSeconds * SECOND_MS;
  const endMs = log.toSeconds * SECOND_MS;
  const mondayMs = ((7 - WEEKDAYS.indexOf(weekday)) % 7) * 24 * HOUR_MS;
  const weeks = Math.max(0, Math.ceil((startMs - mondayMs) / WEEK_MS));
  return { startMs, endMs, firstMondayMs: mondayMs + weeks * WEEK_MS };
}

function inspectMachines(log: MachineLog): Inspection {
  return {
    format: log.format,
    label: 'real',
    records: log.count,
    facts: facts(log),
    dropped: log.dropped,
    quarantined: log.quarantined,
    suspicious: log.suspicious,
    oddities: log.oddities,
    sketches: [hourSketch(log), aliveSketch(log)],
  };
}

function facts(log: MachineLog): Fact[] {
  const whole = Array.from(log.cut.keys()).filter((i) => log.cut[i] === 0);
  const lives = sorted(whole.map((i) => log.endSeconds[i]! - log.startSeconds[i]!));
  const known = (name: string, value: number, unit?: string): Fact => ({
    name,
    value: Number.isNaN(value) ? null : significant(value),
    ...(unit === undefined ? {} : { unit }),
  });
  const unit = log.shares ? 'shares of the largest machine' : undefined;
  return [
    spanFact(log.toSeconds - log.fromSeconds),
    known('owners', new Set(log.owners.filter((owner) => owner !== '')).size || NaN),
    known('lives seen whole', whole.length),
    known('life, median', quantile(lives, 0.5), 's'),
    known('life, 90 %', quantile(lives, 0.9), 's'),
    known('cores, mean', mean(log.cores), unit),
    known('cores, largest', quantile(sorted(log.cores), 1), unit),
    known('memory, mean', mean(log.memoryGb), unit ?? 'GB'),
  ];
}

function hourSketch(log: MachineLog): Sketch {
  const values = new Array<number>(24).fill(0);
  log.startSeconds.forEach((seconds, i) => {
    if ((log.cut[i]! & BEGUN_BEFORE) === 0) values[Math.floor(seconds / 3_600) % 24]! += 1;
  });
  const labels = values.map((_, hour) => String(hour).padStart(2, '0'));
  return { title: 'starts by hour of the trace clock', unit: 'machines', labels, values };
}

const PARTS = 20;

function aliveSketch(log: MachineLog): Sketch {
  const step = (log.toSeconds - log.fromSeconds) / PARTS || 1;
  const values = new Array<number>(PARTS).fill(0);
  for (let i = 0; i < log.count; i++) {
    const from = Math.ceil((log.startSeconds[i]! - log.fromSeconds) / step);
    const to = Math.ceil((log.endSeconds[i]! - log.fromSeconds) / step);
    for (let part = from; part < Math.min(to, PARTS); part++) values[part]! += 1;
  }
  const labels = values.map((_, part) => `day ${significant((part * step) / 86_400, 3)}`);
  return { title: 'machines alive', unit: 'machines', labels, values };
}

function machineColumns(log: MachineLog): ColumnTable {
  return {
    rows: log.count,
    columns: [
      { name: 'id', type: 'STRING', values: log.ids },
      { name: 'startSeconds', type: 'DOUBLE', values: log.startSeconds },
      { name: 'endSeconds', type: 'DOUBLE', values: log.endSeconds },
      { name: log.shares ? 'coresShare' : 'cores', type: 'DOUBLE', values: log.cores },
      { name: log.shares ? 'memoryShare' : 'memoryGb', type: 'DOUBLE', values: log.memoryGb },
      { name: 'owner', type: 'STRING', values: log.owners },
      { name: 'category', type: 'STRING', values: log.categories },
      {
        name: 'aliveBefore',
        type: 'INT32',
        values: Int32Array.from(log.cut, (cut) => cut & BEGUN_BEFORE),
      },
      {
        name: 'outlasts',
        type: 'INT32',
        values: Int32Array.from(log.cut, (cut) => (cut & OUTLASTS) / OUTLASTS),
      },
    ],
  };
}
