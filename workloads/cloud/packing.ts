/** Folds virtual machines to whole nodes: what a cloud needs of bare metal at every instant. */
import { Type } from 'typebox';
import type { NodeNeedSeries } from '../../core/demand/demand.ts';
import { amount, maybePositive, positive } from '../fields.ts';
import { significant } from '../statistics.ts';
import { MachineLives } from './machine-lives.ts';
import type { NodeClass } from './node-class.ts';
import { packLives, REAL_PACKINGS, type PackedNeed, type RealPacking } from './packed-need.ts';

/** `totals` divides sums by what a node holds; the others put each machine on a node. */
export type Packing = 'totals' | RealPacking;

export interface NodePacking {
  readonly coresPerNode: number;
  readonly memoryPerNodeGb: number;
  /** Left out: GPUs are not counted. */
  readonly gpusPerNode?: number;
  /** Share of a node that packing fills on average. */
  readonly packingFactor: number;
}

/** A workload table of a cloud, as far as packing goes. */
export interface PackingTable extends NodePacking {
  readonly packing: Packing;
  readonly stepMinutes: number;
}

/** Fields of the workload tables of clouds. */
export const packingFields = {
  packing: Type.Optional(
    Type.Enum(['totals', ...REAL_PACKINGS], {
      default: 'totals',
      description:
        'how machines are put on nodes: by sums and packingFactor, or each one on a node when it ' +
        'arrives, or all anew every 5 minutes (repacked, for comparison)',
    }),
  ),
  coresPerNode: positive('cores of a node', 32, 100_000),
  memoryPerNodeGb: positive('memory of a node, GB', 256, 1e6),
  packingFactor: positive('share of a node that packing by totals fills; else measured', 0.85, 1),
  load: amount('mean need as a share of the cluster; meanNodes counts instead if given', 0.7, 100),
  stepMinutes: positive('the need within a step is its highest value, minutes', 5, 1_440),
};

/** For logs that say how many GPUs a machine takes. */
export const gpusPerNodeField = {
  gpusPerNode: maybePositive('GPUs of a node; left out: GPUs are not counted', 1_000),
};

/** Nodes for given totals, before rounding up. */
export function nodesFor(
  cores: number,
  memoryGb: number,
  packing: NodePacking,
  gpus: number = 0,
): number {
  const filled = Math.max(cores / packing.coresPerNode, memoryGb / packing.memoryPerNodeGb);
  const ofGpus = packing.gpusPerNode === undefined ? 0 : gpus / packing.gpusPerNode;
  return Math.max(filled, ofGpus) / packing.packingFactor;
}

/** The node of a table. */
export function nodeClassOf(packing: NodePacking): NodeClass {
  const { coresPerNode, memoryPerNodeGb, gpusPerNode } = packing;
  const gpus = gpusPerNode === undefined ? {} : { gpus: gpusPerNode };
  return { cores: coresPerNode, memoryGb: memoryPerNodeGb, ...gpus };
}

/** What packing made of machines. */
export interface PackedDemand {
  readonly needs: NodeNeedSeries;
  /** In words, for the manifest. */
  readonly words: string;
  /** Share of the nodes taken that is filled, as measured; null where it is assumed. */
  readonly fill: number | null;
  /** Machines that no empty node can hold; they are not in the need. */
  readonly fitsNoNode: number;
}

/** Takes machines in any order, then says how many nodes they need over [0, horizon). */
export interface NeedSink {
  /** `copies` machines that live over [startMs, endMs), each with these cores, GB and GPUs. */
  add(
    startMs: number,
    endMs: number,
    cores: number,
    memoryGb: number,
    gpus?: number,
    copies?: number,
  ): void;
  finish(): PackedDemand;
}

/** The sink that a table asks for. */
export function needSink(table: PackingTable, horizonMs: number): NeedSink {
  const { packing, stepMinutes } = table;
  if (packing === 'totals') return totalsSink(table, horizonMs);
  const lives = new MachineLives();
  return {
    add(startMs, endMs, cores, memoryGb, gpus = 0, copies = 1) {
      for (let copy = 0; copy < copies; copy++) lives.add(startMs, endMs, cores, memoryGb, gpus);
    },
    finish() {
      const window = { horizonMs, stepMs: stepMinutes * 60_000 };
      const packed = packLives(lives, nodeClassOf(table), packing, window);
      const { nodeMs, exactMs, fitsNoNode } = packed;
      const fill = nodeMs > 0 ? exactMs / nodeMs : null;
      return { needs: packed.series, words: inWords(packing, packed, horizonMs), fill, fitsNoNode };
    },
  };
}

