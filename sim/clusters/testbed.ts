/**
 * A systems-research testbed: experiments that need a gang of identical nodes for a fixed time
 * before a deadline, and are worth nothing after it. Earliest deadline first on the own nodes;
 * nothing is interrupted but by the loss of its nodes.
 *
 * An experimenter starts in office hours (Monday to Friday, 08:00–20:00 local), unless willing to
 * work at nights and weekends.
 */
import type { Carrier } from '../../core/kernel/carried.ts';
import type { Experiment } from '../../core/demand/demand.ts';
import type { ClusterKind, Spare, Want } from '../../core/agents/view.ts';
import type { SecurityLevel } from '../../core/market/orders.ts';
import { HOUR_MS } from '../../core/kernel/units.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { Policy, Valuation } from '../scenario/schema.ts';
import type { BorrowedLot, Cluster, ClusterOutcome } from './cluster.ts';
import type { NodePromise } from './forward-trader.ts';
import { Holdings } from './holdings.ts';
import { LentOut, NodeTimes } from './node-times.ts';
import { feasibleWindows, isOffice, latestStartMs, nextOffice } from './office-hours.ts';
import { HourlyNodeTime } from './window.ts';
import type { MeasuredWindow } from './window.ts';

export interface TestbedSetup {
  readonly organisation: string;
  /** Ascending by release. */
  readonly experiments: readonly Experiment[];
  readonly nodes: Readonly<Record<string, number>>;
  readonly nodeClasses: readonly string[];
  readonly classCostPerHour: Readonly<Record<string, number>>;
  readonly securityLevel: SecurityLevel;
  readonly valuation: Valuation;
  readonly policy: Policy;
  readonly window: MeasuredWindow;
}

/** Lease lengths that idle nodes are offered for, longest first. */
const OFFER_HOURS: readonly number[] = [12, 4];

/** A new experiment would have used an idle node for half of the time that the testbed is in use. */
const OPPORTUNITY_SHARE = 0.5;

/** Identical nodes for one gang: own ones, borrowed ones, or both. */
interface Place {
  readonly nodeClass: string;
  readonly ownNodes: number;
  readonly leaseIds: readonly string[];
}

/** What was bought for an experiment, and the own nodes that are kept for it meanwhile. */
interface Purchase {
  readonly nodeClass: string;
  readonly ownNodes: number;
  readonly leaseIds: Set<string>;
}

interface Running {
  readonly experiment: Experiment;
  readonly startMs: TimeMs;
  readonly endMs: TimeMs;
  readonly place: Place;
}

export class TestbedCluster implements Cluster {
  readonly kind: ClusterKind = 'testbed';
  readonly organisation: string;
  readonly #setup: TestbedSetup;
  readonly #holdings: Holdings;
  readonly #demand: HourlyNodeTime;
  readonly #busy: HourlyNodeTime;
  /** Own nodes that nobody uses, by class. */
  readonly #free: Map<string, number>;
  /** Own nodes that are with others, and when they are to be back. */
  readonly #lent = new LentOut();
  #next = 0;
  /** Earliest deadline first. */
  #waiting: Experiment[] = [];
  #running: Running[] = [];
  #met: Experiment[] = [];
  #missed: Experiment[] = [];
  /** By experiment, until it is done or its nodes are gone. */
  readonly #bought = new Map<string, Purchase>();
  /** Own part of each experiment that was bid for in the last round. */
  readonly #shares = new Map<string, { readonly nodeClass: string; readonly ownNodes: number }>();
  #value = 0;
  #lostNodeMs = 0;

  constructor(setup: TestbedSetup) {
    this.organisation = setup.organisation;
    this.#setup = setup;
    this.#holdings = new Holdings(setup.nodes);
    this.#free = new Map(Object.entries(setup.nodes));
    this.#demand = new HourlyNodeTime(setup.window);
    this.#busy = new HourlyNodeTime(setup.window);
  }

  advance(nowMs: TimeMs): void {
    for (let at = this.nextEventMs(); at <= nowMs; at = this.nextEventMs()) this.#happen(at);
  }

