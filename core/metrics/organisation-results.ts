/** What each organisation demanded and got, and what the whole site made of its nodes. */
import { demandHours, metHours, nodeHours, sumOver, variantNamed, STATIC } from './comparison.ts';
import type { Comparison, VariantRuns } from './comparison.ts';
import { marketBehaviour } from './market-behaviour.ts';
import type { OrganisationOutcome, ProfileOutcome } from './outcome.ts';
import type { OrganisationResult, VariantResult } from './results.ts';
import {
  estimate,
  maybeEstimate,
  mean,
  pairedDifference,
  ratioOfMeans,
  SMALLEST_DENOMINATOR_SHARE,
} from './statistics.ts';

export function variantResult(
  comparison: Comparison,
  variant: VariantRuns,
  profiles: readonly ProfileOutcome[],
): VariantResult {
  const names = variant.runs[0]!.organisations.map(({ name }) => name);
  const spanMs = comparison.windowEndMs - comparison.windowStartMs;
  const installed = comparison.installedNodes;
  const busy = variant.runs.map((run) =>
    run.organisations.reduce((sum, { busyHours }) => sum + busyHours.reduce((a, b) => a + b, 0), 0),
  );
  const value = sumOver(variant, valueCredits);
  return {
    name: variant.name,
    mechanism: variant.mechanism,
    provisioning: variant.method,
    attestation: variant.attestation,
    ...(variant.forkedFrom ? { forkedFrom: variant.forkedFrom } : {}),
    organisations: names.map((name) => organisationResult(comparison, variant, name)),
    utilisation: estimate(busy.map((nodeMs) => nodeMs / (installed * spanMs))),
    metNodeHours: estimate(sumOver(variant, metHours)),
    demandNodeHours: estimate(sumOver(variant, demandHours)),
    valueCredits: estimate(value),
    welfareGainCredits: pairedDifference(
      value,
      sumOver(variantNamed(comparison, STATIC), valueCredits),
    ),
    market: marketBehaviour(comparison, variant, profiles),
  };
}

function valueCredits({ valueMillicredits }: OrganisationOutcome): number {
  return valueMillicredits / 1000;
}

function organisationResult(
  comparison: Comparison,
  variant: VariantRuns,
  name: string,
): OrganisationResult {
  const mine = byName(variant, name);
  const alone = byName(variantNamed(comparison, STATIC), name);
  const demand = mine.map(demandHours);
  const met = mine.map(metHours);
  const net = mine.map(({ netMillicredits }) => netMillicredits / 1000);
  const worth = (outcomes: readonly OrganisationOutcome[]) =>
    outcomes.map((outcome) => (outcome.valueMillicredits + outcome.netMillicredits) / 1000);
  return {
    name,
    kind: mine[0]!.kind,
    installedNodes: mine[0]!.installedNodes,
    demandNodeHours: estimate(demand),
    metNodeHours: estimate(met),
    metShare: ratioOfMeans(met, demand, 0, 'no demand'),
    borrowedNodeHours: estimate(mine.map(({ borrowedNodeMs }) => nodeHours(borrowedNodeMs))),
    lentNodeHours: estimate(mine.map(({ lentNodeMs }) => nodeHours(lentNodeMs))),
    lostNodeHours: estimate(mine.map(({ lostNodeMs }) => nodeHours(lostNodeMs))),
    netCredits: estimate(net),
    gainCredits: pairedDifference(worth(mine), worth(alone)),
    ownMeasures: ownMeasures(mine),
  };
}

function ownMeasures(mine: readonly OrganisationOutcome[]) {
  return Object.fromEntries(
    Object.keys(mine[0]!.ownMeasures).map((measure) => [
      measure,
      maybeEstimate(
        mine.map((outcome) => outcome.ownMeasures[measure] ?? null),
        'did not happen in every replication',
      ),
    ]),
  );
}

function byName(variant: VariantRuns, name: string): OrganisationOutcome[] {
  return variant.runs.map((run) => run.organisations.find((entry) => entry.name === name)!);
}

/** Smallest denominator of a ratio of node-hours that counts as something. */
export function demandFloor(comparison: Comparison): number {
  const demand = sumOver(variantNamed(comparison, STATIC), demandHours);
  return SMALLEST_DENOMINATOR_SHARE * mean(demand);
}
