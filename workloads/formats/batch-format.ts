/**
 * What every format of batch jobs has in common: its workload table, how a log becomes the demand
 * of a cluster, its inspection, its columns and its way to SWF. A format adds how it is read.
 */
import { Type, type TObject, type TProperties } from 'typebox';
import type { InputLabel } from '../../core/demand/demand.ts';
import type { JobTable } from '../../core/demand/jobs.ts';
import { OcxError } from '../../core/kernel/errors.ts';
import { SECOND_MS, WEEK_MS } from '../../core/kernel/units.ts';
import { cachedByFile } from '../cache.ts';
import { sinceMondayMs } from '../calendar.ts';
import { workloadStream, type LoadedDemand, type WorkloadContext } from '../context.ts';
import { resample, shiftHours, traceLabel, tracePath } from '../fields.ts';
import { fileSha256 } from '../input.ts';
import { jobsOnNodes } from '../nodes.ts';
import { planResampling, resampleJobs, type TraceSpan } from '../resample.ts';
import { withLost } from '../column-table.ts';
import { batchColumns, batchSwf } from './batch-columns.ts';
import type { BatchLog } from './batch-log.ts';
import type { TraceFormat, TraceOptions } from './format.ts';
import { cleanSwf, SIMULATION_POLICY } from './swf-cleaning.ts';
import { isSynthetic, zoneOf, type SwfHeader } from './swf-header.ts';
import { inspectSwf } from './swf-inspection.ts';
import { machineProcessors, type SwfLog } from './swf.ts';

/** Fields of every workload table of a batch log. */
export const batchFields = {
  coresPerNode: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      maximum: 100_000,
      description:
        'processors of the log that make one node; left out: the whole nodes that the log gives ' +
        'each job, else MaxProcs / MaxNodes of the header, where that is a whole number',
    }),
  ),
  procs: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 50_000_000,
      description: 'processors of the machine, where the header does not say it',
    }),
  ),
  wideJobs: Type.Optional(
    Type.Enum(['drop', 'cap'], {
      default: 'drop',
      description: 'jobs wider than the cluster: left out, or cut down to it; both are counted',
    }),
  ),
  fitToCluster: Type.Optional(
    Type.Boolean({
      default: false,
      description: "scale all widths by the cluster's size over the machine's",
    }),
  ),
  overrun: Type.Optional(
    Type.Enum(['cap', 'keep', 'extend'], {
      default: 'extend',
      description: 'jobs that ran longer than requested: cut the run or extend the estimate',
    }),
  ),
  resample,
  shiftHours,
};

/** A filled-in table; what only some formats know is open. */
export interface BatchTable extends TraceOptions {
  readonly trace: string;
  readonly label?: InputLabel;
  readonly coresPerNode?: number;
  readonly wideJobs: 'drop' | 'cap';
  readonly fitToCluster: boolean;
  readonly overrun: 'cap' | 'keep' | 'extend';
  readonly resample: 'auto' | 'window' | 'weeks' | 'days';
}

/** The workload table of a batch format. */
export function batchSchema(name: string, description: string, extra: TProperties = {}): TObject {
  return Type.Object(
    { trace: tracePath, format: Type.Literal(name), label: traceLabel, ...batchFields, ...extra },
    { additionalProperties: false, description },
  );
}

/** Local times without a zone; for formats that have them. */
export const timeZoneField = {
  timeZone: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 64,
      description: "the log's time zone, e.g. Europe/Stockholm; left out: times as they stand",
    }),
  ),
};

/** How one batch format is told from others and read. */
export interface BatchReader {
  readonly name: string;
  readonly title: string;
  /** For the schema. */
  readonly description: string;
  readonly fields?: TProperties;
  /** What records are by default: `derived` where a format is a processed form. */
  readonly label?: InputLabel;
  /** What such files hold and the reader does not keep, in words. */
  readonly lost?: readonly string[];
  recognises(fileName: string, head: string): boolean;
  read(path: string, options: TraceOptions): BatchLog;
}

