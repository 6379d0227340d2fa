/** Metric 2: demand met beyond what static partition meets with the same hardware. */
import { optimumUpperBound } from './bounds.ts';
import { demandHours, metHours, nodeHours, STATIC, sumOver, variantNamed } from './comparison.ts';
import type { Comparison, VariantRuns } from './comparison.ts';
import type { OrganisationOutcome } from './outcome.ts';
import { demandFloor } from './organisation-results.ts';
import type { ExtraDemandMet } from './results.ts';
import { estimate, pairedDifference, ratioOfMeans } from './statistics.ts';

export function extraDemandMet(comparison: Comparison, variant: VariantRuns): ExtraDemandMet {
  const alone = variantNamed(comparison, STATIC);
  const extra = (include?: (organisation: OrganisationOutcome) => boolean) =>
    pairedDifference(sumOver(variant, metHours, include), sumOver(alone, metHours, include));
  const metAlone = sumOver(alone, metHours);
  const missed = sumOver(alone, demandHours).map((demand, index) => demand - metAlone[index]!);
  const first = variant.runs[0]!.organisations;
  const kinds = [...new Set(first.map(({ kind }) => kind))];
  return {
    variant: variant.name,
    nodeHours: extra(),
    shareOfMissed: ratioOfMeans(
      sumOver(variant, metHours).map((met, index) => met - metAlone[index]!),
      missed,
      demandFloor(comparison),
      'static partition misses less than 0.1 % of demand',
    ),
    optimumNodeHours: optimumBeyond(comparison, alone),
    organisations: Object.fromEntries(
      first.map(({ name }) => [name, { nodeHours: extra((entry) => entry.name === name) }]),
    ),
    kinds: Object.fromEntries(
      kinds.map((kind) => [kind, { nodeHours: extra((entry) => entry.kind === kind) }]),
    ),
  };
}

/** Runs that claim to have met more than anybody could with the installed nodes: each is a bug. */
export function runsBeyondOptimum(comparison: Comparison): number {
  let count = 0;
  for (const { runs } of comparison.variants) {
    for (const run of runs) {
      const most = optimumUpperBound(run.demand, comparison.installedNodes);
      const met = run.organisations.reduce((sum, { metNodeMs }) => sum + metNodeMs, 0);
      if (met > most + 1) count += 1;
    }
  }
  return count;
}

/** What no policy could exceed beyond static partition: the full-information bound. */
function optimumBeyond(comparison: Comparison, alone: VariantRuns) {
  return estimate(
    alone.runs.map((run) => {
      const most = optimumUpperBound(run.demand, comparison.installedNodes);
      const met = run.organisations.reduce((sum, { metNodeMs }) => sum + metNodeMs, 0);
      return Math.max(0, nodeHours(most - met));
    }),
  );
}
