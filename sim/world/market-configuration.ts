/** The market service as a scenario configures it. */
import type { MarketConfiguration } from '../../core/market/protocol.ts';
import { nodeHoursAtCostMillicredits, slotMs } from './setup.ts';
import type { RunSetup } from './setup.ts';
import { ISOLATION } from './site.ts';

export function marketConfiguration(setup: RunSetup): MarketConfiguration {
  const { scenario, replication } = setup;
  const { market } = scenario;
  const depositPartsPerMillion = Math.round(market.depositShare * 1e6);
  return {
    mechanism: market.mechanism,
    parameters: market.parameters,
    slotMs: slotMs(scenario),
    horizonSlots: market.horizonSlots,
    seed: `${scenario.seed}/${replication}`,
    buyerDepositPartsPerMillion: depositPartsPerMillion,
    sellerDepositPartsPerMillion: depositPartsPerMillion,
    organisations: scenario.organisation.map(({ name }) => ({
      name,
      openingBalanceMillicredits: nodeHoursAtCostMillicredits(
        scenario,
        setup.hardware[name]!,
        market.endowmentHours,
      ),
    })),
    isolationService: ISOLATION,
  };
}
