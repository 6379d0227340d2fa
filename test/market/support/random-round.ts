/** Random rounds for tests and benchmarks. */
import { randomStream } from '../../../core/kernel/random.ts';
import type { Ask, Bid, BidOption, MarketRound } from '../../../core/market/orders.ts';

export interface RandomRoundShape {
  readonly bids: number;
  readonly optionsPerBid: number;
  readonly slots: number;
  readonly classes: number;
  /** Nodes of a class over all asks. */
  readonly nodesPerClass: number;
  readonly asksPerClass: number;
  readonly largestGang: number;
  readonly longestWindow: number;
  /** Share of bids that take fewer nodes too. */
  readonly scalableShare: number;
  /** Asks over part of the horizon, security levels, recall terms: all mixed. */
  readonly mixedTerms: boolean;
  readonly crossClass: boolean;
  readonly organisations: number;
}

/**
 * Gangs 1…largest, windows 1…longest, log-normal value density, as in the measurements that
 * the search was tuned on: demand and supply are set by the shape.
 */
export function randomRound(shape: RandomRoundShape, seed: number): MarketRound {
  const random = randomStream({ seed, replication: 0, entity: 'round', purpose: 'test' });
  const pick = (n: number) => random.integer(n);
  const levels = ['none', 'attested', 'full'] as const;
  const asks: Ask[] = [];
  for (let c = 0; c < shape.classes; c++) {
    for (let i = 0; i < shape.asksPerClass; i++) {
      const part = shape.mixedTerms && pick(3) === 0;
      const startSlot = part ? pick(Math.max(1, shape.slots >> 1)) : 0;
      const endSlot = part ? startSlot + 1 + pick(shape.slots - startSlot) : shape.slots;
      asks.push({
        askId: `a${c}-${i}`,
        organisation: `org${pick(shape.organisations)}`,
        nodeClass: `class${c}`,
        nodes: Math.max(1, Math.round(shape.nodesPerClass / shape.asksPerClass)),
        startSlot,
        endSlot,
        reserveMillicredits: 50 + pick(150),
        recall:
          shape.mixedTerms && pick(4) === 0
            ? { noticeMs: 600_000, penaltyPartsPerMillion: 100_000 }
            : null,
        securityLevel: shape.mixedTerms ? levels[pick(3)]! : 'full',
      });
    }
  }
  const bids: Bid[] = [];
  for (let b = 0; b < shape.bids; b++) {
    const nodes = 1 + pick(shape.largestGang);
    const length = 1 + pick(Math.min(shape.longestWindow, shape.slots));
    const density = 300 * Math.exp(0.6 * random.normal());
    const minimumNodes = random.uniform() < shape.scalableShare ? 1 + pick(nodes) : nodes;
    const home = pick(shape.classes);
    const options: BidOption[] = [];
    for (let o = 0; o < shape.optionsPerBid; o++) {
      const startSlot = pick(shape.slots - length + 1);
      const discount = 0.8 + 0.2 * random.uniform();
      options.push({
        nodeClass: `class${shape.crossClass ? pick(shape.classes) : home}`,
        nodes,
        minimumNodes,
        startSlot,
        endSlot: startSlot + length,
        valueMillicredits: Math.round(density * discount * nodes * length),
      });
    }
    bids.push({
      bidId: `b${String(b).padStart(4, '0')}`,
      organisation: `org${pick(shape.organisations)}`,
      options,
      securityLevel: shape.mixedTerms ? levels[pick(3)]! : 'none',
      acceptsRecall: shape.mixedTerms ? pick(2) === 0 : true,
    });
  }
  return {
    roundId: seed,
    slotMs: 900_000,
    horizonSlots: shape.slots,
    bids,
    asks,
    seed: `round-${seed}`,
  };
}
