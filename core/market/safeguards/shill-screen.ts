/**
 * Shill screen (crash 6): flags pairs of organisations that trade in circles, each selling to the
 * other about as much as it buys, so that the volume is for show; and (`mirrors.ts`) bidders whose
 * bids are one seller's asks over again.
 *
 * Score of a circle: the smaller of the two directions' node-slots ÷ the larger, times the share of
 * the smaller trader's whole volume that is with the other. 1: it trades with nobody else, and
 * whatever goes one way comes back. Honest pairs trade one way at a time, or with others too.
 * A screen finds what is worth an audit; nothing is blocked by it.
 */
import type { ShillScreenTerms } from './configuration.ts';
import type { TradeRecord } from './memory.ts';
import { mirroredBids, mirrorScores } from './mirrors.ts';
import type { Safeguard } from './safeguard.ts';

/** Fewer trades of a pair, in both directions together, say nothing. */
const LEAST_TRADES = 6;

export interface PairScore {
  readonly organisations: readonly [string, string];
  readonly score: number;
}

interface PairVolume {
  readonly organisations: readonly [string, string];
  forth: number;
  back: number;
  trades: number;
}

/** Of all pairs that traded often enough, highest score first. */
export function shillScores(trades: readonly TradeRecord[]): PairScore[] {
  const pairs = new Map<string, PairVolume>();
  const volume = new Map<string, number>();
  for (const { buyer, seller, nodeSlots } of trades) {
    const [first, second] = buyer < seller ? [buyer, seller] : [seller, buyer];
    const key = `${first}/${second}`;
    let pair = pairs.get(key);
    if (!pair)
      pairs.set(key, (pair = { organisations: [first, second], forth: 0, back: 0, trades: 0 }));
    if (buyer === first) pair.forth += nodeSlots;
    else pair.back += nodeSlots;
    pair.trades += 1;
    for (const name of [first, second]) volume.set(name, (volume.get(name) ?? 0) + nodeSlots);
  }
  return [...pairs.values()]
    .filter((pair) => pair.trades >= LEAST_TRADES)
    .map(({ organisations, forth, back }) => {
      const least = Math.min(volume.get(organisations[0])!, volume.get(organisations[1])!);
      const score = (Math.min(forth, back) / Math.max(forth, back)) * ((forth + back) / least);
      return { organisations, score };
    })
    .sort(
      (a, b) =>
        b.score - a.score || (a.organisations.join('/') < b.organisations.join('/') ? -1 : 1),
    );
}

export function shillScreen({ trades, leastScore }: ShillScreenTerms): Safeguard {
  return {
    name: 'shill-screen',
    cleared(clearing, round, { memory, trigger }) {
      memory.mirrored.push(...mirroredBids(round).slice(-trades));
      if (memory.mirrored.length > trades) {
        memory.mirrored.splice(0, memory.mirrored.length - trades);
      }
      for (const { bidder, seller, score } of mirrorScores(memory.mirrored)) {
        if (score < leastScore) break;
        if (!round.bids.some(({ organisation }) => organisation === bidder)) continue;
        const detail = `bids are the asks of ${seller} over again, score ${Math.round(score * 1000) / 1000}`;
        trigger({ organisation: bidder, detail });
      }
      const bids = new Map(round.bids.map((bid) => [bid.bidId, bid]));
      const asks = new Map(round.asks.map((ask) => [ask.askId, ask]));
      const touched = new Set<string>();
      for (const { bidId, optionIndex, parts } of clearing.fills) {
        const bid = bids.get(bidId)!;
        const { startSlot, endSlot } = bid.options[optionIndex]!;
        for (const { askId, nodes } of parts) {
          const seller = asks.get(askId)?.organisation;
          // Nodes of a preempted contract have no ask in the round.
          if (seller === undefined) continue;
          const nodeSlots = nodes * (endSlot - startSlot);
          memory.trades.push({ buyer: bid.organisation, seller, nodeSlots });
          touched.add(seller);
        }
      }
      if (memory.trades.length > trades) memory.trades.splice(0, memory.trades.length - trades);
      if (touched.size === 0) return;
      for (const { organisations, score } of shillScores(memory.trades)) {
        if (score < leastScore) break;
        if (!organisations.some((name) => touched.has(name))) continue;
        const detail = `trades in a circle with ${organisations[1]}, score ${Math.round(score * 1000) / 1000}`;
        trigger({ organisation: organisations[0], detail });
      }
    },
  };
}
