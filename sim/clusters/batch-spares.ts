/**
 * What a batch owner offers. Idle nodes are those that neither running nor waiting jobs will use;
 * they cost their power and the chance that a new job would have come. An owner that *reshapes*
 * also offers nodes that waiting jobs were to get, and moves these jobs: such nodes cost what the
 * difference of its own two schedules costs its users.
 */
import type { Spare } from '../../core/agents/view.ts';
import { DAY_MS, HOUR_MS } from '../../core/kernel/units.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { Policy, Valuation } from '../scenario/schema.ts';
import type { BatchCluster } from './batch/cluster.ts';
import type { GivenAway } from './batch/what-if.ts';
import type { Promises } from './forward-trader.ts';
import type { Holdings } from './holdings.ts';
import type { WrittenOptions } from './option-trader.ts';

/** Lease lengths that idle nodes are offered for, longest first. */
const OFFER_HOURS: readonly number[] = [24, 12, 6, 2];

/** A new job would have used an idle node for half of the time that the cluster is in use. */
const OPPORTUNITY_SHARE = 0.5;

/** Stopping work costs what was done since the last checkpoint and the wait that follows. */
export const INTERRUPTION_FACTOR = 2;

/** Longest time for which nodes are offered at once that waiting jobs were to get. */
const MOVED_HOURS = 6;

/** Windows ahead that are offered: so many, one after another, each so long. */
const WINDOWS_AHEAD = 2;
const WINDOW_HOURS = 24;

/** Beginning of the id of a spare for which own jobs are moved. */
export const MOVED = 'moved';

export interface BatchSparesSetup {
  readonly nodes: Readonly<Record<string, number>>;
  readonly classCostPerHour: Readonly<Record<string, number>>;
  readonly valuation: Valuation;
  readonly policy: Policy;
}

export class BatchSpares {
  readonly #setup: BatchSparesSetup;
  readonly #cluster: BatchCluster;
  readonly #holdings: Holdings;
  readonly #promises: Promises;
  readonly #written: WrittenOptions;
  readonly #valueOf: (row: number) => number;

  /** @param valueOf worth of a job, millicredits */
  constructor(
    setup: BatchSparesSetup,
    cluster: BatchCluster,
    holdings: Holdings,
    promises: Promises,
    written: WrittenOptions,
    valueOf: (row: number) => number,
  ) {
    this.#setup = setup;
    this.#cluster = cluster;
    this.#holdings = holdings;
    this.#promises = promises;
    this.#written = written;
    this.#valueOf = valueOf;
  }

