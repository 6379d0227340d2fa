/** The processed Azure V1 stream as a trace format: what a cloud needs of bare metal. */
import { Type } from 'typebox';
import { DAY_MS, SECOND_MS, WEEK_MS } from '../../core/kernel/units.ts';
import { cachedByFile } from '../cache.ts';
import { WEEKDAYS, type Weekday } from '../calendar.ts';
import { needSink, packedToMean, packingFields, setAside } from '../cloud/packing.ts';
import { EQUILIBRIUM, Population, PREHISTORY_MS, scaleFor } from '../cloud/population.ts';
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
import { planResampling, type TraceSpan } from '../resample.ts';
import { significant } from '../statistics.ts';
import { azureRates, readAzureTrace, type AzureStream, type AzureTrace } from './azure-files.ts';
import { azureColumns, inspectAzure } from './azure-inspection.ts';
import { addBlock } from './azure-population.ts';
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
  packs: true,
  schema,
  recognises: (fileName, head) =>
    /v1\.(train|dev|test)\.txt(\.gz)?$/.test(fileName) || /^\d+ ([a-p],)+\|,/m.test(head),
  load,
  inspect: (path, options) => inspectAzure(readTrace(path), options.pack),
  columns: (path) => azureColumns(readTrace(path).stream),
};

function readTrace(path: string): AzureTrace {
  return cachedByFile(path, 'azure-v1', () => readAzureTrace(path));
}

function load(table: AzureTable, path: string, context: WorkloadContext): LoadedDemand {
  const trace = readTrace(path);
  const rates = azureRates(trace, table.tailMeanDays);
  const meanNodes = table.meanNodes ?? table.load * context.nodes;
  const plan = planResampling(
    traceSpan(trace.stream, table.startWeekday as Weekday),
    context.horizonMs + PREHISTORY_MS,
    workloadStream(context, 'resample'),
    table.resample,
  );
  const packed = packedToMean(table, (packing) => {
    const scale = scaleFor(meanNodes, rates, packing);
    const sink = needSink(packing, context.horizonMs);
    const population = new Population(rates, sink, workloadStream(context, 'lifetimes'));
    population.addOldOnes(scale);
    const thinning = workloadStream(context, 'thinning');
    for (const block of plan.blocks) {
      addBlock(population, trace, rates, block, scale, thinning);
    }
    return { ...sink.finish(), scale };
  });
  const lifetimes =
    trace.lifetimesFrom === 'file'
      ? 'lifetimes by flavour from the development part'
      : 'lifetimes from published survival constants';
  const treatment = [
    plan.treatment,
    lifetimes,
    `batches thinned to ${significant(packed.scale, 3)} of the stream (mean ${meanNodes} nodes)`,
    `${table.coresPerNode} cores and ${table.memoryPerNodeGb} GB a node, ${packed.words}`,
    ...(table.packing === 'totals' ? [] : [EQUILIBRIUM]),
  ].join('; ');
  return {
    demand: { kind: 'cloud', needs: packed.needs },
    sources: trace.files.map((file) => ({
      name: file === path ? table.trace : sibling(table.trace, file),
      label: table.label ?? 'derived',
      sha256: cachedByFile(file, 'sha256', () => fileSha256(file)),
      treatment: file === path ? treatment : `further part of ${table.trace}`,
      droppedRecords: file === path ? setAside(packed) : {},
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
