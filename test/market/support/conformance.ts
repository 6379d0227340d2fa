/**
 * What every mechanism must do, and what it must do if it claims to: each check says in one sentence
 * what it found wrong, or nothing.
 */
import { canonicalJson } from '../../../core/kernel/canonical-json.ts';
import { checkClearing } from '../../../core/market/clearing/check.ts';
import type { Mechanism } from '../../../core/market/mechanism.ts';
import type { Ask, Bid, Clearing, MarketRound } from '../../../core/market/orders.ts';
import { recordClearing } from '../../../core/market/service.ts';
import { bruteForceWelfare } from './brute-force.ts';

export type Check = (mechanism: Mechanism, round: MarketRound) => string | null;

/** Windows, capacity, one option a bid, Σ, and individual rationality and balance where claimed. */
export const isFeasible: Check = (mechanism, round) =>
  checkClearing(round, clear(mechanism, round), mechanism.properties)?.message ?? null;

export const isDeterministic: Check = (mechanism, round) =>
  bytes(clear(mechanism, round)) === bytes(clear(mechanism, structuredClone(round)))
    ? null
    : 'the same round was cleared in two ways';

/** For sealed rounds: who posted first does not matter. */
export const ignoresSubmission: Check = (mechanism, round) => {
  const other = {
    ...round,
    bids: [...round.bids].reverse(),
    asks: rotated(round.asks, round.roundId),
  };
  return sorted(clear(mechanism, round)) === sorted(clear(mechanism, other))
    ? null
    : 'the order of submission changed the clearing';
};

/** For first come, first served: what orders are called does not matter. */
export const ignoresNames: Check = (mechanism, round) => {
  const ids = new Map<string, string>();
  const name = (id: string, side: string) => {
    ids.set(`${side}${ids.size}x`, id);
    return `${side}${ids.size - 1}x`;
  };
  const renamed = {
    ...round,
    bids: round.bids.map((bid) => ({ ...bid, bidId: name(bid.bidId, 'z') })),
    asks: round.asks.map((ask) => ({ ...ask, askId: name(ask.askId, 'y') })),
  };
  const back = JSON.stringify(recordClearing(clear(mechanism, renamed))).replaceAll(
    /[zy]\d+x/g,
    (id) => ids.get(id)!,
  );
  return back === JSON.stringify(recordClearing(clear(mechanism, round)))
    ? null
    : 'the names of orders changed the clearing';
};

/** No order that cannot stand, however it is made, changes what becomes of the others. */
export function survivesHostility(
  mechanism: Mechanism,
  round: MarketRound,
  junk: readonly unknown[],
): string | null {
  const clean = clear(mechanism, round);
  const mixed = {
    ...round,
    bids: [...junk.slice(0, 3), ...round.bids, ...junk.slice(3)] as Bid[],
    asks: [...round.asks, ...junk] as Ask[],
  };
  const hostile = clear(mechanism, mixed);
  if (hostile.rejected.length < 2 * junk.length + clean.rejected.length) {
    return 'a hostile order was not rejected';
  }
  if (hostile.rejected.some(({ code }) => !/^MARKET_[A-Z_]+$/.test(code)))
    return 'a code is no code';
  const { fills, receipts, welfareMillicredits } = recordClearing(clean);
  const after = recordClearing(hostile);
  const same =
    JSON.stringify([fills, receipts, welfareMillicredits]) ===
    JSON.stringify([after.fills, after.receipts, after.welfareMillicredits]);
  return same ? null : 'hostile orders changed what others got';
}

/** Factors on an honest price. */
const MISREPORTS = [0, 0.5, 0.8, 0.95, 1.05, 1.25, 2];

/**
 * Nobody gains by another price on one order. For rounds in which every order has an organisation
 * of its own.
 */
export const isTruthful: Check = (mechanism, round) => {
  const honest = clear(mechanism, round);
  for (const bid of round.bids) {
    const gain = utilityOfBid(bid, honest);
    for (const factor of MISREPORTS) {
      const lie = { ...bid, options: bid.options.map((o) => scaled(o, factor)) };
      const bids = round.bids.map((other) => (other === bid ? lie : other));
      if (utilityOfBid(bid, clear(mechanism, { ...round, bids })) > gain) {
        return `bid ${bid.bidId} gains by reporting ${factor} of its value`;
      }
    }
  }
  for (const ask of round.asks) {
    const gain = utilityOfAsk(ask, round, honest);
    for (const factor of MISREPORTS) {
      const reserveMillicredits = Math.round(ask.reserveMillicredits * factor);
      const asks = round.asks.map((a) => (a === ask ? { ...ask, reserveMillicredits } : a));
      if (utilityOfAsk(ask, round, clear(mechanism, { ...round, asks })) > gain) {
        return `ask ${ask.askId} gains by reporting ${factor} of its reserve`;
      }
    }
  }
  return null;
};

/** For tiny rounds. */
export const isEfficient: Check = (mechanism, round) => {
  const best = bruteForceWelfare(round);
  const { welfareMillicredits } = clear(mechanism, round);
  return welfareMillicredits === best ? null : `welfare ${welfareMillicredits} of ${best}`;
};

/** False-name-proof for want of names: whose an order is does not matter. */
export const ignoresOrganisations: Check = (mechanism, round) => {
  const bids = round.bids.map((bid, i) => ({ ...bid, organisation: `alias ${i}` }));
  const sellers = round.asks.map((ask) => ({ ...ask, organisation: `seller ${ask.askId}` }));
  const merged = bids.map((bid) => ({ ...bid, organisation: 'all in one' }));
  const apart = clear(mechanism, { ...round, bids, asks: sellers });
  const together = clear(mechanism, { ...round, bids: merged, asks: sellers });
  return bytes(apart) === bytes(together) ? null : 'splitting into several names changes something';
};

export function clear(mechanism: Mechanism, round: MarketRound): Clearing {
  return mechanism.clear(round, {}, {}).clearing;
}

function bytes(clearing: Clearing): string {
  return canonicalJson(recordClearing(clearing));
}

function sorted(clearing: Clearing): string {
  const { rejected, ...rest } = recordClearing(clearing);
  return canonicalJson({ ...rest, rejected: rejected.map((r) => JSON.stringify(r)).sort() });
}

function rotated<T>(list: readonly T[], by: number): T[] {
  const at = list.length > 0 ? by % list.length : 0;
  return [...list.slice(at), ...list.slice(0, at)].reverse();
}

function scaled(of: Bid['options'][number], factor: number) {
  return { ...of, valueMillicredits: Math.round(of.valueMillicredits * factor) };
}

function utilityOfBid(bid: Bid, clearing: Clearing): number {
  const fill = clearing.fills.find(({ bidId }) => bidId === bid.bidId);
  if (!fill) return 0;
  const { valueMillicredits, nodes } = bid.options[fill.optionIndex]!;
  return Math.floor((valueMillicredits * fill.nodes) / nodes) - fill.paymentMillicredits;
}

function utilityOfAsk(ask: Ask, round: MarketRound, clearing: Clearing): number {
  let cost = 0;
  for (const fill of clearing.fills) {
    const bid = round.bids.find(({ bidId }) => bidId === fill.bidId)!;
    const { startSlot, endSlot } = bid.options[fill.optionIndex]!;
    for (const { askId, nodes } of fill.parts) {
      if (askId === ask.askId) cost += ask.reserveMillicredits * nodes * (endSlot - startSlot);
    }
  }
  return (clearing.receipts.get(ask.askId) ?? 0) - cost;
}
