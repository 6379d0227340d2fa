/** From the results of all tasks to metrics and to the rows of the result files. */
import { DAY_MS } from '../../core/kernel/units.ts';
import type { Rarity } from '../../core/demand/demand.ts';
import type { Comparison, VariantRuns } from '../../core/metrics/comparison.ts';
import type { MeasuredMechanism } from '../../core/metrics/mechanism-properties.ts';
import { computeMetrics } from '../../core/metrics/metrics.ts';
import type { RunOutcome, SearchOutcome } from '../../core/metrics/outcome.ts';
import type { Metrics, ProvisioningTime, SensitivityPoint } from '../../core/metrics/results.ts';
import { estimate } from '../../core/metrics/statistics.ts';
import { nodeHours } from '../../core/metrics/comparison.ts';
import {
  provisioningPhases,
  provisioningSeconds,
  releaseSeconds,
} from '../hardware/provisioning-time.ts';
import type { HardwareProfile } from '../hardware/calibration/calibration.ts';
import type { LoadedScenario } from '../scenario/load.ts';
import { STATIC_VARIANT } from '../scenario/load.ts';
import type { Scenario } from '../scenario/schema.ts';
import { installedHardware, measuredWindow, totalNodes } from '../world/setup.ts';
import { leaseStartSeconds } from '../world/site.ts';
import type { TaskResult, TaskSource } from './task.ts';

export interface Gathered {
  readonly metrics: Metrics;
  readonly runs: readonly RunOutcome[];
  /** Inputs of the first replication, each once. */
  readonly sources: readonly TaskSource[];
}

/** @param measured properties of the mechanisms, for the report */
export function gather(
  { scenario, variants }: LoadedScenario,
  results: readonly TaskResult[],
  profile: HardwareProfile,
  measured: readonly MeasuredMechanism[] = [],
): Gathered {
  const runs: RunOutcome[] = [];
  const calm: RunOutcome[] = [];
  let rarity: Rarity | undefined;
  const searches: SearchOutcome[] = [];
  const sources: TaskSource[] = [];
  for (const result of results) {
    if (result.kind === 'search') searches.push(result.outcome);
    if (result.kind === 'calm') calm.push(result.outcome, ...result.forks);
    if (result.kind !== 'run') continue;
    rarity ??= result.rarity;
    runs.push(result.outcome, ...(result.forks ?? []));
    const { variant, replication } = result.outcome;
    if (variant === STATIC_VARIANT && replication === 0) sources.push(...result.sources);
  }
  const window = measuredWindow(scenario);
  const variantRuns = variants.map(({ name, scenario: own, fork }): VariantRuns => {
    const { method, attestation, reflashMinutes } = own.provisioning;
    return {
      name,
      mechanism: own.market.mechanism,
      method,
      attestation,
      reflashMinutes,
      ...(fork ? { forkedFrom: { variant: fork.from, day: fork.atMs / DAY_MS } } : {}),
      runs: runsOf(name, runs),
      ...(calm.length > 0 ? { calmRuns: runsOf(name, calm) } : {}),
    };
  });
  const comparison: Comparison = {
    windowStartMs: window.startMs,
    windowEndMs: window.endMs,
    nodeClasses: scenario.nodeClass.map(({ name, tpm, costPerHour }) => ({
      name,
      attestable: tpm,
      costPerHour,
    })),
    installedNodes: Object.values(installedHardware(scenario)).map(totalNodes).reduce(add, 0),
    nodeHourValue: Object.fromEntries(
      scenario.organisation.map(({ name, valuation }) => [name, valuation.nodeHour]),
    ),
    overheadSeconds: {
      bmi: overheadSeconds(scenario, profile, 'diskless'),
      foreman: overheadSeconds(scenario, profile, 'diskful'),
    },
    variants: variantRuns,
    ...(rarity ? { rarity } : {}),
    main: mainVariant(scenario, variantRuns),
  };
  const metrics = computeMetrics({
    scenario: scenario.name,
    seed: scenario.seed,
    comparison,
    searches: searches.sort(
      (a, b) => a.alignmentHours - b.alignmentHours || a.replication - b.replication,
    ),
    provisioningTimes: provisioningTimes(profile),
    sensitivity: sensitivityPoints(scenario, results),
    profiles: results.flatMap((result) => (result.kind === 'deviation' ? [result.outcome] : [])),
    mechanisms: measured,
  });
  return { metrics, runs, sources };
}

/** In the order of replications. */
function runsOf(name: string, runs: readonly RunOutcome[]): RunOutcome[] {
  return runs
    .filter(({ variant }) => variant === name)
    .sort((a, b) => a.replication - b.replication);
}

/** The searched variant where there is one of that name, else the first after `static`. */
export function mainVariant(
  scenario: Scenario,
  variants: readonly { readonly name: string }[],
): string {
  const named = variants.find(({ name }) => name === scenario.search.variant);
  return (named ?? variants[1] ?? variants[0]!).name;
}

function overheadSeconds(
  scenario: Scenario,
  profile: HardwareProfile,
  method: 'diskless' | 'diskful',
): number {
  const { firmware } = scenario.nodeClass[0]!;
  return (
    leaseStartSeconds(profile, 'none') +
    provisioningSeconds({ profile, firmware, securityLevel: 'none', method }) +
    releaseSeconds(profile, firmware)
  );
}

/** The bars of the prospectus' Figure 3-3. */
export function provisioningTimes(profile: HardwareProfile): ProvisioningTime[] {
  const times: ProvisioningTime[] = [timeOf(profile, 'foreman', 'uefi', 'none')];
  for (const firmware of ['uefi', 'linuxboot'] as const) {
    for (const level of ['none', 'attested', 'full'] as const) {
      times.push(timeOf(profile, 'bmi', firmware, level));
    }
  }
  return times;
}

function timeOf(
  profile: HardwareProfile,
  method: 'foreman' | 'bmi',
  firmware: 'uefi' | 'linuxboot',
  securityLevel: 'none' | 'attested' | 'full',
): ProvisioningTime {
  const query = {
    profile,
    firmware,
    securityLevel,
    method: method === 'bmi' ? ('diskless' as const) : ('diskful' as const),
  };
  return {
    method,
    firmware,
    securityLevel,
    phases: provisioningPhases(query),
    totalSeconds: provisioningSeconds(query),
  };
}

function sensitivityPoints(scenario: Scenario, results: readonly TaskResult[]): SensitivityPoint[] {
  return scenario.sensitivity.flatMap(({ parameter, values }) =>
    values.map((value) => ({
      parameter,
      value,
      extraNodeHours: estimate(
        results.flatMap((result) =>
          result.kind === 'sensitivity' && result.parameter === parameter && result.value === value
            ? [nodeHours(result.extraNodeMs)]
            : [],
        ),
      ),
    })),
  );
}

function add(a: number, b: number): number {
  return a + b;
}
