/**
 * The simulated site: the services of the core, simulated hardware, and the organisations with
 * their clusters and agents. One queue of events, one clock; the loop is `run`.
 */
import type { Carrier } from '../../core/kernel/carried.ts';
import { Digest } from '../../core/kernel/digest.ts';
import { invariant } from '../../core/kernel/errors.ts';
import { randomStream } from '../../core/kernel/random.ts';
import { DAY_MS, MINUTE_MS, WEEK_MS } from '../../core/kernel/units.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { Contract, LeaseReportKind } from '../../core/market/contracts.ts';
import type { MarketOutcome } from '../../core/metrics/outcome.ts';
import type { SimulatedHardware } from '../hardware/hardware.ts';
import { EventQueue } from '../queue/event-queue.ts';
import type { EventToken } from '../queue/event-queue.ts';
import { hasMarketMaker, MARKET_MAKER } from '../scenario/aliases.ts';
import { anchorsOf } from '../snapshot/plain-copy.ts';
import { capture, restore } from '../snapshot/snapshot.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { Bus, PRIORITY } from './bus.ts';
import type { Occurrence } from './bus.ts';
import { clusterOf } from './clusters.ts';
import { Exchange } from './exchange.ts';
import { ownersOf } from './identities.ts';
import { LeaseDesk } from './lease-desk.ts';
import type { MarketDesk } from './market-desk.ts';
import { Member } from './member.ts';
import { exchangesOf, providersOf } from './names.ts';
import type { ExchangeNames, ProviderNames } from './names.ts';
import { ProviderSite } from './provider-site.ts';
import { TimedSite } from './timed-site.ts';
import { joinOptions } from './option-desk.ts';
import { PromiseDesk } from './promise-desk.ts';
import { measuredWindow, ROUND_SETTLE_LIMIT_MS } from './setup.ts';
import type { RunSetup } from './setup.ts';
import { leaseOverhead, methodOf, simulatedHardware, siteNodeIds } from './site.ts';

/** When a member's cluster next changes by itself, and the event that is scheduled for it. */
interface Wake {
  /** Infinity where no event waits. */
  atMs: TimeMs;
  token: EventToken;
}

/** Names under which the world itself listens, and what it is told: places of exchanges and horizons. */
const OCCURS = {
  wake: 'wake',
  epoch: 'epoch call',
  horizon: 'round of a horizon',
  extra: 'extra round',
  week: 'week',
  day: 'day',
} as const;

interface HorizonRound {
  readonly exchange: number;
  readonly horizon: number;
}

export class MarketWorld {
  readonly members: readonly Member[];
  readonly digest = new Digest();
  readonly violations: string[] = [];
  readonly #setup: RunSetup;
  readonly #queue = new EventQueue<Occurrence>();
  readonly #bus: Bus;
  /** Organisation → its provider. */
  readonly #providerOf: Map<string, string>;
  /** By provider. */
  readonly #sites: ReadonlyMap<string, ProviderSite | TimedSite>;
  readonly #exchanges: readonly Exchange[];
  /** Null where nodes go by their durations alone. */
  readonly #hardware: SimulatedHardware | null;
  readonly #leases: LeaseDesk;
  readonly #promises: PromiseDesk;
  readonly #wakes = new Map<Member, Wake>();
  readonly #touched = new Set<Member>();
  /** Emergencies that have called a round of their own. */
  readonly #called = new Set<string>();

  constructor(setup: RunSetup) {
    this.#setup = setup;
    const { scenario, ports } = setup;
    this.#bus = new Bus(this.#queue, ports.digests === false ? null : this.digest, ports.observe);
    this.members = this.#makeMembers();
    const providers = providersOf(scenario);
    const exchanges = exchangesOf(scenario);
    this.#providerOf = new Map(scenario.organisation.map((one) => [one.name, one.provider]));
    // Leases of what it sold on are reported by the isolation service that reports by default.
    if (hasMarketMaker(scenario)) this.#providerOf.set(MARKET_MAKER, providers[0]!.provider);
    this.#hardware = scenario.provisioning.walk === 'timed' ? null : simulatedHardware(setup);
    this.#sites = this.#makeSites(providers, exchanges);
    const overhead = leaseOverhead(setup);
    this.#exchanges = exchanges.map(
      (names) =>
        new Exchange(setup, names, exchanges.length === 1, {
          bus: this.#bus,
          members: this.members,
          overhead,
          sampled: sampledRounds(setup),
          isolationOf: (organisation) => this.#siteOf(organisation).names.isolation,
          openLeases: (contracts, nowMs) => this.#leases.open(contracts, nowMs),
          callOff: (ticketId, nowMs) => {
            if (!this.#promises.callOff(ticketId, nowMs)) this.#leases.callOff(ticketId, nowMs);
          },
          makePromises: (contracts, nowMs) => this.#promises.make(contracts, nowMs),
          preemptLease: (leaseId, nowMs) => this.#leases.preempt(leaseId, nowMs),
          hoardOf: (name, nowMs) => this.#leases.hoardOf(name, nowMs),
        }),
    );
    for (const member of this.members) {
      for (const site of this.#sites.values()) {
        site.addOrchestrator(member.name, providers.length === 1);
      }
      this.#wakes.set(member, { atMs: Infinity, token: 0 });
    }
    this.#leases = this.#makeLeaseDesk(overhead.releaseMs);
    this.#promises = this.#makePromiseDesk(overhead.releaseMs);
    this.#listen();
  }

