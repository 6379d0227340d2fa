/** What the services' effects come to: hardware in memory, TPMs that answer, storage that obeys. */
import type { EmulatedDevices } from '../../backends/devices/emulated.ts';
import type { IsolationDeviceEffect } from '../../core/allocator/protocol.ts';
import type { RequestQuote } from '../../core/attester/protocol.ts';
import { watchKey } from '../../core/attester/state.ts';
import type { AttesterState } from '../../core/attester/state.ts';
import type { AnsweredEffect } from '../../core/kernel/effect-log.ts';
import { ok, type Outcome } from '../../core/kernel/service.ts';
import { mechanisms } from '../../core/market/mechanisms/registry.ts';
import type { SolveRound } from '../../core/market/protocol.ts';
import { recordClearing } from '../../core/market/recorded-clearing.ts';
import { GOLDEN } from './site-configuration.ts';
import type { VirtualTime } from './virtual-clock.ts';
import type { Life } from './virtual-service.ts';

const SECOND_MS = 1_000;

export class StandInWorld {
  readonly #time: VirtualTime;
  readonly #random: () => number;
  #nonces = 0;
  #quotes = 0;

  constructor(time: VirtualTime, random: () => number) {
    this.#time = time;
    this.#random = random;
  }

  /** Refuses now and then, does it and cannot say so, or answers when nobody waits any more. */
  async obey(
    hardware: EmulatedDevices,
    effect: IsolationDeviceEffect,
    ports: Parameters<EmulatedDevices['obey']>[1],
    life: Life,
  ): Promise<Outcome<unknown>> {
    const chance = this.#random();
    await this.#wait(3 * SECOND_MS);
    const outcome = chance < 0.03 ? failure('noEffect') : hardware.obey(effect, ports);
    await this.#wait(SECOND_MS);
    if (!life.isAlive) return new Promise(() => {});
    return chance > 0.97 ? failure('uncertain') : outcome;
  }

  async attest(effect: AnsweredEffect, state: unknown): Promise<Outcome<unknown>> {
    await this.#wait(effect.kind === 'RequestQuote' ? 60 * SECOND_MS : 200);
    if (this.#random() < 0.05) return failure('uncertain');
    if (effect.kind === 'MakeNonce') {
      this.#nonces += 1;
      return { status: 'ok', value: `${this.#nonces}`.padStart(40, '0') };
    }
    if (effect.kind !== 'RequestQuote') return ok;
    return { status: 'ok', value: this.#quote(effect as RequestQuote, state as AttesterState) };
  }

  #quote({ leaseId, nodeId, nonce }: RequestQuote, { watches }: AttesterState) {
    const bootCount = watches.get(watchKey(leaseId, nodeId))?.bootCount ?? 0;
    // The first one of all, and every third after it.
    const isTampered = this.#quotes++ % 3 === 0;
    const pcrs = { '0': isTampered ? 'ff'.repeat(32) : GOLDEN };
    return {
      ...{ nonce, endorsementKeyHash: `ek:${nodeId}`, signatureValid: true, resetCount: bootCount },
      ...{ bootCount, pcrs, replayedPcrs: pcrs, runtimeDigests: [] },
    };
  }

  async provision({ kind }: AnsweredEffect): Promise<Outcome<unknown>> {
    await this.#wait((kind === 'BootNode' ? 120 : 5) * SECOND_MS);
    const chance = this.#random();
    if (chance < 0.05) return failure('noEffect');
    return chance > 0.97 ? failure('uncertain') : ok;
  }

  async solve(effect: AnsweredEffect): Promise<Outcome<unknown>> {
    const { mechanism: name, round, parameters, mechanismState } = effect as unknown as SolveRound;
    await this.#wait(2 * SECOND_MS);
    if (this.#random() < 0.1) return failure('noEffect');
    const mechanism = mechanisms.get(name)!;
    const { clearing, state } = mechanism.clear(round, parameters, mechanismState);
    const solverVersion = `${mechanism.name}/${mechanism.version}`;
    return { status: 'ok', value: { clearing: recordClearing(clearing), state, solverVersion } };
  }

  #wait(longestMs: number): Promise<void> {
    const ms = 1 + Math.floor(this.#random() * longestMs);
    return new Promise((resolve) => this.#time.wakeAt(this.#time.nowMs + ms, resolve));
  }
}

function failure(status: 'noEffect' | 'uncertain'): Outcome<unknown> {
  return { status, error: { code: 'DEVICE_BUSY', message: 'not now' } };
}
