/** What a processed Azure V1 stream holds, and its machines in columns. */
import { basename } from 'node:path';
import { FLAVOURS } from '../cloud/flavours.ts';
import type { NodeClass } from '../cloud/node-class.ts';
import { expectedNodes } from '../cloud/population.ts';
import type { ColumnTable } from '../column-table.ts';
import { mean, quantile, significant, sorted, variance } from '../statistics.ts';
import {
  azureRates,
  BIN_SECONDS,
  RUNNING,
  type AzureStream,
  type AzureTrace,
} from './azure-files.ts';
import { wholeStream } from './azure-population.ts';
import type { Fact, Inspection, Sketch } from './format.ts';
import { packingFacts } from './packing-facts.ts';

/** @param pack node on which its machines are packed; left out: they are not */
export function inspectAzure(trace: AzureTrace, pack: NodeClass | undefined): Inspection {
  const { stream } = trace;
  return {
    format: 'azure-v1',
    label: 'derived',
    records: stream.flavour.length,
    facts: [
      ...streamFacts(trace),
      ...lifetimeFacts(trace),
      ...(pack === undefined ? [] : packedFacts(trace, pack)),
    ],
    dropped: {},
    quarantined: [],
    suspicious: {},
    oddities: [
      'machines alive before the start are absent: the population is started in equilibrium',
      ...(pack === undefined ? [] : ['nodes are counted after a week, in which packing warms up']),
      'the weekday of time 0 and the time zone are not known',
    ],
    sketches: [hourSketch(stream), daySketch(stream)],
  };
}

function packedFacts(trace: AzureTrace, pack: NodeClass): Fact[] {
  const { lives, horizonMs } = wholeStream(trace);
  if (horizonMs > 0) return packingFacts(lives, pack, horizonMs);
  return [
    { name: 'packed', value: 'nothing: the stream is no longer than the week of warming up' },
  ];
}

function batchSizes(stream: AzureStream): Float64Array {
  return stream.batchSeconds.map((_, i) => stream.batchStart[i + 1]! - stream.batchStart[i]!);
}

function streamFacts(trace: AzureTrace): Fact[] {
  const { stream } = trace;
  const sizes = batchSizes(stream);
  const seconds = stream.endSeconds - stream.startSeconds;
  const perBin = new Float64Array(Math.round(seconds / BIN_SECONDS));
  sizes.forEach((machines, batch) => {
    const bin = (stream.batchSeconds[batch]! - stream.startSeconds) / BIN_SECONDS;
    perBin[Math.floor(bin)]! += machines;
  });
  const packing = { coresPerNode: 32, memoryPerNodeGb: 256, packingFactor: 0.85 };
  const nodes = expectedNodes(azureRates(trace, undefined), packing);
  return [
    { name: 'files', value: trace.files.map((file) => basename(file)).join(', ') },
    { name: 'span', value: significant(seconds / 86_400), unit: 'days' },
    { name: 'batches', value: sizes.length },
    { name: 'batch size, mean', value: significant(mean(sizes)) },
    { name: 'batch size, largest', value: quantile(sorted(sizes), 1) },
    { name: 'machines in 300 s, mean', value: significant(mean(perBin), 5) },
    { name: 'machines in 300 s, variance', value: significant(variance(perBin), 5) },
    { name: 'nodes of 32 cores and 256 GB, mean', value: significant(nodes) },
  ];
}

function lifetimeFacts(trace: AzureTrace): Fact[] {
  const { durationBin } = trace.stream;
  let running = 0;
  let ended = 0;
  for (const bin of durationBin) {
    if (bin >= RUNNING) running += 1;
    else if (bin >= 0) ended += 1;
  }
  return [
    { name: 'lifetimes that ended', value: ended },
    { name: 'lifetimes cut off', value: running },
    { name: 'lifetimes unknown', value: durationBin.length - ended - running },
    { name: 'lifetime over 1 h, share', value: significant(trace.pooled[12]!) },
    { name: 'lifetime over 24 h, share', value: significant(trace.pooled[35]!) },
  ];
}

function hourSketch(stream: AzureStream): Sketch {
  const values = new Array<number>(24).fill(0);
  batchSizes(stream).forEach((machines, batch) => {
    values[Math.floor(stream.batchSeconds[batch]! / 3_600) % 24]! += machines;
  });
  const labels = values.map((_, hour) => String(hour).padStart(2, '0'));
  return { title: 'machines by hour of the trace clock', unit: 'machines', labels, values };
}

function daySketch(stream: AzureStream): Sketch {
  const firstDay = Math.floor(stream.startSeconds / 86_400);
  const values: number[] = [];
  batchSizes(stream).forEach((machines, batch) => {
    const day = Math.floor(stream.batchSeconds[batch]! / 86_400) - firstDay;
    while (values.length <= day) values.push(0);
    values[day]! += machines;
  });
  const labels = values.map((_, day) => `day ${firstDay + day}`);
  return { title: 'machines by day', unit: 'machines', labels, values };
}

/** One row a machine. */
export function azureColumns(stream: AzureStream): ColumnTable {
  const rows = stream.flavour.length;
  const seconds = new Float64Array(rows);
  const batches = new Int32Array(rows);
  for (let batch = 0; batch < stream.batchSeconds.length; batch++) {
    const [from, to] = [stream.batchStart[batch]!, stream.batchStart[batch + 1]!];
    seconds.fill(stream.batchSeconds[batch]!, from, to);
    batches.fill(batch, from, to);
  }
  const flavours = Array.from(stream.flavour, (index) => FLAVOURS[index]!);
  const ended = stream.durationBin.map((bin) => (bin >= RUNNING ? -1 : bin));
  const running = stream.durationBin.map((bin) => (bin >= RUNNING ? bin - RUNNING : -1));
  return {
    rows,
    columns: [
      { name: 'startSeconds', type: 'DOUBLE', values: seconds },
      { name: 'batch', type: 'INT32', values: batches },
      { name: 'flavour', type: 'STRING', values: flavours.map((flavour) => flavour.letter) },
      { name: 'cores', type: 'INT32', values: flavours.map((flavour) => flavour.cores) },
      { name: 'memoryGb', type: 'DOUBLE', values: flavours.map((flavour) => flavour.memoryGb) },
      { name: 'durationBin', type: 'INT32', values: ended },
      { name: 'runningInBin', type: 'INT32', values: running },
    ],
  };
}