  now(nowMs: TimeMs, untilMs: TimeMs): readonly Spare[] {
    const { policy, valuation, nodes } = this.#setup;
    const spares: Spare[] = [];
    const longest = Math.min(untilMs, nowMs + OFFER_HOURS[0]! * HOUR_MS);
    const outlook = this.#cluster.outlook(longest);
    const opportunity = this.#opportunity();
    for (const nodeClass of Object.keys(nodes)) {
      let offered = 0;
      const own = this.#holdings.own.get(nodeClass) ?? 0;
      const promised = this.#promises.nodesIn(nowMs, Infinity, nodeClass);
      // What stands ready for an emergency is not lent to anybody else.
      const most = own - promised - this.#written.nodes(nodeClass);
      const offer = (what: string, wished: number, endMs: TimeMs, credits: number) => {
        const count = Math.min(wished, most - offered);
        if (count <= 0) return;
        offered += count;
        spares.push(this.#spare(what, nodeClass, count, nowMs, endMs, credits));
      };
      for (const hours of OFFER_HOURS) {
        const endMs = Math.min(longest, nowMs + hours * HOUR_MS);
        const idle = outlook.idleNodes(nodeClass, nowMs, endMs);
        offer(`idle-${hours}h`, idle - offered, endMs, opportunity);
      }
      if (policy.reshapes && this.#cluster.queuedJobs > 0) {
        const toMs = Math.min(untilMs, nowMs + MOVED_HOURS * HOUR_MS);
        const free = this.#cluster.nodes(nodeClass).free - offered;
        const given = { homeId: nodeClass, nodes: free + offered, fromMs: nowMs, toMs };
        const cost = free > 0 ? this.#cost(given, free) : null;
        if (cost !== null) offer(`${MOVED}-${MOVED_HOURS}h`, free, toMs, opportunity + cost);
      }
      if (policy.sellsBusyNodes) {
        const lost = INTERRUPTION_FACTOR * valuation.nodeHour;
        offer('busy', most - offered, Math.min(untilMs, nowMs + 2 * DAY_MS), lost);
      }
    }
    return spares;
  }

  /** Up to half of the nodes for each window: both may be sold. */
  ahead(fromMs: TimeMs, untilMs: TimeMs): readonly Spare[] {
    const spares: Spare[] = [];
    for (let window = 0; window < WINDOWS_AHEAD; window++) {
      const startMs = fromMs + window * WINDOW_HOURS * HOUR_MS;
      const endMs = startMs + WINDOW_HOURS * HOUR_MS;
      if (endMs > untilMs) break;
      for (const nodeClass of Object.keys(this.#setup.nodes)) {
        spares.push(...this.#window(nodeClass, startMs, endMs));
      }
    }
    return spares;
  }

  #window(nodeClass: string, fromMs: TimeMs, toMs: TimeMs): Spare[] {
    const left = this.#cluster.nodes(nodeClass).nodes - this.#written.nodes(nodeClass);
    const most = Math.max(0, Math.floor(left / WINDOWS_AHEAD));
    const opportunity = this.#opportunity();
    const idle = Math.min(most, this.#cluster.outlook(toMs).idleNodes(nodeClass, fromMs, toMs));
    const spares: Spare[] = [];
    const at = `@${fromMs}`;
    if (idle > 0) {
      spares.push(this.#spare(`idle${at}`, nodeClass, idle, fromMs, toMs, opportunity));
    }
    if (!this.#setup.policy.reshapes) return spares;
    for (const moved of [most - idle, Math.floor((most - idle) / 2)]) {
      if (moved <= 0) break;
      const cost = this.#cost({ homeId: nodeClass, nodes: idle + moved, fromMs, toMs }, moved);
      if (cost === null) continue;
      const credits = opportunity + cost;
      spares.push(this.#spare(`${MOVED}${at}`, nodeClass, moved, fromMs, toMs, credits));
      break;
    }
    return spares;
  }

  /** What a new job that comes meanwhile would be worth, credits per node-hour. */
  #opportunity(): number {
    const inUse = this.#cluster.busyNodes / Math.max(1, this.#holdings.readyNodes());
    return OPPORTUNITY_SHARE * inUse * this.#setup.valuation.nodeHour;
  }

  /**
   * Credits for each hour of each of the `moved` nodes: a job that has no place within its
   * patience any more is lost, one that starts later is nearer to it by its delay.
   */
  #cost(given: GivenAway, moved: number): number | null {
    const { jobs } = this.#cluster;
    const shifts = this.#cluster.shifts(given);
    if (shifts === null) return null;
    let millicredits = 0;
    for (const { row, beforeMs, afterMs } of shifts) {
      const patienceEndMs = jobs.patienceEndMs(row);
      if (beforeMs > patienceEndMs) continue;
      const isLost = afterMs > patienceEndMs;
      const share = isLost ? 1 : Math.min(1, (afterMs - beforeMs) / jobs.patienceMs[row]!);
      millicredits += share * this.#valueOf(row);
    }
    return millicredits / 1000 / (moved * ((given.toMs - given.fromMs) / HOUR_MS));
  }

  #spare(
    what: string,
    nodeClass: string,
    nodes: number,
    fromMs: TimeMs,
    untilMs: TimeMs,
    credits: number,
  ): Spare {
    const cost = this.#setup.classCostPerHour[nodeClass] ?? 0;
    return {
      spareId: `${what}/${nodeClass}`,
      nodeClass,
      nodes,
      fromMs,
      untilMs,
      costMillicreditsPerNodeHour: Math.round((cost + credits) * 1000),
      recallNoticeMs: null,
    };
  }
}
