/** The market service as a scenario configures it. */
import type { EndowmentTerms } from '../../core/market/endowment.ts';
import { MINUTE_MS } from '../../core/kernel/units.ts';
import { mechanisms } from '../../core/market/mechanisms/registry.ts';
import type { MarketConfiguration } from '../../core/market/protocol.ts';
import { hasMarketMaker, identitiesOf, MARKET_MAKER } from '../scenario/aliases.ts';
import type { Organisation } from '../scenario/schema.ts';
import { splitMoney } from './identities.ts';
import { clearingHouseConfiguration } from './clearing-house-configuration.ts';
import { safeguardConfiguration } from './safeguard-configuration.ts';
import { horizonClocks } from './horizons.ts';
import { nodeHoursAtCostMillicredits, slotMs, totalNodes } from './setup.ts';
import type { RunSetup } from './setup.ts';
import { ISOLATION, providersOf } from './names.ts';
import type { ExchangeNames } from './names.ts';
import { leaseOverhead } from './site.ts';

/** Who goes first where priorities are fixed: emergencies, then what cannot wait, then the rest. */
const PRIORITY_OF_KIND: Readonly<Record<Organisation['kind'], number>> = {
  government: 3,
  cloud: 2,
  testbed: 1,
  hpc: 0,
  htc: 0,
};

export function marketConfiguration(setup: RunSetup, names: ExchangeNames): MarketConfiguration {
  const { scenario, replication } = setup;
  const { market } = scenario;
  const safeguards = safeguardConfiguration(setup);
  const clearingHouse = clearingHouseConfiguration(setup);
  const horizons = horizonClocks(scenario)
    .slice(1)
    .map(({ horizon }) => horizon);
  const depositPartsPerMillion = Math.round(market.depositShare * 1e6);
  return {
    mechanism: market.mechanism,
    parameters: market.parameters,
    slotMs: slotMs(scenario),
    horizonSlots: market.horizonSlots,
    ...(horizons.length > 0 ? { horizons } : {}),
    seed: `${scenario.seed}/${replication}`,
    buyerDepositPartsPerMillion: depositPartsPerMillion,
    sellerDepositPartsPerMillion: depositPartsPerMillion,
    organisations: accountsOf(setup, names),
    members: names.organisations.flatMap((owner) =>
      identitiesOf(owner).map((organisation, index) => ({
        organisation,
        // An alias brings nothing along.
        contributedNodes: index === 0 ? totalNodes(setup.hardware[owner.name]!) : 0,
        priority: PRIORITY_OF_KIND[owner.kind],
        kind: owner.kind,
      })),
    ),
    ...isolationOf(setup, names),
    ...(market.income === 'contributed' ? { endowment: endowmentOf(setup) } : {}),
    ...(clearingHouse ? { clearingHouse } : {}),
    ...(preempts(setup)
      ? {
          preemption: {
            noticeMs: Math.round(market.preemptionNoticeMinutes * MINUTE_MS),
            releaseMs: leaseOverhead(setup).releaseMs,
          },
        }
      : {}),
    ...(safeguards ? { safeguards } : {}),
    ...(market.sealing.enabled
      ? { sealing: { bondMillicredits: Math.round(market.sealing.bondCredits * 1000) } }
      : {}),
  };
}

/** Everybody who has an account, and what is in it at the start. */
function accountsOf({ scenario, hardware }: RunSetup, names: ExchangeNames) {
  const { endowmentHours, safeguards } = scenario.market;
  const accounts = names.organisations.flatMap((organisation) => {
    const hours = endowmentHours / organisation.exchanges.length;
    const nodes = hardware[organisation.name]!;
    return splitMoney(organisation, nodeHoursAtCostMillicredits(scenario, nodes, hours));
  });
  if (hasMarketMaker(scenario)) {
    accounts.push([MARKET_MAKER, Math.round(safeguards.makerCredits * 1000)]);
  }
  return accounts.map(([name, openingBalanceMillicredits]) => ({
    name,
    openingBalanceMillicredits,
  }));
}

/** Credits by contribution: the cap is that of the largest owner, the greatest part of a pool a half. */
function endowmentOf({ scenario, hardware }: RunSetup): EndowmentTerms {
  const { incomeBaseShare, creditDecayShare, creditCapHours } = scenario.market;
  const caps = scenario.organisation.map(({ name }) =>
    nodeHoursAtCostMillicredits(scenario, hardware[name]!, creditCapHours),
  );
  return {
    startMs: 0,
    decayPartsPerMillionPerDay: Math.round(creditDecayShare * 1e6),
    capMillicredits: creditCapHours > 0 ? Math.max(...caps) : null,
    basePartsPerMillion: Math.round(incomeBaseShare * 1e6),
    greatestPartsPerMillion: 500_000,
  };
}

/** Whether the mechanism of any horizon gives nodes of running leases to others. */
function preempts({ scenario, ports }: RunSetup): boolean {
  const others = horizonClocks(scenario).slice(1);
  const all = [ports.mechanism, ...others.map(({ horizon }) => mechanisms.get(horizon.mechanism)!)];
  return all.some(({ standing }) => standing === 'preempted');
}

/** Whose reports are believed about whose nodes. */
function isolationOf({ scenario }: RunSetup, { organisations }: ExchangeNames) {
  const providers = providersOf(scenario);
  if (providers.length === 1) return { isolationService: ISOLATION };
  const services = organisations.flatMap((organisation) => {
    const { isolation } = providers.find(({ provider }) => provider === organisation.provider)!;
    return identitiesOf(organisation).map((identity) => [identity, isolation]);
  });
  return {
    isolationService: providers[0]!.isolation,
    isolationServices: Object.fromEntries(services) as Record<string, string>,
  };
}