function totalsSink(table: PackingTable, horizonMs: number): NeedSink {
  const fold = new NodeFold(horizonMs);
  return {
    add(startMs, endMs, cores, memoryGb, gpus = 0, copies = 1) {
      fold.add(startMs, endMs, cores * copies, memoryGb * copies, gpus * copies);
    },
    finish: () => ({
      needs: fold.series(table, table.stepMinutes),
      words: `packed to ${table.packingFactor}`,
      fill: null,
      fitsNoNode: 0,
    }),
  };
}

function inWords(packing: RealPacking, packed: PackedNeed, horizonMs: number): string {
  const { nodeMs, boundMs, exactMs, fitsNoNode } = packed;
  if (nodeMs === 0) return `packed ${packing}: nothing lives`;
  const mean = significant(nodeMs / horizonMs);
  const fill = significant((100 * exactMs) / nodeMs, 3);
  const over = significant(nodeMs / boundMs);
  const aside = fitsNoNode === 0 ? '' : `, ${fitsNoNode} machines that fit no node set aside`;
  return `packed ${packing}: mean ${mean} nodes, ${fill} % full, ${over} times the least${aside}`;
}

/** Machines that are in no need, for the manifest. */
export function setAside({ fitsNoNode }: PackedDemand): Record<string, number> {
  return fitsNoNode === 0 ? {} : { fitsNoNode };
}

/**
 * Drives a table's machines through its packing. By totals the share that is filled is assumed; the
 * others measure it, and then machines are thinned for it, so that the mean need is what was asked.
 *
 * @param drive thins for the `packingFactor` that it is given, and packs
 */
export function packedToMean<Packed extends PackedDemand>(
  table: PackingTable,
  drive: (table: PackingTable) => Packed,
): Packed {
  const first = drive(table);
  return first.fill === null ? first : drive({ ...table, packingFactor: first.fill });
}

/** Collects machines by start and end, then adds them up in steps of 300 s. */
export class NodeFold {
  readonly #binMs = 300_000;
  readonly #cores: Float64Array;
  readonly #memory: Float64Array;
  readonly #gpus: Float64Array;
  readonly #bins: number;
  readonly #horizonMs: number;

  constructor(horizonMs: number) {
    this.#horizonMs = horizonMs;
    this.#bins = Math.ceil(horizonMs / this.#binMs);
    this.#cores = new Float64Array(this.#bins + 1);
    this.#memory = new Float64Array(this.#bins + 1);
    this.#gpus = new Float64Array(this.#bins + 1);
  }

  /** A machine that lives over [startMs, endMs); the part before 0 or after the end is cut off. */
  add(startMs: number, endMs: number, cores: number, memoryGb: number, gpus = 0): void {
    const from = Math.max(0, Math.ceil(startMs / this.#binMs));
    const to = Math.min(this.#bins, Math.ceil(endMs / this.#binMs));
    if (to <= from) return;
    this.#cores[from]! += cores;
    this.#cores[to]! -= cores;
    this.#memory[from]! += memoryGb;
    this.#memory[to]! -= memoryGb;
    this.#gpus[from]! += gpus;
    this.#gpus[to]! -= gpus;
  }

  /** Whole nodes needed, one change a step at most; the highest need of each step counts. */
  series(packing: NodePacking, stepMinutes: number): NodeNeedSeries {
    const binsPerStep = Math.max(1, Math.round((stepMinutes * 60_000) / this.#binMs));
    const times: number[] = [];
    const nodes: number[] = [];
    let cores = 0;
    let memory = 0;
    let gpus = 0;
    for (let bin = 0; bin < this.#bins; bin += binsPerStep) {
      let highest = 0;
      for (let i = bin; i < Math.min(this.#bins, bin + binsPerStep); i++) {
        cores += this.#cores[i]!;
        memory += this.#memory[i]!;
        gpus += this.#gpus[i]!;
        highest = Math.max(highest, nodesFor(cores, memory, packing, gpus));
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
