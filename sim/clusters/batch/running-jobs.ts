/**
 * Running jobs by estimated end, which stands in the column `estimates`: what a scheduler may know of
 * the future. Blocks know how many processors their jobs hold, so that a look ahead passes over those
 * whose processors are all needed.
 */
import type { Carrier } from '../../../core/kernel/carried.ts';
import { BLOCK_SIZE, INITIAL_BLOCKS, JobList } from './job-list.ts';
import type { BlockColumns, BlockSummary } from './job-list.ts';

/** When enough processors will be free, and how many more than that. */
export interface Outlook {
  timeSeconds: number;
  spare: number;
}

export class RunningJobs extends JobList<SizeSums> {
  constructor() {
    super('estimate', new SizeSums(INITIAL_BLOCKS));
  }

  /**
   * Takes out the jobs whose estimated end is reached.
   *
   * @returns the processors that they held
   */
  removeElapsed(now: number): number {
    let freed = 0;
    while (this.length > 0) {
      const first = this.first();
      if (this.estimates[first]! > now) break;
      freed += this.sizes[first]!;
      this.removeAt(0, 0);
    }
    return freed;
  }

  /**
   * The first estimated end by which `size` processors are free, with all that end then; jobs must
   * hold enough of them.
   *
   * @param free processors that are free now, fewer than `size`
   * @param outlook is filled in
   */
  lookAhead(size: number, free: number, outlook: Outlook): void {
    let available = free;
    let at = 0;
    const { sums } = this.summary;
    while (available + sums[this.order[at]!]! < size) available += sums[this.order[at++]!]!;
    let index = this.order[at]! * BLOCK_SIZE;
    while (available < size) available += this.sizes[index++]!;
    const end = this.estimates[index - 1]!;
    for (;;) {
      const block = this.order[at]!;
      const blockEnd = block * BLOCK_SIZE + this.fill[block]!;
      while (index < blockEnd && this.estimates[index] === end) available += this.sizes[index++]!;
      if (index < blockEnd || ++at === this.blockCount) break;
      index = this.order[at]! * BLOCK_SIZE;
    }
    outlook.timeSeconds = end;
    outlook.spare = available - size;
  }
}

class SizeSums implements BlockSummary {
  /** By block. */
  sums: Float64Array;

  constructor(blocks: number) {
    this.sums = new Float64Array(blocks);
  }

  grow(blocks: number): void {
    const sums = new Float64Array(blocks);
    sums.set(this.sums);
    this.sums = sums;
  }

  opened(_at: number, block: number): void {
    this.sums[block] = 0;
  }

  moved(_at: number): void {}

  added(_at: number, block: number, size: number, _estimate: number): void {
    this.sums[block]! += size;
  }

  removed(_at: number, block: number, size: number, _estimate: number): boolean {
    this.sums[block]! -= size;
    return false;
  }

  refresh({ fill, sizes }: BlockColumns, block: number): void {
    let sum = 0;
    const from = block * BLOCK_SIZE;
    for (let index = from; index < from + fill[block]!; index++) sum += sizes[index]!;
    this.sums[block] = sum;
  }

  carry(carrier: Carrier): void {
    this.sums = carrier.value('sums', this.sums);
  }
}