/** A batch format out of its reader. */
export function batchFormat(reader: BatchReader): TraceFormat {
  const read = (path: string, options: TraceOptions) =>
    cachedByFile(path, optionsKey(reader.name, options), () => reader.read(path, options));
  return {
    name: reader.name,
    title: reader.title,
    kinds: ['hpc', 'htc'],
    schema: batchSchema(reader.name, reader.description, reader.fields),
    recognises: (fileName, head) => reader.recognises(fileName, head),
    load: (table: never, path, context) => loadBatch(table, path, context, read, reader),
    jobs: (table: never, path, nodes) => jobsAsLogged(table, path, nodes, read),
    inspect: (path, options) => {
      const inspection = inspectSwf(read(path, options), options);
      const isMade = inspection.label === 'synthetic';
      const label = isMade ? inspection.label : (reader.label ?? inspection.label);
      return { ...inspection, format: reader.name, label };
    },
    columns: (path, options) => withLost(batchColumns(read(path, options)), reader.lost),
    swf: (path, options) => withLost(batchSwf(read(path, options), options), reader.lost),
  };
}

function optionsKey(name: string, { procs, timeZone, columns }: TraceOptions): string {
  return JSON.stringify([name, procs, timeZone, columns]);
}

type ReadBatch = (path: string, options: TraceOptions) => SwfLog & { nodes?: Int32Array | null };

/** A cleaned log on the nodes of one cluster; the same for all replications. */
interface ClusterLog {
  readonly header: SwfHeader;
  readonly jobs: JobTable;
  /** In words, for the manifest. */
  readonly widths: string;
  readonly dropped: Readonly<Record<string, number>>;
  /** Records kept but changed. */
  readonly adjusted: Readonly<Record<string, number>>;
}

/** The demand of a batch log; `read` opens it. */
export function loadBatch(
  table: BatchTable,
  path: string,
  context: WorkloadContext,
  read: ReadBatch,
  format: { readonly name: string; readonly label?: InputLabel },
): LoadedDemand {
  const { coresPerNode, procs, wideJobs, fitToCluster, overrun } = table;
  const variant = JSON.stringify([
    format.name,
    context.nodes,
    coresPerNode,
    procs,
    wideJobs,
    fitToCluster,
    overrun,
    table.timeZone,
    table.columns,
  ]);
  const log = cachedByFile(path, variant, () =>
    clusterLog(table, read(path, table), context.nodes),
  );
  const plan = planResampling(
    logSpan(log.header, log.jobs),
    context.horizonMs,
    workloadStream(context, 'resample'),
    table.resample,
  );
  const fit = fitToCluster ? ["widths scaled to the cluster's size"] : [];
  const changes = Object.keys(log.adjusted)
    .sort()
    .map((reason) => `${reason} ${log.adjusted[reason]}`);
  const whole = plan.mode === 'window' && !fitToCluster ? 'real' : 'derived';
  const label = isSynthetic(log.header) ? 'synthetic' : (format.label ?? whole);
  return {
    demand: { kind: 'batch', jobs: resampleJobs(log.jobs, plan) },
    sources: [
      {
        name: table.trace,
        label: table.label ?? label,
        sha256: cachedByFile(path, 'sha256', () => fileSha256(path)),
        treatment: [plan.treatment, log.widths, ...fit, ...changes].join('; '),
        droppedRecords: log.dropped,
      },
    ],
  };
}

/** The jobs of a batch log, neither resampled nor moved. */
export function jobsAsLogged(
  table: BatchTable,
  path: string,
  nodes: number,
  read: ReadBatch,
): JobTable {
  return clusterLog(table, read(path, table), nodes).jobs;
}

