/** Firmware that somebody has changed, and quotes that are not what the TPM signed. */
import type { Quote } from '../../core/attester/protocol.ts';
import type { RandomStream } from '../../core/kernel/random.ts';
import type { RequestQuote } from '../../core/attester/protocol.ts';
import { goldenMeasurements } from '../hardware/node.ts';
import type { HardwareEffect, HardwareOutcome } from '../hardware/effects.ts';
import type { FaultWorld, WorldOptions } from './world.ts';

const TAMPERED_REGISTER = '0'.repeat(63) + '1';

export class QuoteFaults {
  readonly #world: FaultWorld;
  readonly #options: WorldOptions;
  readonly #stream: RandomStream;
  /** Node → a quote that its TPM once made. */
  readonly #earlier = new Map<string, Quote>();

  constructor(world: FaultWorld, options: WorldOptions) {
    this.#world = world;
    this.#options = options;
    this.#stream = options.streams.effects;
  }

  /** Whoever had the node before may have left changed firmware, which the next boot measures. */
  beforeLanding(effect: HardwareEffect): void {
    if (effect.kind !== 'PowerOn') return;
    const node = this.#world.hardware.node(effect.nodeId);
    if (node === undefined || node.power === 'on') return;
    const golden = goldenMeasurements(node.specification.firmware);
    node.measurements = golden;
    if (!this.#happens('firmware-tampered', effect.nodeId)) return;
    const registers = Object.keys(golden);
    const register = registers[this.#stream.integer(registers.length)]!;
    node.measurements = { ...golden, [register]: TAMPERED_REGISTER };
  }

  /** The quote as it arrives, and whether it is what the TPM signed. */
  arrive(
    effect: RequestQuote,
    outcome: HardwareOutcome,
  ): { readonly outcome: HardwareOutcome; readonly isGenuine: boolean } {
    if (outcome.status !== 'ok') return { outcome, isGenuine: false };
    const { nodeId } = effect;
    const quote = outcome.value as Quote;
    const earlier = this.#earlier.get(nodeId);
    if (earlier === undefined || this.#stream.uniform() < 0.3) this.#earlier.set(nodeId, quote);
    // The same request may have been made twice; its first answer is no replay.
    const isOther = earlier !== undefined && earlier.nonce !== quote.nonce;
    if (isOther && this.#happens('quote-replayed', nodeId)) {
      return { outcome: { status: 'ok', value: earlier }, isGenuine: false };
    }
    if (this.#happens('quote-forged', nodeId)) {
      return { outcome: { status: 'ok', value: this.#forge(quote) }, isGenuine: false };
    }
    return { outcome, isGenuine: true };
  }

  /** Without the TPM's key: a wrong signature, another TPM's, or a log that was written anew. */
  #forge(quote: Quote): Quote {
    const golden = goldenMeasurements('uefi');
    switch (this.#stream.integer(4)) {
      case 0:
        return { ...quote, signatureValid: false, pcrs: golden, replayedPcrs: golden };
      case 1:
        return { ...quote, endorsementKeyHash: 'f'.repeat(64), pcrs: golden, replayedPcrs: golden };
      case 2:
        return { ...quote, replayedPcrs: { ...quote.pcrs, '4': TAMPERED_REGISTER } };
      default:
        return { ...quote, signatureValid: false, bootCount: quote.bootCount + 1 };
    }
  }

  #happens(fault: 'firmware-tampered' | 'quote-replayed' | 'quote-forged', nodeId: string) {
    if (!this.#world.isFaulty || this.#stream.uniform() >= this.#options.mix[fault]) return false;
    this.#world.noteFault(fault, nodeId);
    return true;
  }
}
