/**
 * One organisation's own cluster inside the simulated world: it runs its demand on the nodes it
 * has, says what it lacks and what it could spare, and takes and gives up nodes while it runs.
 *
 * All calls carry the current time, which never goes back. A cluster first catches up (`advance`)
 * before anything else is asked of it at that time.
 */
import type { Carried } from '../../core/kernel/carried.ts';
import type { ClusterKind, Spare, Want } from '../../core/agents/view.ts';
import type { JobColumns } from '../../core/metrics/outcome.ts';
import type { ForwardTrader } from './forward-trader.ts';
import type { OptionTrader } from './option-trader.ts';
import type { Millicredits, NodeMs, TimeMs } from '../../core/kernel/units.ts';

/** Nodes on their way to a borrower, or already there. */
export interface BorrowedLot {
  readonly leaseId: string;
  readonly wantId: string;
  readonly nodeClass: string;
  readonly nodes: number;
  /** The borrower must have stopped by then. */
  readonly usableUntilMs: TimeMs;
  /** When it begins; absent: now. */
  readonly fromMs?: TimeMs;
  readonly recallable: boolean;
}

export interface Cluster extends ForwardTrader, Carried {
  readonly organisation: string;
  readonly kind: ClusterKind;
  /** Absent where it takes no part in options. */
  readonly options?: OptionTrader;
  /** Does everything that is due until then, the instant included. */
  advance(nowMs: TimeMs): void;
  /** When the cluster next changes by itself; Infinity when never. */
  nextEventMs(): TimeMs;
  wants(nowMs: TimeMs): readonly Want[];
  /** What it could lend from now on, until at most `untilMs`. */
  spares(nowMs: TimeMs, untilMs: TimeMs): readonly Spare[];
  /**
   * Takes own nodes out of service for borrowers; work on them is stopped where it must be.
   *
   * @param returnMs when the last of the contracts that they are lent for ends
   */
  lend(nodeClass: string, nodes: number, spareId: string, nowMs: TimeMs, returnMs: TimeMs): void;
  /**
   * Lent nodes are back, clean and free.
   *
   * @param dueMs when they were to be back
   */
  restore(nodeClass: string, nodes: number, nowMs: TimeMs, dueMs: TimeMs): void;
  /** Nodes were bought: they are not there yet, but need not be wanted again. */
  expect(lot: BorrowedLot, nowMs: TimeMs): void;
  /** Some nodes of a lot are ready for use. */
  addReady(leaseId: string, nodes: number, nowMs: TimeMs): void;
  /** Some expected nodes of a lot will not come. */
  loseExpected(leaseId: string, nodes: number, nowMs: TimeMs): void;
  /** The lot must be given up at `atMs`: it was recalled, or its lease ends. */
  endLot(leaseId: string, atMs: TimeMs, nowMs: TimeMs): void;
  /** Ready nodes of a lot failed or were taken; work on them is lost. */
  loseReady(leaseId: string, nodes: number, nowMs: TimeMs): void;
  /** Lots that it has no more use for. */
  lotsToReturn(): readonly string[];
  /** Own nodes, lent ones among them, that it wants back as soon as terms allow. */
  nodesToRecall(nowMs: TimeMs): number;
  /** Own nodes in service right now, not lent. */
  ownNodes(): number;
  /** Of these, the ones that nothing runs on. */
  idleNodes(): number;
  /** All that was released has been met, missed or lost. */
  isResolved(): boolean;
  outcome(): ClusterOutcome;
}

/** A piece of demand that was met, for the bounds of metric 1. */
export interface MetDemand {
  /** Columns of equal length. */
  readonly releaseMs: readonly number[];
  readonly dueMs: readonly number[];
  readonly nodeMs: readonly number[];
}

export interface ClusterOutcome {
  readonly demandNodeMs: NodeMs;
  readonly metNodeMs: NodeMs;
  /** Worth of what was met, penalties taken off. */
  readonly valueMillicredits: Millicredits;
  /** Node-time of work that was stopped and lost, or of set-up that came to nothing. */
  readonly lostNodeMs: NodeMs;
  /** Hour by hour of the measured window, node-ms. */
  readonly demandHours: Float64Array;
  readonly busyHours: Float64Array;
  /** All demand that was released and that anybody could have met, as windows. */
  readonly demand: MetDemand;
  readonly met: MetDemand;
  /** In the cluster's own language; null where nothing happened that it could measure. */
  readonly ownMeasures: Readonly<Record<string, number | null>>;
  /** Every job that could run, of a batch cluster. */
  readonly jobs?: JobColumns;
}
