/**
 * From batches of virtual machines to node needs. The population starts in equilibrium: batches
 * of the week before time 0 still live, and the long-lived ones from before are drawn from the
 * stationary distribution, so that no warm-up is needed for what a trace cuts off on the left.
 */
import type { RandomStream } from '../../core/kernel/random.ts';
import { SECOND_MS, WEEK_MS } from '../../core/kernel/units.ts';
import { poisson, weightedIndex } from '../sampling.ts';
import { FLAVOURS } from './flavours.ts';
import { TAIL_START_SECONDS, type Lifetimes } from './lifetimes.ts';
import { nodesFor, type NeedSink, type NodePacking } from './packing.ts';

/** Batches are replayed from this long before time 0. */
export const PREHISTORY_MS = WEEK_MS;
/** The same for the manifest, where machines are put on nodes one by one. */
export const EQUILIBRIUM = 'packed from a week before, with long-lived machines from before that';

/**
 * How often a machine takes its batch's lifetime. Measured on the development part: two machines of
 * one batch have the same duration bin with probability .574 (.065 if independent), so both of them
 * take it with .544, and each with the root of that.
 */
export const SHARED_LIFETIME = 0.738;

/**
 * How often a machine is of the same flavour as the first one of its batch: with .886 (.29 if
 * independent), so .84 share.
 */
export const SHARED_FLAVOUR = 0.84;

/** Stationary description of the arrivals, for scaling and for the old population. */
export interface CloudRates {
  /** Virtual machines a second, unscaled. */
  readonly machinesPerSecond: number;
  /** Share of each flavour, in the order of `FLAVOURS`. */
  readonly flavourShares: readonly number[];
  /** Lifetimes of each flavour. */
  readonly lifetimes: readonly Lifetimes[];
  /** How often a machine shares the lifetime of its batch; left out: as in Azure's stream. */
  readonly sharedLifetime?: number;
}

/** Nodes in use on average, before rounding up. */
export function expectedNodes(rates: CloudRates, packing: NodePacking): number {
  let cores = 0;
  let memory = 0;
  rates.flavourShares.forEach((flavourShare, index) => {
    const alive = rates.machinesPerSecond * flavourShare * rates.lifetimes[index]!.meanSeconds;
    cores += alive * FLAVOURS[index]!.cores;
    memory += alive * FLAVOURS[index]!.memoryGb;
  });
  return nodesFor(cores, memory, packing);
}

/** One batch: machines that one tenant starts in one time bin. */
export interface MachineBatch {
  readonly timeMs: number;
  /** Flavour of each machine. */
  readonly flavours: Uint8Array;
  /** Lifetime of each machine in seconds, or −1 where it has to be drawn. */
  readonly lifetimesSeconds: Float64Array | null;
}

export class Population {
  readonly #sink: Pick<NeedSink, 'add'>;
  readonly #rates: CloudRates;
  readonly #stream: RandomStream;

  constructor(rates: CloudRates, sink: Pick<NeedSink, 'add'>, stream: RandomStream) {
    this.#rates = rates;
    this.#stream = stream;
    this.#sink = sink;
  }

  /** Adds `copies` of a batch, each with lifetimes of its own. */
  add(batch: MachineBatch, copies: number): void {
    for (let copy = 0; copy < copies; copy++) {
      const common = this.#stream.uniform();
      for (let i = 0; i < batch.flavours.length; i++) {
        const flavour = batch.flavours[i]!;
        const known = batch.lifetimesSeconds?.[i] ?? -1;
        const seconds = known >= 0 ? known : this.#lifetime(flavour, common);
        const { cores, memoryGb } = FLAVOURS[flavour]!;
        this.#sink.add(batch.timeMs, batch.timeMs + seconds * SECOND_MS, cores, memoryGb);
      }
    }
  }

  /** Machines that started before the replayed past and still live at its end. */
  addOldOnes(scale: number): void {
    const sinceSeconds = PREHISTORY_MS / SECOND_MS - TAIL_START_SECONDS;
    this.#rates.flavourShares.forEach((flavourShare, index) => {
      const lifetimes = this.#rates.lifetimes[index]!;
      const rate = this.#rates.machinesPerSecond * flavourShare * scale;
      const mean = lifetimes.tailMeanSeconds;
      const alive = rate * lifetimes.tailShare * mean * Math.exp(-sinceSeconds / mean);
      const { cores, memoryGb } = FLAVOURS[index]!;
      for (let left = poisson(this.#stream, alive); left > 0; left--) {
        // Exponential lifetimes forget their age; all of the replayed past is behind them.
        this.#sink.add(-PREHISTORY_MS, this.#stream.exponential(mean) * SECOND_MS, cores, memoryGb);
      }
    });
  }

  #lifetime(flavour: number, common: number): number {
    const shared = this.#stream.uniform() < (this.#rates.sharedLifetime ?? SHARED_LIFETIME);
    const quantile = shared ? common : this.#stream.uniform();
    return this.#rates.lifetimes[flavour]!.at(quantile, this.#stream);
  }
}

/** How many copies of a batch a scale makes: its whole part, and one more with the rest's chance. */
export function copiesAt(scale: number, stream: RandomStream): number {
  const whole = Math.floor(scale);
  return whole + (stream.uniform() < scale - whole ? 1 : 0);
}

/** Flavours of a batch: the first one's with the measured chance, else drawn anew. */
export function batchFlavours(
  size: number,
  shares: readonly number[],
  stream: RandomStream,
  shared: number = SHARED_FLAVOUR,
): Uint8Array {
  const flavours = new Uint8Array(size);
  const first = weightedIndex(stream, shares);
  for (let i = 0; i < size; i++) {
    flavours[i] = i > 0 && stream.uniform() >= shared ? weightedIndex(stream, shares) : first;
  }
  return flavours;
}

/** The scale at which a cloud needs `meanNodes` on average. */
export function scaleFor(meanNodes: number, rates: CloudRates, packing: NodePacking): number {
  return meanNodes / expectedNodes(rates, packing);
}
