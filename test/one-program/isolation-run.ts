/**
 * A live run of the isolation service in the test's own process and in virtual time: the real
 * runner, a real store, lanes and emulated devices that are slow, refuse, or never answer; tenants at
 * random; processes that are killed and start again. Faults are planted between the core and the
 * world, where nothing may decide.
 */
import seedrandom from 'seedrandom';
import { EmulatedDevices } from '../../backends/devices/emulated.ts';
import type { Devices } from '../../backends/devices/devices.ts';
import { DeviceLanes } from '../../backends/devices/lanes.ts';
import { loggedDevices } from '../../backends/devices/logged.ts';
import type { Clock } from '../../backends/runner/clock.ts';
import { liveIsolation, wiredPorts } from '../../backends/runner/isolation.ts';
import { LiveRunner } from '../../backends/runner/runner.ts';
import type { RunnerPorts } from '../../backends/runner/runner.ts';
import { openSqliteStore } from '../../backends/store/sqlite.ts';
import type { Store, StoreEntry } from '../../backends/store/store.ts';
import type { IsolationDeviceEffect, IsolationEffect } from '../../core/allocator/protocol.ts';
import type { IsolationState } from '../../core/allocator/state.ts';
import type { EffectLogLine } from '../../core/kernel/effect-log.ts';
import type { JournalRecord } from '../../core/kernel/journal.ts';
import type { Outcome } from '../../core/kernel/service.ts';
import { smallSite } from '../allocator/site.ts';
import { sha256 } from '../contract/store-contract.ts';
import type { Kept } from '../../sim/resimulation/kept.ts';
import { keptIn, mortalStore } from './mortal-store.ts';
import { Tenants } from './tenants.ts';
import { rest, VirtualTime } from './virtual-clock.ts';

type Ports = RunnerPorts<IsolationState, IsolationEffect>;

/** What stands wrongly between the runner and the world; each may wrap what is there. */
export interface Plant {
  /** Around the lanes: `carryOut` as the runner calls it. */
  readonly carryOut?: (inner: Ports['carryOut']) => Ports['carryOut'];
  /** Around the devices: what the lanes call. */
  readonly devices?: (inner: Devices) => Devices;
  readonly clock?: (inner: Clock) => Clock;
  /** What is handed to the store. */
  readonly entry?: (entry: StoreEntry) => StoreEntry;
  readonly live?: (inner: typeof liveIsolation) => typeof liveIsolation;
}

export interface IsolationRunOptions {
  readonly seed: string;
  readonly commands: number;
  /** Processes are killed so many times. */
  readonly kills: number;
  /** Every commit takes up to a second. */
  readonly isDiskSlow?: boolean;
  readonly plant?: Plant;
}

export interface IsolationRun {
  readonly records: readonly JournalRecord[];
  readonly kept: Kept;
  readonly log: readonly EffectLogLine[];
}

const START_MS = 1_700_000_000_000;
const MEAN_PAUSE_MS = 20_000;
const REST_MS = 600_000;
const SLOW_DISK_MS = 1_000;

export async function isolationRun(options: IsolationRunOptions): Promise<IsolationRun> {
  return new LiveRun(options).run();
}

interface Life {
  isAlive: boolean;
}

class LiveRun {
  readonly #options: IsolationRunOptions;
  readonly #random: () => number;
  readonly #time = new VirtualTime(START_MS);
  readonly #store = openSqliteStore(':memory:');
  readonly #hardware = new EmulatedDevices();
  readonly #log: EffectLogLine[] = [];
  #life: Life = { isAlive: false };

  constructor(options: IsolationRunOptions) {
    this.#options = options;
    this.#random = seedrandom.alea(options.seed);
  }

