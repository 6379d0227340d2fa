/**
 * Jobs in order, as an unrolled list of blocks of up to 64. Insertion and removal anywhere cost
 * O(√n)-like block moves; blocks that have become half empty are packed.
 *
 * Jobs are integer ids. The order is (id), (estimate, id) or (−estimate, id).
 *
 * The columns are public because a pass reads them in its inner loop:
 * `for at in [0, blockCount): block = order[at]; for i in [0, fill[block]): jobs[block · 64 + i]`.
 */
import type { Carried, Carrier } from '../../../core/kernel/carried.ts';
import { invariant } from '../../../core/kernel/errors.ts';

export const BLOCK_SIZE = 64;
/** Blocks for which there is room at first. */
export const INITIAL_BLOCKS = 4;
/** Jobs of a block after packing, which is due when blocks hold less than half of it on average. */
const PACKED_FILL = 56;
/** Up to so many are moved faster one by one than by `copyWithin`. */
const FEW_ENTRIES = 20;

/** Submission is the order of ids; longest and shortest go by estimate. */
export type ListOrder = 'submission' | 'estimate' | 'longest';

/** The jobs of a list; see there. */
export interface BlockColumns {
  readonly blockCount: number;
  readonly order: Int32Array;
  readonly fill: Int32Array;
  readonly sizes: Int32Array;
  readonly estimates: Float64Array;
}

/** What is kept beside the blocks, so that whoever looks for something can pass over most of them. */
export interface BlockSummary extends Carried {
  /** Room for this many blocks is needed. */
  grow(blocks: number): void;
  /** A block without jobs came into the order at a place. */
  opened(at: number, block: number): void;
  /** The blocks from a place on stand elsewhere now, or hold other jobs. */
  moved(at: number): void;
  /** A job came into the block at a place of the order. */
  added(at: number, block: number, size: number, estimate: number): void;
  /** A job left it, which is not empty. @returns true where the block must be looked through anew */
  removed(at: number, block: number, size: number, estimate: number): boolean;
  /** Looks through a block, which is not empty. */
  refresh(columns: BlockColumns, block: number): void;
}

export class JobList<Summary extends BlockSummary> implements BlockColumns {
  length = 0;
  /** Blocks in use; none of them is empty. */
  blockCount = 0;
  /** Blocks in the order of their jobs. */
  order = new Int32Array(INITIAL_BLOCKS);
  /** By block: number of jobs. */
  fill = new Int32Array(INITIAL_BLOCKS);
  /** By block · 64 + place: job, its size and its estimate. */
  jobs = new Int32Array(INITIAL_BLOCKS * BLOCK_SIZE);
  sizes = new Int32Array(INITIAL_BLOCKS * BLOCK_SIZE);
  estimates = new Float64Array(INITIAL_BLOCKS * BLOCK_SIZE);

  /** What comes first. */
  readonly by: ListOrder;
  protected readonly summary: Summary;
  readonly #freeBlocks: number[] = [];

  /** @param summary with room for `INITIAL_BLOCKS` */
  constructor(order: ListOrder, summary: Summary) {
    this.by = order;
    this.summary = summary;
    for (let block = INITIAL_BLOCKS - 1; block >= 0; block--) this.#freeBlocks.push(block);
  }

