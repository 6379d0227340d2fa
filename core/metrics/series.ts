/** Supply, demand and price over time, and who traded with whom: means over the replications. */
import { HOUR_MS } from '../kernel/units.ts';
import type { Comparison, VariantRuns } from './comparison.ts';
import { soldNodeHours } from './market-behaviour.ts';
import type { OrganisationOutcome, RunOutcome } from './outcome.ts';
import type { HourlySeries, TradeFlow } from './results.ts';
import { correlation, estimate, mean } from './statistics.ts';

export function hourlySeries(comparison: Comparison, variant: VariantRuns): HourlySeries {
  const hours = variant.runs[0]!.organisations[0]!.demandHours.length;
  const hour = Array.from({ length: hours }, (_, index) => index);
  const total = (pick: (organisation: OrganisationOutcome) => Float64Array) =>
    hour.map((at) =>
      mean(
        variant.runs.map((run) =>
          run.organisations.reduce((sum, entry) => sum + pick(entry)[at]! / HOUR_MS, 0),
        ),
      ),
    );
  const each = (pick: (organisation: OrganisationOutcome, at: number) => number) =>
    Object.fromEntries(
      variant.runs[0]!.organisations.map(({ name }, index) => [
        name,
        hour.map((at) => mean(variant.runs.map((run) => pick(run.organisations[index]!, at)))),
      ]),
    );
  return {
    variant: variant.name,
    hour,
    installedNodes: comparison.installedNodes,
    demandNodes: total(({ demandHours }) => demandHours),
    busyNodes: total(({ busyHours }) => busyHours),
    lentNodes: total(({ lentHours }) => lentHours),
    offeredNodes: hourlyRounds(comparison, variant, hours),
    price: hourlyPrices(comparison, variant, hours),
    capacityByOrganisation: each(
      ({ installedNodes, lentHours, borrowedHours }, at) =>
        installedNodes + (borrowedHours[at]! - lentHours[at]!) / HOUR_MS,
    ),
    demandByOrganisation: each(({ demandHours }, at) => demandHours[at]! / HOUR_MS),
  };
}

function hourlyRounds(comparison: Comparison, variant: VariantRuns, hours: number): number[] {
  const sums = new Float64Array(hours);
  const counts = new Float64Array(hours);
  for (const { market } of variant.runs) {
    for (const { atMs, offeredNodes, horizon } of market?.rounds ?? []) {
      if (horizon !== undefined) continue;
      const hour = Math.floor((atMs - comparison.windowStartMs) / HOUR_MS);
      if (hour < 0 || hour >= hours) continue;
      sums[hour]! += offeredNodes;
      counts[hour]! += 1;
    }
  }
  return Array.from(sums, (sum, hour) => (counts[hour]! > 0 ? sum / counts[hour]! : 0));
}

function hourlyPrices(comparison: Comparison, variant: VariantRuns, hours: number) {
  return Object.fromEntries(
    comparison.nodeClasses.map(({ name }, index) => {
      const seen: number[][] = Array.from({ length: hours }, () => []);
      for (const { market } of variant.runs) {
        for (const { atMs, prices, horizon } of market?.rounds ?? []) {
          if (horizon !== undefined) continue;
          const price = prices[index];
          const hour = Math.floor((atMs - comparison.windowStartMs) / HOUR_MS);
          if (price !== null && price !== undefined) seen[hour]?.push(price / 1000);
        }
      }
      return [name, seen.map((prices) => (prices.length > 0 ? mean(prices) : null))];
    }),
  );
}

export function tradeFlows(variant: VariantRuns): TradeFlow[] {
  if (!variant.runs[0]!.market) return [];
  const names = variant.runs[0]!.organisations.map(({ name }) => name);
  return names.flatMap((seller) =>
    names
      .filter((buyer) => buyer !== seller)
      .map((buyer) => ({
        variant: variant.name,
        seller,
        buyer,
        nodeHours: estimate(variant.runs.map((run) => soldNodeHours(run.market!, seller, buyer))),
        credits: estimate(variant.runs.map((run) => paid(run, seller, buyer))),
      })),
  );
}

function paid(run: RunOutcome, seller: string, buyer: string): number {
  return run
    .market!.leases.filter((lease) => lease.seller === seller && lease.buyer === buyer)
    .reduce((sum, lease) => sum + lease.priceMillicredits / 1000, 0);
}

/** Mean pairwise correlation of the organisations' hourly demand; null where one is constant. */
export function demandCorrelation(run: RunOutcome): number | null {
  const found: number[] = [];
  const { organisations } = run;
  for (let i = 0; i < organisations.length; i++) {
    for (let j = i + 1; j < organisations.length; j++) {
      const value = correlation(organisations[i]!.demandHours, organisations[j]!.demandHours);
      if (value !== null) found.push(value);
    }
  }
  return found.length > 0 ? mean(found) : null;
}
