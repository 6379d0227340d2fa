/**
 * Waiting jobs in order, as an unrolled list: blocks of up to 64 jobs, each with the least size
 * and the least estimate in it, so that a backfilling pass over a queue of thousands skips the
 * blocks in which nothing can fit. Insertion and removal anywhere cost O(√n)-like block moves.
 *
 * Jobs are integer ids. The order is (id), (estimate, id) or (−estimate, id); ids ascend in order of submission, so
 * a job that was interrupted goes back to the place that it had.
 *
 * The columns are public because a pass reads them in its inner loop:
 * `for at in [0, blockCount): block = order[at]; for i in [0, fill[block]): jobs[block · 64 + i]`.
 */
import { invariant } from '../../../core/kernel/errors.ts';

export const BLOCK_SIZE = 64;
const INITIAL_BLOCKS = 4;

/** Longest and shortest go by estimate. */
export type QueueOrder = 'submission' | 'estimate' | 'longest';

export class JobQueue {
  /** Jobs that wait. */
  length = 0;
  /** Blocks in use; none of them is empty. */
  blockCount = 0;
  /** Blocks in the order of their jobs. */
  order = new Int32Array(INITIAL_BLOCKS);
  /** By block: number of jobs, least size, least estimate. */
  fill = new Int32Array(INITIAL_BLOCKS);
  leastSize = new Int32Array(INITIAL_BLOCKS);
  leastEstimate = new Float64Array(INITIAL_BLOCKS);
  /** By block · 64 + place: job, its size and its estimate. */
  jobs = new Int32Array(INITIAL_BLOCKS * BLOCK_SIZE);
  sizes = new Int32Array(INITIAL_BLOCKS * BLOCK_SIZE);
  estimates = new Float64Array(INITIAL_BLOCKS * BLOCK_SIZE);

  /** What comes first. */
  readonly by: QueueOrder;
  readonly #freeBlocks: number[] = [];

  constructor(order: QueueOrder) {
    this.by = order;
    for (let block = INITIAL_BLOCKS - 1; block >= 0; block--) this.#freeBlocks.push(block);
  }

  /** Puts a job in its place. A job must not be inserted twice. */
  insert(job: number, size: number, estimate: number): void {
    if (this.blockCount === 0) this.#openBlock(0);
    let at = this.#blockAt(job, estimate);
    if (at === this.blockCount) at -= 1;
    let block = this.order[at]!;
    if (this.fill[block] === BLOCK_SIZE) {
      this.#split(at);
      if (this.#isBefore(this.#lastOf(block), job, estimate)) at += 1;
      block = this.order[at]!;
    }
    const start = block * BLOCK_SIZE;
    const fill = this.fill[block]!;
    let place = fill;
    while (place > 0 && !this.#isBefore(start + place - 1, job, estimate)) place -= 1;
    this.#move(start + place, start + fill, start + place + 1);
    this.jobs[start + place] = job;
    this.sizes[start + place] = size;
    this.estimates[start + place] = estimate;
    this.fill[block] = fill + 1;
    if (fill === 0 || size < this.leastSize[block]!) this.leastSize[block] = size;
    if (fill === 0 || estimate < this.leastEstimate[block]!) this.leastEstimate[block] = estimate;
    this.length += 1;
  }

  /** Takes a job out. @throws OcxError INVARIANT_VIOLATED when it is not there */
  remove(job: number, estimate: number): void {
    const at = this.#blockAt(job, estimate);
    if (at < this.blockCount) {
      const block = this.order[at]!;
      const start = block * BLOCK_SIZE;
      const place = this.jobs.indexOf(job, start) - start;
      if (place >= 0 && place < this.fill[block]!) {
        this.removeAt(at, place);
        return;
      }
    }
    invariant(false, `job ${job} does not wait`);
  }

  /**
   * Takes out the job at a place of the block `order[at]`; those behind it move up by one.
   *
   * @returns true when the block became empty and left `order`
   */
  removeAt(at: number, place: number): boolean {
    const block = this.order[at]!;
    const start = block * BLOCK_SIZE;
    const size = this.sizes[start + place]!;
    const estimate = this.estimates[start + place]!;
    const fill = this.fill[block]! - 1;
    this.#move(start + place + 1, start + fill + 1, start + place);
    this.fill[block] = fill;
    this.length -= 1;
    if (fill === 0) {
      this.order.copyWithin(at, at + 1, this.blockCount);
      this.blockCount -= 1;
      this.#freeBlocks.push(block);
      return true;
    }
    if (size === this.leastSize[block] || estimate === this.leastEstimate[block]) {
      this.#refreshLeast(block);
    }
    return false;
  }

  /** Index into `jobs` of the first job; the queue must not be empty. */
  first(): number {
    return this.order[0]! * BLOCK_SIZE;
  }

  /** Ids in order, for whoever is in no hurry. */
  *[Symbol.iterator](): Generator<number> {
    for (let at = 0; at < this.blockCount; at++) {
      const start = this.order[at]! * BLOCK_SIZE;
      for (let i = 0; i < this.fill[this.order[at]!]!; i++) yield this.jobs[start + i]!;
    }
  }

  /** The first block whose last job is not before this one; `blockCount` when there is none. */
  #blockAt(job: number, estimate: number): number {
    const last = this.blockCount - 1;
    if (last < 0 || this.#isBefore(this.#lastOf(this.order[last]!), job, estimate)) return last + 1;
    let low = 0;
    let high = last;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#isBefore(this.#lastOf(this.order[middle]!), job, estimate)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #lastOf(block: number): number {
    return block * BLOCK_SIZE + this.fill[block]! - 1;
  }

  #isBefore(index: number, job: number, estimate: number): boolean {
    if (this.by !== 'submission' && this.estimates[index] !== estimate) {
      return this.estimates[index]! < estimate === (this.by === 'estimate');
    }
    return this.jobs[index]! < job;
  }

  #move(from: number, end: number, to: number): void {
    if (from >= end) return;
    this.jobs.copyWithin(to, from, end);
    this.sizes.copyWithin(to, from, end);
    this.estimates.copyWithin(to, from, end);
  }

