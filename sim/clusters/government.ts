/**
 * A government data centre: a large reserve that is idle but for rare emergencies. An emergency
 * is met when its nodes, at the organisation's security level, are ready within τ and stay for as
 * long as it lasts; otherwise all of it is unmet.
 *
 * The reserve is lent recallable only. Own nodes, too, take the time of an attested set-up before
 * they count: what lies idle is attested again before it is used.
 */
import type { Carrier } from '../../core/kernel/carried.ts';
import type { Emergency, NodeNeedSeries } from '../../core/demand/demand.ts';
import type { ClusterKind, Spare, Want } from '../../core/agents/view.ts';
import type { SecurityLevel } from '../../core/market/orders.ts';
import { HOUR_MS, MINUTE_MS } from '../../core/kernel/units.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { Policy, Valuation } from '../scenario/schema.ts';
import { joinWindows } from '../../core/metrics/bounds.ts';
import type { BorrowedLot, Cluster, ClusterOutcome } from './cluster.ts';
import { Promises } from './forward-trader.ts';
import type { NodePromise } from './forward-trader.ts';
import { FIRM, GovernmentOptions } from './government-options.ts';
import { Holdings } from './holdings.ts';
import type { Call } from './option-trader.ts';
import { hourlyDemand, HourlyNodeTime } from './window.ts';
import type { MeasuredWindow } from './window.ts';

export interface GovernmentSetup {
  readonly organisation: string;
  readonly needs: NodeNeedSeries;
  /** Ascending by start, none overlapping. */
  readonly emergencies: readonly Emergency[];
  readonly nodes: Readonly<Record<string, number>>;
  /** Classes that can prove the security level. */
  readonly nodeClasses: readonly string[];
  readonly classCostPerHour: Readonly<Record<string, number>>;
  readonly securityLevel: SecurityLevel;
  /** Time an own idle node takes until it counts, milliseconds. */
  readonly ownSetupMs: number;
  readonly valuation: Valuation;
  readonly policy: Policy;
  readonly window: MeasuredWindow;
}

type Phase = 'coming' | 'gathering' | 'running' | 'met' | 'missed';

interface Response {
  readonly emergency: Emergency;
  phase: Phase;
  /** Own nodes in set-up for it: when each batch counts. */
  setups: { atMs: TimeMs; nodes: number }[];
  ownReady: number;
  capacityMs: number | null;
}

export class GovernmentCluster implements Cluster {
  readonly kind: ClusterKind = 'government';
  readonly organisation: string;
  readonly #setup: GovernmentSetup;
  readonly #holdings: Holdings;
  readonly #promises = new Promises();
  readonly options: GovernmentOptions;
  readonly #responses: Response[];
  readonly #demand: HourlyNodeTime;
  readonly #busy: HourlyNodeTime;
  readonly #needServed: HourlyNodeTime;
  readonly #needDemand: HourlyNodeTime;
  #nowMs = 0;
  #next = 0;
  #need = 0;
  #lostNodeMs = 0;
  #value = 0;