  #makeSites(
    providers: readonly ProviderNames[],
    exchanges: readonly ExchangeNames[],
  ): Map<string, ProviderSite | TimedSite> {
    const setup = this.#setup;
    const ports = { bus: this.#bus, leases: () => this.#leases };
    const hardware = this.#hardware;
    if (hardware === null) {
      return new Map(
        providers.map((names) => [names.provider, new TimedSite(setup, names, ports)]),
      );
    }
    const services = new Set(exchanges.map(({ service }) => service));
    const isExchange = (service: string) => services.has(service);
    return new Map(
      providers.map((names) => [
        names.provider,
        new ProviderSite(setup, names, { ...ports, hardware, isExchange }),
      ]),
    );
  }

  /** The provider of an organisation's own nodes. */
  #siteOf(organisation: string): ProviderSite | TimedSite {
    return this.#sites.get(this.#providerOf.get(organisation)!)!;
  }

  #makeLeaseDesk(releaseMs: number): LeaseDesk {
    const byName = new Map(this.members.map((member) => [member.name, member]));
    const exchangeOf = (contract: Contract) => this.#exchangeOf(contract);
    return new LeaseDesk({
      members: byName,
      owners: ownersOf(this.#setup.scenario),
      method: methodOf(this.#setup.scenario),
      releaseMs,
      complete: (contract, nowMs) => exchangeOf(contract).complete(contract, nowMs),
      horizonName: (contract) => exchangeOf(contract).rounds.horizonName(contract.roundId),
      servicesOf: (owner) => this.#siteOf(owner).names,
      exchangeOf: (contract) => ({ role: 'service', name: exchangeOf(contract).names.service }),
      postIsolation: (owner, event) => this.#siteOf(owner).postIsolation(event),
      postPlan: (owner, lessee, plan) => this.#siteOf(owner).postPlan(lessee, plan),
      report: (...report) => this.#report(...report),
      judged: (contract, givenClass, nowMs) => {
        const { isolation } = this.#siteOf(contract.seller).names;
        exchangeOf(contract).judge(contract, isolation, givenClass, nowMs);
      },
      later: (atMs, to, about) => this.#bus.schedule(atMs, PRIORITY.timer, to, about),
      listen: (name, listener) => this.#bus.listen(name, listener),
      touched: (member) => this.#touched.add(member),
    });
  }

  #makePromiseDesk(releaseMs: number): PromiseDesk {
    return new PromiseDesk({
      members: new Map(this.members.map((member) => [member.name, member])),
      owners: ownersOf(this.#setup.scenario),
      releaseMs,
      schedule: (atMs, to, about) => this.#bus.schedule(atMs, PRIORITY.round, to, about),
      listen: (name, listener) => this.#bus.listen(name, listener),
      openNow: (contracts, nowMs) => this.#leases.open(contracts, nowMs),
      open: (contract, nowMs) => this.#leases.openPromised(contract, nowMs),
      report: (...report) => this.#report(...report),
      touched: (member) => this.#touched.add(member),
    });
  }

  #exchangeOf({ contractId }: Contract): Exchange {
    return this.#exchanges.find((exchange) => exchange.sold(contractId))!;
  }

  #report(contract: Contract, what: LeaseReportKind, deliveredNodeMs: number, nowMs: TimeMs): void {
    const { isolation } = this.#siteOf(contract.seller).names;
    const exchange = this.#exchangeOf(contract);
    exchange.report(contract.contractId, isolation, what, deliveredNodeMs, nowMs);
  }

  get nowMs(): TimeMs {
    return Math.max(0, this.#queue.nowMs);
  }

  get events(): number {
    return this.#bus.events;
  }

  /** What the world does when it is told of an occurrence of its own. */
  #listen(): void {
    const members = new Map(this.members.map((member) => [member.name, member]));
    const bus = this.#bus;
    bus.listen(OCCURS.wake, (name: string, at) => this.#wake(members.get(name)!, at));
    bus.listen(OCCURS.epoch, (index: number, at) => this.#holdRound(index, at));
    bus.listen(OCCURS.horizon, (round: HorizonRound, at) => this.#holdHorizonRound(round, at));
    bus.listen(OCCURS.extra, (index: number, at) => this.#exchanges[index]!.rounds.hold(at));
    bus.listen(OCCURS.week, (_, at) => this.#payWeekly(at));
    bus.listen(OCCURS.day, (_, at) => this.#checkDaily(at));
  }

  /** Everything before the first event. */
  start(): void {
    for (const member of this.members) this.#touched.add(member);
    this.#rewake(0);
    // Exchanges call one after the other within an epoch, each at its own time.
    const everyMs = this.#everyMs();
    for (const [index, exchange] of this.#exchanges.entries()) {
      const firstMs = Math.floor((index * everyMs) / this.#exchanges.length);
      this.#bus.schedule(firstMs, PRIORITY.round, OCCURS.epoch, index);
      exchange.rounds.clocks.forEach((clock, horizon) => {
        if (horizon === 0) return;
        const round: HorizonRound = { exchange: index, horizon };
        this.#bus.schedule(firstMs + clock.everyMs, PRIORITY.round, OCCURS.horizon, round);
      });
    }
    this.#bus.schedule(DAY_MS, PRIORITY.round, OCCURS.day, null);
    this.#bus.schedule(WEEK_MS, PRIORITY.timer, OCCURS.week, null);
  }

  /** Everything that happens before that time, or until nothing is left to happen. */
  runUntil(beforeMs: TimeMs): void {
    const { endMs } = measuredWindow(this.#setup.scenario);
    const limitMs = endMs + ROUND_SETTLE_LIMIT_MS;
    while (this.#queue.nextTimeMs() < beforeMs) {
      const occurrence = this.#queue.next()!;
      const { nowMs } = this.#queue;
      if (nowMs > limitMs) break;
      this.#bus.occur(occurrence, nowMs);
      this.#bus.drain();
      if (this.#touched.size > 0) this.#rewake(nowMs);
      if (nowMs >= endMs && this.members.every(({ cluster }) => cluster.isResolved())) break;
    }
  }

  /** Everything after the last event. */
  finish(): void {
    const { endMs } = measuredWindow(this.#setup.scenario);
    this.#check();
    for (const { cluster } of this.members) cluster.advance(Math.max(endMs, this.nowMs));
  }

  /** The cluster of every member that was touched says anew when it next changes by itself. */
  #rewake(nowMs: TimeMs): void {
    for (const member of this.#touched) {
      this.#respond(member, nowMs);
      member.timeToOffer.idle(member.cluster.idleNodes(), nowMs);
      const atMs = Math.max(nowMs, member.cluster.nextEventMs());
      const wake = this.#wakes.get(member)!;
      if (wake.atMs === atMs) continue;
      if (wake.atMs < Infinity) this.#queue.cancel(wake.token);
      wake.atMs = atMs;
      if (atMs < Infinity) {
        wake.token = this.#bus.schedule(atMs, PRIORITY.cluster, OCCURS.wake, member.name);
      }
    }
    this.#touched.clear();
  }

  #wake(member: Member, nowMs: TimeMs): void {
    this.#wakes.get(member)!.atMs = Infinity;
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
    if (this.#setup.scenario.market.options.enabled) {
      for (const { options } of this.#exchanges) options.call(member, nowMs);
    }
    if (!this.#setup.scenario.market.extraRounds) return;
    for (const { wantId } of member.cluster.wants(nowMs)) {
      if (this.#called.has(wantId)) continue;
      this.#called.add(wantId);
      for (const [index, { names }] of this.#exchanges.entries()) {
        if (!member.organisation.exchanges.includes(names.exchange)) continue;
        this.#bus.schedule(nowMs, PRIORITY.round, OCCURS.extra, index);
      }
    }
  }

  #everyMs(): number {
    return Math.round(this.#setup.scenario.market.epochMinutes * MINUTE_MS);
  }

  #holdRound(index: number, nowMs: TimeMs): void {
    const exchange = this.#exchanges[index]!;
    for (const member of this.members) {
      member.cluster.advance(nowMs);
      for (const leaseId of member.cluster.lotsToReturn()) {
        if (this.#promises.giveBack(leaseId, nowMs)) continue;
        this.#leases.giveBack(member, leaseId, nowMs);
      }
    }
    this.#bus.drain();
    exchange.rounds.hold(nowMs);
    for (const member of this.members) this.#touched.add(member);
    const everyMs = this.#everyMs();
    const nextMs = nowMs + everyMs + exchange.rounds.jitterMs(everyMs);
    this.#bus.schedule(nextMs, PRIORITY.round, OCCURS.epoch, index);
  }

  /** Rounds of another horizon than the epoch call. */
  #holdHorizonRound(round: HorizonRound, nowMs: TimeMs): void {
    const { rounds, options } = this.#exchanges[round.exchange]!;
    const { everyMs, horizon } = rounds.clocks[round.horizon]!;
    if (horizon.option) options.expire(nowMs);
    rounds.hold(nowMs, round.horizon);
    for (const member of this.members) this.#touched.add(member);
    this.#bus.schedule(nowMs + everyMs, PRIORITY.round, OCCURS.horizon, round);
  }

  #payWeekly(nowMs: TimeMs): void {
    for (const { rounds } of this.#exchanges) rounds.payIncome(nowMs);
    this.#bus.schedule(nowMs + WEEK_MS, PRIORITY.timer, OCCURS.week, null);
  }

  #checkDaily(nowMs: TimeMs): void {
    this.#check();
    this.#bus.schedule(nowMs + DAY_MS, PRIORITY.round, OCCURS.day, null);
  }

  #check(): void {
    for (const site of this.#sites.values()) this.violations.push(...site.violations());
    for (const exchange of this.#exchanges) this.violations.push(...exchange.violations());
  }

  ledgerImbalance(): number {
    return sum(this.#exchanges.map((exchange) => exchange.ledgerImbalance()));
  }

  /** Receipts − payments of an organisation in the measured window. */
  netMillicredits(name: string): number {
    return sum(this.#exchanges.map(({ rounds }) => rounds.money.netMillicredits(name)));
  }

  marketOutcome(): MarketOutcome {
    const { startMs, endMs } = measuredWindow(this.#setup.scenario);
    const inWindow = (atMs: TimeMs) => atMs >= startMs && atMs < endMs;
    const total = (pick: (desk: MarketDesk) => number) =>
      sum(this.#exchanges.map(({ rounds }) => pick(rounds)));
    const safeguards = new Map<string, number>();
    for (const { rounds } of this.#exchanges) {
      for (const [name, count] of rounds.safety.safeguards) {
        safeguards.set(name, (safeguards.get(name) ?? 0) + count);
      }
    }
    return {
      ...(this.#setup.scenario.market.options.enabled
        ? { options: joinOptions(this.#exchanges.map(({ options }) => options.outcome)) }
        : {}),
      rounds: this.#exchanges
        .flatMap(({ rounds }) => rounds.rounds.filter(({ atMs }) => inWindow(atMs)))
        .sort((a, b) => a.atMs - b.atMs),
      leases: this.#leases.finished.filter((lease) => inWindow(lease.startMs)),
      individualRationalityViolations: total((desk) => desk.individualRationalityViolations),
      surplusMillicredits: total((desk) => desk.surplusMillicredits),
      recalls: this.#leases.recalls,
      preemptions: total((desk) => desk.preemptions),
      defaults: total((desk) => desk.defaults),
      ticketsRefused: this.#leases.ticketsRefused,
      safeguards: Object.fromEntries(safeguards),
      haltedRounds: total(({ safety }) => safety.haltedRounds),
      freeMillicredits: this.members.map(({ name }) =>
        sum(this.#exchanges.map((exchange) => exchange.balanceMillicredits(name))),
      ),
      waterfall: {
        uses: total(({ safety }) => safety.waterfall.uses),
        lossMillicredits: total(({ safety }) => safety.waterfall.lossMillicredits),
        mutualMillicredits: total(({ safety }) => safety.waterfall.mutualMillicredits),
        haircutMillicredits: total(({ safety }) => safety.waterfall.haircutMillicredits),
        suspensions: total(({ safety }) => safety.waterfall.suspensions),
      },
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

  /** Its state between two instants; the world itself may go on. */
  snapshot(): Snapshot {
    return capture(this, this.#anchors());
  }

  /** Becomes what a world of the same site was; instead of `start`. */
  resume(snapshot: Snapshot): void {
    restore(this, snapshot, this.#anchors());
  }

  #anchors() {
    return anchorsOf([
      ...this.members.map((member) => [`member ${member.name}`, member] as const),
      ...[...this.#sites.values()].flatMap((site) => site.anchors()),
    ]);
  }

  carry(carrier: Carrier): void {
    invariant(this.#touched.size === 0, 'a snapshot is made between two instants');
    carrier.part('bus', this.#bus);
    if (this.#hardware) carrier.part('hardware', this.#hardware);
    for (const member of this.members) carrier.part(`member ${member.name}`, member);
    for (const [name, site] of this.#sites) carrier.part(`site ${name}`, site);
    for (const exchange of this.#exchanges) {
      carrier.part(`exchange ${exchange.names.exchange}`, exchange);
    }
    carrier.parts({ leases: this.#leases, promises: this.#promises });
    carrier.fills({ violations: this.violations, called: this.#called });
    for (const [member, wake] of this.#wakes) {
      Object.assign(wake, carrier.value(`wake ${member.name}`, wake));
    }
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

/** Rounds whose upper bound is computed, drawn before anything of them is known. */
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
