/**
 * EASY backfilling (Lifka, JSSPP 1995), candidates in order of submission or (SJBF) of estimate.
 *
 * The first job that does not fit holds a reservation: at the *shadow time* enough processors will
 * be free for it if all running jobs end as estimated; the *extra* processors are those that it
 * leaves over then. Another job may start now if it fits and ends by the shadow time or takes only
 * extra processors.
 *
 * A pass without change of the free processors cannot start anything that the pass before did not:
 * a shadow time does not move while no processor comes back, and what ended too late then ends
 * later now. So an arrival tries only the job that arrived.
 */
import { BLOCK_SIZE, JobQueue } from './job-queue.ts';
import type { Outlook } from './running-jobs.ts';
import type { ReplayMachine, ReplayScheduler } from './replay-machine.ts';

export class ReplayEasy implements ReplayScheduler {
  readonly #machine: ReplayMachine;
  /** The waiting jobs in the order in which they are tried; the queue itself unless SJBF. */
  readonly #candidates: JobQueue;
  /** The shadow time and the extra processors. */
  readonly #outlook: Outlook = { timeSeconds: Infinity, spare: 0 };

  constructor(machine: ReplayMachine, order: 'submission' | 'estimate') {
    this.#machine = machine;
    this.#candidates = order === 'submission' ? machine.queue : new JobQueue('estimate');
  }

  submit(job: number, size: number, estimate: number): void {
    const machine = this.#machine;
    if (machine.queue.length === 0 && size <= machine.free) {
      machine.changed = false;
      machine.start(job, size, estimate);
      return;
    }
    if (machine.changed || machine.queue.length === 0) {
      machine.changed = true;
      this.#enqueue(job, size, estimate);
      this.pass();
      return;
    }
    if (size <= machine.free) {
      const endsInTime = machine.now + estimate <= this.#outlook.timeSeconds;
      if (endsInTime || size <= this.#outlook.spare) {
        if (!endsInTime) this.#outlook.spare -= size;
        machine.start(job, size, estimate);
        return;
      }
    }
    this.#enqueue(job, size, estimate);
  }

  releasedEarly(): void {}

  startDue(): void {}

  nextStart(): number {
    return Infinity;
  }

  renumbered(rows: Int32Array): void {
    if (this.#candidates !== this.#machine.queue) this.#candidates.renumber(rows);
  }

  pass(): void {
    const machine = this.#machine;
    if (!machine.changed) return;
    machine.changed = false;
    const { queue } = machine;
    while (queue.length > 0) {
      const head = queue.first();
      const size = queue.sizes[head]!;
      if (size > machine.free) {
        this.#reserve();
        if (machine.free > 0) this.#backfill();
        return;
      }
      const job = queue.jobs[head]!;
      const estimate = queue.estimates[head]!;
      queue.removeAt(0, 0);
      if (this.#candidates !== queue) this.#candidates.remove(job, estimate);
      machine.start(job, size, estimate);
    }
  }

  #enqueue(job: number, size: number, estimate: number): void {
    const { queue } = this.#machine;
    queue.insert(job, size, estimate);
    if (this.#candidates !== queue) this.#candidates.insert(job, size, estimate);
  }

  /** Shadow time and extra processors of the first job, which does not fit now. */
  #reserve(): void {
    const { queue, running, free } = this.#machine;
    running.lookAhead(queue.sizes[queue.first()]!, free, this.#outlook);
  }

  #backfill(): void {
    const machine = this.#machine;
    const candidates = this.#candidates;
    const { timeSeconds } = this.#outlook;
    // Rounded up: what is passed over must be hopeless by the exact test, too.
    const latest = timeSeconds - machine.now + 2 * Number.EPSILON * Math.abs(timeSeconds);
    let at = 0;
    for (;;) {
      at = candidates.nextBlock(at, machine.free, latest, this.#outlook.spare);
      if (at === candidates.blockCount) return;
      if (!this.#backfillBlock(at, candidates.order[at]!)) at += 1;
      if (machine.free === 0) return;
    }
  }

  /** Starts what may start of one block; true when the block is gone. */
  #backfillBlock(at: number, block: number): boolean {
    const machine = this.#machine;
    const candidates = this.#candidates;
    const { sizes, estimates } = candidates;
    let index = block * BLOCK_SIZE;
    let end = index + candidates.fill[block]!;
    while (index < end) {
      const size = sizes[index]!;
      if (size > machine.free) {
        index += 1;
        continue;
      }
      const estimate = estimates[index]!;
      const endsInTime = machine.now + estimate <= this.#outlook.timeSeconds;
      if (!endsInTime && size > this.#outlook.spare) {
        index += 1;
        continue;
      }
      if (!endsInTime) this.#outlook.spare -= size;
      const job = candidates.jobs[index]!;
      const gone = candidates.removeAt(at, index - block * BLOCK_SIZE);
      if (candidates !== machine.queue) machine.queue.remove(job, estimate);
      machine.start(job, size, estimate);
      if (gone) return true;
      end -= 1;
    }
    return false;
  }
}
