/**
 * Sizes of virtual machines and of the nodes that they are packed on, in whole units: thousandths of
 * a core, MiB, thousandths of a GPU. Machines are rounded up and nodes down, so that what fits in
 * units fits in truth, and sums are exact.
 */

/** A kind of node. */
export interface NodeClass {
  readonly cores: number;
  readonly memoryGb: number;
  /** Left out: GPUs are not counted. */
  readonly gpus?: number;
}

/** Resources, in this order; ties of shares go to the first. */
export const RESOURCES = 3;

/** Amounts by resource: cores, memory, GPUs. */
export type Units = readonly [cores: number, memory: number, gpus: number];

const PER_CORE = 1_000;
const PER_GB = 1_024;
const PER_GPU = 1_000;
/** Far below a unit: 0.1 · 3 cores are 300 units, not 301. */
const SLACK = 1e-6;

/** What a node of the class holds. Without a count of GPUs it holds any number. */
export function capacityOf({ cores, memoryGb, gpus }: NodeClass): Units {
  const down = (amount: number, per: number) => Math.floor(amount * per + SLACK);
  const gpuUnits = gpus === undefined ? Infinity : down(gpus, PER_GPU);
  return [down(cores, PER_CORE), down(memoryGb, PER_GB), gpuUnits];
}

/** What a machine takes. */
export function unitsOf(cores: number, memoryGb: number, gpus: number): Units {
  const up = (amount: number, per: number) => Math.max(0, Math.ceil(amount * per - SLACK));
  return [up(cores, PER_CORE), up(memoryGb, PER_GB), up(gpus, PER_GPU)];
}

/** Share of a node that an amount of a resource is; 0 of nothing. */
function shareOf(amount: number, capacity: number): number {
  return amount === 0 ? 0 : amount / capacity;
}

/** The largest share of a node in any resource (Ghodsi et al., "Dominant resource fairness", NSDI 2011). */
export function dominantShare(units: Units, capacity: Units): number {
  let largest = 0;
  for (let i = 0; i < RESOURCES; i++) largest = Math.max(largest, shareOf(units[i]!, capacity[i]!));
  return largest;
}

/** The resource with the dominant share. */
export function dominantResource(units: Units, capacity: Units): number {
  const share = dominantShare(units, capacity);
  return units.findIndex((amount, i) => shareOf(amount, capacity[i]!) === share);
}

/** Whether a node can hold it at all. */
export function fitsNode(units: Units, capacity: Units): boolean {
  return units.every((amount, i) => amount <= capacity[i]!);
}

/** Distinct sizes by number, in order of first use. */
export class SizeTable {
  readonly units: Units[] = [];
  readonly #known = new Map<number, Map<number, Map<number, number>>>();

  get count(): number {
    return this.units.length;
  }

  /** The number of a size. */
  of(cores: number, memoryGb: number, gpus: number): number {
    const units = unitsOf(cores, memoryGb, gpus);
    const byMemory = inner(this.#known, units[0], () => new Map<number, Map<number, number>>());
    const byGpus = inner(byMemory, units[1], () => new Map<number, number>());
    return inner(byGpus, units[2], () => this.units.push(units) - 1);
  }
}

function inner<Value>(map: Map<number, Value>, key: number, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
