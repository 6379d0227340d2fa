/**
 * Metric 1: the least hardware with which each organisation alone, and all of them with the
 * market, still meet the demand that they meet today. One replication at a time.
 */
import { intervalBound, workBound } from '../../core/metrics/bounds.ts';
import type { RunOutcome } from '../../core/metrics/outcome.ts';
import { splitByLargestRemainder } from '../../core/kernel/units.ts';

/** Nodes by organisation and class. */
export type Hardware = Readonly<Record<string, Readonly<Record<string, number>>>>;

export interface SearchInput {
  readonly installed: Hardware;
  /** Met node-time of one organisation alone on so many nodes. */
  metAlone(organisation: string, nodes: Readonly<Record<string, number>>): number;
  /** A run of the market on this hardware. */
  runMarket(hardware: Hardware): RunOutcome;
  /** An organisation may fall short of today by this share. */
  readonly organisationTolerance: number;
  readonly windowStartMs: number;
}

export interface SearchResult {
  readonly installedNodes: number;
  readonly requiredStatic: Readonly<Record<string, number>>;
  readonly requiredStaticNodes: number;
  readonly requiredMarketNodes: number;
  readonly workBound: number;
  readonly intervalBound: number;
  readonly monotone: boolean;
  readonly invariantViolations: readonly string[];
}

/** Sizes around the result that are run to see whether more hardware always meets more. */
const PROBES_ABOVE: readonly number[] = [1, 3];
const PROBE_BELOW = 2;

/** How far one stride of the search goes before it turns to bisection. */
const STRIDE = 1.1;

export function searchHardware(input: SearchInput): SearchResult {
  const today = new Map<string, number>();
  const requiredStatic: Record<string, number> = {};
  const rightSized: Record<string, Record<string, number>> = {};
  for (const [organisation, nodes] of Object.entries(input.installed)) {
    const met = input.metAlone(organisation, nodes);
    today.set(organisation, met);
    const enough = (count: number) =>
      input.metAlone(organisation, scaleClasses(nodes, count)) >=
      met * (1 - input.organisationTolerance);
    requiredStatic[organisation] = least(1, totalOf(nodes), enough);
    rightSized[organisation] = scaleClasses(nodes, requiredStatic[organisation]!);
  }
  const requiredStaticNodes = sum(Object.values(requiredStatic));
  return {
    installedNodes: sum(Object.values(input.installed).map(totalOf)),
    requiredStatic,
    requiredStaticNodes,
    ...searchMarket(input, rightSized, requiredStaticNodes, today),
  };
}

function searchMarket(
  input: SearchInput,
  rightSized: Hardware,
  requiredStaticNodes: number,
  today: ReadonlyMap<string, number>,
) {
  const runs = new Map<number, RunOutcome>();
  const violations: string[] = [];
  const runWith = (total: number): RunOutcome => {
    let run = runs.get(total);
    if (!run) {
      run = input.runMarket(scaleAll(rightSized, total));
      violations.push(...run.invariantViolations);
      runs.set(total, run);
    }
    return run;
  };
  const enough = (total: number) => meetsToday(runWith(total), today, input.organisationTolerance);
  const required = searchFrom(requiredStaticNodes, enough);
  const monotone =
    PROBES_ABOVE.every((more) => enough(required + more)) &&
    (required <= PROBE_BELOW || !enough(required - PROBE_BELOW));
  const run = runWith(required);
  const bounds = {
    workBound: workBound(run.met, input.windowStartMs, run.resolvedMs),
    intervalBound: intervalBound(run.met),
  };
  if (required < Math.max(bounds.workBound, bounds.intervalBound) - 1e-6) {
    violations.push(`${required} nodes met more work than ${required} nodes can do`);
  }
  return {
    requiredMarketNodes: required,
    ...bounds,
    monotone,
    invariantViolations: violations,
  };
}

/** Every organisation within the tolerance, and in sum at least as much. */
function meetsToday(
  run: RunOutcome,
  today: ReadonlyMap<string, number>,
  tolerance: number,
): boolean {
  let total = 0;
  let totalToday = 0;
  for (const { name, metNodeMs } of run.organisations) {
    const before = today.get(name)!;
    if (metNodeMs < before * (1 - tolerance)) return false;
    total += metNodeMs;
    totalToday += before;
  }
  return total >= totalToday;
}

/**
 * Gallops from what static partition needs, down while it is enough, else up, and bisects the last
 * stride: sizes far too small, whose queues grow without end, are hardly ever run.
 */
function searchFrom(start: number, enough: (count: number) => boolean): number {
  let high = start;
  if (!enough(high)) {
    let low = high;
    while (high < 4 * start && !enough(high)) {
      low = high + 1;
      high = Math.ceil(high * STRIDE);
    }
    return least(low, high, enough);
  }
  let low = Math.floor(high / STRIDE);
  while (low > 0 && enough(low)) {
    high = low;
    low = Math.floor(low / STRIDE);
  }
  return least(low + 1, high, enough);
}

/** Least whole number in [low, high] that is enough, by bisection; `high` is taken to be enough. */
function least(low: number, high: number, enough: (count: number) => boolean): number {
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (enough(middle)) high = middle;
    else low = middle + 1;
  }
  return high;
}

/** The same mix of classes with another number of nodes. */
function scaleClasses(
  nodes: Readonly<Record<string, number>>,
  total: number,
): Record<string, number> {
  const classes = Object.keys(nodes);
  const parts = splitByLargestRemainder(total, Object.values(nodes));
  return Object.fromEntries(classes.map((name, index) => [name, parts[index]!]));
}

/** All classes of all organisations scaled together, in whole nodes. */
function scaleAll(hardware: Hardware, total: number): Hardware {
  const cells = Object.entries(hardware).flatMap(([organisation, nodes]) =>
    Object.entries(nodes).map(([nodeClass, count]) => ({ organisation, nodeClass, count })),
  );
  const parts = splitByLargestRemainder(
    total,
    cells.map(({ count }) => count),
  );
  const scaled: Record<string, Record<string, number>> = {};
  for (const [index, { organisation, nodeClass }] of cells.entries()) {
    scaled[organisation] ??= {};
    scaled[organisation]![nodeClass] = parts[index]!;
  }
  return scaled;
}

function totalOf(nodes: Readonly<Record<string, number>>): number {
  return sum(Object.values(nodes));
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
