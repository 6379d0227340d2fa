/** What is kept of one seed of the fault simulation, as plain data. */
import type { Violation } from '../../sim/fault/checker.ts';
import { runFaultSeed } from '../../sim/fault/fault-seed.ts';
import type { Mutant } from '../../sim/fault/mutants.ts';

export interface SeedSummary {
  readonly seed: number;
  readonly digest: string;
  readonly events: number;
  readonly faults: number;
  readonly active: number;
  readonly freed: number;
  readonly withheld: number;
  readonly violations: readonly Violation[];
}

/** What each worker starts from. */
export interface TortureWorkerData {
  readonly mutant: Mutant | null;
}

export function tortureSeed(seed: number, mutant: Mutant | null): SeedSummary {
  const { digest, events, faults, outcomes, violations } = runFaultSeed(seed, { mutant });
  return { seed, digest, events, faults, ...outcomes, violations };
}
