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
import {
  gpusPerNodeField,
  needSink,
  nodeClassOf,
  nodesFor,
  packedToMean,
  packingFields,
  setAside,
  type NodePacking,
  type PackingTable,
} from '../cloud/packing.ts';
import { capacityOf, fitsNode, unitsOf } from '../cloud/node-class.ts';
import { copiesAt } from '../cloud/population.ts';
import { withLost, type ColumnTable } from '../column-table.ts';
import { workloadStream, type LoadedDemand, type WorkloadContext } from '../context.ts';
import { maybePositive, resample, shiftHours, startWeekday, traceLabel } from '../fields.ts';
import { tracePath } from '../fields.ts';
import { fileSha256 } from '../input.ts';
import { lowerBound, planResampling, type Block, type TraceSpan } from '../resample.ts';
import { significant } from '../statistics.ts';
import type { TraceFormat } from './format.ts';
import { inspectMachines } from './machine-inspection.ts';
import { BEGUN_BEFORE, machineSize, OUTLASTS, type MachineLog } from './machine-log.ts';

/** How one format of machines is told from others and read. */
export interface MachineReader {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** What such files hold and the reader does not keep, in words. */
  readonly lost?: readonly string[];
  /** Whether it says how many GPUs a machine takes. */
  readonly countsGpus?: boolean;
  recognises(fileName: string, head: string): boolean;
  read(path: string): MachineLog;
}

interface MachineTable extends PackingTable {
  readonly trace: string;
  readonly label?: InputLabel;
  readonly meanNodes?: number;
  readonly load: number;
  readonly startWeekday: Weekday;
  readonly resample: 'auto' | 'window' | 'weeks' | 'days';
}

function machineSchema({ name, description, countsGpus }: MachineReader): TObject {
  return Type.Object(
    {
      trace: tracePath,
      format: Type.Literal(name),
      label: traceLabel,
      meanNodes: maybePositive('mean need, nodes', 1e6),
      ...packingFields,
      ...(countsGpus ? gpusPerNodeField : {}),
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
    packs: true,
    schema: machineSchema(reader),
    recognises: (fileName, head) => reader.recognises(fileName, head),
    load: (table: never, path, context) => loadMachines(table, path, context, read(path)),
    inspect: (path, options) => inspectMachines(read(path), options.pack),
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
  const plan = planResampling(
    spanOf(log, table.startWeekday),
    context.horizonMs,
    workloadStream(context, 'resample'),
    table.resample,
  );
  const node = nodeClassOf(table);
  const packed = packedToMean(table, (packing) => {
    const scale = meanNodes / meanNeed(log, packing, path);
    const sink = needSink(packing, context.horizonMs);
    const thinning = workloadStream(context, 'thinning');
    plan.blocks.forEach((block, index) => {
      for (const i of machinesOf(log, block, index === 0)) {
        const copies = copiesAt(scale, thinning);
        if (copies === 0) continue;
        const shift = block.toMs - block.fromMs;
        const [cores, memory, gpus] = machineSize(log, i, node);
        const startMs = log.startSeconds[i]! * SECOND_MS + shift;
        sink.add(startMs, log.endSeconds[i]! * SECOND_MS + shift, cores, memory, gpus, copies);
      }
    });
    return { ...sink.finish(), scale };
  });
  const size = log.shares ? 'a node is the largest machine' : nodeInWords(table);
  const cut = Object.entries(log.suspicious).map(([reason, count]) => `${reason} ${count}`);
  const treatment = [
    plan.treatment,
    `machines thinned to ${significant(packed.scale, 3)} of the log (mean ${significant(meanNodes)} nodes)`,
    `${size}, ${packed.words}`,
    ...cut,
  ].join('; ');
  return {
    demand: { kind: 'cloud', needs: packed.needs },
    sources: [
      {
        name: table.trace,
        label: table.label ?? 'derived',
        sha256: cachedByFile(path, 'sha256', () => fileSha256(path)),
        treatment,
        droppedRecords: { ...log.dropped, ...setAside(packed) },
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

function nodeInWords({ coresPerNode, memoryPerNodeGb, gpusPerNode }: NodePacking): string {
  const gpus = gpusPerNode === undefined ? '' : `, ${gpusPerNode} GPUs`;
  return `${coresPerNode} cores and ${memoryPerNodeGb} GB${gpus} a node`;
}

/** Nodes that the machines of the log need on average, before rounding up. */
function meanNeed(log: MachineLog, packing: PackingTable, path: string): number {
  const node = nodeClassOf(packing);
  const capacity = packing.packing === 'totals' ? null : capacityOf(node);
  let cores = 0;
  let memory = 0;
  let gpus = 0;
  for (let i = 0; i < log.count; i++) {
    const seconds = log.endSeconds[i]! - log.startSeconds[i]!;
    const [each, eachMemory, eachGpus] = machineSize(log, i, node);
    // Totals count everything; what fits no node is never placed.
    if (capacity !== null && !fitsNode(unitsOf(each, eachMemory, eachGpus), capacity)) continue;
    cores += each * seconds;
    memory += eachMemory * seconds;
    gpus += eachGpus * seconds;
  }
  const seconds = log.toSeconds - log.fromSeconds;
  const need = nodesFor(cores / seconds, memory / seconds, packing, gpus / seconds);
  if (need > 0 && Number.isFinite(need)) return need;
  throw new OcxError({
    code: 'INPUT_NO_ROWS',
    message: 'no machine of the log lives for any time on a node that can hold it',
    place: { file: path },
    remedy: 'use a longer part of the trace, or larger nodes',
  });
}

function spanOf(log: MachineLog, weekday: Weekday): TraceSpan {
  const startMs = log.fromSeconds * SECOND_MS;
  const endMs = log.toSeconds * SECOND_MS;
  const mondayMs = ((7 - WEEKDAYS.indexOf(weekday)) % 7) * 24 * HOUR_MS;
  const weeks = Math.max(0, Math.ceil((startMs - mondayMs) / WEEK_MS));
  return { startMs, endMs, firstMondayMs: mondayMs + weeks * WEEK_MS };
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
      ...(log.gpus === null ? [] : [{ name: 'gpus', type: 'DOUBLE', values: log.gpus } as const]),
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
