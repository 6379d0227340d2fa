/** The processed Azure V1 stream as a trace format: what a cloud needs of bare metal. */
import { Type } from 'typebox';
import { DAY_MS, SECOND_MS, WEEK_MS } from '../../core/kernel/units.ts';
import { cachedByFile } from '../cache.ts';
import { WEEKDAYS, type Weekday } from '../calendar.ts';
import { FLAVOURS } from '../cloud/flavours.ts';
import {
  AZURE_MEAN_LIFETIME_HOURS,
  LAST_BIN,
  Lifetimes,
  secondsInBin,
  tailMeanFor,
} from '../cloud/lifetimes.ts';
import { packingFields } from '../cloud/packing.ts';
import {
  copiesAt,
  expectedNodes,
  Population,
  PREHISTORY_MS,
  scaleFor,
  type CloudRates,
} from '../cloud/population.ts';
import type { ColumnTable } from '../column-table.ts';
import { workloadStream, type LoadedDemand, type WorkloadContext } from '../context.ts';
import {
  maybePositive,
  resample,
  shiftHours,
  startWeekday,
  traceLabel,
  tracePath,
  type Filled,
} from '../fields.ts';
import { fileSha256 } from '../input.ts';
import { lowerBound, planResampling, type Block, type TraceSpan } from '../resample.ts';
import { quantile, significant, sorted, variance, mean } from '../statistics.ts';
import {
  BIN_SECONDS,
  readAzureTrace,
  RUNNING,
  type AzureStream,
  type AzureTrace,
} from './azure-files.ts';
import type { Inspection, TraceFormat } from './format.ts';
import type { RandomStream } from '../../core/kernel/random.ts';

const schema = Type.Object(
  {
    trace: tracePath,
    format: Type.Literal('azure-v1'),
    label: traceLabel,
    meanNodes: maybePositive('mean need, nodes', 1e6),
    ...packingFields,
    tailMeanDays: maybePositive(
      'mean of what is left to live after 3.5 days; left out: so that machines live 51.8 hours on ' +
        'average, as in the whole Azure V1 trace',
      3_650,
    ),
    startWeekday: startWeekday(
      'sunday',
      'inferred from the quiet days of the Azure stream (an assumption)',
    ),
    resample,
    shiftHours,
  },
  {
    additionalProperties: false,
    description: 'the processed Azure V1 stream, packed to nodes and scaled to the cluster',
  },
);

type AzureTable = Filled<typeof schema, 'meanNodes' | 'tailMeanDays' | 'label'>;

export const azureFormat: TraceFormat = {
  name: 'azure-v1',
  title: 'processed Azure V1 stream with lifetimes (virtual machines of a cloud)',
  kinds: ['cloud'],
  schema,
  recognises: (fileName, head) =>
    /v1\.(train|dev|test)\.txt(\.gz)?$/.test(fileName) || /^\d+ ([a-p],)+\|,/m.test(head),
  load,
  inspect,
  columns,
};

function readTrace(path: string): AzureTrace {
  return cachedByFile(path, 'azure-v1', () => readAzureTrace(path));
}

function load(table: AzureTable, path: string, context: WorkloadContext): LoadedDemand {
  const trace = readTrace(path);
  const rates = ratesOf(trace, table.tailMeanDays);
  const meanNodes = table.meanNodes ?? table.load * context.nodes;
  const scale = scaleFor(meanNodes, rates, table);
  const plan = planResampling(
    traceSpan(trace.stream, table.startWeekday as Weekday),
    context.horizonMs + PREHISTORY_MS,
    workloadStream(context, 'resample'),
    table.resample,
  );
  const population = new Population(rates, context.horizonMs, workloadStream(context, 'lifetimes'));
  population.addOldOnes(scale);
  const thinning = workloadStream(context, 'thinning');
  for (const block of plan.blocks) {
    addBlock(population, trace, rates, block, scale, thinning);
  }
  const lifetimes =
    trace.lifetimesFrom === 'file'
      ? 'lifetimes by flavour from the development part'
      : 'lifetimes from published survival constants';
  const treatment = [
    plan.treatment,
    lifetimes,
    `batches thinned to ${significant(scale, 3)} of the stream (mean ${meanNodes} nodes)`,
    `${table.coresPerNode} cores and ${table.memoryPerNodeGb} GB a node, packed to ${table.packingFactor}`,
  ].join('; ');
  return {
    demand: { kind: 'cloud', needs: population.series(table, table.stepMinutes) },
    sources: trace.files.map((file) => ({
      name: file === path ? table.trace : sibling(table.trace, file),
      label: table.label ?? 'derived',
      sha256: cachedByFile(file, 'sha256', () => fileSha256(file)),
      treatment: file === path ? treatment : `further part of ${table.trace}`,
      droppedRecords: {},
    })),
  };
}

