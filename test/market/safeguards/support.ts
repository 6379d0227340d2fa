/** Markets with one safeguard, to be driven by hand. */
import type { MarketConfiguration, MarketEffect } from '../../../core/market/protocol.ts';
import type { SafeguardConfiguration } from '../../../core/market/safeguards/configuration.ts';
import { DrivenMarket } from '../support/market.ts';
import { ask, bid } from '../support/orders.ts';

export const BASE: SafeguardConfiguration = {
  nodeClasses: [{ nodeClass: 'A', nodes: 20, costMillicreditsPerNodeSlot: 100 }],
  priceWindowMs: 86_400_000,
};

/** A market in which prices are the mean of what both sides say. */
export function guarded(
  safeguards: Partial<SafeguardConfiguration>,
  configuration: Partial<MarketConfiguration> = {},
): DrivenMarket {
  return new DrivenMarket({
    mechanism: 'k-double-auction',
    safeguards: { ...BASE, ...safeguards },
    ...configuration,
  });
}

/** Alpha buys a node of beta for a slot at the price, in a round of its own. */
export function tradeAt(market: DrivenMarket, roundId: number, price: number, timeMs = 0) {
  market.ask(ask('a', { organisation: 'beta', reserveMillicredits: price }), roundId, timeMs);
  market.bid(bid('b', { valueMillicredits: price }, { organisation: 'alpha' }), roundId, timeMs);
  return market.solve(market.close(roundId, timeMs), timeMs);
}

export function triggered(effects: readonly MarketEffect[], safeguard: string) {
  return effects.flatMap((effect) =>
    effect.kind === 'SafeguardTriggered' && effect.safeguard === safeguard ? [effect] : [],
  );
}

export function contractsOf(effects: readonly MarketEffect[]) {
  return effects.flatMap((effect) => (effect.kind === 'ContractFormed' ? [effect.contract] : []));
}