  /** Puts a job in its place. A job must not be inserted twice. */
  insert(job: number, size: number, estimate: number): void {
    if (this.blockCount === 0) this.#openBlock(0);
    let at = this.#blockAt(job, estimate);
    if (at === this.blockCount) at -= 1;
    let block = this.order[at]!;
    if (this.fill[block] === BLOCK_SIZE) {
      if (this.blockCount * PACKED_FILL > 2 * (this.length + BLOCK_SIZE)) {
        this.#pack();
        return this.insert(job, size, estimate);
      }
      this.#split(at);
      if (this.#isBefore(this.#lastOf(block), job, estimate)) at += 1;
      block = this.order[at]!;
    }
    const start = block * BLOCK_SIZE;
    const fill = this.fill[block]!;
    const to = this.#placeOf(job, estimate, start, start + fill);
    this.#moveUp(to, start + fill);
    this.jobs[to] = job;
    this.sizes[to] = size;
    this.estimates[to] = estimate;
    this.fill[block] = fill + 1;
    this.summary.added(at, block, size, estimate);
    this.length += 1;
  }

  /** Takes a job out. @throws OcxError INVARIANT_VIOLATED when it is not there */
  remove(job: number, estimate: number): void {
    const at = this.#blockAt(job, estimate);
    if (at < this.blockCount) {
      const block = this.order[at]!;
      const start = block * BLOCK_SIZE;
      const end = start + this.fill[block]!;
      const index = this.#placeOf(job, estimate, start, end);
      if (index < end && this.jobs[index] === job) {
        this.removeAt(at, index - start);
        return;
      }
    }
    invariant(false, `job ${job} is not in the list`);
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
    this.#moveDown(start + place + 1, start + fill + 1, start + place);
    this.fill[block] = fill;
    this.length -= 1;
    if (fill === 0) {
      this.order.copyWithin(at, at + 1, this.blockCount);
      this.blockCount -= 1;
      this.#freeBlocks.push(block);
      this.summary.moved(at);
      return true;
    }
    if (this.summary.removed(at, block, size, estimate)) this.summary.refresh(this, block);
    return false;
  }

  /** Index into `jobs` of the first job; the queue must not be empty. */
  first(): number {
    return this.order[0]! * BLOCK_SIZE;
  }

  /** Gives jobs other ids, in the same order. @param ids by old id */
  renumber(ids: Int32Array): void {
    const { jobs } = this;
    for (let at = 0; at < this.blockCount; at++) {
      const start = this.order[at]! * BLOCK_SIZE;
      const end = start + this.fill[this.order[at]!]!;
      for (let index = start; index < end; index++) jobs[index] = ids[jobs[index]!]!;
    }
  }

  /** Ids in order, for whoever is in no hurry. */
  *[Symbol.iterator](): Generator<number> {
    for (let at = 0; at < this.blockCount; at++) {
      const start = this.order[at]! * BLOCK_SIZE;
      for (let i = 0; i < this.fill[this.order[at]!]!; i++) yield this.jobs[start + i]!;
    }
  }

  /** The first block whose last job is not before this one, or the only one; `blockCount` for none. */
  #blockAt(job: number, estimate: number): number {
    const last = this.blockCount - 1;
    // One block is looked through anyway.
    if (last === 0) return 0;
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

  /** The index in [start, end) of a block from which entries are not before this job. */
  #placeOf(job: number, estimate: number, start: number, end: number): number {
    const { jobs, estimates, by } = this;
    let low = start;
    let high = end;
    if (by === 'submission') {
      // Most jobs come last.
      if (high > low && jobs[high - 1]! < job) return high;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (jobs[middle]! < job) low = middle + 1;
        else high = middle;
      }
      return low;
    }
    const isAscending = by === 'estimate';
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = estimates[middle]!;
      const isBefore = other === estimate ? jobs[middle]! < job : other < estimate === isAscending;
      if (isBefore) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Moves the entries [from, end) of a block up by one. */
  #moveUp(from: number, end: number): void {
    const { jobs, sizes, estimates } = this;
    if (end - from > FEW_ENTRIES) {
      jobs.copyWithin(from + 1, from, end);
      sizes.copyWithin(from + 1, from, end);
      estimates.copyWithin(from + 1, from, end);
      return;
    }
    for (let to = end; to > from; to--) {
      jobs[to] = jobs[to - 1]!;
      sizes[to] = sizes[to - 1]!;
      estimates[to] = estimates[to - 1]!;
    }
  }

  /** Moves the entries [from, end) of a block down or to another block. */
  #moveDown(from: number, end: number, to: number): void {
    const { jobs, sizes, estimates } = this;
    if (end - from > FEW_ENTRIES) {
      jobs.copyWithin(to, from, end);
      sizes.copyWithin(to, from, end);
      estimates.copyWithin(to, from, end);
      return;
    }
    for (let source = from, target = to; source < end; source++, target++) {
      jobs[target] = jobs[source]!;
      sizes[target] = sizes[source]!;
      estimates[target] = estimates[source]!;
    }
  }

  #openBlock(at: number): number {
    if (this.#freeBlocks.length === 0) this.#grow();
    const block = this.#freeBlocks.pop()!;
    this.order.copyWithin(at + 1, at, this.blockCount);
    this.order[at] = block;
    this.blockCount += 1;
    this.fill[block] = 0;
    this.summary.opened(at, block);
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
    this.#moveDown(block * BLOCK_SIZE + keep, (block + 1) * BLOCK_SIZE, next * BLOCK_SIZE);
    this.fill[block] = keep;
    this.fill[next] = BLOCK_SIZE - keep;
    this.summary.moved(at);
    this.summary.refresh(this, block);
    this.summary.refresh(this, next);
  }

  /** Moves the jobs into as few blocks as leave some room in each. */
  #pack(): void {
    const { order, fill, jobs, sizes, estimates, blockCount } = this;
    const capacity = fill.length;
    this.order = new Int32Array(capacity);
    this.fill = new Int32Array(capacity);
    this.jobs = new Int32Array(capacity * BLOCK_SIZE);
    this.sizes = new Int32Array(capacity * BLOCK_SIZE);
    this.estimates = new Float64Array(capacity * BLOCK_SIZE);
    let count = 0;
    for (let at = 0; at < blockCount; at++) {
      const start = order[at]! * BLOCK_SIZE;
      for (let from = start; from < start + fill[order[at]!]!; from++) {
        const to = Math.floor(count / PACKED_FILL) * BLOCK_SIZE + (count % PACKED_FILL);
        this.jobs[to] = jobs[from]!;
        this.sizes[to] = sizes[from]!;
        this.estimates[to] = estimates[from]!;
        count += 1;
      }
    }
    this.blockCount = Math.ceil(count / PACKED_FILL);
    for (let block = 0; block < this.blockCount; block++) {
      this.order[block] = block;
      this.fill[block] = Math.min(PACKED_FILL, count - block * PACKED_FILL);
      this.summary.refresh(this, block);
    }
    this.#freeBlocks.length = 0;
    for (let block = capacity - 1; block >= this.blockCount; block--) this.#freeBlocks.push(block);
    this.summary.moved(0);
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
    this.summary.grow(old * 2);
    this.jobs = grow(this.jobs);
    this.sizes = grow(this.sizes);
    this.estimates = grow(this.estimates);
    for (let block = old * 2 - 1; block >= old; block--) this.#freeBlocks.push(block);
  }

  carry(carrier: Carrier): void {
    this.length = carrier.value('length', this.length);
    this.blockCount = carrier.value('blockCount', this.blockCount);
    this.order = carrier.value('order', this.order);
    this.fill = carrier.value('fill', this.fill);
    this.jobs = carrier.value('jobs', this.jobs);
    this.sizes = carrier.value('sizes', this.sizes);
    this.estimates = carrier.value('estimates', this.estimates);
    carrier.fill('freeBlocks', this.#freeBlocks);
    carrier.part('summary', this.summary);
  }
}
