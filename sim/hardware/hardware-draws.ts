/** Everything about the hardware that is drawn, on a stream of its own per node and purpose. */
import type { Carrier } from '../../core/kernel/carried.ts';
import { randomStream, resumedStream } from '../../core/kernel/random.ts';
import type { RandomStream } from '../../core/kernel/random.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import { deviceKind } from './effects.ts';
import type { HardwareEffect } from './effects.ts';
import { drawFate, drawNodeFailureMs } from './failures.ts';
import type { EffectFate, FailureRates } from './failures.ts';
import type { SimulatedNode } from './node.ts';

export class HardwareDraws {
  readonly #seed: number;
  readonly #replication: number;
  readonly #sampled: boolean;
  readonly #rates: FailureRates | null;
  readonly #streams = new Map<string, RandomStream>();
  /** By node id; asked for with every effect. */
  readonly #paces = new Map<string, RandomStream>();
  #nonces: RandomStream;

  /** @param rates null where nothing fails */
  constructor(seed: number, replication: number, sampled: boolean, rates: FailureRates | null) {
    this.#seed = seed;
    this.#replication = replication;
    this.#sampled = sampled;
    this.#rates = rates;
    this.#nonces = this.#stream('attestation', 'nonces');
  }

  /** Factor on the phases of one walk; its mean is 1. */
  pace(
    node: Pick<SimulatedNode, 'times'> & { readonly specification: { readonly nodeId: string } },
  ): number {
    const { variation } = node.times;
    if (!this.#sampled || variation === 0) return 1;
    // Gamma: positive, and the mean of a sum of phases stays the published one.
    const variance = variation * variation;
    const { nodeId } = node.specification;
    let stream = this.#paces.get(nodeId);
    if (stream === undefined) this.#paces.set(nodeId, (stream = this.#stream(nodeId, 'pace')));
    return stream.gamma(1 / variance, variance);
  }

  /** A duration outside a walk. */
  vary(node: SimulatedNode, meanMs: number): number {
    return this.#sampled ? Math.round(meanMs * this.pace(node)) : meanMs;
  }

  fate(effect: HardwareEffect): EffectFate {
    if (this.#rates === null) return 'done';
    const kind = deviceKind(effect);
    const entity = 'nodeId' in effect ? effect.nodeId : kind;
    return drawFate(this.#rates[kind], this.#stream(entity, `failures/${kind}`));
  }

  nextFailureMs(nodeId: string, afterMs: TimeMs): number {
    if (this.#rates === null) return Infinity;
    return drawNodeFailureMs(this.#rates, this.#stream(nodeId, 'breaks'), afterMs);
  }

  /** 256 bits in hex. */
  nonce(): string {
    let nonce = '';
    for (let word = 0; word < 8; word++) {
      nonce += this.#nonces.integer(0x1_0000_0000).toString(16).padStart(8, '0');
    }
    return nonce;
  }

  #stream(entity: string, purpose: string): RandomStream {
    const key = `${purpose}/${entity}`;
    let stream = this.#streams.get(key);
    if (stream === undefined) {
      const name = { seed: this.#seed, replication: this.#replication, entity };
      stream = randomStream({ ...name, purpose: `hardware/${purpose}` });
      this.#streams.set(key, stream);
    }
    return stream;
  }

  carry(carrier: Carrier): void {
    const states = [...this.#streams].map(([key, stream]) => [key, stream.state()] as const);
    const saved = carrier.value('streams', states);
    if (!carrier.restores) return;
    this.#paces.clear();
    for (const [key, state] of saved) this.#streams.set(key, resumedStream(state));
    this.#nonces = this.#stream('attestation', 'nonces');
  }
}
