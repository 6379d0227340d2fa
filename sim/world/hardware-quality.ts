/** How nodes of one class perform where another was promised: what a burn-in would show. */
import type { Scenario } from '../scenario/schema.ts';

/**
 * The least of the ratios of cores, memory and running cost, which stands for age; at most 1.
 *
 * @returns parts per million
 */
export function performanceOf(scenario: Scenario, given: string, promised: string): number {
  const [got, due] = [given, promised].map((name) =>
    scenario.nodeClass.find((nodeClass) => nodeClass.name === name),
  );
  if (!got || !due || given === promised) return 1_000_000;
  const cost = due.costPerHour > 0 ? got.costPerHour / due.costPerHour : 1;
  const least = Math.min(1, got.cores / due.cores, got.memoryGiB / due.memoryGiB, cost);
  return Math.round(least * 1_000_000);
}
