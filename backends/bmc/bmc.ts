/**
 * A node's BMC as the live world drives it, whatever it speaks: one thing at a time, every action
 * idempotent, sent again where it is not seen to have worked, and `ok` only for what was seen.
 *
 * A power cycle is an off that was seen and an on that was seen. A BMC's own is not used: it
 * answers success and leaves a node off that had just been going down.
 *
 * What this cannot see: a BMC that lies for good, about power or about what it will boot. The
 * first shows on the switch (a port with a carrier), the second in the attestation of the boot.
 */
import type { Outcome } from '../../core/kernel/service.ts';
import { insist, pause, reach, settledReading } from '../devices/confirmation.ts';
import type { Goal, Pace } from '../devices/confirmation.ts';
import { nothing } from '../devices/failure.ts';
import type { BmcProtocol, BootDevice, BootReading, ConsoleLink } from './protocol.ts';
import type { Inventory, PowerReading } from './protocol.ts';

export interface BmcTimings extends Pace {
  /** How long an operating system is given to shut down before it is switched off. */
  readonly softOffMs: number;
  /** How long an action may take where the caller sets no nearer deadline. */
  readonly actionMs: number;
}

export const BMC_TIMINGS: BmcTimings = {
  pollMs: 2000,
  readings: 2,
  resendMs: 30_000,
  sends: 4,
  softOffMs: 60_000,
  actionMs: 300_000,
};

/** IPMI loses datagrams, and some BMCs lose their minds, when they are asked more often. */
export const IPMI_TIMINGS: BmcTimings = { ...BMC_TIMINGS, pollMs: 5000 };

/** Between two looks at a node that has to stay off. */
const LONGEST_LOOK_AWAY_MS = 10_000;

export class Bmc {
  readonly #protocol: BmcProtocol;
  readonly #timings: BmcTimings;
  /** Settles when all that was asked for so far is done. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(protocol: BmcProtocol, timings: BmcTimings = BMC_TIMINGS) {
    this.#protocol = protocol;
    this.#timings = timings;
  }

  powerOn(signal?: AbortSignal): Promise<Outcome> {
    return this.#inLane(signal, (until) => this.#reachPower('on', true, until));
  }

  /** @param force false: ask the operating system first */
  powerOff(force: boolean, signal?: AbortSignal): Promise<Outcome> {
    return this.#inLane(signal, (until) => this.#reachPower('off', force, until));
  }

