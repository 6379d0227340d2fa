/**
 * What a backfilling pass asks of a queue of thousands: where is the next block that may hold a job
 * small and short enough? Two levels of lower bounds answer: of each block and of each group of 16
 * neighbouring blocks the least size, and the least estimate up to each class of sizes.
 *
 * The least size and estimate of a block are always right. Its bounds by class are taken when a pass
 * asks for them, so that a queue of one or two blocks, where nobody asks, pays nothing for them.
 * Bounds of groups become loose when jobs leave, and are taken anew when a look into the group was
 * in vain.
 */
import type { Carrier } from '../../../core/kernel/carried.ts';
import { BLOCK_SIZE } from './job-list.ts';
import type { BlockColumns, BlockSummary } from './job-list.ts';

/** Size classes: 1, 2, 3, 4–5, 6–7, 8–11, 12–15, … up to 2^31 − 1, two an octave. */
const CLASSES = 62;
const GROUP_BLOCKS = 16;
/** So few blocks are looked through job by job. */
const FEW_BLOCKS = 2;

export class QueueIndex implements BlockSummary {
  /** By block. */
  leastSize: Int32Array;
  leastEstimate: Float64Array;
  /**
   * By block · 62 + class: the least estimate of its jobs of this size class or a smaller one;
   * Infinity where there are none.
   */
  #upTo: Float64Array;
  /** By block: whether its bounds by class are right. */
  #known: Uint8Array;
  /** The same by group: group g has the blocks `order[16 g]` to `order[16 g + 15]`. */
  #groupSize: Int32Array;
  #groupUpTo: Float64Array;
  /** Groups that a job has left since their bounds were taken. */
  #loose: Uint8Array;
  /** Classes that have occurred are below; bounds are kept for these. */
  #classes = 1;
  /** Groups from this one on have other blocks than when their bounds were taken. */
  #movedFrom = 0;

  constructor(blocks: number) {
    const groups = Math.ceil(blocks / GROUP_BLOCKS);
    this.leastSize = new Int32Array(blocks);
    this.leastEstimate = new Float64Array(blocks);
    this.#upTo = new Float64Array(blocks * CLASSES);
    this.#known = new Uint8Array(blocks);
    this.#groupSize = new Int32Array(groups);
    this.#groupUpTo = new Float64Array(groups * CLASSES);
    this.#loose = new Uint8Array(groups);
  }

  /** Room for this many blocks. */
  grow(blocks: number): void {
    const groups = Math.ceil(blocks / GROUP_BLOCKS);
    this.leastSize = grown(this.leastSize, blocks);
    this.leastEstimate = grown(this.leastEstimate, blocks);
    this.#upTo = grown(this.#upTo, blocks * CLASSES);
    this.#known = grown(this.#known, blocks);
    this.#groupSize = grown(this.#groupSize, groups);
    this.#groupUpTo = grown(this.#groupUpTo, groups * CLASSES);
    this.#loose = grown(this.#loose, groups);
  }

  /** A block without jobs came into the order at a place. */
  opened(at: number, block: number): void {
    this.leastSize[block] = 0x7fffffff;
    this.leastEstimate[block] = Infinity;
    this.#known[block] = 0;
    this.moved(at);
  }

  /** The blocks from a place on stand elsewhere now, or hold other jobs. */
  moved(at: number): void {
    this.#movedFrom = Math.min(this.#movedFrom, Math.floor(at / GROUP_BLOCKS));
  }