/** The companion's name as the table would have given it. */
function sibling(trace: string, file: string): string {
  const slash = trace.lastIndexOf('/');
  return trace.slice(0, slash + 1) + file.slice(file.lastIndexOf('/') + 1);
}

function ratesOf(trace: AzureTrace, tailMeanDays: number | undefined): CloudRates {
  const { stream } = trace;
  const counts = new Array<number>(FLAVOURS.length).fill(0);
  for (const flavour of stream.flavour) counts[flavour]! += 1;
  const tail =
    tailMeanDays === undefined
      ? tailMeanFor(trace.pooled, AZURE_MEAN_LIFETIME_HOURS * 3_600)
      : tailMeanDays * 86_400;
  return {
    machinesPerSecond: stream.flavour.length / (stream.endSeconds - stream.startSeconds),
    flavourShares: counts.map((count) => count / stream.flavour.length),
    lifetimes: trace.survival.map((survival) => new Lifetimes(survival, tail)),
  };
}

function traceSpan(stream: AzureStream, weekdayAtZero: Weekday): TraceSpan {
  const sinceMonday = WEEKDAYS.indexOf(weekdayAtZero) * DAY_MS;
  // Bins start at 300 s: the first day misses its first bin, which does not make it useless.
  const startMs = Math.floor((stream.startSeconds * SECOND_MS) / DAY_MS) * DAY_MS;
  const toMonday = (7 * DAY_MS - ((sinceMonday + startMs) % WEEK_MS)) % WEEK_MS;
  return { startMs, endMs: stream.endSeconds * SECOND_MS, firstMondayMs: startMs + toMonday };
}

function addBlock(
  population: Population,
  trace: AzureTrace,
  rates: CloudRates,
  block: Block,
  scale: number,
  thinning: RandomStream,
): void {
  const { stream } = trace;
  const shiftMs = block.toMs - block.fromMs - PREHISTORY_MS;
  const first = lowerBound(stream.batchSeconds, block.fromMs / SECOND_MS);
  const end = lowerBound(stream.batchSeconds, (block.fromMs + block.lengthMs) / SECOND_MS);
  for (let batch = first; batch < end; batch++) {
    const copies = copiesAt(scale, thinning);
    if (copies === 0) continue;
    const from = stream.batchStart[batch]!;
    const to = stream.batchStart[batch + 1]!;
    population.add(
      {
        timeMs: stream.batchSeconds[batch]! * SECOND_MS + shiftMs,
        flavours: stream.flavour.subarray(from, to),
        lifetimesSeconds: knownLifetimes(trace, rates, from, to, thinning),
      },
      copies,
    );
  }
}

/** Lifetimes as recorded; what still ran is drawn on from where it stood. */
function knownLifetimes(
  trace: AzureTrace,
  rates: CloudRates,
  from: number,
  to: number,
  stream: RandomStream,
): Float64Array | null {
  const bins = trace.stream.durationBin;
  if (bins[from]! < 0) return null;
  const seconds = new Float64Array(to - from);
  for (let i = from; i < to; i++) {
    const bin = bins[i]!;
    const lifetimes = rates.lifetimes[trace.stream.flavour[i]!]!;
    if (bin < 0) seconds[i - from] = -1;
    else if (bin < RUNNING) seconds[i - from] = secondsInBin(Math.min(bin, LAST_BIN), stream);
    else seconds[i - from] = lifetimes.beyondBin(bin - RUNNING, stream);
  }
  return seconds;
}

