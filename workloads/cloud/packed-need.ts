/** The nodes that machines really occupy over time, packed by one rule, and how that compares. */
import type { NodeNeedSeries } from '../../core/demand/demand.ts';
import { rowsByTime, type MachineLives } from './machine-lives.ts';
import { capacityOf, fitsNode, RESOURCES, type NodeClass, type Units } from './node-class.ts';
import { NodePacker, type OnlinePacking } from './node-packer.ts';
import { Repacker } from './repacking.ts';

/** How machines are put on nodes; `repacked` is for comparison: nobody moves machines at will. */
export type RealPacking = OnlinePacking | 'repacked';

/** In this order in reports. */
export const REAL_PACKINGS: readonly RealPacking[] = [
  'first-fit',
  'first-fit-decreasing',
  'best-fit',
  'repacked',
];

/** Where the need is measured: [0, `horizonMs`), its highest value within each step. */
export interface PackingWindow {
  readonly horizonMs: number;
  readonly stepMs: number;
}

export interface PackedNeed {
  readonly series: NodeNeedSeries;
  /** Node of each row, as it was placed; −1 where it was not. Empty where machines are moved. */
  readonly nodeOf: Int32Array;
  /** Rows placed. */
  readonly placed: number;
  /** Rows of a size that no empty node can hold. */
  readonly fitsNoNode: number;
  /** Rows that end when they begin, or before. */
  readonly livesNoTime: number;
  /** Node-time in the window. */
  readonly nodeMs: number;
  /** The same for ⌈largest total over what a node holds⌉ at every instant: no packing needs less. */
  readonly boundMs: number;
  /** The same before rounding up. */
  readonly exactMs: number;
  readonly mostNodes: number;
  readonly mostBound: number;
}

/** Machines are repacked on this grid, on which totals count as well. */
const REPACKING_MS = 300_000;

/**
 * Packs all lives, in order of time: at one instant machines leave before others arrive. Lives that
 * begin before the window are packed when they begin, so that nodes are as worn as they would be.
 */
export function packLives(
  lives: MachineLives,
  nodeClass: NodeClass,
  packing: RealPacking,
  window: PackingWindow,
): PackedNeed {
  const run =
    packing === 'repacked'
      ? new RepackingRun(lives, nodeClass, window)
      : new PlacingRun(lives, nodeClass, window, packing);
  return run.result();
}

/** What a run of any kind keeps count of. */
abstract class Run {
  protected readonly lives: MachineLives;
  protected readonly capacity: Units;
  protected readonly fits: readonly boolean[];
  protected readonly nodeOf: Int32Array;
  readonly #window: PackingWindow;
  readonly #peaks: Float64Array;
  readonly #alive = [0, 0, 0];
  #placed = 0;
  #fitsNoNode = 0;
  #livesNoTime = 0;
  #nodeMs = 0;
  #boundMs = 0;
  #exactMs = 0;
  #mostNodes = 0;
  #mostBound = 0;

  constructor(lives: MachineLives, nodeClass: NodeClass, window: PackingWindow, places: boolean) {
    this.lives = lives;
    this.capacity = capacityOf(nodeClass);
    this.fits = lives.sizes.units.map((size) => fitsNode(size, this.capacity));
    this.nodeOf = new Int32Array(places ? lives.count : 0).fill(-1);
    this.#window = window;
    this.#peaks = new Float64Array(Math.ceil(window.horizonMs / window.stepMs));
  }

  /** When what happens at this time takes effect. */
  protected abstract effectMs(timeMs: number): number;
  protected abstract leave(row: number): void;
  protected abstract arrive(rows: number[]): void;
  protected abstract nodesNow(): number;

  result(): PackedNeed {
    this.#walk();
    return {
      series: this.#series(),
      nodeOf: this.nodeOf,
      placed: this.#placed,
      fitsNoNode: this.#fitsNoNode,
      livesNoTime: this.#livesNoTime,
      nodeMs: this.#nodeMs,
      boundMs: this.#boundMs,
      exactMs: this.#exactMs,
      mostNodes: this.#mostNodes,
      mostBound: this.#mostBound,
    };
  }

