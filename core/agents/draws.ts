/**
 * Random numbers of a strategy. They come from a stream that the world names, so that the same
 * history gives the same orders; where it names none, time and name of the organisation do.
 */
import { randomStream } from '../kernel/random.ts';
import type { RandomStream } from '../kernel/random.ts';
import type { ClusterView } from './view.ts';

/** A stream of its own for every organisation and round. */
export function drawsOf({ draws, organisation, nowMs }: ClusterView): RandomStream {
  return randomStream(
    draws ?? { seed: 0, replication: 0, entity: organisation, purpose: `orders at ${nowMs}` },
  );
}

/** Uniform in [low, high). */
export function uniformIn(stream: RandomStream, low: number, high: number): number {
  return low + (high - low) * stream.uniform();
}
