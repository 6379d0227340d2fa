/** The Standard Workload Format as a trace format: batch demand, inspection, columns. */
import { Type } from 'typebox';
import type { InputLabel } from '../../core/demand/demand.ts';
import type { JobTable } from '../../core/demand/jobs.ts';
import { OcxError } from '../../core/kernel/errors.ts';
import { SECOND_MS, WEEK_MS } from '../../core/kernel/units.ts';
import { cachedByFile } from '../cache.ts';
import { sinceMondayMs } from '../calendar.ts';
import type { ColumnTable } from '../column-table.ts';
import { workloadStream, type LoadedDemand, type WorkloadContext } from '../context.ts';
import { resample, shiftHours, traceLabel, tracePath, type Filled } from '../fields.ts';
import { fileSha256 } from '../input.ts';
import { jobsOnNodes } from '../nodes.ts';
import { planResampling, resampleJobs, type TraceSpan } from '../resample.ts';
import type { TraceFormat, TraceOptions } from './format.ts';
import { cleanSwf, KEEP_POLICY, SIMULATION_POLICY } from './swf-cleaning.ts';
import { isSynthetic, zoneOf, type SwfHeader } from './swf-header.ts';
import { inspectSwf } from './swf-inspection.ts';
import { machineProcessors, readSwf, type SwfLog } from './swf.ts';

const schema = Type.Object(
  {
    trace: tracePath,
    format: Type.Literal('swf'),
    label: traceLabel,
    coresPerNode: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 100_000,
        description:
          'processors of the log that make one node; left out: MaxProcs / MaxNodes of the header, ' +
          'where that is a whole number',
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
  },
  { additionalProperties: false, description: 'a log in the Standard Workload Format' },
);

type SwfTable = Filled<typeof schema, 'coresPerNode' | 'procs' | 'label'>;

export const swfFormat: TraceFormat = {
  name: 'swf',
  title: 'Standard Workload Format 2.2, and the 21-field dialect of Alea (batch jobs)',
  kinds: ['hpc', 'htc'],
  schema,
  recognises: (fileName, head) =>
    /\.swf(\.gz)?$/.test(fileName) ||
    /^\s*(\d+\s+){2}(-?[\d.]+\s+){8,}/m.test(head) ||
    /^;\s*(Version|Computer|MaxProcs|MaxNodes|UnixStartTime):/m.test(head),
  load,
  inspect: (path, options) => inspectSwf(readDetailed(path), options),
  columns,
};

function readDetailed(path: string): SwfLog {
  return readSwf(path, { details: true, processors: 'allocated' });
}

/** A cleaned log on the nodes of one cluster; the same for all replications. */
interface ClusterLog {
  readonly header: SwfHeader;
  readonly jobs: JobTable;
  readonly coresPerNode: number;
  readonly dropped: Readonly<Record<string, number>>;
  /** Records kept but changed. */
  readonly adjusted: Readonly<Record<string, number>>;
}

function clusterLog(table: SwfTable, path: string, nodes: number): ClusterLog {
  const log = readDetailed(path);
  const coresPerNode = table.coresPerNode ?? headerCoresPerNode(log);
  const scale = table.fitToCluster
    ? (nodes * coresPerNode) / machineProcessors(log, table.procs)
    : 1;
  const cleaned = cleanSwf(log, { ...SIMULATION_POLICY, overrun: table.overrun });
  const onNodes = jobsOnNodes(cleaned.jobs, coresPerNode, nodes, table.wideJobs, scale);
  if (onNodes.jobs.count === 0) throw nothingLeft(path);
  const dropped: Record<string, number> = { ...log.dropped, ...cleaned.dropped };
  const adjusted: Record<string, number> = { ...cleaned.adjusted };
  if (onNodes.widerDropped > 0) dropped['widerThanCluster'] = onNodes.widerDropped;
  if (onNodes.widerCapped > 0) adjusted['cappedToCluster'] = onNodes.widerCapped;
  return { header: log.header, jobs: onNodes.jobs, coresPerNode, dropped, adjusted };
}

