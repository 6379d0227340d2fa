/** Metric 3: what diskless provisioning changes against installing to disk. */
import { HOUR_MS } from '../kernel/units.ts';
import { metHours, sumOver, variantLikeMain, variantNamed } from './comparison.ts';
import type { Comparison, VariantRuns } from './comparison.ts';
import { extraDemandMet } from './extra-demand.ts';
import { meanPrice } from './market-behaviour.ts';
import type { MaybeEstimate } from './estimate.ts';
import type { OrganisationOutcome } from './outcome.ts';
import type { ProvisioningEffect } from './results.ts';
import { estimate, maybeEstimate, mean, pairedDifference } from './statistics.ts';

/** Lease lengths looked at, hours; each stands for those nearer to it than to its neighbours. */
const LEASE_HOURS: readonly number[] = [1, 2, 4, 8, 16, 32, 64, 128];

export function provisioningEffect(comparison: Comparison): ProvisioningEffect | null {
  const main = variantNamed(comparison, comparison.main);
  const slow = variantLikeMain(
    comparison,
    (variant) =>
      variant.method !== main.method &&
      variant.attestation === main.attestation &&
      variant.reflashMinutes === main.reflashMinutes,
  );
  if (!slow) return null;
  const [bmi, foreman] = main.method === 'bmi' ? [main, slow] : [slow, main];
  const extraBmi = extraDemandMet(comparison, bmi);
  const extraForeman = extraDemandMet(comparison, foreman);
  // What static partition meets is in both and cancels out.
  const difference = (include?: (organisation: OrganisationOutcome) => boolean) =>
    pairedDifference(sumOver(bmi, metHours, include), sumOver(foreman, metHours, include));
  return {
    bmi: extraBmi.nodeHours,
    foreman: extraForeman.nodeHours,
    difference: difference(),
    kinds: Object.fromEntries(
      Object.keys(extraBmi.kinds).map((kind) => [
        kind,
        {
          bmi: extraBmi.kinds[kind]!.nodeHours,
          foreman: extraForeman.kinds[kind]!.nodeHours,
          difference: difference((organisation) => organisation.kind === kind),
        },
      ]),
    ),
    byLeaseLength: LEASE_HOURS.map((hours) => ({
      leaseSeconds: hours * 3600,
      bmi: leftForWork(hours * 3600, comparison.overheadSeconds.bmi),
      foreman: leftForWork(hours * 3600, comparison.overheadSeconds.foreman),
      tradedBmi: estimate(tradedAt(bmi, hours)),
      tradedForeman: estimate(tradedAt(foreman, hours)),
    })),
    breakEvenLeaseSeconds: {
      bmi: breakEven(comparison, bmi, comparison.overheadSeconds.bmi),
      foreman: breakEven(comparison, foreman, comparison.overheadSeconds.foreman),
    },
  };
}

function leftForWork(leaseSeconds: number, overheadSeconds: number): number {
  return Math.max(0, 1 - overheadSeconds / leaseSeconds);
}

function tradedAt(variant: VariantRuns, hours: number): number[] {
  const index = LEASE_HOURS.indexOf(hours);
  const from = index === 0 ? 0 : (LEASE_HOURS[index - 1]! + hours) / 2;
  const next = LEASE_HOURS[index + 1];
  const to = next === undefined ? Infinity : (hours + next) / 2;
  return variant.runs.map((run) =>
    (run.market?.leases ?? []).reduce((sum, { nodes, startMs, endMs }) => {
      const length = (endMs - startMs) / HOUR_MS;
      return length >= from && length < to ? sum + nodes * length : sum;
    }, 0),
  );
}

/**
 * Shortest lease worth taking: value · (L − overhead) − price · L − overhead · cost ≥ 0, at the
 * mean price paid and the mean worth of a node-hour to those who bought.
 */
function breakEven(
  comparison: Comparison,
  variant: VariantRuns,
  overheadSeconds: number,
): MaybeEstimate {
  const cost = mean(comparison.nodeClasses.map(({ costPerHour }) => costPerHour));
  return maybeEstimate(
    variant.runs.map((run) => {
      const leases = run.market?.leases ?? [];
      const prices = comparison.nodeClasses.flatMap(({ name }) => {
        const price = run.market ? meanPrice(run.market, name) : null;
        return price === null ? [] : [price];
      });
      if (leases.length === 0 || prices.length === 0) return null;
      const value = mean(leases.map(({ buyer }) => comparison.nodeHourValue[buyer]!));
      const margin = value - mean(prices);
      return margin > 0 ? (overheadSeconds * (value + cost)) / margin : null;
    }),
    'nothing was traded, or at prices above the worth of a node-hour',
  );
}
