/** What a live market publishes, and what an agent makes of it: the terms that strategies go by. */
import type { MarketTerms } from '../../core/agents/view.ts';
import { EPOCH_HORIZON } from '../../core/market/horizons.ts';
import type { TradedClass } from '../../core/market/exchange/configuration.ts';
import type { OpenRound } from '../../core/market/exchange/protocol.ts';
import type { ClassPrice, SecurityLevel } from '../../core/market/orders.ts';

/** `GET /v1/market` */
export interface ShownMarket {
  readonly releaseMs: number;
  readonly setupMs: Readonly<Record<SecurityLevel, number>>;
  readonly nodeClasses: readonly TradedClass[];
  readonly isSealed: boolean;
  readonly horizons: readonly {
    readonly horizon: string;
    readonly slotMs: number;
    readonly horizonSlots: number;
    readonly round: OpenRound | null;
  }[];
}

/** `GET /v1/prices` */
export interface ShownPrices {
  readonly horizons: readonly {
    readonly horizon: string;
    readonly prices: readonly ClassPrice[];
  }[];
}

/** The open round of the epoch call with the terms that orders for it are made by; null: none. */
export function epochTerms(
  market: ShownMarket,
  { horizons }: ShownPrices,
  recallPenaltyPartsPerMillion: number,
): { readonly round: OpenRound; readonly terms: MarketTerms } | null {
  const epoch = market.horizons.find(({ horizon }) => horizon === EPOCH_HORIZON);
  if (!epoch?.round) return null;
  const { slotMs, horizonSlots, round } = epoch;
  const { releaseMs, setupMs, nodeClasses } = market;
  const lastPrices = horizons.find(({ horizon }) => horizon === EPOCH_HORIZON)?.prices ?? [];
  const terms: MarketTerms = {
    roundStartMs: round.startMs,
    ...{ slotMs, horizonSlots, releaseMs, setupMs, lastPrices, recallPenaltyPartsPerMillion },
    classSecurity: Object.fromEntries(
      nodeClasses.map(({ name, securityLevel }) => [name, securityLevel]),
    ),
    classProperties: Object.fromEntries(
      nodeClasses.flatMap(({ name, properties }) => (properties ? [[name, properties]] : [])),
    ),
  };
  return { round, terms };
}