function load(table: SwfTable, path: string, context: WorkloadContext): LoadedDemand {
  const { coresPerNode, procs, wideJobs, fitToCluster, overrun } = table;
  const variant = JSON.stringify([
    'swf',
    context.nodes,
    coresPerNode,
    procs,
    wideJobs,
    fitToCluster,
    overrun,
  ]);
  const log = cachedByFile(path, variant, () => clusterLog(table, path, context.nodes));
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
  const coresText = `${log.coresPerNode} ${log.coresPerNode === 1 ? 'core' : 'cores'} a node`;
  const real: InputLabel = plan.mode === 'window' && !fitToCluster ? 'real' : 'derived';
  return {
    demand: { kind: 'batch', jobs: resampleJobs(log.jobs, plan) },
    sources: [
      {
        name: table.trace,
        label: table.label ?? (isSynthetic(log.header) ? 'synthetic' : real),
        sha256: cachedByFile(path, 'sha256', () => fileSha256(path)),
        treatment: [plan.treatment, coresText, ...fit, ...changes].join('; '),
        droppedRecords: log.dropped,
      },
    ],
  };
}

function headerCoresPerNode(log: SwfLog): number {
  const { maxNodes, maxProcs } = log.header;
  const cores = maxNodes !== null && maxProcs !== null ? maxProcs / maxNodes : NaN;
  if (Number.isInteger(cores)) return cores;
  throw new OcxError({
    code: 'INPUT_CORES_PER_NODE',
    message: Number.isNaN(cores)
      ? 'the log does not say how many processors a node has'
      : `the header gives ${cores.toFixed(2)} processors a node, which is no whole number`,
    place: { file: log.path },
    remedy: 'give coresPerNode',
  });
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

/** A log as it stands, in the header and the columns that are written. */
export function canonicalSwf(path: string, options: TraceOptions) {
  const log = readDetailed(path);
  const { header } = log;
  const lines: (readonly [string, string | number | null])[] = [
    ['Version', '2.2'],
    ['Computer', header.computer],
    ['Installation', header.installation],
    ['Acknowledge', header.acknowledge],
    ['MaxJobs', log.jobs.count],
    ['MaxRecords', log.jobs.count],
    ['UnixStartTime', header.unixStartSeconds],
    ['TimeZoneString', header.timeZone],
    ['MaxNodes', header.maxNodes],
    ['MaxProcs', options.procs ?? header.maxProcs],
    ...header.notes.map((note) => ['Note', note] as const),
  ];
  const known = lines.filter(
    (line): line is readonly [string, string | number] => line[1] !== null,
  );
  return { jobs: log.jobs, details: log.details, header: known, dropped: log.dropped };
}

function columns(path: string, _options: TraceOptions): ColumnTable {
  const log = readDetailed(path);
  const { jobs } = cleanSwf(log, KEEP_POLICY);
  return {
    rows: jobs.count,
    columns: [
      { name: 'job', type: 'INT64', values: jobs.jobNumber },
      { name: 'submitSeconds', type: 'DOUBLE', values: jobs.submitSeconds },
      { name: 'waitSeconds', type: 'DOUBLE', values: log.details!.waitSeconds },
      { name: 'runSeconds', type: 'DOUBLE', values: jobs.runSeconds },
      { name: 'requestedSeconds', type: 'DOUBLE', values: jobs.estimateSeconds },
      { name: 'allocatedProcessors', type: 'INT32', values: log.details!.allocated },
      { name: 'requestedProcessors', type: 'INT32', values: log.details!.requested },
      { name: 'status', type: 'INT32', values: Int32Array.from(log.details!.status) },
      { name: 'user', type: 'INT32', values: jobs.user },
      { name: 'queue', type: 'INT32', values: log.details!.queue },
      { name: 'partition', type: 'INT32', values: log.details!.partition },
    ],
  };
}
