/** The clearing house as a scenario configures it; undefined where it is off. */
import { HOUR_MS } from '../../core/kernel/units.ts';
import type { ClearingHouseConfiguration } from '../../core/market/clearing-house/configuration.ts';
import type { RunSetup } from './setup.ts';

export function clearingHouseConfiguration({
  scenario,
}: RunSetup): ClearingHouseConfiguration | undefined {
  const of = scenario.market.clearingHouse;
  if (!of.enabled) return undefined;
  return {
    nodeClasses: scenario.nodeClass.map(({ name }) => name),
    priceWindowMs: Math.round(of.priceWindowHours * HOUR_MS),
    zScore: of.zScore,
    liquidationSlots: of.liquidationSlots,
    variationMargin: of.variationMargin,
    replacementPartsPerMillion: Math.round(of.replacementShare * 1e6),
    exchangeCapitalMillicredits: Math.round(of.capital * 1000),
    leastShareMillicredits: Math.round(of.leastShare * 1000),
    stressPartsPerMillion: Math.round(of.stressShare * 1e6),
    reviewMs: Math.round(of.reviewHours * HOUR_MS),
  };
}