  #walk(): void {
    const { startMs, endMs, count } = this.lives;
    const starts = rowsByTime(startMs, count);
    const ends = rowsByTime(endMs, count);
    let [nextStart, nextEnd] = [0, 0];
    const startOf = () =>
      nextStart < count ? this.effectMs(startMs[starts[nextStart]!]!) : Infinity;
    const endOf = () => (nextEnd < count ? this.effectMs(endMs[ends[nextEnd]!]!) : Infinity);
    let nowMs = Math.min(startOf(), endOf());
    while (nowMs < this.#window.horizonMs) {
      for (; endOf() === nowMs; nextEnd++) this.#end(ends[nextEnd]!);
      const arriving: number[] = [];
      for (; startOf() === nowMs; nextStart++) this.#begin(starts[nextStart]!, arriving);
      this.arrive(arriving);
      const untilMs = Math.min(startOf(), endOf());
      this.#hold(nowMs, untilMs);
      nowMs = untilMs;
    }
  }

  #begin(row: number, arriving: number[]): void {
    const size = this.lives.size[row]!;
    if (!this.#lives(row)) this.#livesNoTime += 1;
    else if (!this.fits[size]!) this.#fitsNoNode += 1;
    else {
      this.#placed += 1;
      this.#count(size, 1);
      arriving.push(row);
    }
  }

  #end(row: number): void {
    const size = this.lives.size[row]!;
    if (!this.#lives(row) || !this.fits[size]!) return;
    this.#count(size, -1);
    this.leave(row);
  }

  #lives(row: number): boolean {
    return this.effectMs(this.lives.endMs[row]!) > this.effectMs(this.lives.startMs[row]!);
  }

  #count(size: number, change: number): void {
    const units = this.lives.sizes.units[size]!;
    for (let i = 0; i < RESOURCES; i++) this.#alive[i]! += change * units[i]!;
  }

  /** Nothing changes over [fromMs, untilMs). */
  #hold(fromMs: number, untilMs: number): void {
    const { horizonMs, stepMs } = this.#window;
    const [from, to] = [Math.max(0, fromMs), Math.min(untilMs, horizonMs)];
    if (to <= from) return;
    const nodes = this.nodesNow();
    let exact = 0;
    for (let i = 0; i < RESOURCES; i++) {
      if (this.#alive[i]! > 0) exact = Math.max(exact, this.#alive[i]! / this.capacity[i]!);
    }
    const bound = Math.ceil(exact);
    this.#nodeMs += nodes * (to - from);
    this.#boundMs += bound * (to - from);
    this.#exactMs += exact * (to - from);
    this.#mostNodes = Math.max(this.#mostNodes, nodes);
    this.#mostBound = Math.max(this.#mostBound, bound);
    for (let step = Math.floor(from / stepMs); step * stepMs < to; step++) {
      this.#peaks[step] = Math.max(this.#peaks[step]!, nodes);
    }
  }

  /** One change a step at most. */
  #series(): NodeNeedSeries {
    const times: number[] = [];
    const nodes: number[] = [];
    this.#peaks.forEach((peak, step) => {
      if (nodes.length > 0 && nodes[nodes.length - 1] === peak) return;
      times.push(step * this.#window.stepMs);
      nodes.push(peak);
    });
    return { timeMs: Float64Array.from(times), nodes: Float64Array.from(nodes) };
  }
}

/** Machines stay where they were put. */
class PlacingRun extends Run {
  readonly #packer: NodePacker;

  constructor(
    lives: MachineLives,
    nodeClass: NodeClass,
    window: PackingWindow,
    packing: OnlinePacking,
  ) {
    super(lives, nodeClass, window, true);
    this.#packer = new NodePacker(packing, this.capacity, lives.sizes.units);
  }

  protected override effectMs(timeMs: number): number {
    return timeMs;
  }

  protected override leave(row: number): void {
    this.#packer.remove(this.lives.size[row]!, this.nodeOf[row]!);
  }

  protected override arrive(rows: number[]): void {
    this.#packer.arrange(rows, this.lives.size);
    for (const row of rows) this.nodeOf[row] = this.#packer.place(this.lives.size[row]!);
  }

  protected override nodesNow(): number {
    return this.#packer.open;
  }
}

/** All machines are packed anew on a grid: one that is not alive at a point of it does not count. */
class RepackingRun extends Run {
  readonly #repacker: Repacker;
  readonly #counts: Float64Array;

  constructor(lives: MachineLives, nodeClass: NodeClass, window: PackingWindow) {
    super(lives, nodeClass, window, false);
    this.#repacker = new Repacker(this.capacity, lives.sizes.units);
    this.#counts = new Float64Array(lives.sizes.count);
  }

  protected override effectMs(timeMs: number): number {
    return Math.ceil(timeMs / REPACKING_MS) * REPACKING_MS;
  }

  protected override leave(row: number): void {
    this.#counts[this.lives.size[row]!]! -= 1;
  }

  protected override arrive(rows: number[]): void {
    for (const row of rows) this.#counts[this.lives.size[row]!]! += 1;
  }

  protected override nodesNow(): number {
    return this.#repacker.nodes(this.#counts);
  }
}
