/**
 * Floor of the recall penalty (crash 12, moral hazard): whoever takes a lent node back pays at least
 * what the borrower must add to get another, with the probability of the quantile (the 99th
 * percentile as shipped): the quantile of (later price − price) ÷ price over all pairs of following
 * prices in the window, at most the whole rest of the price.
 *
 * Raised terms are published with the round before. Costs: recallable offers become dearer or fewer.
 */
import type { PriceHistory } from '../price-history.ts';
import type { RecallPenaltyTerms } from './configuration.ts';
import type { Safeguard } from './safeguard.ts';

const MILLION = 1_000_000;

export function recallPenalty({ quantilePartsPerMillion }: RecallPenaltyTerms): Safeguard {
  return {
    name: 'recall-penalty',
    shape(round, { memory, trigger }) {
      const asks = round.asks.map((ask) => {
        const floor = memory.recallFloor.get(ask.nodeClass) ?? 0;
        if (!ask.recall || ask.recall.penaltyPartsPerMillion >= floor) return ask;
        const { organisation, askId: orderId } = ask;
        trigger({ organisation, orderId, detail: `penalty raised to ${floor} parts per million` });
        return { ...ask, recall: { ...ask.recall, penaltyPartsPerMillion: floor } };
      });
      return { ...round, asks };
    },
    cleared(_clearing, _round, { memory, prices }) {
      for (const nodeClass of prices.keys()) {
        const floor = gapQuantile(prices, nodeClass, quantilePartsPerMillion);
        memory.recallFloor.set(nodeClass, floor);
      }
    },
  };
}

/** The quantile (nearest rank) of relative price rises, parts per million, within 0 to a million. */
export function gapQuantile(
  history: PriceHistory,
  nodeClass: string,
  quantilePartsPerMillion: number,
): number {
  const points = history.get(nodeClass) ?? [];
  const gaps: number[] = [];
  for (let i = 1; i < points.length; i++) {
    const before = Math.max(1, points[i - 1]!.millicreditsPerNodeSlot);
    const rise = points[i]!.millicreditsPerNodeSlot - before;
    gaps.push(Math.min(MILLION, Math.max(0, Math.ceil((rise / before) * MILLION))));
  }
  if (gaps.length === 0) return 0;
  gaps.sort((a, b) => a - b);
  const rank = Math.max(1, Math.ceil((gaps.length * quantilePartsPerMillion) / MILLION));
  return gaps[Math.min(rank, gaps.length) - 1]!;
}
