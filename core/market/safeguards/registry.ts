/** Every safeguard that is configured, in the order in which they act. */
import type { MarketConfiguration } from '../protocol.ts';
import { cartelScreen } from './cartel-screen.ts';
import type { SafeguardConfiguration } from './configuration.ts';
import { extraRound } from './extra-round.ts';
import { identityDeposit } from './identity-deposit.ts';
import { jitter } from './jitter.ts';
import { marketMaker } from './market-maker.ts';
import { minimumLease } from './minimum-lease.ts';
import { mustOffer } from './must-offer.ts';
import { orderSize } from './order-size.ts';
import { pivotalSupplier } from './pivotal-supplier.ts';
import { positionLimit } from './position-limit.ts';
import { priceCollar } from './price-collar.ts';
import { priceFloor } from './price-floor.ts';
import { recallPenalty } from './recall-penalty.ts';
import { reputation } from './reputation.ts';
import type { Safeguard } from './safeguard.ts';
import { selfTrade } from './self-trade.ts';
import { shillScreen } from './shill-screen.ts';
import { switchingCost } from './switching-cost.ts';
import { useOrRelease } from './use-or-release.ts';
import { volatilityHalt } from './volatility-halt.ts';
import { warranty } from './warranty.ts';

/**
 * Names, then prices: who may trade is settled before what at. The switching cost comes last, so
 * that bands speak of prices as they are published.
 */
function build(of: SafeguardConfiguration): Safeguard[] {
  const { nodeClasses } = of;
  const list: (Safeguard | undefined | false)[] = [
    of.identityDeposit && identityDeposit(of.identityDeposit),
    of.orderSize && orderSize(of.orderSize, nodeClasses),
    of.minimumLease && minimumLease(of.minimumLease),
    of.extraRound && extraRound(of.extraRound, nodeClasses),
    of.mustOffer && mustOffer(of.mustOffer, nodeClasses),
    of.useOrRelease && useOrRelease(of.useOrRelease),
    of.volatilityHalt && volatilityHalt(of.volatilityHalt),
    of.jitter && jitter,
    of.warranty && warranty(of.warranty),
    of.marketMaker && marketMaker(of.marketMaker, nodeClasses),
    of.positionLimit && positionLimit(of.positionLimit, nodeClasses),
    of.recallPenalty && recallPenalty(of.recallPenalty),
    of.pivotalSupplier && pivotalSupplier(of.pivotalSupplier, nodeClasses),
    of.priceFloor && priceFloor(of.priceFloor, nodeClasses),
    of.priceCollar && priceCollar(of.priceCollar),
    of.switchingCost && switchingCost(of.switchingCost),
    of.selfTrade && selfTrade(of.selfTrade),
    of.cartelScreen && cartelScreen(of.cartelScreen),
    of.shillScreen && shillScreen(of.shillScreen),
    of.reputation && reputation,
  ];
  return list.filter((safeguard) => !!safeguard);
}

const built = new WeakMap<SafeguardConfiguration, readonly Safeguard[]>();

/** None without a configuration. Built once a configuration, which never changes. */
export function safeguardsOf({ safeguards }: MarketConfiguration): readonly Safeguard[] {
  if (!safeguards) return [];
  let list = built.get(safeguards);
  if (!list) built.set(safeguards, (list = build(safeguards)));
  return list;
}
