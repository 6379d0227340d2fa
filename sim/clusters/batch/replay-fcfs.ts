/** Strictly in the order of the queue: first come, shortest or longest first; nobody overtakes. */
import type { ReplayMachine, ReplayScheduler } from './replay-machine.ts';

export class ReplayFcfs implements ReplayScheduler {
  readonly #machine: ReplayMachine;

  constructor(machine: ReplayMachine) {
    this.#machine = machine;
  }

  submit(job: number, size: number, estimate: number): void {
    this.#machine.queue.insert(job, size, estimate);
    this.pass();
  }

  releasedEarly(): void {}

  startDue(): void {}

  nextStart(): number {
    return Infinity;
  }

  renumbered(): void {}

  pass(): void {
    const { queue } = this.#machine;
    while (queue.length > 0) {
      const head = queue.first();
      const size = queue.sizes[head]!;
      if (size > this.#machine.free) return;
      this.#machine.start(queue.jobs[head]!, size, queue.estimates[head]!);
      queue.removeAt(0, 0);
    }
  }
}
