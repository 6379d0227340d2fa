/** From runs and searches to `metrics.json`. */
import { Digest } from '../kernel/digest.ts';
import { STATIC, variantNamed } from './comparison.ts';
import type { Comparison } from './comparison.ts';
import { extraDemandMet, runsBeyondOptimum } from './extra-demand.ts';
import { hardwareReduction } from './hardware-reduction.ts';
import { variantResult } from './organisation-results.ts';
import type { ProfileOutcome, SearchOutcome } from './outcome.ts';
import type { MeasuredMechanism } from './mechanism-properties.ts';
import { provisioningEffect } from './provisioning-effect.ts';
import { METRICS_SCHEMA } from './results.ts';
import type { Metrics, ProvisioningTime, SensitivityPoint } from './results.ts';
import { securityEffect } from './security.ts';
import { rareEmergencies } from './rare-emergencies.ts';
import { demandCorrelation, hourlySeries, tradeFlows } from './series.ts';
import { maybeEstimate } from './statistics.ts';

export interface MetricsInput {
  readonly scenario: string;
  readonly seed: number;
  readonly comparison: Comparison;
  readonly searches: readonly SearchOutcome[];
  readonly provisioningTimes: readonly ProvisioningTime[];
  readonly sensitivity: readonly SensitivityPoint[];
  /** Of the search for deviations that pay; empty: not asked for. */
  readonly profiles: readonly ProfileOutcome[];
  /** Empty where nobody asks for the table. */
  readonly mechanisms: readonly MeasuredMechanism[];
}

export function computeMetrics(input: MetricsInput): Metrics {
  const { comparison, searches } = input;
  const alone = variantNamed(comparison, STATIC);
  const main = variantNamed(comparison, comparison.main);
  const others = comparison.variants.filter(({ name }) => name !== STATIC);
  const runs = comparison.variants.flatMap(({ runs, calmRuns = [] }) => [...runs, ...calmRuns]);
  const rare = rareEmergencies(comparison);
  return {
    schema: METRICS_SCHEMA,
    scenario: input.scenario,
    seed: input.seed,
    replications: alone.runs.length,
    horizonSeconds: comparison.windowEndMs / 1000,
    warmUpSeconds: comparison.windowStartMs / 1000,
    variants: comparison.variants.map((variant) =>
      variantResult(comparison, variant, input.profiles),
    ),
    hardwareReduction: hardwareReduction(comparison, searches),
    extraDemandMet: extraDemandMet(comparison, main),
    extraDemandByVariant: others.map((variant) => extraDemandMet(comparison, variant)),
    provisioningEffect: provisioningEffect(comparison),
    provisioningTimes: input.provisioningTimes,
    security: securityEffect(comparison),
    demandCorrelation: maybeEstimate(
      alone.runs.map(demandCorrelation),
      'some demand does not vary',
    ),
    series: [alone, ...(main === alone ? [] : [main])].map((variant) =>
      hourlySeries(comparison, variant),
    ),
    trades: others.flatMap(tradeFlows),
    sensitivity: input.sensitivity,
    ...(rare ? { rareEmergencies: rare } : {}),
    ...(input.mechanisms.length > 0 ? { mechanisms: input.mechanisms } : {}),
    invariantViolations:
      runs.reduce((sum, run) => sum + run.invariantViolations.length, 0) +
      searches.reduce((sum, search) => sum + search.invariantViolations.length, 0) +
      runsBeyondOptimum(comparison),
    ledgerImbalance: runs.reduce(
      (sum, run) => sum + Math.abs(run.ledgerImbalanceMillicredits) / 1000,
      0,
    ),
    digest: digestOf(input),
  };
}

function digestOf({ comparison, searches }: MetricsInput): string {
  const digest = new Digest();
  for (const { name, runs } of comparison.variants) {
    digest.add(name);
    for (const run of runs) digest.add(run.digest);
  }
  for (const search of searches) digest.add([search.requiredStatic, search.requiredMarketNodes]);
  return digest.toString();
}