  /** Switches a node that is off on. */
  powerCycle(signal?: AbortSignal): Promise<Outcome> {
    return this.#inLane(signal, async (until) => {
      const off = await this.#reachPower('off', true, until);
      if (off.status !== 'ok') return off;
      const on = await this.#reachPower('on', true, until);
      // The off has happened, so that "nothing" would be wrong.
      return on.status === 'noEffect' ? { status: 'uncertain', error: on.error } : on;
    });
  }

  /** For the next boot only. */
  setBootDevice(device: BootDevice, signal?: AbortSignal): Promise<Outcome> {
    const goal: Goal<BootReading> = {
      name: `boot from ${device}`,
      read: (until) => this.#protocol.readBoot(until),
      isReached: (seen) => seen === device,
      isSettled: () => true,
      send: (attempt, until) => this.#protocol.sendBoot(device, attempt, until),
    };
    return this.#inLane(signal, (until) => reach(goal, this.#timings, until));
  }

  /** @param image URL that the BMC fetches; null empties the drive */
  setMedia(image: string | null, signal?: AbortSignal): Promise<Outcome> {
    const goal: Goal<string | null> = {
      name: image === null ? 'an empty drive' : 'the image in the drive',
      read: (until) => this.#protocol.readMedia(until),
      isReached: (seen) => seen === image,
      isSettled: () => true,
      send: (_, until) => this.#protocol.sendMedia(image, until),
    };
    return this.#inLane(signal, (until) => reach(goal, this.#timings, until));
  }

  /** From the next boot on. */
  setSecureBoot(enabled: boolean, signal?: AbortSignal): Promise<Outcome> {
    const goal: Goal<boolean> = {
      name: `secure boot ${enabled ? 'on' : 'off'}`,
      read: (until) => this.#protocol.readSecureBoot(until),
      isReached: (seen) => seen === enabled,
      isSettled: () => true,
      send: (_, until) => this.#protocol.sendSecureBoot(enabled, until),
    };
    return this.#inLane(signal, (until) => reach(goal, this.#timings, until));
  }

  readPower(signal?: AbortSignal): Promise<Outcome<'on' | 'off'>> {
    const read = (until: AbortSignal) => this.#protocol.readPower(until);
    const isSettled = (power: PowerReading) => power !== 'changing';
    return this.#inLane(
      signal,
      (until) =>
        settledReading(read, isSettled, this.#timings, until) as Promise<Outcome<'on' | 'off'>>,
    );
  }

  readBootDevice(signal?: AbortSignal): Promise<Outcome<BootReading>> {
    return this.#inLane(signal, (until) => this.#protocol.readBoot(until));
  }

  console(signal?: AbortSignal): Promise<Outcome<ConsoleLink>> {
    return this.#inLane(signal, (until) => this.#protocol.readConsole(until));
  }

  inventory(signal?: AbortSignal): Promise<Outcome<Inventory>> {
    return this.#inLane(signal, (until) => this.#protocol.readInventory(until));
  }

  /** Accounts that can log in besides ours. */
  readAccounts(signal?: AbortSignal): Promise<Outcome<readonly string[]>> {
    return this.#inLane(signal, (until) => this.#protocol.readAccounts(until));
  }

  /** @param kept names that may stay */
  removeAccounts(kept: readonly string[], signal?: AbortSignal): Promise<Outcome> {
    let foreign: string[] = [];
    const goal: Goal<readonly string[]> = {
      name: 'a BMC without foreign accounts',
      read: (until) => this.#protocol.readAccounts(until),
      isReached(seen) {
        foreign = seen.filter((name) => !kept.includes(name));
        return foreign.length === 0;
      },
      isSettled: () => true,
      send: async (_, until) => {
        let last: Outcome = { status: 'ok', value: undefined };
        for (const name of foreign) {
          const sent = await this.#protocol.removeAccount(name, until);
          if (last.status === 'ok') last = sent;
        }
        return last;
      },
    };
    return this.#inLane(signal, (until) => reach(goal, this.#timings, until));
  }

  resetFirmware(signal?: AbortSignal): Promise<Outcome> {
    const send = (until: AbortSignal) => this.#protocol.resetFirmware(until);
    return this.#inLane(signal, (until) => insist(send, this.#timings, until));
  }

  readDrives(signal?: AbortSignal): Promise<Outcome<readonly string[]>> {
    return this.#inLane(signal, (until) => this.#protocol.readDrives(until));
  }

  /** It may take hours: only the caller sets its deadline. */
  eraseDrive(id: string, signal: AbortSignal): Promise<Outcome> {
    const send = (until: AbortSignal) => this.#protocol.eraseDrive(id, until);
    return this.#inLane(signal, () => insist(send, this.#timings, signal));
  }

  /** Off, and seen off at every look for so long on end. */
  async staysOff(offMs: number, signal: AbortSignal): Promise<Outcome> {
    const fromMs = performance.now();
    for (;;) {
      const power = await this.readPower(signal);
      if (power.status !== 'ok') return power;
      if (power.value !== 'off') return nothing('DEVICE_REFUSED', 'the node is on');
      const leftMs = fromMs + offMs - performance.now();
      if (leftMs <= 0) return { status: 'ok', value: undefined };
      await pause(Math.min(leftMs, LONGEST_LOOK_AWAY_MS), signal);
    }
  }

  /** After what was asked for before. */
  async close(): Promise<void> {
    await this.#tail;
    await this.#protocol.close();
  }

  #reachPower(wanted: 'on' | 'off', force: boolean, until: AbortSignal): Promise<Outcome> {
    const isSoft = (attempt: number) => !force && attempt === 0;
    const goal: Goal<PowerReading> = {
      name: `power ${wanted}`,
      read: (signal) => this.#protocol.readPower(signal),
      isReached: (seen) => seen === wanted,
      isSettled: (seen) => seen !== 'changing',
      send: async (attempt, signal) => {
        if (!isSoft(attempt)) return this.#protocol.sendPower(wanted, signal);
        const asked = await this.#protocol.sendPower('softOff', signal);
        const isUnknown = asked.status === 'noEffect' && asked.error.code === 'DEVICE_UNSUPPORTED';
        return isUnknown ? this.#protocol.sendPower('off', signal) : asked;
      },
      patienceMs: (attempt) => (isSoft(attempt) ? this.#timings.softOffMs : this.#timings.resendMs),
    };
    return reach(goal, this.#timings, until);
  }

  #inLane<Value>(
    signal: AbortSignal | undefined,
    act: (until: AbortSignal) => Promise<Outcome<Value>>,
  ): Promise<Outcome<Value>> {
    const begin = async (): Promise<Outcome<Value>> => {
      if (signal?.aborted) return nothing('DEVICE_LATE', 'the deadline passed before it was begun');
      const own = AbortSignal.timeout(this.#timings.actionMs);
      return act(signal ? AbortSignal.any([signal, own]) : own);
    };
    const done = this.#tail.then(begin);
    this.#tail = done.catch(() => undefined);
    return done;
  }
}
