/**
 * A small world in which the orchestrator, the attester and the provisioner run together: they
 * talk through channels that lose, double and delay messages, and work on devices that fail in
 * every way that an outcome can tell (and by silence). From `healMs` on nothing fails any more.
 */
import { attesterService } from '../../core/attester/attester.ts';
import { ATTESTER_DEFAULTS } from '../../core/attester/state.ts';
import type { AttesterConfiguration } from '../../core/attester/state.ts';
import { randomStream } from '../../core/kernel/random.ts';
import type { RandomStream } from '../../core/kernel/random.ts';
import type { Principal, Service, ServiceEffect, ServiceEvent } from '../../core/kernel/service.ts';
import { orchestratorService } from '../../core/leasing/orchestrator.ts';
import type { EnclavePlan, OrchestratorEffect } from '../../core/leasing/protocol.ts';
import type { OrchestratorConfiguration } from '../../core/leasing/state.ts';
import type { ProvisioningMethod } from '../../core/provisioner/protocol.ts';
import { provisionerService } from '../../core/provisioner/provisioner.ts';
import { PROVISIONER_DEFAULTS } from '../../core/provisioner/state.ts';
import type { ProvisionerConfiguration } from '../../core/provisioner/state.ts';
import type { SecurityLevel } from '../../core/market/orders.ts';
import { ModelIsolation } from './model-isolation.ts';
import { ModelNodes } from './model-nodes.ts';
import { ModelStore } from './model-store.ts';

/** Probabilities, but for `delayMs`: messages and outcomes take up to so long. */
export interface Faults {
  readonly lose: number;
  readonly duplicate: number;
  readonly delayMs: number;
  readonly noEffect: number;
  /** Half of these happened all the same. */
  readonly uncertain: number;
  /** No outcome is ever told; half of these happened. */
  readonly silent: number;
  /** A boot comes up with bad firmware, and its owner tries to hide it. */
  readonly badBoot: number;
  /** A walk of the isolation service ends in quarantine. */
  readonly quarantine: number;
}

export const NO_FAULTS: Faults = {
  lose: 0,
  duplicate: 0,
  delayMs: 0,
  noEffect: 0,
  uncertain: 0,
  silent: 0,
  badBoot: 0,
  quarantine: 0,
};

/** Services of all kinds in one list, each with a state of its own. */
export type AnyService = Service<unknown, unknown, ServiceEvent, ServiceEffect>;

export interface WorldOptions {
  readonly seed: number;
  readonly faults: Faults;
  readonly securityLevel: SecurityLevel;
  readonly method: ProvisioningMethod;
  readonly nodeCount: number;
  readonly leaseCount: number;
  readonly leaseMs: number;
  /** Notice of a recall after so long; null: none. */
  readonly recallMs: number | null;
  readonly parkDisks: boolean;
  readonly orchestrator?: Partial<OrchestratorConfiguration>;
  readonly attester?: Partial<AttesterConfiguration>;
  readonly provisioner?: Partial<ProvisionerConfiguration>;
  /** Stand-ins with a planted fault. */
  readonly services?: { readonly [name: string]: AnyService };
}

export interface Entry {
  readonly event: ServiceEvent;
  readonly effects: readonly ServiceEffect[];
}

interface Hosted {
  readonly service: AnyService;
  readonly configuration: unknown;
  state: unknown;
  readonly log: Entry[];
  readonly timers: Map<string, number>;
}

export const TENANT: Principal = { role: 'organisation', name: 'tenant' };
export const ISOLATION = 'isolation';
export const GOOD_PCR = 'a'.repeat(64);
export const BAD_PCR = 'b'.repeat(64);
const MAX_EVENTS = 60_000;

export const PROFILE = 'model-1';

export class SmallWorld {
  nowMs = 0;
  readonly options: WorldOptions;
  readonly random: RandomStream;
  readonly isolation: ModelIsolation;
  readonly nodes: ModelNodes;
  readonly store: ModelStore;
  readonly hosted = new Map<string, Hosted>();
  /** What the tenant's cluster was told, and what went wrong. */
  readonly told: OrchestratorEffect[] = [];
  readonly violations: string[] = [];
  /** Looks at every event of a service, after it has been handled. */
  onEvent: ((name: string, entry: Entry, state: unknown, before: string | null) => void) | null =
    null;
  /** Called before an event is handled; what it returns is passed to `onEvent`. */
  beforeEvent: ((name: string, event: ServiceEvent, state: unknown) => string | null) | null = null;
  #queue: { atMs: number; seq: number; run: () => void }[] = [];
  #seq = 0;
  events = 0;