  async run(): Promise<IsolationRun> {
    const { commands, kills } = this.#options;
    const tenants = new Tenants(this.#random);
    let runner = await this.#until(this.#start());
    const killAt = new Set(
      Array.from({ length: kills }, () => 1 + Math.floor(this.#random() * (commands - 1))),
    );
    for (let sent = 0; sent < commands; sent++) {
      if (killAt.has(sent)) {
        await this.#kill(runner);
        runner = await this.#until(this.#start());
      }
      const request = tenants.next(runner.state, this.#time.nowMs);
      runner.submit(request).catch(() => {});
      // Some at the same moment, some while others wait for the disk.
      if (this.#random() < 0.2) continue;
      if (this.#random() < 0.2) await new Promise((resolve) => setImmediate(resolve));
      else await this.#pass(Math.floor(-Math.log(1 - this.#random()) * MEAN_PAUSE_MS));
    }
    await this.#pass(REST_MS);
    await this.#until(runner.stop());
    this.#log.push({ kind: 'stopped', timeMs: this.#time.nowMs });
    const { records, kept } = await keptIn(this.#store, 'isolation');
    await this.#store.close();
    return { records, kept, log: this.#log };
  }

  /** What waits for the disk waits in virtual time. */
  async #until<Value>(promise: Promise<Value>): Promise<Value> {
    let isDone = false;
    const done = promise.finally(() => (isDone = true));
    await rest();
    while (!isDone) await this.#pass(SLOW_DISK_MS / 10);
    return done;
  }

  #pass(durationMs: number): Promise<void> {
    return this.#time.runUntil(this.#time.nowMs + durationMs, rest);
  }

  async #start() {
    const life: Life = { isAlive: true };
    this.#life = life;
    const { plant = {} } = this.#options;
    const same = <T>(inner: T): T => inner;
    const clock = (plant.clock ?? same)(this.#time.clockOf(life));
    const witnessed = loggedDevices(
      { carryOut: (effect, ports) => this.#answer(life, effect, ports) },
      { write: (line) => void (life.isAlive && this.#log.push(line)) },
      clock.nowMs,
    );
    const lanes = new DeviceLanes((plant.devices ?? same)(witnessed), clock.nowMs);
    const carryOut: Ports['carryOut'] = (effect, state, confirm) => {
      const device = effect as IsolationDeviceEffect;
      return lanes.carryOut(device, wiredPorts(state, device.nodeId), confirm);
    };
    return LiveRunner.start(
      (plant.live ?? same)(liveIsolation),
      {
        ...{ store: this.#mortal(life), journal: 'isolation', sha256 },
        ...{ configuration: site(), version: 'test', nowMs: this.#time.nowMs },
      },
      {
        clock: () => clock,
        recovered: (events) =>
          this.#log.push({ kind: 'started', instance: 'isolation', events, timeMs: clock.nowMs() }),
        carryOut: (plant.carryOut ?? same)(carryOut),
        deadLetter: (_, error) => {
          throw error;
        },
        failed: () => {},
      },
    );
  }

  /** What waits for the disk is lost, or was on it already; nothing of this life goes on. */
  async #kill(runner: { stop(): Promise<void> }): Promise<void> {
    if (this.#random() < 0.5) await rest();
    this.#life.isAlive = false;
    // What it waits for will never come.
    void runner.stop();
    await rest();
    await this.#time.runUntil(this.#time.nowMs + Math.floor(this.#random() * 90_000), rest);
  }

  #mortal(life: Life): Store {
    const { plant = {}, isDiskSlow = false } = this.#options;
    const wait = () =>
      new Promise<void>((resolve) => {
        const untilMs = this.#time.nowMs + Math.floor(this.#random() * SLOW_DISK_MS);
        this.#time.wakeAt(untilMs, resolve);
      });
    return mortalStore(this.#store, {
      isAlive: () => life.isAlive,
      ...(isDiskSlow ? { disk: wait } : {}),
      ...(plant.entry ? { plant: plant.entry } : {}),
    });
  }

  /** Refuses, does it and cannot say so, or answers when nobody waits any more. */
  #answer(
    life: Life,
    effect: IsolationDeviceEffect,
    ports: Parameters<EmulatedDevices['obey']>[1],
  ): Promise<Outcome<unknown>> {
    const chance = this.#random();
    const landsMs = this.#time.nowMs + Math.floor(this.#random() * 3_000);
    const isLate = chance > 0.95;
    const answersMs = isLate
      ? effect.deadlineMs + Math.floor(this.#random() * 20_000)
      : landsMs + Math.floor(this.#random() * 1_500);
    return new Promise((resolve) => {
      let outcome: Outcome<unknown> = failure(chance < 0.1 ? 'noEffect' : 'uncertain');
      this.#time.wakeAt(landsMs, () => {
        const done = chance < 0.1 ? null : this.#hardware.obey(effect, ports);
        if (done && chance >= 0.16) outcome = done;
      });
      this.#time.wakeAt(answersMs, () => {
        if (life.isAlive) resolve(outcome);
      });
    });
  }
}

function failure(status: 'noEffect' | 'uncertain'): Outcome<unknown> {
  return { status, error: { code: 'DEVICE_BUSY', message: 'not now' } };
}

/** Tokens of the emulated hardware are not looked at: lanes keep them. */
function site() {
  return smallSite({ retryBaseMs: 2_000, retryMaximumMs: 60_000 }, 2);
}
