/**
 * Cartel screen (crash 5, bid rotation): looks at who sold a class round after round and at what
 * reserves, and flags a class whose sellers take turns too evenly at prices too steady; and
 * (`turns.ts`) buyers who take turns.
 *
 * Two statistics, over the last rounds of a class in which somebody else offered too:
 * - rotation: with winners' shares pᵢ, Σ pᵢ² of all following pairs should have the same winner if
 *   turns are drawn anew each time. z is how many standard deviations fewer there were;
 * - steadiness: the coefficient of variation of the winning reserves. A ring keeps its price.
 *
 * Score in [0, 1): the mean of z⁺ / (z⁺ + 1) and 1 / (1 + 4 · variation of the winning reserves).
 * A screen finds what is worth an audit; it proves nothing, and nothing is blocked by it.
 */
import type { Clearing, MarketRound } from '../orders.ts';
import type { CartelScreenTerms } from './configuration.ts';
import type { Award } from './memory.ts';
import type { Safeguard, SafeguardDesk } from './safeguard.ts';
import { bidPrices, repricingOf, turnScores } from './turns.ts';

/** With fewer awards of a class nothing can be said. */
const LEAST_AWARDS = 8;

export interface CartelScore {
  readonly rotation: number;
  readonly variation: number;
  readonly score: number;
}

/** Of the awards of one class, oldest first; null where there are too few or one seller won all. */
export function cartelScore(awards: readonly Award[]): CartelScore | null {
  const contested = awards.filter(({ nextMillicredits }) => nextMillicredits !== null);
  if (contested.length < LEAST_AWARDS) return null;
  const wins = new Map<string, number>();
  for (const { winner } of contested) wins.set(winner, (wins.get(winner) ?? 0) + 1);
  if (wins.size < 2) return null;
  let same = 0;
  for (const count of wins.values()) {
    const share = count / contested.length;
    same += share * share;
  }
  const pairs = contested.length - 1;
  let repeats = 0;
  for (let i = 1; i <= pairs; i++) {
    if (contested[i]!.winner === contested[i - 1]!.winner) repeats += 1;
  }
  const rotation = (pairs * same - repeats) / Math.sqrt(pairs * same * (1 - same));
  const variation = variationOf(contested.map((award) => award.winningMillicredits));
  const excess = Math.max(0, rotation);
  return { rotation, variation, score: (excess / (excess + 1) + 1 / (1 + 4 * variation)) / 2 };
}

function variationOf(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (mean === 0) return 0;
  const squares = values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0);
  return Math.sqrt(squares / values.length) / mean;
}

export function cartelScreen({ rounds, leastScore }: CartelScreenTerms): Safeguard {
  return {
    name: 'cartel-screen',
    cleared(clearing, round, desk) {
      const { memory, prices, trigger } = desk;
      screenBuyers(round, { rounds, leastScore }, desk);
      const fresh = awardsOf(clearing, round).filter(({ nodeClass }) => prices.has(nodeClass));
      for (const award of fresh) {
        memory.awards.push(award);
        const own = memory.awards.filter(({ nodeClass }) => nodeClass === award.nodeClass);
        if (own.length > rounds) memory.awards.splice(memory.awards.indexOf(own[0]!), 1);
        const found = cartelScore(own.slice(-rounds));
        if (found === null || found.score < leastScore) continue;
        trigger({
          detail: `sellers of ${award.nodeClass} score ${Math.round(found.score * 1000) / 1000}`,
        });
      }
    },
  };
}

function screenBuyers(
  round: MarketRound,
  { rounds, leastScore }: CartelScreenTerms,
  { memory, trigger }: SafeguardDesk,
): void {
  const now = bidPrices(round);
  const repricing = repricingOf(round, memory.bidPrices, now);
  memory.bidPrices = now;
  while (memory.repricings.length > 0 && memory.repricings[0]!.roundId <= round.roundId - rounds) {
    memory.repricings.shift();
  }
  if (!repricing) return;
  memory.repricings.push(repricing);
  for (const { organisations, score } of turnScores(memory.repricings)) {
    if (score < leastScore) break;
    const [organisation, other] = organisations;
    trigger({
      organisation,
      detail: `bids in turn with ${other}, score ${Math.round(score * 1000) / 1000}`,
    });
  }
}

/** By class: who sold most in the round, its least reserve, and the least of all others. */
export function awardsOf(clearing: Pick<Clearing, 'fills'>, round: MarketRound): Award[] {
  const askOf = new Map(round.asks.map((ask) => [ask.askId, ask]));
  const sold = new Map<string, Map<string, number>>();
  for (const { parts } of clearing.fills) {
    for (const { askId, nodes } of parts) {
      const ask = askOf.get(askId);
      // Nodes of a preempted contract have no ask in the round.
      if (!ask) continue;
      const { nodeClass, organisation } = ask;
      let sellers = sold.get(nodeClass);
      if (!sellers) sold.set(nodeClass, (sellers = new Map()));
      sellers.set(organisation, (sellers.get(organisation) ?? 0) + nodes);
    }
  }
  return [...sold].map(([nodeClass, sellers]) => {
    const [winner] = [...sellers].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))[0]!;
    let winningMillicredits = Infinity;
    let next = Infinity;
    for (const ask of round.asks) {
      if (ask.nodeClass !== nodeClass) continue;
      if (ask.organisation === winner) {
        winningMillicredits = Math.min(winningMillicredits, ask.reserveMillicredits);
      } else next = Math.min(next, ask.reserveMillicredits);
    }
    const nextMillicredits = next === Infinity ? null : next;
    return { roundId: round.roundId, nodeClass, winner, winningMillicredits, nextMillicredits };
  });
}
