/**
 * A provider's data centre by its durations alone: leases begin, end, are recalled and given back as
 * with its services, and every node takes the time that its walk would have taken, but nobody walks
 * it. For large sites in which nothing fails: there are three events a node and lease instead of
 * some forty.
 */
import type { IsolationEvent } from '../../core/allocator/commands.ts';
import type { LeaseTerms } from '../../core/allocator/protocol.ts';
import { DEFAULT_SETTINGS } from '../../core/allocator/settings.ts';
import type { Carrier } from '../../core/kernel/carried.ts';
import { OcxError } from '../../core/kernel/errors.ts';
import type { Refusal } from '../../core/kernel/errors.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import { SECURITY_RANK } from '../../core/market/orders.ts';
import type { SecurityLevel } from '../../core/market/orders.ts';
import { effectTimes, storageTimes } from '../hardware/effect-times.ts';
import type { EffectTimes } from '../hardware/effect-times.ts';
import { HardwareDraws } from '../hardware/hardware-draws.ts';
import { beginSetup, releaseSetup, TimedNode } from '../hardware/timed-walk.ts';
import type { SetupUnderWay, WalkSetup } from '../hardware/timed-walk.ts';
import type { EventToken } from '../queue/event-queue.ts';
import { PRIORITY } from './bus.ts';
import type { Bus } from './bus.ts';
import type { LeaseDesk } from './lease-desk.ts';
import type { ProviderNames } from './names.ts';
import { classSecurity } from './setup.ts';
import type { RunSetup } from './setup.ts';
import { methodOf, profileOf, siteNodes } from './site.ts';

export interface TimedSitePorts {
  readonly bus: Bus;
  readonly leases: () => LeaseDesk;
}

/** A node with the leases that have a right to it. */
class SiteNode extends TimedNode {
  readonly securityLevel: SecurityLevel;
  /** In the order of their starts. */
  readonly reservations: Lease[] = [];
  use: Use | null = null;

  constructor(nodeId: string, times: EffectTimes, securityLevel: SecurityLevel) {
    super(nodeId, times);
    this.securityLevel = securityLevel;
  }

  override carry(carrier: Carrier): void {
    super.carry(carrier);
    carrier.fill('reservations', this.reservations);
    this.use = carrier.value('use', this.use);
  }
}

/** One lease's time with a node, from its handover until it is clean. */
interface Use {
  readonly node: SiteNode;
  readonly lease: Lease;
  readonly setup: SetupUnderWay;
  isReady: boolean;
  isLost: boolean;
  isReleased: boolean;
}

/** Borrowers hear of what ends a moment later, after all that the site does at the same instant. */
interface BorrowerTold {
  readonly kind: 'BorrowerTold';
  readonly timeMs: TimeMs;
  readonly lease: Lease;
  /** Of which node that will not come; null: of the end of all of them. */
  readonly lost: Use | null;
}

interface Lease {
  readonly terms: LeaseTerms;
  endMs: TimeMs;
  state: 'reserved' | 'running' | 'draining' | 'ending';
  /** When the borrower must have stopped, once it was told. */
  endingAtMs: TimeMs;
  readonly openNodes: Set<SiteNode>;
  timer: EventToken;
}

/** What the site has scheduled, and for which lease or use. */
type Due =
  | { readonly what: 'lease'; readonly lease: Lease }
  | { readonly what: 'ready' | 'turned back' | 'free'; readonly use: Use }
  | { readonly what: 'cut off'; readonly use: Use; readonly isKnown: boolean };

export class TimedSite {
  readonly names: ProviderNames;
  readonly #ports: TimedSitePorts;
  readonly #draws: HardwareDraws;
  readonly #method: WalkSetup['method'];
  readonly #storage: WalkSetup['storage'];
  readonly #nodes = new Map<string, SiteNode>();
  readonly #leases = new Map<string, Lease>();