function inspect(path: string): Inspection {
  const trace = readTrace(path);
  const { stream } = trace;
  const sizes = sorted(
    Array.from(stream.batchSeconds, (_, i) => stream.batchStart[i + 1]! - stream.batchStart[i]!),
  );
  const bins = Math.round((stream.endSeconds - stream.startSeconds) / BIN_SECONDS);
  const perBin = new Float64Array(bins);
  const hours = new Array<number>(24).fill(0);
  const days: number[] = [];
  for (let batch = 0; batch < stream.batchSeconds.length; batch++) {
    const machines = stream.batchStart[batch + 1]! - stream.batchStart[batch]!;
    const second = stream.batchSeconds[batch]!;
    perBin[Math.floor((second - stream.startSeconds) / BIN_SECONDS)]! += machines;
    hours[Math.floor(second / 3_600) % 24]! += machines;
    const day = Math.floor(second / 86_400);
    while (days.length <= day) days.push(0);
    days[day]! += machines;
  }
  const rates = ratesOf(trace, undefined);
  const packing = { coresPerNode: 32, memoryPerNodeGb: 256, packingFactor: 0.85 };
  const running = stream.durationBin.reduce((sum, bin) => sum + (bin >= RUNNING ? 1 : 0), 0);
  const ended = stream.durationBin.reduce(
    (sum, bin) => sum + (bin >= 0 && bin < RUNNING ? 1 : 0),
    0,
  );
  return {
    format: 'azure-v1',
    label: 'derived',
    records: stream.flavour.length,
    facts: [
      {
        name: 'files',
        value: trace.files.map((file) => file.slice(file.lastIndexOf('/') + 1)).join(', '),
      },
      {
        name: 'span',
        value: significant((stream.endSeconds - stream.startSeconds) / 86_400),
        unit: 'days',
      },
      { name: 'batches', value: stream.batchSeconds.length },
      { name: 'batch size, mean', value: significant(mean(sizes)) },
      { name: 'batch size, largest', value: quantile(sizes, 1) },
      { name: 'machines in 300 s, mean', value: significant(mean(perBin), 5) },
      { name: 'machines in 300 s, variance', value: significant(variance(perBin), 5) },
      { name: 'lifetimes that ended', value: ended },
      { name: 'lifetimes cut off', value: running },
      { name: 'lifetimes unknown', value: stream.flavour.length - ended - running },
      { name: 'lifetime over 1 h, share', value: significant(trace.pooled[12]!) },
      { name: 'lifetime over 24 h, share', value: significant(trace.pooled[35]!) },
      {
        name: 'nodes of 32 cores and 256 GB, mean',
        value: significant(expectedNodes(rates, packing)),
      },
    ],
    dropped: {},
    quarantined: [],
    suspicious: {},
    oddities: [
      'machines alive before the start are absent: the population is started in equilibrium',
      'the weekday of time 0 and the time zone are not known',
    ],
    sketches: [
      {
        title: 'machines by hour of the trace clock',
        unit: 'machines',
        labels: hours.map((_, hour) => String(hour).padStart(2, '0')),
        values: hours,
      },
      {
        title: 'machines by day',
        unit: 'machines',
        labels: days.map((_, day) => String(day)),
        values: days,
      },
    ],
  };
}

function columns(path: string): ColumnTable {
  const { stream } = readTrace(path);
  const rows = stream.flavour.length;
  const seconds = new Float64Array(rows);
  const batches = new Int32Array(rows);
  for (let batch = 0; batch < stream.batchSeconds.length; batch++) {
    seconds.fill(
      stream.batchSeconds[batch]!,
      stream.batchStart[batch],
      stream.batchStart[batch + 1],
    );
    batches.fill(batch, stream.batchStart[batch], stream.batchStart[batch + 1]);
  }
  const flavours = Array.from(stream.flavour, (index) => FLAVOURS[index]!);
  const ended = Int32Array.from(stream.durationBin, (bin) => (bin >= RUNNING ? -1 : bin));
  const running = Int32Array.from(stream.durationBin, (bin) =>
    bin >= RUNNING ? bin - RUNNING : -1,
  );
  return {
    rows,
    columns: [
      { name: 'startSeconds', type: 'INT32', values: seconds },
      { name: 'batch', type: 'INT32', values: batches },
      { name: 'flavour', type: 'STRING', values: flavours.map((flavour) => flavour.letter) },
      { name: 'cores', type: 'INT32', values: flavours.map((flavour) => flavour.cores) },
      { name: 'memoryGb', type: 'DOUBLE', values: flavours.map((flavour) => flavour.memoryGb) },
      { name: 'durationBin', type: 'INT32', values: ended },
      { name: 'runningSinceBin', type: 'INT32', values: running },
    ],
  };
}
