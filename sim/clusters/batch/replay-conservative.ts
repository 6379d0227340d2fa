/**
 * Conservative backfilling (Mu'alem & Feitelson, IEEE TPDS 12(6), 2001): every job gets a
 * reservation when it arrives, the earliest that delays no reservation made before. When a job
 * ends the plan is compressed in one sweep: each waiting job in order of submission moves to the
 * earliest place that is free for it, which is never later than the one that it has. So no job
 * starts later than its first reservation. (One sweep, not sweeps until nothing moves: so does
 * pyss.)
 */
import { CapacityProfile } from './capacity-profile.ts';
import { HeapQueue } from '../../queue/heap-queue.ts';
import { BLOCK_SIZE } from './job-queue.ts';
import type { ReplayMachine, ReplayScheduler } from './replay-machine.ts';

export class ReplayConservative implements ReplayScheduler {
  readonly #machine: ReplayMachine;
  /** Processors that neither a running job nor a reservation holds. */
  readonly #profile: CapacityProfile;
  /** Waiting jobs by reservation. An entry whose job has moved since is stale. */
  readonly #planned = new HeapQueue();
  /** Since the last sweep, or by it: most that became free at an instant, and until when. */
  #freedMost = 0;
  #freedUntil = -Infinity;

  /** The start of a waiting job in the machine's columns is its reservation. */
  constructor(machine: ReplayMachine) {
    this.#machine = machine;
    this.#profile = new CapacityProfile(-Infinity, machine.processors);
  }

  submit(job: number, size: number, estimate: number): void {
    const machine = this.#machine;
    this.#profile.advance(machine.now);
    const start = this.#profile.earliest(size, estimate, machine.now, Infinity, Infinity);
    this.#profile.add(start, start + estimate, -size);
    machine.queue.insert(job, size, estimate);
    this.#plan(job, start);
    this.startDue();
  }

  releasedEarly(size: number, estimatedEnd: number): void {
    const { now } = this.#machine;
    this.#profile.advance(now);
    this.#profile.add(now, estimatedEnd, size);
    this.#freed(now, estimatedEnd);
  }

  nextStart(): number {
    const { startSeconds } = this.#machine;
    while (this.#planned.size > 0) {
      const time = this.#planned.peekTime();
      if (startSeconds[this.#planned.peek()] === time) return time;
      this.#planned.pop();
    }
    return Infinity;
  }

  renumbered(rows: Int32Array): void {
    this.#planned.renumber(rows);
  }

  pass(): void {
    if (this.#freedUntil > this.#machine.now) this.#compress();
    this.startDue();
  }

  startDue(): void {
    const machine = this.#machine;
    const { table, queue } = machine;
    while (this.nextStart() <= machine.now) {
      const job = this.#planned.pop();
      const estimate = machine.estimate(job);
      queue.remove(job, estimate);
      machine.start(job, table.processors[job]!, estimate);
    }
  }

  #plan(job: number, start: number): void {
    this.#machine.startSeconds[job] = start;
    this.#planned.push(start, 0, job);
  }

  /** Takes note of a time in which processors became free. */
  #freed(from: number, to: number): void {
    this.#freedMost = Math.max(this.#freedMost, this.#profile.most(from, to));
    this.#freedUntil = Math.max(this.#freedUntil, to);
  }

  /**
   * Moves every job that can start earlier. A job can only move if something became free since it
   * was looked at last: to a start before the end of that, if it is not larger than that.
   */
  #compress(): void {
    const { queue, now, startSeconds } = this.#machine;
    let most = this.#freedMost;
    let until = this.#freedUntil;
    this.#freedMost = 0;
    this.#freedUntil = -Infinity;
    for (let at = 0; at < queue.blockCount; at++) {
      const block = queue.order[at]!;
      if (queue.leastSize[block]! > most) continue;
      const first = block * BLOCK_SIZE;
      for (let index = first; index < first + queue.fill[block]!; index++) {
        const size = queue.sizes[index]!;
        if (size > most) continue;
        const job = queue.jobs[index]!;
        const old = startSeconds[job]!;
        const estimate = queue.estimates[index]!;
        const start = this.#profile.earliest(size, estimate, now, Math.min(old, until), old);
        if (start >= old) continue;
        this.#profile.add(old, old + estimate, size);
        // What it leaves is free for those behind it now, and for all in the next sweep.
        this.#freed(old, old + estimate);
        most = Math.max(most, this.#freedMost);
        until = Math.max(until, this.#freedUntil);
        this.#profile.add(start, start + estimate, -size);
        this.#plan(job, start);
      }
    }
  }
}
