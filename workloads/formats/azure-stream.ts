/** The processed Azure V1 stream as a trace format: what a cloud needs of bare metal. */
import { Type } from 'typebox';
import type { RandomStream } from '../../core/kernel/random.ts';
import { DAY_MS, SECOND_MS, WEEK_MS } from '../../core/kernel/units.ts';
import { cachedByFile } from '../cache.ts';
import { WEEKDAYS, type Weekday } from '../calendar.ts';
import { LAST_BIN, secondsInBin } from '../cloud/lifetimes.ts';
import { packingFields } from '../cloud/packing.ts';
import {
  copiesAt,
  Population,
  PREHISTORY_MS,
  scaleFor,
  type CloudRates,
} from '../cloud/population.ts';
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
import { significant } from '../statistics.ts';
import {
  azureRates,
  readAzureTrace,
  RUNNING,
  type AzureStream,
  type AzureTrace,
} from './azure-files.ts';
import { azureColumns, inspectAzure } from './azure-inspection.ts';
import type { TraceFormat } from './format.ts';

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
  inspect: (path) => inspectAzure(readTrace(path)),
  columns: (path) => azureColumns(readTrace(path).stream),
};

function readTrace(path: string): AzureTrace {
  return cachedByFile(path, 'azure-v1', () => readAzureTrace(path));
}

function load(table: AzureTable, path: string, context: WorkloadContext): LoadedDemand {
  const trace = readTrace(path);
  const rates = azureRates(trace, table.tailMeanDays);
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
