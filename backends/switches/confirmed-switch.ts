/**
 * A switch as the live world drives it, whatever it speaks: one thing at a time, every change
 * idempotent, sent again where it is not seen to have worked, and `ok` only for what was read back.
 *
 * What this cannot see: a switch that lies about its ports for good. That shows on the wire only.
 */
import type { Attachment } from '../../core/allocator/state.ts';
import type { Outcome } from '../../core/kernel/service.ts';
import { isFinal, pause, reach } from '../devices/confirmation.ts';
import type { Goal, Pace } from '../devices/confirmation.ts';
import { doubtful, nothing } from '../devices/failure.ts';
import type { SwitchDialect } from './dialect.ts';
import { attachmentsOf, isForeign, isSamePort, portVlansOf } from './port-vlans.ts';
import type { PortReading } from './port-vlans.ts';
import type { SwitchDriver } from './protocol.ts';

export interface SwitchTimings extends Pace {
  /** How long a call may take where the caller sets no nearer deadline. */
  readonly callMs: number;
}

export const SWITCH_TIMINGS: SwitchTimings = {
  pollMs: 250,
  readings: 2,
  resendMs: 5000,
  sends: 4,
  callMs: 120_000,
};

/** A command line takes seconds for what a database takes milliseconds for. */
export const CLI_SWITCH_TIMINGS: SwitchTimings = {
  ...SWITCH_TIMINGS,
  pollMs: 2000,
  resendMs: 20_000,
};

export class ConfirmedSwitch implements SwitchDriver {
  readonly #dialect: SwitchDialect;
  readonly #timings: SwitchTimings;
  /** Settles when all that was asked for so far is done. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(dialect: SwitchDialect, timings: SwitchTimings = SWITCH_TIMINGS) {
    this.#dialect = dialect;
    this.#timings = timings;
  }

  configurePort(
    portId: string,
    attachments: readonly Attachment[],
    signal: AbortSignal,
  ): Promise<Outcome> {
    return this.#inLane(portId, signal, async (until) => {
      const wanted = portVlansOf(attachments);
      if (typeof wanted === 'string') return nothing('DEVICE_UNSUPPORTED', wanted);
      const goal: Goal<PortReading> = {
        name: `port ${portId}`,
        read: (within) => this.#dialect.read(portId, within),
        isReached: (seen) => !isForeign(seen) && isSamePort(seen, wanted),
        isSettled: () => true,
        send: (_, within) => this.#dialect.send(portId, wanted, within),
      };
      return reach(goal, this.#timings, until);
    });
  }

  readPort(portId: string, signal: AbortSignal): Promise<Outcome<readonly Attachment[]>> {
    return this.#inLane(portId, signal, async (until) => {
      const seen = await this.#read(portId, until);
      if (seen.status !== 'ok') return seen;
      if (isForeign(seen.value)) {
        return doubtful('DEVICE_FOREIGN', `port ${portId}: ${seen.value.foreign}`);
      }
      return { status: 'ok', value: attachmentsOf(seen.value) };
    });
  }

  claim(epoch: number): void {
    this.#dialect.claim(epoch);
  }

  async close(): Promise<void> {
    await this.#tail;
    await this.#dialect.close();
  }

  /** Takes a reading that fails again: an idle connection may have broken long ago. */
  async #read(portId: string, until: AbortSignal): Promise<Outcome<PortReading>> {
    for (let attempt = 1; ; attempt++) {
      const seen = await this.#dialect.read(portId, until);
      const isEnd = attempt >= this.#timings.sends || until.aborted;
      if (seen.status === 'ok' || isEnd || isFinal(seen.error.code)) return seen;
      await pause(this.#timings.pollMs, until);
    }
  }

  #inLane<Value>(
    portId: string,
    signal: AbortSignal,
    act: (until: AbortSignal) => Promise<Outcome<Value>>,
  ): Promise<Outcome<Value>> {
    const begin = async (): Promise<Outcome<Value>> => {
      if (!this.#dialect.portName.test(portId)) {
        return nothing('DEVICE_UNSUPPORTED', 'the switch can have no port of this name');
      }
      if (signal.aborted) return nothing('DEVICE_LATE', 'the deadline passed before it was begun');
      return act(AbortSignal.any([signal, AbortSignal.timeout(this.#timings.callMs)]));
    };
    const done = this.#tail.then(begin);
    this.#tail = done.catch(() => undefined);
    return done;
  }
}