  #openBlock(at: number): number {
    if (this.#freeBlocks.length === 0) this.#grow();
    const block = this.#freeBlocks.pop()!;
    this.order.copyWithin(at + 1, at, this.blockCount);
    this.order[at] = block;
    this.blockCount += 1;
    this.fill[block] = 0;
    return block;
  }

  /**
   * Makes room in a full block. The last one keeps its jobs: a queue that only grows at its end
   * then has full blocks.
   */
  #split(at: number): void {
    const block = this.order[at]!;
    const keep = at === this.blockCount - 1 ? BLOCK_SIZE - 1 : BLOCK_SIZE / 2;
    const next = this.#openBlock(at + 1);
    this.#move(block * BLOCK_SIZE + keep, (block + 1) * BLOCK_SIZE, next * BLOCK_SIZE);
    this.fill[block] = keep;
    this.fill[next] = BLOCK_SIZE - keep;
    this.#refreshLeast(block);
    this.#refreshLeast(next);
  }

  #refreshLeast(block: number): void {
    const start = block * BLOCK_SIZE;
    let size = this.sizes[start]!;
    let estimate = this.estimates[start]!;
    for (let i = start + 1; i < start + this.fill[block]!; i++) {
      if (this.sizes[i]! < size) size = this.sizes[i]!;
      if (this.estimates[i]! < estimate) estimate = this.estimates[i]!;
    }
    this.leastSize[block] = size;
    this.leastEstimate[block] = estimate;
  }

  #grow(): void {
    const old = this.fill.length;
    const grow = <Column extends Int32Array | Float64Array>(column: Column): Column => {
      const grown = new (column.constructor as new (length: number) => Column)(column.length * 2);
      grown.set(column);
      return grown;
    };
    this.order = grow(this.order);
    this.fill = grow(this.fill);
    this.leastSize = grow(this.leastSize);
    this.leastEstimate = grow(this.leastEstimate);
    this.jobs = grow(this.jobs);
    this.sizes = grow(this.sizes);
    this.estimates = grow(this.estimates);
    for (let block = old * 2 - 1; block >= old; block--) this.#freeBlocks.push(block);
  }
}
