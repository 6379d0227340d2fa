/** The market's safeguards as a scenario configures them; undefined where all are off. */
import { HOUR_MS, MINUTE_MS } from '../../core/kernel/units.ts';
import type {
  KnownClass,
  SafeguardConfiguration,
} from '../../core/market/safeguards/configuration.ts';
import { hasMarketMaker, MARKET_MAKER } from '../scenario/aliases.ts';
import { slotMs } from './setup.ts';
import type { RunSetup } from './setup.ts';

const millionths = (share: number) => Math.round(share * 1e6);

export function safeguardConfiguration(setup: RunSetup): SafeguardConfiguration | undefined {
  const of = setup.scenario.market.safeguards;
  const government = setup.scenario.organisation.filter(({ kind }) => kind === 'government');
  const terms: Omit<SafeguardConfiguration, 'nodeClasses' | 'priceWindowMs'> = {
    ...(of.positionLimitShare > 0 && {
      positionLimit: {
        sharePartsPerMillion: millionths(of.positionLimitShare),
        exempt: government.map(({ name }) => name),
      },
    }),
    ...priceTerms(setup),
    ...supplyTerms(setup),
    ...contractTerms(setup),
    ...(of.identityDeposit > 0 && {
      identityDeposit: { depositMillicredits: Math.round(of.identityDeposit * 1000) },
    }),
    ...(of.orderShare > 0 && { orderSize: { sharePartsPerMillion: millionths(of.orderShare) } }),
    ...(of.jitterShare > 0 && { jitter: { epochPartsPerMillion: millionths(of.jitterShare) } }),
    ...(of.cartelScreenRounds > 0 && {
      cartelScreen: { rounds: of.cartelScreenRounds, leastScore: of.cartelScreenScore },
    }),
    ...(of.shillScreenTrades > 0 && {
      shillScreen: { trades: of.shillScreenTrades, leastScore: of.shillScreenScore },
    }),
    ...(of.relatedOrganisations.length > 0 && { selfTrade: { groups: of.relatedOrganisations } }),
  };
  if (Object.keys(terms).length === 0) return undefined;
  const priceWindowMs = Math.round(of.priceWindowHours * HOUR_MS);
  return { nodeClasses: knownClasses(setup), priceWindowMs, ...terms };
}

/** What is known of each class: all nodes of it on the site, and their cost. */
export function knownClasses({ scenario, hardware }: RunSetup): KnownClass[] {
  const slotHours = slotMs(scenario) / HOUR_MS;
  return scenario.nodeClass.map(({ name, costPerHour }) => ({
    nodeClass: name,
    nodes: Object.values(hardware).reduce((sum, nodes) => sum + (nodes[name] ?? 0), 0),
    costMillicreditsPerNodeSlot: Math.round(costPerHour * slotHours * 1000),
  }));
}

function priceTerms({ scenario }: RunSetup) {
  const of = scenario.market.safeguards;
  return {
    ...(of.collarShare > 0 && { priceCollar: { bandPartsPerMillion: millionths(of.collarShare) } }),
    ...(of.haltMoveShare > 0 && {
      volatilityHalt: {
        movePartsPerMillion: millionths(of.haltMoveShare),
        rounds: of.haltRounds,
      },
    }),
    ...(of.priceFloorShare > 0 && {
      priceFloor: { sharePartsPerMillion: millionths(of.priceFloorShare) },
    }),
    ...(of.switchingCost > 0 && {
      switchingCost: { millicreditsPerNode: Math.round(of.switchingCost * 1000) },
    }),
    ...(of.recallPenaltyQuantile > 0 && {
      recallPenalty: { quantilePartsPerMillion: millionths(of.recallPenaltyQuantile) },
    }),
  };
}

function supplyTerms({ scenario }: RunSetup) {
  const of = scenario.market.safeguards;
  return {
    ...(hasMarketMaker(scenario) && {
      marketMaker: {
        organisation: MARKET_MAKER,
        spreadPartsPerMillion: millionths(of.makerSpreadShare),
        limitNodeSlots: of.makerNodeSlots,
        leaseSlots: of.makerLeaseSlots,
      },
    }),
    ...(of.idleFeeShare > 0 && {
      mustOffer: {
        feePartsPerMillion: millionths(of.idleFeeShare),
        tolerancePartsPerMillion: millionths(of.idleToleranceShare),
      },
    }),
    ...(of.pivotalMarkupShare > 0 && {
      pivotalSupplier: { markupPartsPerMillion: millionths(of.pivotalMarkupShare) },
    }),
  };
}

function contractTerms({ scenario }: RunSetup) {
  const of = scenario.market.safeguards;
  return {
    ...(of.reputationDiscountShare > 0 && {
      reputation: { mostDiscountPartsPerMillion: millionths(of.reputationDiscountShare) },
    }),
    ...(of.minimumLeaseSlots > 0 && { minimumLease: { slots: of.minimumLeaseSlots } }),
    ...(of.releaseAfterMinutes > 0 && {
      useOrRelease: { graceMs: Math.round(of.releaseAfterMinutes * MINUTE_MS) },
    }),
    ...(of.warrantyBondShare > 0 && {
      warranty: {
        bondPartsPerMillion: millionths(of.warrantyBondShare),
        tolerancePartsPerMillion: millionths(of.warrantyToleranceShare),
        claimMs: Math.round(of.warrantyHours * HOUR_MS),
        barredRounds: of.warrantyBarredRounds,
      },
    }),
  };
}