  nextEventMs(): TimeMs {
    let next = this.#setup.experiments[this.#next]?.releaseMs ?? Infinity;
    for (const run of this.#running) next = Math.min(next, run.endMs);
    for (const experiment of this.#waiting) next = Math.min(next, latestStartMs(experiment) + 1);
    if (this.#waiting.some((experiment) => !experiment.acceptsOffHours)) {
      next = Math.min(next, this.#officeOpens ?? Infinity);
    }
    return Math.min(next, this.#holdings.nextEndMs());
  }

  /** Next opening after the last instant looked at, while somebody waits for it. */
  #officeOpens: TimeMs | null = null;

  #happen(atMs: TimeMs): void {
    const { experiments } = this.#setup;
    const ended = this.#running.filter((run) => run.endMs <= atMs);
    for (const run of ended) this.#finish(run);
    while (experiments[this.#next] && experiments[this.#next]!.releaseMs <= atMs) {
      const experiment = experiments[this.#next++]!;
      this.#waiting.push(experiment);
      this.#demand.add(
        experiment.releaseMs,
        experiment.releaseMs + experiment.durationMs,
        experiment.nodes,
      );
    }
    this.#waiting.sort(byDeadline);
    for (const [leaseId, held] of this.#holdings.lots) {
      if (held.usableUntilMs <= atMs) this.#dropLot(leaseId, atMs);
    }
    this.#startWaiting(atMs);
    for (const experiment of this.#waiting) {
      if (latestStartMs(experiment) < atMs) this.#missed.push(experiment);
    }
    this.#waiting = this.#waiting.filter((experiment) => latestStartMs(experiment) >= atMs);
    this.#officeOpens = isOffice(atMs) ? null : nextOffice(atMs);
  }

  #startWaiting(atMs: TimeMs): void {
    this.#waiting = this.#waiting.filter((experiment) => {
      if (latestStartMs(experiment) < atMs) return true;
      if (!experiment.acceptsOffHours && !isOffice(atMs)) return true;
      const place = this.#placeFor(experiment, atMs);
      if (!place) return true;
      this.#start(experiment, place, atMs);
      return false;
    });
  }

  #placeFor(experiment: Experiment, atMs: TimeMs): Place | null {
    const purchase = this.#bought.get(experiment.experimentId);
    if (purchase) {
      const lots = [...purchase.leaseIds].map((leaseId) => this.#holdings.lots.get(leaseId)!);
      const ready = lots.reduce((sum, held) => sum + held.ready, purchase.ownNodes);
      const endMs = atMs + experiment.durationMs;
      if (ready < experiment.nodes || lots.some((held) => held.usableUntilMs < endMs)) return null;
      const { nodeClass, ownNodes } = purchase;
      return { nodeClass, ownNodes, leaseIds: [...purchase.leaseIds] };
    }
    for (const nodeClass of this.#setup.nodeClasses) {
      if ((this.#free.get(nodeClass) ?? 0) < experiment.nodes) continue;
      this.#addFree(nodeClass, -experiment.nodes);
      return { nodeClass, ownNodes: experiment.nodes, leaseIds: [] };
    }
    return null;
  }

  #start(experiment: Experiment, place: Place, atMs: TimeMs): void {
    this.#running.push({ experiment, place, startMs: atMs, endMs: atMs + experiment.durationMs });
  }

  #finish(run: Running): void {
    const { experiment, place } = run;
    this.#running.splice(this.#running.indexOf(run), 1);
    this.#addFree(place.nodeClass, place.ownNodes);
    this.#bought.delete(experiment.experimentId);
    this.#busy.add(run.startMs, run.endMs, experiment.nodes);
    this.#met.push(experiment);
    if (this.#inCohort(experiment)) this.#value += this.#worth(experiment, run.startMs);
  }

  /** The experiment on these nodes is over before its time; it may be tried again. */
  #abort(run: Running, atMs: TimeMs): void {
    this.#running.splice(this.#running.indexOf(run), 1);
    this.#addFree(run.place.nodeClass, run.place.ownNodes);
    this.#bought.delete(run.experiment.experimentId);
    this.#busy.add(run.startMs, atMs, run.experiment.nodes);
    this.#lostNodeMs += run.experiment.nodes * (atMs - run.startMs);
    this.#waiting.push(run.experiment);
    this.#waiting.sort(byDeadline);
  }

  /** The nodes of a lot are gone; whatever was to run on them begins anew. */
  #dropLot(leaseId: string, atMs: TimeMs): void {
    const run = this.#running.find(({ place }) => place.leaseIds.includes(leaseId));
    if (run && run.endMs <= atMs) this.#finish(run);
    else if (run) this.#abort(run, atMs);
    this.#holdings.end(leaseId);
    for (const [experimentId, purchase] of this.#bought) {
      if (purchase.leaseIds.has(leaseId)) this.#giveUp(experimentId, purchase);
    }
  }