function clusterLog(
  table: BatchTable,
  raw: SwfLog & { nodes?: Int32Array | null },
  nodes: number,
): ClusterLog {
  const wholeNodes = table.coresPerNode === undefined ? (raw.nodes ?? null) : null;
  const byNodes = wholeNodes !== null;
  const log: SwfLog = byNodes ? { ...raw, jobs: { ...raw.jobs, processors: wholeNodes } } : raw;
  const coresPerNode = byNodes ? 1 : (table.coresPerNode ?? headerCoresPerNode(log));
  const scale = table.fitToCluster
    ? (nodes * coresPerNode) / machineSize(log, table.procs, byNodes)
    : 1;
  const cleaned = cleanSwf(log, { ...SIMULATION_POLICY, overrun: table.overrun });
  const onNodes = jobsOnNodes(cleaned.jobs, coresPerNode, nodes, table.wideJobs, scale);
  if (onNodes.jobs.count === 0) throw nothingLeft(log.path);
  const dropped: Record<string, number> = { ...log.dropped, ...cleaned.dropped };
  const adjusted: Record<string, number> = { ...cleaned.adjusted };
  if (onNodes.widerDropped > 0) dropped['widerThanCluster'] = onNodes.widerDropped;
  if (onNodes.widerCapped > 0) adjusted['cappedToCluster'] = onNodes.widerCapped;
  const cores = `${coresPerNode} ${coresPerNode === 1 ? 'core' : 'cores'} a node`;
  const widths = byNodes ? 'whole nodes as logged' : cores;
  return { header: log.header, jobs: onNodes.jobs, widths, dropped, adjusted };
}

/** In whole nodes where widths are counted so: there `procs` counts nodes, too. */
function machineSize(log: SwfLog, procs: number | undefined, byNodes: boolean): number {
  if (byNodes && procs === undefined && log.header.maxNodes !== null) return log.header.maxNodes;
  return machineProcessors(log, procs);
}

/** MaxProcs / MaxNodes, where the header leaves no doubt. */
function headerCoresPerNode(log: SwfLog): number {
  const { maxNodes, maxProcs } = log.header;
  const fault = sizeFault(log);
  if (fault === null) return maxProcs! / maxNodes!;
  throw new OcxError({
    code: 'INPUT_CORES_PER_NODE',
    message: fault,
    place: { file: log.path },
    remedy: 'give coresPerNode',
  });
}

/** Why a log does not say how many processors a node has; null where it does. */
function sizeFault({ header, jobs }: SwfLog): string | null {
  const { maxNodes, maxProcs, oddities } = header;
  if (maxNodes === null || maxProcs === null) {
    return 'the log does not say how many processors a node has';
  }
  const cores = maxProcs / maxNodes;
  if (!Number.isInteger(cores)) {
    return `the header gives ${cores.toFixed(2)} processors a node, which is no whole number`;
  }
  // Another number in the text, or a second line: two sizes of a machine, and no way to tell.
  const twice = oddities.find((odd) =>
    /^Max(Nodes|Procs) (is given twice|has text.*: \d+\D+\d)/.test(odd),
  );
  if (twice !== undefined) return `the header contradicts itself: ${twice}`;
  const widest = jobs.processors.reduce((most, width) => Math.max(most, width), 0);
  if (widest > maxProcs) {
    return `a job has ${widest} processors and the machine of the header ${maxProcs}`;
  }
  return null;
}

function nothingLeft(path: string): OcxError {
  return new OcxError({
    code: 'INPUT_NO_ROWS',
    message: 'no job of the log fits the cluster',
    place: { file: path },
    remedy: 'check coresPerNode and the number of nodes, or set fitToCluster = true',
  });
}

/** First and last submission, and the first Monday 00:00 local, on the log's own clock (ms). */
export function logSpan(header: SwfHeader, jobs: JobTable): TraceSpan {
  const startMs = jobs.submitSeconds[0]! * SECOND_MS;
  const endMs = jobs.submitSeconds[jobs.count - 1]! * SECOND_MS;
  const toMonday = (since: number) => startMs + ((WEEK_MS - since) % WEEK_MS);
  if (header.unixStartSeconds === null) {
    // A log without a start time is taken to start on a Monday, 00:00 local.
    return { startMs, endMs, firstMondayMs: toMonday(startMs % WEEK_MS) };
  }
  const zone = zoneOf(header);
  const unixStartMs = header.unixStartSeconds * SECOND_MS;
  const offsetMs = (traceMs: number) => zone.offsetMs(unixStartMs + traceMs);
  const since = sinceMondayMs(unixStartMs + startMs + offsetMs(startMs));
  const guess = toMonday(since);
  return { startMs, endMs, firstMondayMs: guess + offsetMs(startMs) - offsetMs(guess), offsetMs };
}