  constructor(options: WorldOptions) {
    this.options = options;
    const { seed } = options;
    this.random = randomStream({ seed, replication: 0, entity: 'small-world', purpose: 'all' });
    this.nodes = new ModelNodes(this);
    this.store = new ModelStore(this);
    this.isolation = new ModelIsolation(this);
    this.#host('orchestrator', orchestratorService, {
      name: 'orchestrator',
      isolation: ISOLATION,
      requestTimeoutMs: 60_000,
      requestAttempts: 6,
      provisioningAttempts: 4,
      ...options.orchestrator,
    } satisfies OrchestratorConfiguration);
    this.#host('attester', attesterService, this.#attesterConfiguration());
    this.#host('provisioner', provisionerService, {
      ...PROVISIONER_DEFAULTS,
      name: 'provisioner',
      images: [{ imageId: 'golden', owner: 'tenant', shared: false, snapshotId: 'v1' }],
      deadlinesMs: {
        clone: 6_000,
        expose: 9_000,
        hide: 9_000,
        destroy: 9_000,
        boot: 20_000,
        image: 9_000,
      },
      retryMs: 1_000,
      watchdog: true,
      ...options.provisioner,
    } satisfies ProvisionerConfiguration);
  }

  #attesterConfiguration(): AttesterConfiguration {
    const nodeIds = Array.from({ length: this.options.nodeCount }, (_, i) => `n${i}`);
    return {
      ...ATTESTER_DEFAULTS,
      name: 'attester',
      nodes: nodeIds.map((nodeId) => ({
        nodeId,
        endorsementKeyHash: `ek-${nodeId}`,
        profile: PROFILE,
      })),
      policies: [
        {
          policyId: 'policy',
          owner: 'tenant',
          version: 1,
          profiles: [{ profile: PROFILE, pcrs: [{ index: '0', digests: [GOOD_PCR] }] }],
          runtimeDigests: ['good-file'],
          releasesKeyShare: this.options.securityLevel === 'full',
        },
      ],
      nonceTtlMs: 12_000,
      quoteDeadlineMs: 10_000,
      keyDeadlineMs: 5_000,
      retryDelayMs: 1_000,
      freshnessMs: 120_000,
      reattestIntervalMs: 50_000,
      reportRetryMs: 15_000,
      ...this.options.attester,
    };
  }

  #host(name: string, service: AnyService, configuration: unknown): void {
    const run = this.options.services?.[name] ?? service;
    const state: unknown = run.initial(configuration);
    this.hosted.set(name, { service: run, configuration, state, log: [], timers: new Map() });
  }

  /** From here on nothing fails any more, so that everything can end. */
  get healMs(): number {
    return this.options.leaseCount * (this.options.leaseMs + 100_000);
  }

  faults(): Faults {
    return this.nowMs < this.healMs ? this.options.faults : NO_FAULTS;
  }

  chance(probability: number): boolean {
    return probability > 0 && this.random.uniform() < probability;
  }

  at(atMs: number, run: () => void): void {
    this.#queue.push({ atMs, seq: this.#seq++, run });
  }

  after(delayMs: number, run: () => void): void {
    this.at(this.nowMs + delayMs, run);
  }

  /** A message on its way: it may be lost, doubled, and overtaken. */
  message(run: () => void): void {
    const { lose, duplicate, delayMs } = this.faults();
    const delay = () => (delayMs === 0 ? 0 : this.random.integer(delayMs));
    if (!this.chance(lose)) this.after(delay(), run);
    if (this.chance(duplicate)) this.after(delay() * 3, run);
  }

  /** Runs `leaseCount` leases of all nodes one after another, until nothing is left to happen. */
  run(): this {
    const { leaseCount, leaseMs, recallMs } = this.options;
    for (let i = 0; i < leaseCount; i++) {
      const startMs = i * (leaseMs + 100_000);
      this.at(startMs, () => this.#startLease(`lease-${i}`, startMs + leaseMs));
      if (recallMs !== null) {
        this.at(startMs + recallMs, () => this.isolation.recall(`lease-${i}`, 30_000));
      }
    }
    this.drain();
    return this;
  }

  #startLease(leaseId: string, endMs: number): void {
    const { securityLevel, method, parkDisks } = this.options;
    const plan: Omit<EnclavePlan, 'timeMs'> = {
      kind: 'EnclavePlan',
      leaseId,
      securityLevel,
      method,
      imageId: 'golden',
      policyId: 'policy',
      attester: securityLevel === 'none' ? null : 'attester',
      provisioner: 'provisioner',
      endMs,
      parkDisks,
    };
    this.deliver('orchestrator', plan);
    this.isolation.start(leaseId, endMs, securityLevel !== 'none');
  }

  drain(): void {
    while (this.#queue.length > 0) {
      let first = 0;
      for (let i = 1; i < this.#queue.length; i++) {
        const a = this.#queue[i]!;
        const b = this.#queue[first]!;
        if (a.atMs < b.atMs || (a.atMs === b.atMs && a.seq < b.seq)) first = i;
      }
      const [next] = this.#queue.splice(first, 1);
      this.nowMs = next!.atMs;
      next!.run();
      if (++this.events > MAX_EVENTS) throw new Error('the small world never comes to rest');
    }
  }

  deliver(name: string, event: object): void {
    const hosted = this.hosted.get(name)!;
    const timed = { ...event, timeMs: this.nowMs } as ServiceEvent;
    const before = this.beforeEvent?.(name, timed, hosted.state) ?? null;
    const step = hosted.service.step(hosted.state, timed);
    hosted.state = step.state;
    const entry = { event: timed, effects: step.effects as ServiceEffect[] };
    hosted.log.push(entry);
    this.onEvent?.(name, entry, hosted.state, before);
    for (const effect of entry.effects) this.#route(name, hosted, effect);
  }

  #route(name: string, hosted: Hosted, effect: ServiceEffect): void {
    // The router knows every effect by its kind; each branch reads the fields of that kind.
    const fields = effect as ServiceEffect & Record<string, never>;
    switch (effect.kind) {
      case 'SetTimer':
        this.#setTimer(name, hosted, fields['timerId']!, fields['atMs']!);
        return;
      case 'CancelTimer':
        hosted.timers.delete(fields['timerId']!);
        return;
      case 'Request':
      case 'ReportVerdict': {
        const from = name === 'orchestrator' ? TENANT : service(name);
        this.command(fields['service']!, fields['command']!, from);
        return;
      }
      case 'Reply':
      case 'Notify':
        this.tell(fields['to']!, effect);
        return;
      case 'NodeReady':
      case 'NodeLost':
      case 'NodeEnding':
        this.told.push(effect as OrchestratorEffect);
        return;
      case 'MakeNonce':
      case 'RequestQuote':
      case 'ReleaseKeyShare':
      case 'RevokeKeys':
      case 'BootNode':
        this.nodes.carryOut(name, effect as never);
        return;
      default:
        this.store.carryOut(name, effect as never);
    }
  }

  /** A reply or a notice on its way to whom it is for. */
  tell(to: Principal, effect: ServiceEffect): void {
    const name = to.role === 'organisation' ? 'orchestrator' : to.name;
    if (!this.hosted.has(name)) return;
    const event =
      effect.kind === 'Reply'
        ? { kind: 'ReplyReceived', reply: effect }
        : { kind: 'NoticeReceived', notice: (effect as { notice?: unknown }).notice };
    this.message(() => this.deliver(name, event));
  }

  command(to: string, command: object, from: Principal): void {
    this.message(() => {
      const sent = { ...command, from };
      if (to === ISOLATION) this.isolation.command(sent as never);
      else this.deliver(to, sent);
    });
  }

  #setTimer(name: string, hosted: Hosted, timerId: string, atMs: number): void {
    hosted.timers.set(timerId, atMs);
    this.at(Math.max(atMs, this.nowMs), () => {
      if (hosted.timers.get(timerId) !== atMs) return;
      hosted.timers.delete(timerId);
      this.deliver(name, { kind: 'TimerFired', timerId });
    });
  }

  /**
   * Lets a device do `apply` and tells the outcome, as the dice fall. `apply` is run at most
   * once, when the device gets to it, and gives the value of an `ok` outcome or an error code.
   */
  carryOut(name: string, effectId: string, takesMs: number, apply: () => unknown): void {
    const { noEffect, uncertain, silent, delayMs, duplicate } = this.faults();
    const delay = takesMs + (delayMs === 0 ? 0 : this.random.integer(delayMs));
    const tell = (outcome: object) => {
      this.deliver(name, { kind: 'EffectOutcome', effectId, outcome });
      if (!this.chance(duplicate)) return;
      this.after(delay, () => this.deliver(name, { kind: 'EffectOutcome', effectId, outcome }));
    };
    if (this.chance(noEffect)) {
      this.after(delay, () => tell(failed('noEffect', 'DEVICE_REFUSED')));
      return;
    }
    const isUncertain = this.chance(uncertain);
    const isSilent = this.chance(silent);
    const applies = !(isUncertain || isSilent) || this.chance(0.5);
    this.after(delay, () => {
      const value = applies ? apply() : undefined;
      if (isSilent) return;
      if (isUncertain) tell(failed('uncertain', 'DEVICE_TIMED_OUT'));
      else if (value instanceof DeviceError) tell(failed('noEffect', value.code));
      else tell({ status: 'ok', value });
    });
  }
}

/** What a device answers that did nothing. */
export class DeviceError {
  readonly code: string;
  constructor(code: string) {
    this.code = code;
  }
}

function failed(status: 'noEffect' | 'uncertain', code: string) {
  return { status, error: { code, message: 'as the dice fell' } };
}

function service(name: string): Principal {
  return { role: 'service', name };
}
