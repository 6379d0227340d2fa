/**
 * What one trader could gain by shading its price in small exchanges for gangs × windows: 42 random
 * rounds of four buyers and four sellers, one order each, 1–4 nodes, windows of 1–3 slots. Traders
 * that trade when honest try four factors on their own price, the others staying honest.
 */
import { randomStream } from '../../../core/kernel/random.ts';
import type { Mechanism } from '../../../core/market/mechanism.ts';
import { exchangeThreshold } from '../../../core/market/mechanisms/exchange-threshold.ts';
import type { Ask, Bid, Clearing, MarketRound } from '../../../core/market/orders.ts';
import { ask, bid } from './orders.ts';

const ROUNDS = 42;
const TRADERS = 4;
const SLOTS = 4;
const BUYER_FACTORS = [0.95, 0.9, 0.75, 0.5];
const SELLER_FACTORS = [1.1, 1.25, 1.5, 2.5];

export interface Regret {
  /** Rounds in which something is traded. */
  readonly rounds: number;
  /** Best gain of any one trader / welfare of the round. */
  readonly mean: number;
  readonly largest: number;
}

/** The threshold exchange's allocation; everybody pays, or gets, what was reported. */
export const payAsBidExchange: Mechanism = {
  ...exchangeThreshold,
  name: 'pay-as-bid-exchange',
  clear(round, parameters, state) {
    const { clearing } = exchangeThreshold.clear(round, parameters, state);
    const receipts = new Map<string, number>();
    const fills = clearing.fills.map((fill) => {
      const { options } = round.bids.find(({ bidId }) => bidId === fill.bidId)!;
      const { valueMillicredits, startSlot, endSlot } = options[fill.optionIndex]!;
      for (const { askId, nodes } of fill.parts) {
        const { reserveMillicredits } = round.asks.find((other) => other.askId === askId)!;
        const cost = reserveMillicredits * nodes * (endSlot - startSlot);
        receipts.set(askId, (receipts.get(askId) ?? 0) + cost);
      }
      return { ...fill, paymentMillicredits: valueMillicredits };
    });
    return { clearing: { ...clearing, fills, receipts }, state };
  },
};

/** @param traders on each side */
export function measureRegret(mechanism: Mechanism, rounds = ROUNDS, traders = TRADERS): Regret {
  const shares: number[] = [];
  for (let seed = 0; shares.length < rounds; seed++) {
    const round = smallExchange(seed, traders);
    const honest = clear(mechanism, round);
    if (honest.welfareMillicredits === 0) continue;
    shares.push(bestGain(mechanism, round, honest) / honest.welfareMillicredits);
  }
  return {
    rounds: shares.length,
    mean: shares.reduce((a, b) => a + b, 0) / shares.length,
    largest: Math.max(...shares),
  };
}

function smallExchange(seed: number, traders: number): MarketRound {
  const random = randomStream({ seed, replication: 0, entity: 'exchange', purpose: 'regret' });
  const count = (least: number, most: number) => least + random.integer(most - least + 1);
  const windowOf = () => {
    const length = count(1, 3);
    const startSlot = count(0, SLOTS - length);
    return { startSlot, endSlot: startSlot + length, length };
  };
  const bids = Array.from({ length: traders }, (_, i) => {
    const { length, ...window } = windowOf();
    const nodes = count(1, 4);
    const valueMillicredits = count(500, 2_000) * nodes * length;
    return bid(`b${i}`, { nodes, valueMillicredits, ...window });
  });
  const asks = Array.from({ length: traders }, (_, i) =>
    ask(`a${i}`, { nodes: count(1, 4), endSlot: SLOTS, reserveMillicredits: count(200, 1_200) }),
  );
  return {
    roundId: seed,
    slotMs: 900_000,
    horizonSlots: SLOTS,
    bids,
    asks,
    seed: `regret ${seed}`,
  };
}

function bestGain(mechanism: Mechanism, round: MarketRound, honest: Clearing): number {
  let best = 0;
  for (const own of round.bids) {
    if (!honest.fills.some(({ bidId }) => bidId === own.bidId)) continue;
    const before = gainOfBuyer(own, honest);
    for (const factor of BUYER_FACTORS) {
      const [option] = own.options;
      const valueMillicredits = Math.round(option!.valueMillicredits * factor);
      const shaded = { ...own, options: [{ ...option!, valueMillicredits }] };
      const bids = round.bids.map((other) => (other === own ? shaded : other));
      best = Math.max(best, gainOfBuyer(own, clear(mechanism, { ...round, bids })) - before);
    }
  }
  for (const own of round.asks) {
    const before = gainOfSeller(own, round, honest);
    if (!honest.receipts.has(own.askId)) continue;
    for (const factor of SELLER_FACTORS) {
      const reserveMillicredits = Math.round(own.reserveMillicredits * factor);
      const asks = round.asks.map((other) =>
        other === own ? { ...own, reserveMillicredits } : other,
      );
      const after = gainOfSeller(own, round, clear(mechanism, { ...round, asks }));
      best = Math.max(best, after - before);
    }
  }
  return best;
}

function clear(mechanism: Mechanism, round: MarketRound): Clearing {
  return mechanism.clear(round, {}, {}).clearing;
}

function gainOfBuyer({ bidId, options }: Bid, { fills }: Clearing): number {
  const fill = fills.find((other) => other.bidId === bidId);
  return fill ? options[0]!.valueMillicredits - fill.paymentMillicredits : 0;
}

function gainOfSeller({ askId, reserveMillicredits }: Ask, round: MarketRound, of: Clearing) {
  let gain = of.receipts.get(askId) ?? 0;
  for (const { bidId, parts } of of.fills) {
    const { startSlot, endSlot } = round.bids.find((other) => other.bidId === bidId)!.options[0]!;
    for (const part of parts) {
      if (part.askId === askId) gain -= part.nodes * (endSlot - startSlot) * reserveMillicredits;
    }
  }
  return gain;
}
