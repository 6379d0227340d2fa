/** What differs between schedulers that all backfill behind one reservation. */
import type { ReplayMachine } from './replay-machine.ts';

export interface ReplayPolicy {
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
}

/** Waiting jobs by submission or, behind the reservation, by estimate; estimates are believed. */
export class EstimatePolicy implements ReplayPolicy {
  protected readonly machine: ReplayMachine;
  readonly #shortestFirst: boolean;

  constructor(machine: ReplayMachine, shortestFirst: boolean) {
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
}
