/**
 * The simulated site: the services of the core, simulated hardware, and the organisations with
 * their clusters and agents. One queue of events, one clock; the loop is `run`.
 */
import type { IsolationEffect, LeaseNotice } from '../../core/allocator/protocol.ts';
import { isolationService } from '../../core/allocator/service.ts';
import { checkIsolationInvariants } from '../../core/allocator/invariants.ts';
import { attesterService } from '../../core/attester/attester.ts';
import type { AttesterEffect } from '../../core/attester/protocol.ts';
import { Digest } from '../../core/kernel/digest.ts';
import { randomStream } from '../../core/kernel/random.ts';
import type { Principal } from '../../core/kernel/service.ts';
import { DAY_MS, MINUTE_MS, WEEK_MS } from '../../core/kernel/units.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import { orchestratorService } from '../../core/leasing/orchestrator.ts';
import type { OrchestratorEffect, OrchestratorEvent } from '../../core/leasing/protocol.ts';
import { ORCHESTRATOR_DEFAULTS } from '../../core/leasing/state.ts';
import { checkMarketInvariants, marketService } from '../../core/market/service.ts';
import type { MarketEffect } from '../../core/market/protocol.ts';
import type { MarketOutcome } from '../../core/metrics/outcome.ts';
import { provisionerService } from '../../core/provisioner/provisioner.ts';
import type { ProvisionerEffect } from '../../core/provisioner/protocol.ts';
import { isHardwareEffect } from '../hardware/effects.ts';
import type { SimulatedHardware } from '../hardware/hardware.ts';
import { EventQueue } from '../queue/event-queue.ts';
import type { EventToken } from '../queue/event-queue.ts';
import { Bus, PRIORITY, ServiceRunner } from './bus.ts';
import type { Occurrence } from './bus.ts';
import { clusterOf } from './clusters.ts';
import { ownersOf } from './identities.ts';
import { LeaseDesk } from './lease-desk.ts';
import { MarketDesk } from './market-desk.ts';
import { marketConfiguration } from './market-configuration.ts';
import { Member } from './member.ts';
import { measuredWindow, ROUND_SETTLE_LIMIT_MS } from './setup.ts';
import type { RunSetup } from './setup.ts';
import {
  attesterConfiguration,
  isolationConfiguration,
  ISOLATION,
  leaseOverhead,
  MARKET,
  methodOf,
  provisionerConfiguration,
  simulatedHardware,
  siteNodeIds,
} from './site.ts';

type AnyRunner = { post(event: never): void };

/** When a member's cluster next changes by itself, and the event that is scheduled for it. */
interface Wake {
  /** Infinity where no event waits. */
  atMs: TimeMs;
  token: EventToken;
  readonly occur: Occurrence;
}

export class MarketWorld {
  readonly members: readonly Member[];
  readonly digest = new Digest();
  readonly violations: string[] = [];
  readonly #setup: RunSetup;
  readonly #queue = new EventQueue<Occurrence>();
  readonly #bus: Bus;
  readonly #hardware: SimulatedHardware;
  readonly #isolation;
  readonly #attester;
  readonly #provisioner;
  readonly #market;
  readonly #orchestrators = new Map<string, { post(event: OrchestratorEvent): void }>();
  readonly #byName: ReadonlyMap<string, Member>;
  readonly #leases: LeaseDesk;
  readonly #rounds: MarketDesk;
  readonly #wakes = new Map<Member, Wake>();
  readonly #touched = new Set<Member>();
  /** Emergencies that have called a round of their own. */
  readonly #called = new Set<string>();

