/**
 * Bidders who take turns (crash 5, rings of buyers): what one bids for the same work falls in the very
 * round in which the other's rises, time and again. Rivals change their bids for reasons of their own,
 * so that they move the same way as often as not.
 *
 * Idea: Bajari & Ye, "Deciding between competition and collusion", Review of Economics and Statistics
 * 85 (2003): competitive bids are independent given what is known of the bidders. What each bids for
 * the same work in two rounds takes out what is not known. The statistic is ours.
 *
 * Of the rounds in which both changed a standing bid by a half or more, a went opposite ways and b the
 * same way; z = (a − b) / √(a + b) is about normal for rivals. Score: z⁺ / (z⁺ + 1).
 * A ring that changes its bids little, or never for work that it has bid for before, is not seen.
 */
import type { MarketRound } from '../orders.ts';

/** Factor from which a standing bid counts as changed. */
const CHANGE_FACTOR = 1.5;
/** Where more organisations change their bids at once, it is the market that moves. */
const MOST_CHANGES = 8;

/** Organisations whose standing bids changed in a round: up or down, by most of their bids. */
export interface Repricing {
  readonly roundId: number;
  readonly up: readonly string[];
  readonly down: readonly string[];
}

export interface TurnScore {
  readonly organisations: readonly [string, string];
  readonly score: number;
}

/** Price of a node-slot in each bid's first option. */
export function bidPrices({ bids }: Pick<MarketRound, 'bids'>): Map<string, number> {
  return new Map(
    bids.flatMap(({ bidId, options: [option] }) => {
      if (!option) return [];
      const nodeSlots = option.nodes * (option.endSlot - option.startSlot);
      return [[bidId, option.valueMillicredits / nodeSlots] as const];
    }),
  );
}

/** @param before prices of the bids of the round before; null: nobody, or everybody, changed */
export function repricingOf(
  { roundId, bids }: Pick<MarketRound, 'roundId' | 'bids'>,
  before: ReadonlyMap<string, number>,
  now: ReadonlyMap<string, number>,
): Repricing | null {
  const balance = new Map<string, number>();
  for (const { bidId, organisation } of bids) {
    const was = before.get(bidId);
    const is = now.get(bidId);
    if (was === undefined || is === undefined) continue;
    const sign = is >= was * CHANGE_FACTOR ? 1 : was >= is * CHANGE_FACTOR ? -1 : 0;
    if (was === is || sign === 0) continue;
    balance.set(organisation, (balance.get(organisation) ?? 0) + sign);
  }
  const changed = [...balance].filter(([, sum]) => sum !== 0).sort(([a], [b]) => (a < b ? -1 : 1));
  if (changed.length < 2 || changed.length > MOST_CHANGES) return null;
  const up = changed.filter(([, sum]) => sum > 0).map(([name]) => name);
  const down = changed.filter(([, sum]) => sum < 0).map(([name]) => name);
  return { roundId, up, down };
}

/** Of all pairs that ever changed their bids in the same round, highest score first. */
export function turnScores(history: readonly Repricing[]): TurnScore[] {
  const pairs = new Map<string, { organisations: [string, string]; sum: number; count: number }>();
  for (const { up, down } of history) {
    const moves = [
      ...up.map((name) => ({ name, by: 1 })),
      ...down.map((name) => ({ name, by: -1 })),
    ];
    moves.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const [i, one] of moves.entries()) {
      for (const other of moves.slice(i + 1)) {
        const key = `${one.name}/${other.name}`;
        let pair = pairs.get(key);
        if (!pair) {
          pairs.set(key, (pair = { organisations: [one.name, other.name], sum: 0, count: 0 }));
        }
        pair.sum -= one.by * other.by;
        pair.count += 1;
      }
    }
  }
  return [...pairs.values()]
    .map(({ organisations, sum, count }) => {
      const z = Math.max(0, sum) / Math.sqrt(count);
      return { organisations, score: z / (z + 1) };
    })
    .sort(
      (a, b) => b.score - a.score || (a.organisations.join() < b.organisations.join() ? -1 : 1),
    );
}
