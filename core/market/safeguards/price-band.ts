/**
 * Holds a round's orders to a band of prices, in the one way that keeps truthful mechanisms
 * truthful: as if every report had been made inside the band.
 *
 * A bid above the band counts as one at its upper edge and an ask below it as one at its lower
 * edge: each still has all the chances that any report can have, at a price inside the band. A bid
 * below the band or an ask above it is left out: it could only trade at a loss to itself. This holds
 * for bids with one option; among several options the edges may hide which is worth more. And it holds
 * where all of a class trade at one price: where each winner pays an amount of its own, as in
 * `combinatorial-vcg` and `greedy-critical`, an ask above the band could have been paid more than the
 * band, and a bid for a larger window has a higher edge, so that these two are not truthful any more.
 */
import type { Ask, Bid, BidOption, MarketRound } from '../orders.ts';
import type { PriceBand } from './memory.ts';
import type { SafeguardDesk } from './safeguard.ts';

/** @param bandOf null: the class has no band */
export function holdToBand(
  round: MarketRound,
  bandOf: (nodeClass: string) => PriceBand | null,
  desk: SafeguardDesk,
): MarketRound {
  const bids: Bid[] = [];
  for (const bid of round.bids) {
    const options = bid.options.flatMap((option) => optionInBand(option, bandOf(option.nodeClass)));
    if (options.length === bid.options.length && options.every((o, i) => o === bid.options[i])) {
      bids.push(bid);
      continue;
    }
    const detail = options.length > 0 ? 'held to the band' : 'below the band';
    desk.trigger({ organisation: bid.organisation, orderId: bid.bidId, detail });
    if (options.length > 0) bids.push({ ...bid, options });
  }
  const asks: Ask[] = [];
  for (const ask of round.asks) {
    const held = askInBand(ask, bandOf(ask.nodeClass));
    if (held) asks.push(held);
    if (held === ask) continue;
    const detail = held ? 'held to the band' : 'above the band';
    desk.trigger({ organisation: ask.organisation, orderId: ask.askId, detail });
  }
  return { ...round, bids, asks };
}

/** Products beyond the safe range are still above every amount that an order may name. */
function optionInBand(option: BidOption, band: PriceBand | null): BidOption[] {
  if (!band) return [option];
  const nodeSlots = option.nodes * (option.endSlot - option.startSlot);
  if (option.valueMillicredits < band.lowMillicredits * nodeSlots) return [];
  if (band.highMillicredits === null) return [option];
  const most = band.highMillicredits * nodeSlots;
  return [option.valueMillicredits > most ? { ...option, valueMillicredits: most } : option];
}

function askInBand(ask: Ask, band: PriceBand | null): Ask | null {
  if (!band) return ask;
  const { reserveMillicredits } = ask;
  if (band.highMillicredits !== null && reserveMillicredits > band.highMillicredits) return null;
  if (reserveMillicredits >= band.lowMillicredits) return ask;
  return { ...ask, reserveMillicredits: band.lowMillicredits };
}
