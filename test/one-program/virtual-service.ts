/**
 * A live service in the test's own process and in virtual time: its real runner on a real store, with
 * links to others over their façades. Its process can be killed, and starts again from its journal.
 */
import { give, withOwnKey } from '../../backends/http/calls.ts';
import { serviceGateway, type ServiceGateway } from '../../backends/http/gateway.ts';
import { problemOf } from '../../backends/http/problem.ts';
import type { ServiceFacade } from '../../backends/http/service-facade.ts';
import type { LinkedService } from '../../backends/peers/peer-link.ts';
import { carryOutLogged } from '../../backends/runner/effect-log.ts';
import type { LiveService } from '../../backends/runner/live-service.ts';
import type { PeerRequest } from '../../backends/runner/peer-mail.ts';
import { LiveRunner } from '../../backends/runner/runner.ts';
import { openSqliteStore } from '../../backends/store/sqlite.ts';
import type { Store } from '../../backends/store/store.ts';
import type { AnsweredEffect, EffectLogLine } from '../../core/kernel/effect-log.ts';
import { OcxError } from '../../core/kernel/errors.ts';
import type {
  Outcome,
  Principal,
  Reply,
  ServiceEffect,
  ServiceEvent,
} from '../../core/kernel/service.ts';
import { sha256 } from '../contract/store-contract.ts';
import { keptIn, mortalStore } from './mortal-store.ts';
import { rest, type VirtualTime } from './virtual-clock.ts';

export type AnyLive = LiveService<unknown, unknown, ServiceEvent, ServiceEffect>;
export type AnyRunner = LiveRunner<unknown, unknown, ServiceEvent, ServiceEffect>;
type AnyFacade = ServiceFacade<never>;

/** One process of a service, until it is killed or ends. */
export interface Life {
  isAlive: boolean;
}

/** What does an effect's work; waits in virtual time. */
export type World = (
  effect: AnsweredEffect,
  state: unknown,
  life: Life,
  confirm: () => Promise<void>,
) => Promise<Outcome<unknown>>;

export interface VirtualServiceOptions {
  /** Name of its journal. */
  readonly instance: string;
  readonly live: AnyLive;
  readonly configuration: unknown;
  /** As whom it asks others. */
  readonly principal: Principal;
  /** Null: nobody asks it. */
  readonly facade: AnyFacade | null;
  /** Its devices log what they are asked themselves, behind their lanes. */
  readonly logsItself?: boolean;
  readonly world: World;
  /** Told when a process has begun. */
  readonly began?: (runner: AnyRunner, life: Life) => void;
  /** How far its clock is off. */
  readonly skewMs?: number;
}

/** A message or an answer on its way; a plant may lose, change or make one. */
export interface LinkPlant {
  message?(peer: string, body: object): object | null;
  reply?(reply: Reply): Reply | null;
  request?(request: PeerRequest): PeerRequest | null;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;

export class VirtualService {
  readonly options: VirtualServiceOptions;
  readonly log: EffectLogLine[] = [];
  readonly #time: VirtualTime;
  readonly #random: () => number;
  readonly #store = openSqliteStore(':memory:');
  readonly #peers = new Map<string, VirtualService>();
  readonly #readers = new Set<() => void>();
  readonly #plant: LinkPlant;
  #life: Life = { isAlive: false };
  runner: AnyRunner | null = null;
  #gateway: ServiceGateway | null = null;

  constructor(
    time: VirtualTime,
    random: () => number,
    options: VirtualServiceOptions,
    plant: LinkPlant = {},
  ) {
    this.#time = time;
    this.#random = random;
    this.options = options;
    this.#plant = plant;
  }

  get isAlive(): boolean {
    return this.#life.isAlive;
  }

  get nowMs(): number {
    return this.#time.nowMs + (this.options.skewMs ?? 0);
  }

  get store(): Store {
    return this.#store;
  }

  /** @param name as others call it */
  link(name: string, peer: VirtualService): void {
    this.#peers.set(name, peer);
    peer.#readers.add(() => this.#read(name, peer));
  }

