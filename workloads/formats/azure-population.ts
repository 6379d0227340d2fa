/** Puts batches of the processed Azure V1 stream into a population. */
import { randomStream, type RandomStream } from '../../core/kernel/random.ts';
import { SECOND_MS } from '../../core/kernel/units.ts';
import { LAST_BIN, secondsInBin } from '../cloud/lifetimes.ts';
import { MachineLives } from '../cloud/machine-lives.ts';
import { copiesAt, Population, PREHISTORY_MS, type CloudRates } from '../cloud/population.ts';
import { lowerBound, type Block } from '../resample.ts';
import { azureRates, RUNNING, type AzureTrace } from './azure-files.ts';

/**
 * The whole stream as it stands, with machines from before it, always drawn alike. The first week is
 * the past in which nodes become as fragmented as they would be; what follows is [0, horizon), which
 * is empty where the stream is shorter.
 */
export function wholeStream(trace: AzureTrace): { lives: MachineLives; horizonMs: number } {
  const { startSeconds, endSeconds } = trace.stream;
  const rates = azureRates(trace, undefined);
  const lives = new MachineLives();
  const draw = (purpose: string) =>
    randomStream({ seed: 1, replication: 0, entity: 'inspection', purpose });
  const population = new Population(rates, lives, draw('lifetimes'));
  population.addOldOnes(1);
  const lengthMs = (endSeconds - startSeconds) * SECOND_MS;
  const block = { fromMs: startSeconds * SECOND_MS, toMs: 0, lengthMs };
  addBlock(population, trace, rates, block, 1, draw('thinning'));
  return { lives, horizonMs: lengthMs - PREHISTORY_MS };
}

/** Adds the batches of a stretch of the trace, each as often as the scale says. */
export function addBlock(
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
