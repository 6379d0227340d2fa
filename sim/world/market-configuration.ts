/** The market service as a scenario configures it. */
import type { MarketConfiguration } from '../../core/market/protocol.ts';
import { identitiesOf } from '../scenario/aliases.ts';
import type { Organisation } from '../scenario/schema.ts';
import { splitMoney } from './identities.ts';
import { safeguardConfiguration } from './safeguard-configuration.ts';
import { nodeHoursAtCostMillicredits, slotMs, totalNodes } from './setup.ts';
import type { RunSetup } from './setup.ts';
import { ISOLATION } from './site.ts';

/** Who goes first where priorities are fixed: emergencies, then what cannot wait, then the rest. */
const PRIORITY_OF_KIND: Readonly<Record<Organisation['kind'], number>> = {
  government: 3,
  cloud: 2,
  testbed: 1,
  hpc: 0,
  htc: 0,
};

export function marketConfiguration(setup: RunSetup): MarketConfiguration {
  const { scenario, replication } = setup;
  const { market } = scenario;
  const safeguards = safeguardConfiguration(setup);
  const depositPartsPerMillion = Math.round(market.depositShare * 1e6);
  return {
    mechanism: market.mechanism,
    parameters: market.parameters,
    slotMs: slotMs(scenario),
    horizonSlots: market.horizonSlots,
    seed: `${scenario.seed}/${replication}`,
    buyerDepositPartsPerMillion: depositPartsPerMillion,
    sellerDepositPartsPerMillion: depositPartsPerMillion,
    organisations: scenario.organisation.flatMap((organisation) =>
      splitMoney(
        organisation,
        nodeHoursAtCostMillicredits(
          scenario,
          setup.hardware[organisation.name]!,
          market.endowmentHours,
        ),
      ).map(([name, openingBalanceMillicredits]) => ({ name, openingBalanceMillicredits })),
    ),
    members: scenario.organisation.flatMap((owner) =>
      identitiesOf(owner).map((organisation, index) => ({
        organisation,
        // An alias brings nothing along.
        contributedNodes: index === 0 ? totalNodes(setup.hardware[owner.name]!) : 0,
        priority: PRIORITY_OF_KIND[owner.kind],
        kind: owner.kind,
      })),
    ),
    isolationService: ISOLATION,
    ...(safeguards ? { safeguards } : {}),
  };
}