  /** @throws OcxError INPUT_SCENARIO_VALUE where durations depend on more than the node */
  constructor(setup: RunSetup, names: ProviderNames, ports: TimedSitePorts) {
    this.names = names;
    this.#ports = ports;
    const { scenario, replication } = setup;
    const profile = profileOf(setup);
    refuseWhatIsNotTimed(setup);
    const isSampled = !scenario.provisioning.deterministic;
    this.#draws = new HardwareDraws(scenario.seed, replication, isSampled, null);
    this.#method = methodOf(scenario);
    this.#storage = storageTimes(profile);
    const times = {
      uefi: effectTimes(profile, 'uefi', 'flat'),
      linuxboot: effectTimes(profile, 'linuxboot', 'flat'),
    };
    ports.bus.listen(this.#listener, (due: Due, nowMs) => this.#occur(due, nowMs));
    for (const { nodeId, nodeClass } of siteNodes(setup, names.provider)) {
      const level = classSecurity(nodeClass);
      this.#nodes.set(nodeId, new SiteNode(nodeId, times[nodeClass.firmware], level));
    }
  }

  get #listener(): string {
    return `timed site ${this.names.provider}`;
  }

  #schedule(atMs: TimeMs, priority: number, due: Due): EventToken {
    return this.#ports.bus.schedule(atMs, priority, this.#listener, due);
  }

  #occur(due: Due, nowMs: TimeMs): void {
    switch (due.what) {
      case 'lease':
        return this.#timerFired(due.lease, nowMs);
      case 'ready':
        return this.#ready(due.use, nowMs);
      case 'turned back':
        return this.#turnBack(due.use, nowMs);
      case 'cut off':
        return this.#cutOff(due.use, due.isKnown, nowMs);
      case 'free':
        return this.#free(due.use, nowMs);
    }
  }

  /** Its nodes by names that every such site gives them; leases and uses refer to them. */
  anchors(): (readonly [string, object])[] {
    return [...this.#nodes].map(([nodeId, node]) => [`node ${nodeId}`, node] as const);
  }

  carry(carrier: Carrier): void {
    carrier.part('draws', this.#draws);
    carrier.fill('leases', this.#leases);
    for (const [nodeId, node] of this.#nodes) carrier.part(nodeId, node);
  }

  /** Borrowers' instances have nothing to do. */
  addOrchestrator(_organisation: string, _isOnlyProvider: boolean): void {}

  postIsolation(event: IsolationEvent): void {
    this.#ports.bus.post(this, event);
  }

  /** What a plan says stands in the scenario. */
  postPlan(_lessee: string, _plan: object): void {}

  violations(): readonly string[] {
    return [];
  }

  /** Only the bus calls this, when it is the event's turn. */
  take(event: IsolationEvent | BorrowerTold): void {
    const { timeMs } = event;
    switch (event.kind) {
      case 'BorrowerTold':
        if (event.lost) this.#lost(event.lost, timeMs);
        else this.#endingHeard(event.lease, timeMs);
        return;
      case 'LeaseCreate': {
        const { commandId, from, terms } = event;
        const refusal = this.#refusalOf(terms, timeMs);
        const reply = { kind: 'Reply', commandId, to: from, refusal, result: null } as const;
        this.#ports.leases().onReply(reply, timeMs);
        if (refusal === null) this.#reserve(terms, timeMs);
        return;
      }
      case 'LeaseCancel': {
        const lease = this.#leases.get(event.leaseId);
        if (lease?.state === 'reserved') this.#endLease(lease, 'cancelled', timeMs);
        return;
      }
      case 'LeaseRecall':
        this.#recall(event.leaseId, timeMs);
        return;
      case 'LeaseReturn': {
        const lease = this.#leases.get(event.leaseId);
        if (lease?.state !== 'running' && lease?.state !== 'draining') return;
        this.#endLease(lease, 'returned', timeMs);
        return;
      }
      default:
    }
  }

  /** Why the isolation service would not make the lease. */
  #refusalOf(terms: LeaseTerms, nowMs: TimeMs): Refusal | null {
    const { startMs, endMs, securityLevel } = terms;
    if (startMs >= endMs || endMs <= nowMs) {
      return { code: 'INPUT_TIME_RANGE', message: 'a lease must end after its start' };
    }
    if (endMs - startMs > DEFAULT_SETTINGS.maximumLeaseMs) {
      return { code: 'CONFLICT_LEASE_LENGTH', message: 'the lease is too long' };
    }
    for (const nodeId of terms.nodeIds) {
      const node = this.#nodes.get(nodeId)!;
      if (SECURITY_RANK[node.securityLevel] < SECURITY_RANK[securityLevel]) {
        return { code: 'CONFLICT_CAPABILITY', message: `node ${nodeId} cannot prove it` };
      }
      const isTaken = node.reservations.some(
        (other) => other.state !== 'ending' && startMs < other.endMs && other.terms.startMs < endMs,
      );
      if (isTaken) return { code: 'CONFLICT_LEASE', message: `node ${nodeId} is leased then` };
    }
    return null;
  }

  #reserve(terms: LeaseTerms, nowMs: TimeMs): void {
    const nodes = terms.nodeIds.map((nodeId) => this.#nodes.get(nodeId)!);
    const lease: Lease = {
      terms,
      endMs: terms.endMs,
      state: 'reserved',
      endingAtMs: Infinity,
      openNodes: new Set(nodes),
      timer: 0,
    };
    this.#leases.set(terms.leaseId, lease);
    for (const { reservations } of nodes) {
      let at = reservations.length;
      while (at > 0 && reservations[at - 1]!.terms.startMs > terms.startMs) at -= 1;
      reservations.splice(at, 0, lease);
    }
    this.#setTimer(lease, Math.max(terms.startMs, nowMs));
  }

  #setTimer(lease: Lease, atMs: TimeMs): void {
    const { queue } = this.#ports.bus;
    const dueMs = Math.max(atMs, queue.nowMs);
    lease.timer = this.#schedule(dueMs, PRIORITY.timer, { what: 'lease', lease });
  }

  #timerFired(lease: Lease, nowMs: TimeMs): void {
    if (lease.state === 'ending') return;
    if (nowMs >= lease.endMs) this.#endLease(lease, 'expiry', nowMs);
    else if (lease.state === 'reserved') this.#start(lease, nowMs);
  }

  #start(lease: Lease, nowMs: TimeMs): void {
    lease.state = 'running';
    const { leaseId } = lease.terms;
    this.#ports.leases().onNotice({ kind: 'LeaseStarted', leaseId }, nowMs);
    this.#setTimer(lease, lease.endMs);
    // One that is not clean and back yet is handed over as soon as it is.
    for (const node of lease.openNodes) if (node.use === null) this.#handOver(node, lease, nowMs);
  }

  #handOver(node: SiteNode, lease: Lease, nowMs: TimeMs): void {
    const { securityLevel } = lease.terms;
    const walk = { securityLevel, method: this.#method, storage: this.#storage };
    const setup = beginSetup(node, walk, nowMs, this.#draws);
    const use: Use = { node, lease, setup, isReady: false, isLost: false, isReleased: false };
    node.use = use;
    const { readyMs } = setup.walk;
    // The lease may end before; recalls are looked at when it is ready.
    if (readyMs > lease.endMs) return;
    this.#schedule(readyMs, PRIORITY.outcome, { what: 'ready', use });
  }

  #ready(use: Use, nowMs: TimeMs): void {
    const { lease, node } = use;
    const { nodeId } = node;
    if (use.isReleased || lease.endingAtMs <= nowMs) return;
    use.isReady = true;
    const { leaseId } = lease.terms;
    this.#ports.leases().onOrchestrator({ kind: 'NodeReady', leaseId, nodeId }, nowMs);
  }

  #recall(leaseId: string, nowMs: TimeMs): void {
    const lease = this.#leases.get(leaseId);
    if (lease?.state !== 'running' || lease.terms.recallNoticeMs === null) return;
    const atMs = Math.min(lease.endMs, nowMs + lease.terms.recallNoticeMs);
    lease.state = 'draining';
    lease.endMs = atMs;
    this.#tellEnding(lease, 'recall', atMs, nowMs);
    this.#ports.bus.queue.cancel(lease.timer);
    this.#setTimer(lease, atMs);
  }

  #tellEnding(
    lease: Lease,
    reason: 'expiry' | 'recall' | 'returned' | 'cancelled',
    atMs: TimeMs,
    nowMs: TimeMs,
  ): void {
    const { leaseId } = lease.terms;
    lease.endingAtMs = atMs;
    this.#ports.leases().onNotice({ kind: 'LeaseEnding', leaseId, atMs, reason }, nowMs);
    this.#tellBorrower(lease, null, nowMs);
  }

  #tellBorrower(lease: Lease, lost: Use | null, timeMs: TimeMs): void {
    const told: BorrowerTold = { kind: 'BorrowerTold', timeMs, lease, lost };
    this.#ports.bus.post(this, told);
  }

  /** What will not be ready any more goes back at once. */
  #endingHeard(lease: Lease, nowMs: TimeMs): void {
    const { endingAtMs: atMs } = lease;
    const { leaseId } = lease.terms;
    this.#ports.leases().onOrchestrator({ kind: 'NodeEnding', leaseId, atMs }, nowMs);
    if (atMs <= nowMs) return;
    for (const { use } of [...lease.openNodes]) {
      if (use?.lease !== lease || use.isReleased) continue;
      const { airlockMs, inMs } = use.setup.walk;
      if (nowMs >= airlockMs && nowMs < inMs) this.#turnBack(use, nowMs);
      else if (nowMs < airlockMs && airlockMs < atMs) {
        // Its borrower hears of it when it is there, and is not let in any more.
        this.#schedule(airlockMs, PRIORITY.outcome, { what: 'turned back', use });
      }
    }
  }

  #turnBack(use: Use, nowMs: TimeMs): void {
    if (use.isReleased) return;
    this.#lost(use, nowMs);
    this.#endUse(use.node, use.lease, nowMs);
  }

  #lost(use: Use, nowMs: TimeMs): void {
    if (use.isLost || use.isReady) return;
    use.isLost = true;
    const { nodeId } = use.node;
    const { leaseId } = use.lease.terms;
    const lost = { kind: 'NodeLost', leaseId, nodeId, code: 'LEASE_ENDED' } as const;
    this.#ports.leases().onOrchestrator(lost, nowMs);
  }

  #endLease(lease: Lease, reason: 'expiry' | 'returned' | 'cancelled', nowMs: TimeMs): void {
    const wasTold = lease.state === 'draining';
    lease.state = 'ending';
    if (!wasTold) this.#tellEnding(lease, reason, nowMs, nowMs);
    for (const node of [...lease.openNodes]) this.#endUse(node, lease, nowMs);
  }

  #endUse(node: SiteNode, lease: Lease, nowMs: TimeMs): void {
    const { use } = node;
    if (use?.lease === lease && use.isReleased) return;
    const at = node.reservations.indexOf(lease);
    if (at >= 0) node.reservations.splice(at, 1);
    if (use?.lease !== lease) {
      this.#closeNode(node, lease, nowMs);
      return;
    }
    // Nobody but its owner knows yet of one that has not come as far as the airlock.
    const isKnown = nowMs >= use.setup.walk.airlockMs;
    use.isReleased = true;
    const { cutOffMs, freedMs } = releaseSetup(node, use.setup, nowMs, this.#draws);
    this.#schedule(cutOffMs, PRIORITY.outcome, { what: 'cut off', use, isKnown });
    this.#schedule(freedMs, PRIORITY.outcome, { what: 'free', use });
  }

  #cutOff(use: Use, isKnown: boolean, nowMs: TimeMs): void {
    const { leaseId } = use.lease.terms;
    const { nodeId } = use.node;
    this.#ports.leases().onNotice({ kind: 'NodeCutOff', leaseId, nodeId }, nowMs);
    if (isKnown) this.#tellBorrower(use.lease, use, nowMs);
  }

  /** Back with its owner, or on to whose turn it is. */
  #free({ node, lease }: Use, nowMs: TimeMs): void {
    const { leaseId } = lease.terms;
    this.#ports.leases().onNotice({ kind: 'NodeFreed', leaseId, nodeId: node.nodeId }, nowMs);
    node.use = null;
    this.#closeNode(node, lease, nowMs);
    const next = node.reservations.find(({ state }) => state === 'running');
    if (next) this.#handOver(node, next, nowMs);
  }

  #closeNode(node: SiteNode, lease: Lease, nowMs: TimeMs): void {
    lease.openNodes.delete(node);
    if (lease.openNodes.size > 0) return;
    const { leaseId } = lease.terms;
    this.#leases.delete(leaseId);
    this.#ports.bus.queue.cancel(lease.timer);
    this.#ports.leases().onNotice({ kind: 'LeaseEnded', leaseId }, nowMs);
  }
}

function faultOf(setup: RunSetup): string | null {
  const fails = Object.values(setup.scenario.failures).some((rate) => rate > 0);
  if (fails) return 'where something fails, nodes cannot go by their durations alone';
  if (profileOf(setup).concurrency === 'none') return null;
  return 'with this calibration a node takes longer the more are set up at once';
}

function refuseWhatIsNotTimed(setup: RunSetup): void {
  const message = faultOf(setup);
  if (message === null) return;
  throw new OcxError({
    code: 'INPUT_SCENARIO_VALUE',
    message,
    place: { keyPath: 'provisioning.walk' },
    remedy: 'leave it at "services"',
  });
}
