/** Counts the faults that were injected, and the states of nodes that they met. */
import type { Fault } from './fault-mix.ts';

export class FaultLog {
  /** Fault → times. */
  readonly counts = new Map<Fault, number>();
  /** `fault × state of the node that it befell` → times. */
  readonly cells = new Map<string, number>();
  total = 0;

  note(fault: Fault, nodeState: string | null): void {
    this.total += 1;
    this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1);
    if (nodeState === null) return;
    const cell = `${fault} × ${nodeState}`;
    this.cells.set(cell, (this.cells.get(cell) ?? 0) + 1);
  }
}
