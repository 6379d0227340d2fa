/**
 * Rounds of load and kill -9: a process that runs the isolation service is killed at a random
 * moment, what it left is audited, and the next one goes on from there. At the end of a series all
 * requests without an answer are sent again, and everything has to come to rest.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import seedrandom from 'seedrandom';
import type { IsolationConfiguration } from '../../../core/allocator/enrolment.ts';
import type { Outcome } from '../../../core/kernel/service.ts';
import { smallSite } from '../../allocator/site.ts';
import { Audit } from './audit.ts';
import type { ChildMessage, ParentMessage, Plant } from './child.ts';
import { Clients } from './clients.ts';
import { World } from './world.ts';

const CHILD = new URL('./child.ts', import.meta.url);
/** Rounds on one store. */
const SERIES_ROUNDS = 25;
const LONGEST_ROUND_MS = 120;
const LONGEST_LATENCY_MS = 12;
const LONGEST_REST_MS = 30_000;
const UNCERTAIN: Outcome<unknown> = {
  status: 'uncertain',
  error: { code: 'DEVICE_TIMEOUT', message: 'no answer' },
};

export interface CrashReport {
  rounds: number;
  acknowledged: number;
  /** Without an answer when their process was killed; and those of them that had been kept. */
  unanswered: number;
  keptUnanswered: number;
  events: number;
  effects: number;
  readonly violations: string[];
}

/** Quick devices' answers are missed early, so that a crash is not waited for. */
function site(): IsolationConfiguration {
  const deadlineMs = Object.fromEntries(
    [
      'PowerOff',
      'PowerOn',
      'SetBootDevice',
      'SetMedia',
      'SetSecureBoot',
      'RotateBmcToken',
      'ConfigurePort',
      'WipeNode',
      'ObserveNode',
    ].map((kind) => [kind, 3_000]),
  ) as never;
  return smallSite({ deadlineMs, retryBaseMs: 20, retryMaximumMs: 200 }, 4);
}

export async function crashRounds(
  rounds: number,
  seed: string,
  plant: Plant = 'none',
): Promise<CrashReport> {
  const report: CrashReport = {
    ...{ rounds: 0, acknowledged: 0, unanswered: 0, keptUnanswered: 0, events: 0, effects: 0 },
    violations: [],
  };
  for (let done = 0, series = 0; done < rounds && report.violations.length === 0; series++) {
    const count = Math.min(SERIES_ROUNDS, rounds - done);
    const run = new Series(`${seed}/${series}`, plant, report);
    try {
      await run.run(count);
    } finally {
      run.remove();
    }
    done += count;
  }
  return report;
}

class Series {
  readonly #folder = mkdtempSync(join(tmpdir(), 'ocx-crash-'));
  readonly #configuration = site();
  readonly #world = new World();
  readonly #random: () => number;
  readonly #plant: Plant;
  readonly #report: CrashReport;
  readonly #audit: Audit;
  readonly #clients: Clients;
  #child: ChildProcess | null = null;
  #next: Promise<ChildProcess> | null = null;

  constructor(seed: string, plant: Plant, report: CrashReport) {
    this.#random = seedrandom.alea(seed);
    this.#plant = plant;
    this.#report = report;
    this.#audit = new Audit(join(this.#folder, 'store.db'), this.#configuration);
    this.#clients = new Clients(seed, (request) => this.#send({ kind: 'request', request }));
  }

  async run(rounds: number): Promise<void> {
    await this.#start();
    await this.#clients.prepare();
    for (let round = 0; round < rounds; round++) {
      // The next process loads its modules meanwhile.
      this.#next = load();
      this.#clients.start();
      await delay(Math.floor(this.#random() * LONGEST_ROUND_MS));
      await this.#kill();
      await this.#account();
      if (this.#report.violations.length > 0) return;
      await this.#start();
      this.#clients.sendAgain();
    }
    await this.#rest();
  }

  remove(): void {
    this.#child?.kill('SIGKILL');
    void this.#next?.then((child) => child.kill('SIGKILL'));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Answers, retries and releases until all nodes are free, then one last audit. */
  async #rest(): Promise<void> {
    this.#clients.finish();
    const endMs = performance.now() + LONGEST_REST_MS;
    for (;;) {
      await delay(50);
      await this.#account(true);
      const { nodes, leases } = this.#audit.state;
      const isFree = [...nodes.values()].every((node) => node.state === 'free');
      if (this.#report.violations.length > 0) return;
      if (this.#clients.open === 0 && isFree && leases.size === 0) break;
      // A lease that had not begun when it was to be given back is still there.
      if (this.#clients.open === 0) this.#clients.giveBackAll(leases.values());
      if (performance.now() > endMs) {
        const states = [...nodes.values()].map(({ nodeId, state }) => `${nodeId} ${state}`);
        this.#report.violations.push(`no rest: ${this.#clients.open} open, ${states.join(', ')}`);
        return;
      }
    }
    for (const [nodeId, { power, isUsed }] of this.#world.devices.nodes) {
      if (power === 'on' || isUsed)
        this.#report.violations.push(`${nodeId} is free, but not clean`);
    }
    this.#report.events += this.#audit.events;
    this.#report.effects += this.#world.asked.size;
    await this.#kill();
  }

  async #account(isAlive = false): Promise<void> {
    // What was acknowledged before the store was read has to be in it.
    const acknowledged = new Map(this.#clients.acknowledged);
    const wrong = await this.#audit.check(acknowledged, this.#world, isAlive);
    this.#report.violations.push(...wrong, ...this.#clients.violations.splice(0));
    if (isAlive) return;
    const unanswered = this.#clients.unanswered();
    this.#report.rounds += 1;
    this.#report.acknowledged += this.#clients.takeCount();
    this.#report.unanswered += unanswered.length;
    const kept = unanswered.filter((commandId) => this.#audit.commands.has(commandId));
    this.#report.keptUnanswered += kept.length;
  }

  async #start(): Promise<void> {
    const child = await (this.#next ?? load());
    this.#next = null;
    this.#child = child;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    child.on('message', (message: ChildMessage) => {
      if (this.#child !== child) return;
      if (message.kind === 'ready') resolve();
      else if (message.kind === 'reply') this.#clients.take(message.commandId, message.reply);
      else if (message.kind === 'effect') void this.#carryOut(child, message);
    });
    child.once('exit', (code) => reject(new Error(`the process ended with ${code}`)));
    const path = join(this.#folder, 'store.db');
    this.#send({ kind: 'start', path, configuration: this.#configuration, plant: this.#plant });
    await promise;
  }

  async #kill(): Promise<void> {
    const child = this.#child!;
    this.#child = null;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  #send(message: ParentMessage): void {
    if (this.#child?.connected) this.#child.send(message, () => {});
  }

  /** Before or after the crash of who asked for it: hardware does not know. */
  async #carryOut(
    child: ChildProcess,
    { call, effect, ports }: Extract<ChildMessage, { kind: 'effect' }>,
  ): Promise<void> {
    const isLost = this.#random() < 0.02;
    await delay(Math.floor(this.#random() * LONGEST_LATENCY_MS));
    const outcome = this.#world.carryOut(effect, ports, (id) => id > this.#clients.lastEnclaveId);
    await delay(Math.floor((this.#random() * LONGEST_LATENCY_MS) / 2));
    if (child !== this.#child) return;
    this.#send({ kind: 'outcome', call, outcome: isLost ? UNCERTAIN : outcome });
  }
}

async function load(): Promise<ChildProcess> {
  const child = fork(CHILD, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  await once(child, 'message');
  return child;
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
