/** What differs between schedulers that all backfill behind one reservation. */
import type { Carried, Carrier } from '../../../core/kernel/carried.ts';
import type { JobTable } from '../../../core/demand/jobs.ts';

/** What a policy may know of the machine: a replay's, or a cluster's. */
export interface PolicyMachine {
  /** Seconds. */
  readonly now: number;
  readonly table: JobTable;
  /** What is known of a job's run time, seconds. */
  estimate(row: number): number;
}

export interface ReplayPolicy extends Carried {
  /** Seconds that a waiting job is expected to run if it starts now; positive. */
  expected(job: number): number;
  /** A running job outlived its expectation: the next one, longer than `elapsed`. */
  corrected(job: number, expected: number, elapsed: number): number;
  /** Puts waiting jobs into the order in which they are served; they come by submission. */
  arrange(queue: number[]): void;
  /** Puts the jobs behind the reservation into the order in which they are tried. */
  arrangeCandidates(candidates: number[]): void;
  submitted(job: number): void;
  started(job: number): void;
  ended(job: number): void;
  /** A running job was stopped before its end and waits again; never in a replay. */
  stopped(job: number): void;
}

/** Waiting jobs by submission or, behind the reservation, by estimate; estimates are believed. */
export class EstimatePolicy implements ReplayPolicy {
  protected readonly machine: PolicyMachine;
  readonly #shortestFirst: boolean;

  constructor(machine: PolicyMachine, shortestFirst: boolean) {
    this.machine = machine;
    this.#shortestFirst = shortestFirst;
  }

  expected(job: number): number {
    return this.machine.estimate(job);
  }

  corrected(job: number): number {
    return this.machine.estimate(job);
  }

  arrange(queue: number[]): void {
    queue.sort((a, b) => a - b);
  }

  arrangeCandidates(candidates: number[]): void {
    if (!this.#shortestFirst) return;
    candidates.sort((a, b) => this.expected(a) - this.expected(b) || a - b);
  }

  submitted(_job: number): void {}

  started(_job: number): void {}

  ended(_job: number): void {}

  stopped(_job: number): void {}

  carry(_carrier: Carrier): void {}
}