  /** A job came into the block at a place of the order. */
  added(at: number, block: number, size: number, estimate: number): void {
    if (size < this.leastSize[block]!) this.leastSize[block] = size;
    if (estimate < this.leastEstimate[block]!) this.leastEstimate[block] = estimate;
    const ofClass = sizeClass(size);
    if (ofClass >= this.#classes) this.#widen(ofClass + 1);
    if (this.#known[block] === 1) this.#lower(this.#upTo, block, ofClass, estimate);
    const group = Math.floor(at / GROUP_BLOCKS);
    if (group >= this.#movedFrom) return;
    if (size < this.#groupSize[group]!) this.#groupSize[group] = size;
    this.#lower(this.#groupUpTo, group, ofClass, estimate);
  }

  /** @returns true where the least of the block may have changed */
  removed(at: number, block: number, size: number, estimate: number): boolean {
    this.#loose[Math.floor(at / GROUP_BLOCKS)] = 1;
    const least = this.#upTo[block * CLASSES + sizeClass(size)];
    if (this.#known[block] === 1 && least === estimate) this.#known[block] = 0;
    return size === this.leastSize[block] || estimate === this.leastEstimate[block];
  }

  refresh({ fill, sizes, estimates }: BlockColumns, block: number): void {
    const from = block * BLOCK_SIZE;
    const end = from + fill[block]!;
    let leastSize = sizes[from]!;
    let leastEstimate = estimates[from]!;
    for (let i = from + 1; i < end; i++) {
      if (sizes[i]! < leastSize) leastSize = sizes[i]!;
      if (estimates[i]! < leastEstimate) leastEstimate = estimates[i]!;
    }
    this.leastSize[block] = leastSize;
    this.leastEstimate[block] = leastEstimate;
    this.#known[block] = 0;
  }

  /**
   * The first place from `at` on whose block may hold a job of at most `size` that is estimated to
   * take at most `estimate`, or is of at most `anySize` besides; `blockCount` where there is none.
   * No job of the block need be so.
   */
  next(columns: BlockColumns, at: number, size: number, estimate: number, anySize: number): number {
    const { order, blockCount } = columns;
    if (blockCount <= FEW_BLOCKS) return at;
    const ofClass = Math.min(sizeClass(size), this.#classes - 1);
    let place = at;
    while (place < blockCount) {
      const group = Math.floor(place / GROUP_BLOCKS);
      const end = Math.min(blockCount, (group + 1) * GROUP_BLOCKS);
      while (this.#movedFrom <= group) this.#gather(columns, this.#movedFrom++);
      const least = this.#groupSize[group]!;
      const upTo = this.#groupUpTo[group * CLASSES + ofClass]!;
      if (least > size || (least > anySize && upTo > estimate)) {
        place = end;
        continue;
      }
      const isWhole = place === group * GROUP_BLOCKS;
      for (; place < end; place++) {
        const block = order[place]!;
        const leastSize = this.leastSize[block]!;
        if (leastSize > size) continue;
        if (leastSize <= anySize) return place;
        if (this.#known[block] === 0) this.#learn(columns, block);
        if (this.#upTo[block * CLASSES + ofClass]! <= estimate) return place;
      }
      if (isWhole && this.#loose[group] === 1) this.#gather(columns, group);
    }
    return blockCount;
  }

  /** A class that is larger than all before. */
  #widen(classes: number): void {
    this.#classes = classes;
    this.#known.fill(0);
    this.#movedFrom = 0;
  }

  #lower(bounds: Float64Array, which: number, fromClass: number, estimate: number): void {
    const end = which * CLASSES + this.#classes;
    for (let at = which * CLASSES + fromClass; at < end && bounds[at]! > estimate; at++) {
      bounds[at] = estimate;
    }
  }

  /** Takes a block's bounds by class anew. */
  #learn({ fill, sizes, estimates }: BlockColumns, block: number): void {
    const upTo = this.#upTo;
    const first = block * CLASSES;
    const last = first + this.#classes - 1;
    for (let at = first; at <= last; at++) upTo[at] = Infinity;
    const from = block * BLOCK_SIZE;
    for (let i = from; i < from + fill[block]!; i++) {
      const at = first + sizeClass(sizes[i]!);
      if (estimates[i]! < upTo[at]!) upTo[at] = estimates[i]!;
    }
    for (let at = first + 1; at <= last; at++) {
      if (upTo[at - 1]! < upTo[at]!) upTo[at] = upTo[at - 1]!;
    }
    this.#known[block] = 1;
  }

  /** Takes a group's bounds anew from its blocks. */
  #gather(columns: BlockColumns, group: number): void {
    const to = group * CLASSES;
    for (let i = 0; i < this.#classes; i++) this.#groupUpTo[to + i] = Infinity;
    let leastSize = 0x7fffffff;
    const end = Math.min(columns.blockCount, (group + 1) * GROUP_BLOCKS);
    for (let at = group * GROUP_BLOCKS; at < end; at++) {
      const block = columns.order[at]!;
      if (this.#known[block] === 0) this.#learn(columns, block);
      if (this.leastSize[block]! < leastSize) leastSize = this.leastSize[block]!;
      const from = block * CLASSES;
      for (let i = 0; i < this.#classes; i++) {
        if (this.#upTo[from + i]! < this.#groupUpTo[to + i]!) {
          this.#groupUpTo[to + i] = this.#upTo[from + i]!;
        }
      }
    }
    this.#groupSize[group] = leastSize;
    this.#loose[group] = 0;
  }

  carry(carrier: Carrier): void {
    this.leastSize = carrier.value('leastSize', this.leastSize);
    this.leastEstimate = carrier.value('leastEstimate', this.leastEstimate);
    this.#upTo = carrier.value('upTo', this.#upTo);
    this.#known = carrier.value('known', this.#known);
    this.#groupSize = carrier.value('groupSize', this.#groupSize);
    this.#groupUpTo = carrier.value('groupUpTo', this.#groupUpTo);
    this.#loose = carrier.value('loose', this.#loose);
    this.#classes = carrier.value('classes', this.#classes);
    this.#movedFrom = carrier.value('movedFrom', this.#movedFrom);
  }
}

/** The class of a size ≥ 1: its highest bit, and the one below. */
function sizeClass(size: number): number {
  const octave = 31 - Math.clz32(size);
  return 2 * octave + (octave > 0 ? (size >> (octave - 1)) & 1 : 0);
}

function grown<Column extends Int32Array | Float64Array | Uint8Array>(
  column: Column,
  length: number,
): Column {
  const larger = new (column.constructor as new (length: number) => Column)(length);
  larger.set(column);
  return larger;
}