  async start(): Promise<AnyRunner> {
    const life: Life = { isAlive: true };
    this.#life = life;
    const { instance, live, configuration, facade, world, logsItself, skewMs } = this.options;
    const clock = this.#time.clockOf(life, skewMs ?? 0);
    const log = { write: (line: EffectLogLine) => void (life.isAlive && this.log.push(line)) };
    const early: PeerRequest[] = [];
    const runner = await LiveRunner.start(
      live,
      {
        ...{
          store: mortalStore(this.#store, { isAlive: () => life.isAlive }),
          journal: instance,
          configuration,
          sha256,
        },
        ...{ version: 'test', nowMs: clock.nowMs() },
      },
      {
        clock: () => clock,
        recovered: (events) =>
          log.write({ kind: 'started', instance, events, timeMs: clock.nowMs() }),
        carryOut: (effect, state, confirm) => {
          const asked = effect as AnsweredEffect;
          const work = () => world(asked, state, life, confirm);
          return logsItself ? work() : carryOutLogged(log, clock.nowMs, asked, work);
        },
        ask: (request) => void (this.runner ? this.#ask(request, life) : early.push(request)),
        deadLetter: (_, error) => {
          throw error;
        },
        failed: () => {},
      },
    );
    this.runner = runner;
    for (const request of early) void this.#ask(request, life);
    this.#gateway = facade && serviceGateway(facade as never, runner, this.#store, instance);
    runner.watch(() => this.#wakeReaders());
    this.#wakeReaders();
    for (const [name, peer] of this.#peers) this.#read(name, peer);
    this.options.began?.(runner, life);
    return runner;
  }

  /** What waits for the disk is lost, or was on it already; nothing of this process goes on. */
  async kill(): Promise<void> {
    this.#life.isAlive = false;
    // What it waits for will never come.
    void this.runner!.stop();
    this.runner = null;
    await rest();
  }

  async end(): Promise<Awaited<ReturnType<typeof keptIn>>> {
    if (this.isAlive) {
      await this.runner!.stop();
      this.log.push({ kind: 'stopped', timeMs: this.nowMs });
      this.#life.isAlive = false;
    }
    const left = await keptIn(this.#store, this.options.instance);
    await this.#store.close();
    return left;
  }

  /** As a party over HTTP: what it is told, or the code of the problem. Null: nobody answers. */
  async call(
    from: Principal,
    key: string,
    command: { readonly kind: string },
  ): Promise<Pick<Reply, 'refusal' | 'result'> | null> {
    const { facade } = this.options;
    const life = this.#life;
    const gateway = this.#gateway;
    if (!life.isAlive || !facade || !gateway) return null;
    const route = facade.commands.find((found) => found.command === command.kind)!;
    const { kind: _, commandId: _id, ...fields } = command as Record<string, unknown>;
    try {
      const sent = JSON.parse(JSON.stringify(fields)) as Record<string, unknown>;
      await facade.admit?.(route, from, sent);
      const result = await give(facade, gateway, route, from, key, sent);
      return life.isAlive ? { refusal: null, result: JSON.parse(JSON.stringify(result)) } : null;
    } catch (error) {
      if (!life.isAlive || !(error instanceof OcxError)) return null;
      const { code, detail } = problemOf(error);
      if (code.startsWith('RESOURCE_') || code === 'INTERNAL_ERROR') return null;
      return { refusal: { code, message: detail.slice(0, 500) }, result: null };
    }
  }

  #wakeReaders(): void {
    for (const wake of this.#readers) wake();
  }

  /** Messages come a moment later, some together; after a restart from where the journal is. */
  #read(name: string, peer: VirtualService): void {
    const life = this.#life;
    if (!life.isAlive) return;
    this.#later(1 + Math.floor(this.#random() * 40), async () => {
      const { runner } = this;
      if (!life.isAlive || !runner || !peer.isAlive) return;
      const linked: LinkedService = runner;
      const { principal } = this.options;
      const query = { after: linked.cursorOf(name), limit: 100, to: principal };
      const found = await peer.store.messages(peer.options.instance, query);
      for (const { cursor, seq, to, body } of found) {
        if (!life.isAlive) return;
        const text = JSON.stringify({ seq, to, ...withOwnKey(to, body) });
        const told = JSON.parse(text) as object;
        const { message = (_: string, same: object) => same } = this.#plant;
        const taken = message(name, told);
        if (taken) linked.takeMessage(name, cursor, taken);
      }
    });
  }

  /** As a link does it: until it is answered, or the answer does not matter any more. */
  async #ask(given: PeerRequest, life: Life): Promise<void> {
    const request = this.#plant.request ? this.#plant.request(given) : given;
    if (!request) return;
    const { peer: name, command } = request;
    const peer = this.#peers.get(name);
    if (!peer) return;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      await this.#wait(1 + Math.floor(this.#random() * 20));
      if (!life.isAlive) return;
      const { principal } = this.options;
      const told = await peer.call(principal, command.commandId, command);
      await this.#wait(1 + Math.floor(this.#random() * 20));
      if (!life.isAlive) return;
      if (told) {
        const to: Principal = { role: 'service', name };
        const reply: Reply = { kind: 'Reply', commandId: command.commandId, to, ...told };
        const taken = this.#plant.reply ? this.#plant.reply(reply) : reply;
        if (taken) this.runner!.takeReply(taken);
        return;
      }
      await this.#wait(pauseMs);
      if (!life.isAlive || !this.runner!.isAwaited(command.commandId)) return;
    }
  }

  #later(ms: number, work: () => Promise<void> | void): void {
    this.#time.wakeAt(this.#time.nowMs + ms, () => void work());
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#later(ms, resolve));
  }
}
