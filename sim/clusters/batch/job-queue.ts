/**
 * Waiting jobs in order, with an index by which a backfilling pass over a queue of thousands passes
 * over the blocks in which nothing can fit. Ids ascend in order of submission, so a job that was
 * interrupted goes back to the place that it had.
 */
import { INITIAL_BLOCKS, JobList } from './job-list.ts';
import type { ListOrder } from './job-list.ts';
import { QueueIndex } from './queue-index.ts';

export { BLOCK_SIZE } from './job-list.ts';

/** Longest and shortest go by estimate. */
export type QueueOrder = ListOrder;

export class JobQueue extends JobList<QueueIndex> {
  constructor(order: QueueOrder) {
    super(order, new QueueIndex(INITIAL_BLOCKS));
  }

  /** By block: the least size in it. */
  get leastSize(): Int32Array {
    return this.summary.leastSize;
  }

  /** By block: the least estimate in it. */
  get leastEstimate(): Float64Array {
    return this.summary.leastEstimate;
  }

  /**
   * Where a pass looks next: the first place in `order` from `at` on whose block may hold a job of
   * at most `size` that is estimated to take at most `estimate`, or is of at most `anySize` besides;
   * `blockCount` where there is none.
   */
  nextBlock(at: number, size: number, estimate: number, anySize: number): number {
    return this.summary.next(this, at, size, estimate, anySize);
  }
}