  constructor(setup: RunSetup) {
    this.#setup = setup;
    const { scenario, ports } = setup;
    this.#bus = new Bus(this.#queue, this.digest, ports.observe);
    this.#hardware = simulatedHardware(setup);
    this.members = this.#makeMembers();
    this.#byName = new Map(this.members.map((member) => [member.name, member]));
    this.#isolation = new ServiceRunner(
      ISOLATION,
      isolationService,
      isolationConfiguration(setup),
      this.#bus,
      (effect, nowMs) => this.#onIsolation(effect, nowMs),
    );
    this.#attester = new ServiceRunner(
      attesterConfiguration(setup).name,
      attesterService,
      attesterConfiguration(setup),
      this.#bus,
      (effect, nowMs) => this.#onAttester(effect, nowMs),
    );
    this.#provisioner = new ServiceRunner(
      provisionerConfiguration().name,
      provisionerService,
      provisionerConfiguration(),
      this.#bus,
      (effect, nowMs) => this.#onProvisioner(effect, nowMs),
    );
    this.#market = new ServiceRunner(
      MARKET,
      marketService,
      marketConfiguration(setup),
      this.#bus,
      (effect: MarketEffect, nowMs) => this.#rounds.onEffect(effect, nowMs),
    );
    for (const member of this.members) {
      this.#addOrchestrator(member);
      this.#addWake(member);
    }
    const overhead = leaseOverhead(setup);
    this.#leases = new LeaseDesk({
      members: this.#byName,
      owners: ownersOf(scenario),
      method: methodOf(scenario),
      releaseMs: overhead.releaseMs,
      postIsolation: (event) => this.#isolation.post(event),
      postPlan: (lessee, plan) => this.#orchestrators.get(lessee)!.post(plan),
      report: (contractId, what, deliveredNodeMs, nowMs) =>
        this.#market.post({
          kind: 'LeaseReported',
          timeMs: nowMs,
          from: { role: 'service', name: ISOLATION },
          contractId,
          what,
          deliveredNodeMs,
        }),
      later: (atMs, work) => this.#queue.schedule(atMs, PRIORITY.timer, work),
      touched: (member) => this.#touched.add(member),
    });
    this.#rounds = new MarketDesk(setup, overhead, sampledRounds(setup), {
      members: this.members,
      post: (event) => this.#market.post(event),
      drain: () => this.#bus.drain(),
      openLeases: (contracts, nowMs) => this.#leases.open(contracts, nowMs),
      hoardOf: (name, nowMs) => this.#leases.hoardOf(name, nowMs),
      balanceMillicredits: (name) => this.#market.state.ledger.balances.get(name) ?? 0,
    });
  }

  get nowMs(): TimeMs {
    return Math.max(0, this.#queue.nowMs);
  }

  get events(): number {
    return this.#bus.events;
  }

  run(): void {
    const { scenario } = this.#setup;
    const endMs = measuredWindow(scenario).endMs;
    const limitMs = endMs + ROUND_SETTLE_LIMIT_MS;
    for (const member of this.members) this.#touched.add(member);
    this.#rewake(0);
    this.#queue.schedule(0, PRIORITY.round, (nowMs) => this.#holdRound(nowMs));
    this.#queue.schedule(DAY_MS, PRIORITY.round, (nowMs) => this.#checkDaily(nowMs));
    this.#queue.schedule(WEEK_MS, PRIORITY.timer, (nowMs) => this.#payWeekly(nowMs));
    for (let work = this.#queue.next(); work !== undefined; work = this.#queue.next()) {
      const nowMs = this.#queue.nowMs;
      if (nowMs > limitMs) break;
      work(nowMs);
      this.#bus.drain();
      if (this.#touched.size > 0) this.#rewake(nowMs);
      if (nowMs >= endMs && this.members.every(({ cluster }) => cluster.isResolved())) break;
    }
    this.#check();
    for (const { cluster } of this.members) cluster.advance(Math.max(endMs, this.nowMs));
  }

  /** The cluster of every member that was touched says anew when it next changes by itself. */
  #rewake(nowMs: TimeMs): void {
    for (const member of this.#touched) {
      this.#respond(member, nowMs);
      const atMs = Math.max(nowMs, member.cluster.nextEventMs());
      const wake = this.#wakes.get(member)!;
      if (wake.atMs === atMs) continue;
      if (wake.atMs < Infinity) this.#queue.cancel(wake.token);
      wake.atMs = atMs;
      if (atMs < Infinity) {
        wake.token = this.#queue.schedule(atMs, PRIORITY.cluster, wake.occur);
      }
    }
    this.#touched.clear();
  }

  #wake(member: Member, wake: Wake, nowMs: TimeMs): void {
    wake.atMs = Infinity;
    member.cluster.advance(nowMs);
    this.#touched.add(member);
  }

  /** What a cluster cannot wait for the next round with: taking its own back, and emergencies. */
  #respond(member: Member, nowMs: TimeMs): void {
    if (member.cluster.kind !== 'government') return;
    const missing = member.cluster.nodesToRecall(nowMs) - member.recalled;
    if (missing > 0) {
      this.#leases.recall(member, missing, nowMs);
      this.#bus.drain();
    }
    if (!this.#setup.scenario.market.extraRounds) return;
    for (const { wantId } of member.cluster.wants(nowMs)) {
      if (this.#called.has(wantId)) continue;
      this.#called.add(wantId);
      this.#queue.schedule(nowMs, PRIORITY.round, (at) => this.#rounds.hold(at));
    }
  }

  #holdRound(nowMs: TimeMs): void {
    for (const member of this.members) {
      member.cluster.advance(nowMs);
      for (const leaseId of member.cluster.lotsToReturn()) {
        this.#leases.giveBack(member, leaseId, nowMs);
      }
    }
    this.#bus.drain();
    this.#rounds.hold(nowMs);
    for (const member of this.members) this.#touched.add(member);
    const everyMs = Math.round(this.#setup.scenario.market.epochMinutes * MINUTE_MS);
    const jitterMs = this.#rounds.jitterMs(everyMs);
    this.#queue.schedule(nowMs + everyMs + jitterMs, PRIORITY.round, (at) => this.#holdRound(at));
  }

  #payWeekly(nowMs: TimeMs): void {
    this.#rounds.payIncome(nowMs);
    this.#queue.schedule(nowMs + WEEK_MS, PRIORITY.timer, (at) => this.#payWeekly(at));
  }

  #checkDaily(nowMs: TimeMs): void {
    this.#check();
    this.#queue.schedule(nowMs + DAY_MS, PRIORITY.round, (at) => this.#checkDaily(at));
  }

  #check(): void {
    this.violations.push(...checkIsolationInvariants(this.#isolation.state));
    this.violations.push(...checkMarketInvariants(this.#market.state));
  }

  ledgerImbalance(): number {
    let sum = 0;
    for (const balance of this.#market.state.ledger.balances.values()) sum += balance;
    return sum;
  }

  /** Receipts − payments of an organisation in the measured window. */
  netMillicredits(name: string): number {
    return this.#rounds.netMillicredits.get(name) ?? 0;
  }

  marketOutcome(): MarketOutcome {
    const { startMs, endMs } = measuredWindow(this.#setup.scenario);
    const inWindow = (atMs: TimeMs) => atMs >= startMs && atMs < endMs;
    return {
      rounds: this.#rounds.rounds.filter(({ atMs }) => inWindow(atMs)),
      leases: this.#leases.finished.filter((lease) => inWindow(lease.startMs)),
      individualRationalityViolations: this.#rounds.individualRationalityViolations,
      surplusMillicredits: this.#rounds.surplusMillicredits,
      recalls: this.#leases.recalls,
      defaults: this.#rounds.defaults,
      safeguards: Object.fromEntries(this.#rounds.safeguards),
      haltedRounds: this.#rounds.haltedRounds,
    };
  }

  #makeMembers(): Member[] {
    const { scenario, ports } = this.#setup;
    const nodeIds = siteNodeIds(this.#setup);
    return scenario.organisation.map(
      (organisation) =>
        new Member(
          organisation,
          clusterOf(this.#setup, organisation),
          ports.strategies.get(organisation.strategy)!,
          measuredWindow(scenario),
          nodeIds.get(organisation.name)!,
        ),
    );
  }

  #addOrchestrator(member: Member): void {
    const runner = new ServiceRunner(
      `orchestrator/${member.name}`,
      orchestratorService,
      { ...ORCHESTRATOR_DEFAULTS, name: member.name, isolation: ISOLATION },
      this.#bus,
      (effect: OrchestratorEffect, nowMs) => this.#onOrchestrator(member, effect, nowMs),
    );
    this.#orchestrators.set(member.name, runner);
  }

  #addWake(member: Member): void {
    const wake: Wake = { atMs: Infinity, token: 0, occur: (at) => this.#wake(member, wake, at) };
    this.#wakes.set(member, wake);
  }

  #onIsolation(effect: IsolationEffect, nowMs: TimeMs): void {
    if (isHardwareEffect(effect)) this.#perform(this.#isolation, effect, nowMs);
    else if (effect.kind === 'Reply') this.#answer(effect.to, effect, nowMs);
    else if (effect.kind === 'Notify') this.#tell(effect.to, effect.notice, nowMs);
  }

  #onAttester(effect: AttesterEffect, nowMs: TimeMs): void {
    if (isHardwareEffect(effect)) this.#perform(this.#attester, effect, nowMs);
    else if (effect.kind === 'Reply') this.#answer(effect.to, effect, nowMs);
    else if (effect.kind === 'ReportVerdict') {
      const from = { role: 'service', name: this.#attester.name } as const;
      this.#isolation.post({ ...effect.command, timeMs: nowMs, from });
    } else if (effect.kind === 'Notify') {
      this.#orchestrators
        .get(effect.to.name)
        ?.post({ kind: 'NoticeReceived', timeMs: nowMs, notice: effect.notice });
    }
  }

  #onProvisioner(effect: ProvisionerEffect, nowMs: TimeMs): void {
    if (isHardwareEffect(effect)) this.#perform(this.#provisioner, effect, nowMs);
    else if (effect.kind === 'Reply') this.#answer(effect.to, effect, nowMs);
    else if (effect.kind === 'Notify') {
      this.#orchestrators
        .get(effect.to.name)
        ?.post({ kind: 'NoticeReceived', timeMs: nowMs, notice: effect.notice });
    }
  }

  #onOrchestrator(member: Member, effect: OrchestratorEffect, nowMs: TimeMs): void {
    if (effect.kind !== 'Request') {
      this.#leases.onOrchestrator(effect, nowMs);
      return;
    }
    const from = { role: 'organisation', name: member.name } as const;
    const target: AnyRunner =
      effect.service === ISOLATION
        ? this.#isolation
        : effect.service === this.#attester.name
          ? this.#attester
          : this.#provisioner;
    target.post({ ...effect.command, timeMs: nowMs, from } as never);
  }

  /** Does an effect on hardware; its outcome comes back as an event when it is due. */
  #perform(
    runner: AnyRunner,
    effect: Parameters<SimulatedHardware['perform']>[0],
    nowMs: TimeMs,
  ): void {
    const { completesAtMs, outcome } = this.#hardware.perform(effect, nowMs);
    const { effectId } = effect;
    this.#queue.schedule(completesAtMs, PRIORITY.outcome, (timeMs) =>
      runner.post({ kind: 'EffectOutcome', timeMs, effectId, outcome } as never),
    );
  }

  #answer(to: Principal, reply: Extract<IsolationEffect, { kind: 'Reply' }>, nowMs: TimeMs): void {
    if (to.role === 'organisation') {
      this.#orchestrators.get(to.name)?.post({ kind: 'ReplyReceived', timeMs: nowMs, reply });
    } else if (to.name === this.#attester.name) {
      this.#attester.post({ kind: 'ReplyReceived', timeMs: nowMs, reply });
    } else if (to.name === MARKET) this.#leases.onReply(reply, nowMs);
  }

  /** The lessee's orchestrator needs the notice, the owner's desk notes it. */
  #tell(to: Principal, notice: LeaseNotice, nowMs: TimeMs): void {
    if (to.name === this.#attester.name) {
      this.#attester.post({ kind: 'NoticeReceived', timeMs: nowMs, notice });
      return;
    }
    if (this.#leases.ownerOf(notice.leaseId) === to.name) this.#leases.onNotice(notice, nowMs);
    else this.#orchestrators.get(to.name)?.post({ kind: 'NoticeReceived', timeMs: nowMs, notice });
  }
}

/** Rounds whose LP bound is computed, drawn before anything of them is known. */
function sampledRounds({ scenario, replication, ports }: RunSetup): Set<number> {
  const sampled = new Set<number>();
  if (ports.bound === null) return sampled;
  const everyMs = Math.round(scenario.market.epochMinutes * MINUTE_MS);
  const { startMs, endMs } = measuredWindow(scenario);
  const first = Math.ceil(startMs / everyMs);
  const count = Math.floor(endMs / everyMs) - first;
  const stream = randomStream({
    seed: scenario.seed,
    replication,
    entity: 'market',
    purpose: 'sampled rounds',
  });
  while (sampled.size < Math.min(scenario.market.boundSamples, count)) {
    sampled.add(first + stream.integer(count));
  }
  return sampled;
}
