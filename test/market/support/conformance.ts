/**
 * What every mechanism must do, and what it must do if it claims to: each check says in one sentence
 * what it found wrong, or nothing.
 */
import { canonicalJson } from '../../../core/kernel/canonical-json.ts';
import { checkClearing } from '../../../core/market/clearing/check.ts';
import type { Mechanism } from '../../../core/market/mechanism.ts';
import type { Ask, Bid, Clearing, MarketRound } from '../../../core/market/orders.ts';
import { recordClearing } from '../../../core/market/service.ts';

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

/**
 * Either who was first does not matter, or what orders are called: what a clearing depends on is one
 * of both, and the same one in all rounds.
 */
export const INVARIANCES: readonly Check[] = [ignoresSubmission, ignoresNames];

/** No order that cannot stand, however it is made, changes what becomes of the others. */
export function survivesHostility(
  mechanism: Mechanism,
  round: MarketRound,
  junk: readonly unknown[],
): string | null {
  const clean = clear(mechanism, round);
  // And what stands under an id stays, whatever comes under it later.
  const copies = round.bids.slice(0, 2).map((bid) => ({ ...bid, organisation: 'copy' }));
  const mixed = {
    ...round,
    bids: [...junk.slice(0, 2), ...round.bids, ...copies, ...junk.slice(2)] as Bid[],
    asks: [...junk.slice(4), ...round.asks, ...junk.slice(0, 4)] as Ask[],
  };
  const hostile = clear(mechanism, mixed);
  if (hostile.rejected.length < 2 * junk.length + copies.length + clean.rejected.length) {
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
