/** Folds virtual machines to whole nodes: what a cloud needs of bare metal at every instant. */
import type { NodeNeedSeries } from '../../core/demand/demand.ts';
import { amount, positive } from '../fields.ts';

export interface NodePacking {
  readonly coresPerNode: number;
  readonly memoryPerNodeGb: number;
  /** Share of a node that packing fills on average. */
  readonly packingFactor: number;
}

/** Fields of the workload tables of clouds. */
export const packingFields = {
  coresPerNode: positive('cores of a node', 32, 100_000),
  memoryPerNodeGb: positive('memory of a node, GB', 256, 1e6),
  packingFactor: positive('share of a node that packing fills', 0.85, 1),
  load: amount('mean need as a share of the cluster; meanNodes counts instead if given', 0.7, 100),
  stepMinutes: positive('the need within a step is its highest value, minutes', 5, 1_440),
};

/** Nodes for given totals, before rounding up. */
export function nodesFor(cores: number, memoryGb: number, packing: NodePacking): number {
  const filled = Math.max(cores / packing.coresPerNode, memoryGb / packing.memoryPerNodeGb);
  return filled / packing.packingFactor;
}

/** Collects machines by start and end, then adds them up in steps of 300 s. */
export class NodeFold {
  readonly #binMs = 300_000;
  readonly #cores: Float64Array;
  readonly #memory: Float64Array;
  readonly #bins: number;
  readonly #horizonMs: number;

  constructor(horizonMs: number) {
    this.#horizonMs = horizonMs;
    this.#bins = Math.ceil(horizonMs / this.#binMs);
    this.#cores = new Float64Array(this.#bins + 1);
    this.#memory = new Float64Array(this.#bins + 1);
  }

  /** A machine that lives over [startMs, endMs); the part before 0 or after the end is cut off. */
  add(startMs: number, endMs: number, cores: number, memoryGb: number): void {
    const from = Math.max(0, Math.ceil(startMs / this.#binMs));
    const to = Math.min(this.#bins, Math.ceil(endMs / this.#binMs));
    if (to <= from) return;
    this.#cores[from]! += cores;
    this.#cores[to]! -= cores;
    this.#memory[from]! += memoryGb;
    this.#memory[to]! -= memoryGb;
  }

  /** Whole nodes needed, one change a step at most; the highest need of each step counts. */
  series(packing: NodePacking, stepMinutes: number): NodeNeedSeries {
    const binsPerStep = Math.max(1, Math.round((stepMinutes * 60_000) / this.#binMs));
    const times: number[] = [];
    const nodes: number[] = [];
    let cores = 0;
    let memory = 0;
    for (let bin = 0; bin < this.#bins; bin += binsPerStep) {
      let highest = 0;
      for (let i = bin; i < Math.min(this.#bins, bin + binsPerStep); i++) {
        cores += this.#cores[i]!;
        memory += this.#memory[i]!;
        highest = Math.max(highest, nodesFor(cores, memory, packing));
      }
      // Sums of halves and quarters are exact; the slack is for other memory sizes.
      const need = Math.ceil(highest - 1e-9);
      if (nodes.length > 0 && nodes[nodes.length - 1] === need) continue;
      times.push(Math.min(bin * this.#binMs, this.#horizonMs - 1));
      nodes.push(need);
    }
    return { timeMs: Float64Array.from(times), nodes: Float64Array.from(nodes) };
  }
}
