/**
 * A mechanism as a market with safeguards runs it: orders are posted to the market service, which
 * admits them or not, closes the round and shapes it; then the mechanism clears what is left of it.
 *
 * For measuring whether what a mechanism claims still holds, in simple markets: with one option a
 * bid, since bands of prices can hide which of several is worth more, and no two gangs of one
 * organisation, since a position limit admits them by what they are said to be worth. Left out are the must-offer fee and the
 * pivotal-supplier test, which take from an owner the choice that the claims are about, on purpose;
 * and, for mechanisms of gangs, the bands: they suppose that what is outside the band cannot trade at
 * a profit, which is not so where each winner pays an amount of its own.
 */
import { invariant } from '../../kernel/errors.ts';
import type { Mechanism } from '../mechanism.ts';
import type { Clearing, MarketRound } from '../orders.ts';
import type { MarketConfiguration, MarketEffect, MarketEvent } from '../protocol.ts';
import type { SafeguardConfiguration } from '../safeguards/configuration.ts';
import type { PriceBand } from '../safeguards/memory.ts';
import { switchingFee } from '../safeguards/switching-cost.ts';
import { marketService } from '../service.ts';

/** Enough for every deposit. */
const OPENING_BALANCE_MILLICREDITS = 1_000_000_000;

/** Safeguards around the prices of random markets: 0 to 2,000 a node-slot, 1,000 in the middle. */
export const MEASURED_SAFEGUARDS: SafeguardConfiguration = {
  nodeClasses: ['A', 'B'].map((nodeClass) => ({
    nodeClass,
    nodes: 8,
    costMillicreditsPerNodeSlot: 200,
  })),
  priceWindowMs: 86_400_000,
  positionLimit: { sharePartsPerMillion: 375_000, exempt: [] },
  priceCollar: { bandPartsPerMillion: 500_000 },
  priceFloor: { sharePartsPerMillion: 1_000_000 },
  volatilityHalt: { movePartsPerMillion: 500_000, rounds: 5 },
  selfTrade: { groups: [] },
  identityDeposit: { depositMillicredits: 1_000 },
  orderSize: { sharePartsPerMillion: 500_000 },
  minimumLease: { slots: 1 },
  switchingCost: { millicreditsPerNode: 40 },
};

const { priceCollar: _collar, priceFloor: _floor, ...WITHOUT_BANDS } = MEASURED_SAFEGUARDS;

/** What was published with the round before: half of the middle to each side of it. */
const COLLAR: PriceBand = { lowMillicredits: 500, highMillicredits: 1_500 };

/** Those that a mechanism's claims are measured behind. */
export function measuredSafeguards({ properties }: Mechanism): SafeguardConfiguration {
  return properties.gangs ? WITHOUT_BANDS : MEASURED_SAFEGUARDS;
}

/** The mechanism behind a market's safeguards. */
export function behindSafeguards(
  mechanism: Mechanism,
  safeguards: SafeguardConfiguration = measuredSafeguards(mechanism),
): Mechanism {
  return {
    ...mechanism,
    clear(round, parameters, state) {
      const shaped = shapedRound(round, safeguards);
      const cleared = mechanism.clear(shaped, parameters, state);
      return { ...cleared, clearing: named(cleared.clearing, shaped, safeguards) };
    },
  };
}

/** The round as it goes to the solver. */
function shapedRound(round: MarketRound, safeguards: SafeguardConfiguration): MarketRound {
  const names = new Set([...round.bids, ...round.asks].map(({ organisation }) => organisation));
  const configuration: MarketConfiguration = {
    mechanism: 'static',
    parameters: {},
    slotMs: round.slotMs,
    horizonSlots: round.horizonSlots,
    seed: round.seed,
    buyerDepositPartsPerMillion: 0,
    sellerDepositPartsPerMillion: 0,
    organisations: [...names].map((name) => ({
      name,
      openingBalanceMillicredits: OPENING_BALANCE_MILLICREDITS,
    })),
    isolationService: 'isolation',
    safeguards,
  };
  const state = marketService.initial(configuration);
  for (const { nodeClass } of safeguards.priceCollar ? safeguards.nodeClasses : []) {
    state.safeguards!.collar.set(nodeClass, COLLAR);
  }
  const { roundId } = round;
  const post = (
    event: object,
    name: string,
    role: 'organisation' | 'admin',
  ): readonly MarketEffect[] => {
    const header = { timeMs: 0, commandId: 'measured', from: { role, name }, roundId };
    return marketService.step(state, { ...header, ...event } as MarketEvent).effects;
  };
  for (const ask of round.asks) post({ kind: 'PostAsk', ask }, ask.organisation, 'organisation');
  for (const bid of round.bids) post({ kind: 'PostBid', bid }, bid.organisation, 'organisation');
  const solve = post({ kind: 'CloseRound' }, 'clock', 'admin').find(
    (effect) => effect.kind === 'SolveRound',
  );
  invariant(solve?.kind === 'SolveRound', 'a round that is closed is to be solved');
  return solve.round;
}

/** The clearing under the orders' own ids, with what borrowers pay on top. */
function named(
  clearing: Clearing,
  shaped: MarketRound,
  { switchingCost }: SafeguardConfiguration,
): Clearing {
  const own = new Map<string, string>();
  for (const { bidId, organisation } of shaped.bids)
    own.set(bidId, bidId.slice(organisation.length + 1));
  for (const { askId, organisation } of shaped.asks)
    own.set(askId, askId.slice(organisation.length + 1));
  const nameOf = (orderId: string) => own.get(orderId) ?? orderId;
  let fees = 0;
  const fills = clearing.fills.map((fill) => {
    const fee = switchingFee(switchingCost, fill.nodes);
    fees += fee;
    return {
      ...fill,
      bidId: nameOf(fill.bidId),
      parts: fill.parts.map(({ askId, nodes }) => ({ askId: nameOf(askId), nodes })),
      paymentMillicredits: fill.paymentMillicredits + fee,
    };
  });
  return {
    ...clearing,
    fills,
    receipts: new Map([...clearing.receipts].map(([askId, amount]) => [nameOf(askId), amount])),
    surplusMillicredits: clearing.surplusMillicredits + fees,
  };
}