  /** A gang that is not whole is of no use: own nodes are free again, the rest is given back. */
  #giveUp(experimentId: string, purchase: Purchase): void {
    this.#addFree(purchase.nodeClass, purchase.ownNodes);
    this.#bought.delete(experimentId);
  }

  lotsToReturn(): readonly string[] {
    const used = new Set<string>();
    for (const { leaseIds } of this.#bought.values()) for (const id of leaseIds) used.add(id);
    return [...this.#holdings.lots.keys()].filter((leaseId) => !used.has(leaseId));
  }

  wants(nowMs: TimeMs): readonly Want[] {
    this.#shares.clear();
    return this.#lateExperiments(nowMs).flatMap((experiment): Want[] => {
      if (this.#bought.has(experiment.experimentId)) return [];
      const earliestStartMs =
        experiment.acceptsOffHours || isOffice(nowMs) ? nowMs : nextOffice(nowMs);
      if (earliestStartMs + experiment.durationMs > experiment.deadlineMs) return [];
      return [this.#wantFor(experiment, earliestStartMs)];
    });
  }

  /** Whole gangs: which own nodes will be idle so far ahead nobody knows. */
  futureWants(nowMs: TimeMs, fromMs: TimeMs): readonly Want[] {
    return this.#lateExperiments(nowMs).flatMap((experiment): Want[] => {
      const { experimentId, acceptsOffHours, durationMs, deadlineMs } = experiment;
      if (this.#bought.has(experimentId)) return [];
      const startMs = acceptsOffHours || isOffice(fromMs) ? fromMs : nextOffice(fromMs);
      if (startMs + durationMs > deadlineMs) return [];
      return [this.#wantWith(experiment, startMs, experiment.nodes, this.#setup.nodeClasses)];
    });
  }

  /** It does not know what it will do with its nodes, and promises none. */
  futureSpares(): readonly Spare[] {
    return [];
  }

  promise(_promise: NodePromise): void {}

  keepPromise(): boolean {
    return false;
  }

  dropPromise(): void {}

  /** What idle own nodes of one class lack to the gang, or all of it. */
  #wantFor(experiment: Experiment, earliestStartMs: TimeMs): Want {
    const { nodeClasses } = this.#setup;
    const promised = [...this.#shares.values()];
    const free = (nodeClass: string) =>
      promised.reduce(
        (sum, share) => (share.nodeClass === nodeClass ? sum - share.ownNodes : sum),
        this.#free.get(nodeClass) ?? 0,
      );
    const best = [...nodeClasses].sort((a, b) => free(b) - free(a))[0]!;
    const ownNodes = Math.max(0, Math.min(free(best), experiment.nodes - 1));
    if (ownNodes > 0) this.#shares.set(experiment.experimentId, { nodeClass: best, ownNodes });
    const nodes = experiment.nodes - ownNodes;
    return this.#wantWith(experiment, earliestStartMs, nodes, ownNodes > 0 ? [best] : nodeClasses);
  }

  #wantWith(
    experiment: Experiment,
    earliestStartMs: TimeMs,
    nodes: number,
    nodeClasses: readonly string[],
  ): Want {
    const { policy, securityLevel } = this.#setup;
    return {
      wantId: experiment.experimentId,
      nodes,
      minimumNodes: nodes,
      nodeClasses,
      durationMs: experiment.durationMs,
      earliestStartMs,
      latestEndMs: experiment.deadlineMs,
      valueMillicredits: this.#worth(experiment, earliestStartMs),
      certainty: 1,
      securityLevel,
      acceptsRecall: policy.acceptsRecall,
    };
  }

  /**
   * Experiments that would miss their deadline on the own nodes, by list scheduling in order: each
   * on one class, and begun when somebody is there to begin it.
   */
  #lateExperiments(nowMs: TimeMs): Experiment[] {
    if (this.#waiting.length === 0) return [];
    const available = this.#setup.nodeClasses.map((nodeClass) => this.#timesOf(nodeClass, nowMs));
    return this.#waiting.filter((experiment) => {
      if (this.#bought.has(experiment.experimentId)) return false;
      let best: { readonly times: NodeTimes; readonly startMs: TimeMs } | null = null;
      for (const times of available) {
        const freeMs = times.freeMs(experiment.nodes);
        if (freeMs === undefined) continue;
        const startMs =
          experiment.acceptsOffHours || isOffice(freeMs) ? freeMs : nextOffice(freeMs);
        if (best === null || startMs < best.startMs) best = { times, startMs };
      }
      if (best === null || best.startMs > latestStartMs(experiment)) return true;
      best.times.occupy(experiment.nodes, best.startMs + experiment.durationMs);
      return false;
    });
  }

  /** When own nodes of a class will be free, by what is known now. */
  #timesOf(nodeClass: string, nowMs: TimeMs): NodeTimes {
    const times = new NodeTimes();
    // Below 0 where it has promised nodes twice.
    times.add(nowMs, this.#free.get(nodeClass) ?? 0);
    for (const { place, endMs } of this.#running) {
      if (place.nodeClass === nodeClass) times.add(endMs, place.ownNodes);
    }
    // Nobody knows when one comes back that is late.
    for (const [dueMs, nodes] of this.#lent.of(nodeClass)) {
      if (dueMs > nowMs) times.add(dueMs, nodes);
    }
    return times;
  }

  spares(nowMs: TimeMs, untilMs: TimeMs): readonly Spare[] {
    // While anybody waits the own nodes are kept for them.
    if (this.#waiting.some((experiment) => !this.#bought.has(experiment.experimentId))) return [];
    const inUse = 1 - this.idleNodes() / Math.max(1, this.#holdings.ownNodes());
    const opportunity = OPPORTUNITY_SHARE * inUse * this.#setup.valuation.nodeHour;
    const spares: Spare[] = [];
    for (const nodeClass of this.#setup.nodeClasses) {
      let left = this.#free.get(nodeClass) ?? 0;
      for (const [index, hours] of OFFER_HOURS.entries()) {
        // Half of what is left for each length: long leases keep the fewest nodes away.
        const nodes = index === OFFER_HOURS.length - 1 ? left : Math.floor(left / 2);
        if (nodes <= 0) continue;
        left -= nodes;
        spares.push({
          spareId: `idle-${hours}h/${nodeClass}`,
          nodeClass,
          nodes,
          fromMs: nowMs,
          untilMs: Math.min(untilMs, nowMs + hours * HOUR_MS),
          costMillicreditsPerNodeHour: Math.round(
            ((this.#setup.classCostPerHour[nodeClass] ?? 0) + opportunity) * 1000,
          ),
          recallNoticeMs: null,
        });
      }
    }
    return spares;
  }

  lend(nodeClass: string, nodes: number, _spareId: string, _nowMs: TimeMs, dueMs: TimeMs): void {
    this.#holdings.lend(nodeClass, nodes);
    this.#addFree(nodeClass, -nodes);
    this.#lent.add(nodeClass, dueMs, nodes);
  }

  restore(nodeClass: string, nodes: number, nowMs: TimeMs, dueMs: TimeMs): void {
    this.#holdings.restore(nodeClass, nodes);
    this.#addFree(nodeClass, nodes);
    this.#lent.remove(nodeClass, dueMs, nodes);
    this.#happen(nowMs);
  }

  expect(lot: BorrowedLot): void {
    this.#holdings.expect(lot);
    const known = this.#bought.get(lot.wantId);
    if (known) {
      // The same gang from another owner.
      known.leaseIds.add(lot.leaseId);
      return;
    }
    const share = lot.fromMs === undefined ? this.#shares.get(lot.wantId) : undefined;
    const { ownNodes } = share ?? { ownNodes: 0 };
    this.#addFree(lot.nodeClass, -ownNodes);
    const { nodeClass, leaseId } = lot;
    this.#bought.set(lot.wantId, { nodeClass, ownNodes, leaseIds: new Set([leaseId]) });
  }

  addReady(leaseId: string, nodes: number, nowMs: TimeMs): void {
    this.#holdings.addReady(leaseId, nodes);
    this.#happen(nowMs);
  }

  loseExpected(leaseId: string, nodes: number, nowMs: TimeMs): void {
    // A gang that is not whole is of no use.
    if (this.#holdings.loseExpected(leaseId, nodes)) this.#dropLot(leaseId, nowMs);
  }

  endLot(leaseId: string, atMs: TimeMs, nowMs: TimeMs): void {
    const held = this.#holdings.lots.get(leaseId);
    if (held) held.usableUntilMs = Math.min(held.usableUntilMs, atMs);
    this.#happen(nowMs);
  }

  loseReady(leaseId: string, _nodes: number, nowMs: TimeMs): void {
    this.#dropLot(leaseId, nowMs);
    this.#happen(nowMs);
  }

  nodesToRecall(): number {
    return 0;
  }

  ownNodes(): number {
    return this.#holdings.ownNodes();
  }

  idleNodes(): number {
    let idle = 0;
    for (const nodes of this.#free.values()) idle += nodes;
    return idle;
  }

  isResolved(): boolean {
    return (
      this.#next >= this.#setup.experiments.length &&
      this.#waiting.length === 0 &&
      this.#running.length === 0
    );
  }

  outcome(): ClusterOutcome {
    const cohort = (list: readonly Experiment[]) =>
      list.filter((experiment) => this.#inCohort(experiment));
    const met = cohort(this.#met);
    const all = [...met, ...cohort(this.#missed)];
    return {
      demandNodeMs: nodeTime(all),
      metNodeMs: nodeTime(met),
      valueMillicredits: this.#value,
      lostNodeMs: this.#lostNodeMs,
      demandHours: this.#demand.hours,
      busyHours: this.#busy.hours,
      demand: feasibleWindows(all),
      met: feasibleWindows(met),
      ownMeasures: {
        experiments: all.length,
        doneByDeadlineShare: all.length > 0 ? met.length / all.length : null,
      },
    };
  }

  /** Released in the measured window. */
  #inCohort({ releaseMs }: Experiment): boolean {
    return releaseMs >= this.#setup.window.startMs && releaseMs < this.#setup.window.endMs;
  }

  #addFree(nodeClass: string, nodes: number): void {
    this.#free.set(nodeClass, (this.#free.get(nodeClass) ?? 0) + nodes);
  }

  /** Millicredits: rises towards the deadline, less outside office hours. */
  #worth(experiment: Experiment, startMs: TimeMs): number {
    const { nodeHour, urgencyFactor, offHoursFactor } = this.#setup.valuation;
    const span = Math.max(1, latestStartMs(experiment) - experiment.releaseMs);
    const near = Math.min(1, Math.max(0, (startMs - experiment.releaseMs) / span));
    const urgency = 1 + Math.max(0, urgencyFactor - 1) * near;
    const hours = (experiment.nodes * experiment.durationMs) / HOUR_MS;
    const factor = isOffice(startMs) ? 1 : offHoursFactor;
    return Math.round(hours * nodeHour * urgency * factor * 1000);
  }

  carry(carrier: Carrier): void {
    carrier.parts({ holdings: this.#holdings, demand: this.#demand, busy: this.#busy });
    carrier.fill('free', this.#free);
    carrier.part('lent', this.#lent);
    this.#next = carrier.value('next', this.#next);
    this.#waiting = carrier.value('waiting', this.#waiting);
    this.#running = carrier.value('running', this.#running);
    this.#met = carrier.value('met', this.#met);
    this.#missed = carrier.value('missed', this.#missed);
    carrier.fills({ bought: this.#bought, shares: this.#shares });
    this.#value = carrier.value('value', this.#value);
    this.#lostNodeMs = carrier.value('lostNodeMs', this.#lostNodeMs);
    this.#officeOpens = carrier.value('officeOpens', this.#officeOpens);
  }
}

function byDeadline(a: Experiment, b: Experiment): number {
  return (
    a.deadlineMs - b.deadlineMs ||
    a.releaseMs - b.releaseMs ||
    (a.experimentId < b.experimentId ? -1 : 1)
  );
}

function nodeTime(experiments: readonly Experiment[]): number {
  return experiments.reduce((sum, { nodes, durationMs }) => sum + nodes * durationMs, 0);
}