  constructor(setup: GovernmentSetup) {
    this.organisation = setup.organisation;
    this.#setup = setup;
    this.#holdings = new Holdings(setup.nodes);
    this.#responses = setup.emergencies.map((emergency) => ({
      emergency,
      phase: 'coming',
      setups: [],
      ownReady: 0,
      capacityMs: null,
    }));
    this.#demand = new HourlyNodeTime(setup.window);
    this.#busy = new HourlyNodeTime(setup.window);
    this.#needServed = new HourlyNodeTime(setup.window);
    this.#needDemand = new HourlyNodeTime(setup.window);
    const { policy, valuation } = setup;
    const owned = setup.nodeClasses.reduce((sum, name) => sum + (setup.nodes[name] ?? 0), 0);
    this.options = new GovernmentOptions({
      ...setup,
      emergencyNodes: policy.emergencyNodes || owned,
      lendsFirm: policy.lendsFirm,
      nodeHour: valuation.nodeHour,
      capableNodes: () => this.#capableOwn() + this.#lentCapable(),
      missing: (nowMs) => this.#missing(nowMs),
    });
  }

  /** What the emergencies that run lack, beyond what is on its way. */
  #missing(nowMs: TimeMs): Call {
    let nodes = 0;
    let endMs = nowMs;
    for (const { emergency, phase, ownReady, setups } of this.#responses) {
      if (phase !== 'gathering' && phase !== 'running') continue;
      const own = ownReady + setups.reduce((sum, setup) => sum + setup.nodes, 0);
      nodes += emergency.nodes - own;
      endMs = Math.max(endMs, emergency.startMs + emergency.durationMs);
    }
    const borrowed = this.#holdings.nodesAt(nowMs) - this.#holdings.ownNodes();
    return {
      nodes: Math.max(0, nodes - borrowed - this.#comingBack()),
      durationMs: Math.max(0, endMs - nowMs),
    };
  }

  advance(nowMs: TimeMs): void {
    for (let at = this.nextEventMs(); at <= nowMs; at = this.nextEventMs()) {
      this.#count(at);
      this.#happen(at);
    }
    this.#count(nowMs);
  }

  nextEventMs(): TimeMs {
    const { timeMs } = this.#setup.needs;
    let next = this.#next < timeMs.length ? timeMs[this.#next]! : Infinity;
    for (const response of this.#responses) {
      if (response.phase === 'met' || response.phase === 'missed') continue;
      next = Math.min(next, this.#nextOf(response));
      if (response.phase === 'coming') break;
    }
    return Math.min(next, this.#holdings.nextEndMs());
  }

  #nextOf({ emergency, phase, setups }: Response): TimeMs {
    if (phase === 'coming') return emergency.startMs;
    const ready = setups.reduce((first, { atMs }) => Math.min(first, atMs), Infinity);
    const limit =
      phase === 'gathering' ? this.#dueMs(emergency) : emergency.startMs + emergency.durationMs;
    return Math.min(ready, limit);
  }

  #dueMs(emergency: Emergency): TimeMs {
    return emergency.startMs + Math.round(this.#setup.policy.tauMinutes * MINUTE_MS);
  }

  #happen(atMs: TimeMs): void {
    const { timeMs, nodes } = this.#setup.needs;
    while (this.#next < timeMs.length && timeMs[this.#next]! <= atMs) {
      this.#need = nodes[this.#next++]!;
    }
    for (const response of this.#responses) {
      if (response.phase === 'coming' && response.emergency.startMs <= atMs) {
        response.phase = 'gathering';
        this.#demand.add(
          response.emergency.startMs,
          response.emergency.startMs + response.emergency.durationMs,
          response.emergency.nodes,
        );
      }
      this.#gather(response, atMs);
    }
    for (const [leaseId, held] of this.#holdings.lots) {
      if (held.usableUntilMs <= atMs) this.#holdings.end(leaseId);
    }
    for (const response of this.#responses) this.#judge(response, atMs);
  }

  /** Puts own idle nodes into set-up, and counts those that have come through. */
  #gather(response: Response, atMs: TimeMs): void {
    if (response.phase !== 'gathering' && response.phase !== 'running') return;
    const ready = response.setups.filter((setup) => setup.atMs <= atMs);
    response.setups = response.setups.filter((setup) => setup.atMs > atMs);
    response.ownReady += ready.reduce((sum, { nodes }) => sum + nodes, 0);
    const inSetup = response.setups.reduce((sum, { nodes }) => sum + nodes, 0);
    const missing = response.emergency.nodes - response.ownReady - inSetup;
    const idle = this.#capableOwn() - this.#ownInUse();
    const nodes = Math.min(missing, idle);
    if (nodes > 0) response.setups.push({ atMs: atMs + this.#setup.ownSetupMs, nodes });
  }

  #judge(response: Response, atMs: TimeMs): void {
    const { emergency } = response;
    const endMs = emergency.startMs + emergency.durationMs;
    if (response.phase === 'gathering' || response.phase === 'running') {
      const enough = response.ownReady + this.#borrowedReady() >= emergency.nodes;
      if (response.phase === 'gathering' && enough) {
        response.phase = 'running';
        response.capacityMs = atMs - emergency.startMs;
      } else if (response.phase === 'gathering' && atMs >= this.#dueMs(emergency)) {
        response.phase = 'missed';
      } else if (response.phase === 'running' && !enough && atMs < endMs) {
        response.phase = 'missed';
        this.#lostNodeMs += emergency.nodes * (atMs - emergency.startMs);
      }
      if (response.phase === 'running' && atMs >= endMs) {
        response.phase = 'met';
        const hours = (emergency.nodes * emergency.durationMs) / HOUR_MS;
        if (this.#inCohort(emergency)) {
          this.#value += Math.round(hours * this.#setup.valuation.nodeHour * 1000);
        }
        this.#busy.add(emergency.startMs, endMs, emergency.nodes);
      }
      if (response.phase === 'met' || response.phase === 'missed') {
        response.setups = [];
        response.ownReady = 0;
      }
    }
  }

  wants(nowMs: TimeMs): readonly Want[] {
    const wants: Want[] = [];
    for (const { emergency, phase, ownReady, setups } of this.#responses) {
      if (phase !== 'gathering' && phase !== 'running') continue;
      const endMs = emergency.startMs + emergency.durationMs;
      const own = ownReady + setups.reduce((sum, { nodes }) => sum + nodes, 0);
      // Lots that end within the next two hours are to be replaced before they go.
      const soon = Math.min(endMs - 1, nowMs + 2 * HOUR_MS);
      const borrowed = this.#holdings.nodesAt(soon) - this.#holdings.ownNodes();
      const missing = emergency.nodes - own - borrowed - this.#comingBack();
      if (missing <= 0) continue;
      const durationMs = endMs - nowMs;
      wants.push({
        wantId: emergency.emergencyId,
        nodes: missing,
        minimumNodes: missing,
        nodeClasses: this.#setup.nodeClasses,
        durationMs,
        earliestStartMs: nowMs,
        latestEndMs: endMs + HOUR_MS,
        valueMillicredits: Math.round(
          ((missing * durationMs) / HOUR_MS) * this.#setup.valuation.nodeHour * 1000,
        ),
        certainty: 1,
        securityLevel: this.#setup.securityLevel,
        acceptsRecall: false,
      });
    }
    return wants;
  }

  spares(nowMs: TimeMs, untilMs: TimeMs): readonly Spare[] {
    const spares: Spare[] = [];
    let firm = this.options.firm(nowMs);
    for (const [nodeClass, nodes] of this.#idleReserve()) {
      const promised = Math.min(nodes, this.#promises.nodesIn(nowMs, untilMs, nodeClass));
      const firstMs = Math.min(untilMs, this.#promises.firstMs(nodeClass));
      const covered = Math.min(nodes - promised, firm.nodes);
      firm = { ...firm, nodes: firm.nodes - covered };
      if (covered > 0) {
        const endMs = Math.min(untilMs, firm.untilMs);
        const spare = this.#spare(FIRM, nodeClass, covered, nowMs, endMs);
        spares.push({ ...spare, recallNoticeMs: null });
      }
      const left = nodes - promised - covered;
      if (left > 0) spares.push(this.#spare('reserve', nodeClass, left, nowMs, untilMs));
      if (promised > 0) {
        spares.push(this.#spare('until-promised', nodeClass, promised, nowMs, firstMs));
      }
    }
    return spares;
  }

  futureWants(): readonly Want[] {
    return [];
  }

  futureSpares(_nowMs: TimeMs, fromMs: TimeMs, untilMs: TimeMs): readonly Spare[] {
    const spares: Spare[] = [];
    for (const [nodeClass, idle] of this.#idleReserve()) {
      const nodes = idle - this.#promises.nodesIn(fromMs, untilMs, nodeClass);
      if (nodes > 0) spares.push(this.#spare('reserve', nodeClass, nodes, fromMs, untilMs));
    }
    return spares;
  }

  /** What no emergency needs, by class; nothing while there is one. */
  #idleReserve(): [nodeClass: string, nodes: number][] {
    if (this.#isResponding()) return [];
    let idle = this.#holdings.ownNodes() - this.#need;
    const reserve: [string, number][] = [];
    for (const [nodeClass, own] of this.#holdings.own) {
      const nodes = Math.min(own, idle);
      if (nodes <= 0) continue;
      idle -= nodes;
      reserve.push([nodeClass, nodes]);
    }
    return reserve;
  }

  #spare(what: string, nodeClass: string, nodes: number, fromMs: TimeMs, untilMs: TimeMs): Spare {
    const { classCostPerHour, policy } = this.#setup;
    return {
      spareId: `${what}/${nodeClass}`,
      nodeClass,
      nodes,
      fromMs,
      untilMs,
      costMillicreditsPerNodeHour: Math.round((classCostPerHour[nodeClass] ?? 0) * 1000),
      recallNoticeMs: Math.round(policy.recallNoticeMinutes * MINUTE_MS),
    };
  }

  #isResponding(): boolean {
    return this.#responses.some(({ phase }) => phase === 'gathering' || phase === 'running');
  }

  promise(promise: NodePromise): void {
    this.#promises.add(promise);
  }

  /** An emergency goes before what was promised recallable. */
  keepPromise(promiseId: string, nowMs: TimeMs): boolean {
    const promise = this.#promises.take(promiseId)!;
    if (this.#isResponding()) return false;
    if ((this.#holdings.own.get(promise.nodeClass) ?? 0) < promise.nodes) return false;
    this.lend(promise.nodeClass, promise.nodes, promise.spareId, nowMs);
    return true;
  }

  dropPromise(promiseId: string): void {
    this.#promises.take(promiseId);
  }

  lend(nodeClass: string, nodes: number, spareId: string, nowMs: TimeMs): void {
    if (spareId.startsWith(FIRM)) this.options.lend(nodes, nowMs);
    this.#holdings.lend(nodeClass, nodes);
    this.#lent.set(nodeClass, (this.#lent.get(nodeClass) ?? 0) + nodes);
  }

  restore(nodeClass: string, nodes: number, nowMs: TimeMs): void {
    this.#holdings.restore(nodeClass, nodes);
    this.#lent.set(nodeClass, (this.#lent.get(nodeClass) ?? 0) - nodes);
    this.#happen(nowMs);
  }

  /** Own nodes that are with others, by class. */
  readonly #lent = new Map<string, number>();

  expect(lot: BorrowedLot): void {
    this.#holdings.expect(lot);
  }

  addReady(leaseId: string, nodes: number, nowMs: TimeMs): void {
    this.#holdings.addReady(leaseId, nodes);
    this.#happen(nowMs);
  }

  loseExpected(leaseId: string, nodes: number): void {
    this.#holdings.loseExpected(leaseId, nodes);
  }

  endLot(leaseId: string, atMs: TimeMs): void {
    const held = this.#holdings.lots.get(leaseId);
    if (held) held.usableUntilMs = Math.min(held.usableUntilMs, atMs);
  }

  loseReady(leaseId: string, nodes: number, nowMs: TimeMs): void {
    this.#holdings.loseReady(leaseId, nodes);
    this.#happen(nowMs);
  }

  lotsToReturn(): readonly string[] {
    return [];
  }

  nodesToRecall(): number {
    let missing = 0;
    for (const { emergency, phase, ownReady, setups } of this.#responses) {
      if (phase !== 'gathering' && phase !== 'running') continue;
      const own = ownReady + setups.reduce((sum, { nodes }) => sum + nodes, 0);
      missing += Math.max(0, emergency.nodes - own - this.#borrowedReady());
    }
    return Math.min(missing, this.#comingBack());
  }

  ownNodes(): number {
    return this.#holdings.ownNodes();
  }

  idleNodes(): number {
    return Math.max(0, this.#holdings.ownNodes() - this.#ownInUse());
  }

  isResolved(): boolean {
    return (
      this.#nowMs >= this.#setup.window.endMs &&
      this.#responses.every(({ phase, emergency }) =>
        phase === 'coming' ? emergency.startMs >= this.#setup.window.endMs : isOver(phase),
      )
    );
  }

  outcome(): ClusterOutcome {
    const cohort = this.#responses.filter(({ emergency }) => this.#inCohort(emergency));
    const met = cohort.filter(({ phase }) => phase === 'met');
    const times = cohort.flatMap(({ capacityMs }) => (capacityMs === null ? [] : [capacityMs]));
    const needNodeMs = this.#needDemand.total();
    return {
      demandNodeMs: needNodeMs + emergencyTime(cohort),
      metNodeMs: this.#needServed.total() + emergencyTime(met),
      valueMillicredits: this.#value,
      lostNodeMs: this.#lostNodeMs,
      demandHours: sumOf(this.#demand.hours, this.#needDemand.hours),
      busyHours: sumOf(this.#busy.hours, this.#needServed.hours),
      demand: this.#windows(cohort, this.#needDemand),
      met: this.#windows(met, this.#needServed),
      ownMeasures: {
        emergencies: cohort.length,
        emergenciesMetShare: cohort.length > 0 ? met.length / cohort.length : null,
        timeToCapacitySeconds:
          times.length > 0 ? times.reduce((a, b) => a + b, 0) / times.length / 1000 : null,
      },
    };
  }

  #windows(responses: readonly Response[], needs: HourlyNodeTime) {
    const background = hourlyDemand(needs.hours, this.#setup.window);
    return joinWindows([emergencyWindows(responses), background]);
  }

  /** Began in the measured window. */
  #inCohort({ startMs }: Emergency): boolean {
    return startMs >= this.#setup.window.startMs && startMs < this.#setup.window.endMs;
  }

  #borrowedReady(): number {
    return this.#holdings.readyNodes() - this.#holdings.ownNodes();
  }

  #comingBack(): number {
    return Math.max(0, this.#lentCapable() - this.options.lentFirm(this.#nowMs));
  }

  #lentCapable(): number {
    let nodes = 0;
    for (const nodeClass of this.#setup.nodeClasses) nodes += this.#lent.get(nodeClass) ?? 0;
    return nodes;
  }

  /** Own nodes in service that can prove the security level. */
  #capableOwn(): number {
    let nodes = 0;
    for (const nodeClass of this.#setup.nodeClasses) {
      nodes += this.#holdings.own.get(nodeClass) ?? 0;
    }
    return nodes;
  }

  #ownInUse(): number {
    let nodes = this.#need;
    for (const { ownReady, setups } of this.#responses) {
      nodes += ownReady + setups.reduce((sum, setup) => sum + setup.nodes, 0);
    }
    return nodes;
  }

  #count(nowMs: TimeMs): void {
    if (nowMs <= this.#nowMs) return;
    this.#needDemand.add(this.#nowMs, nowMs, this.#need);
    const served = Math.min(this.#need, this.#holdings.ownNodes());
    this.#needServed.add(this.#nowMs, nowMs, served);
    this.#nowMs = nowMs;
  }

  carry(carrier: Carrier): void {
    carrier.parts({ holdings: this.#holdings, promises: this.#promises, options: this.options });
    carrier.fills({ responses: this.#responses, lent: this.#lent });
    carrier.parts({ demand: this.#demand, busy: this.#busy });
    carrier.parts({ needServed: this.#needServed, needDemand: this.#needDemand });
    this.#nowMs = carrier.value('nowMs', this.#nowMs);
    this.#next = carrier.value('next', this.#next);
    this.#need = carrier.value('need', this.#need);
    this.#lostNodeMs = carrier.value('lostNodeMs', this.#lostNodeMs);
    this.#value = carrier.value('value', this.#value);
  }
}

function isOver(phase: Phase): boolean {
  return phase === 'met' || phase === 'missed';
}

function emergencyTime(responses: readonly Response[]): number {
  return responses.reduce((sum, { emergency: e }) => sum + e.nodes * e.durationMs, 0);
}

function emergencyWindows(responses: readonly Response[]) {
  return {
    releaseMs: responses.map(({ emergency }) => emergency.startMs),
    dueMs: responses.map(({ emergency }) => emergency.startMs + emergency.durationMs),
    nodeMs: responses.map(({ emergency }) => emergency.nodes * emergency.durationMs),
  };
}

function sumOf(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, index) => value + b[index]!);
}
