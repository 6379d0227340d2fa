/**
 * Learns from its own gains by how much to shade, so that in the long run no fixed shading would
 * have done much better, whatever the others do.
 *
 * Paper: Auer, Cesa-Bianchi, Freund & Schapire (2002); rule and bound are in
 * `learning/exponential-weights.ts`.
 * Rule: eleven factors 0.5, 0.6, … 1.5. Each round draws one; bids are scaled by it, asks by 2 − it,
 * never under cost. The pay-off is the round's own gain as a share of the largest that it has seen,
 * loss or gain, moved to [0, 1].
 *
 * Parameters: `exploration` (default 0.1): γ, share of rounds with a factor drawn evenly.
 */
import type { AgentMemory, Strategy } from '../agent.ts';
import { drawsOf } from '../draws.ts';
import { pick, playShares, reward } from '../learning/exponential-weights.ts';
import { ordersFromView } from '../orders-from-view.ts';
import { gainOf, truthOf } from '../own-gain.ts';

/** Factors on the truthful price, in tenths. */
const FACTORS: readonly number[] = [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15].map((n) => n / 10);

export const regretMinimising: Strategy = {
  name: 'regret-minimising',
  decide(view, terms, fills, memory, parameters) {
    const exploration = Math.min(1, Math.max(0.01, parameters['exploration'] ?? 0.1));
    const { logWeights, largest } = learn(memory, exploration, gainOf(fills, memory));
    const played = pick(playShares(logWeights, exploration), drawsOf(view).uniform());
    const factor = FACTORS[played]!;
    const scale = { bid: () => factor, ask: () => Math.max(1, 2 - factor) };
    const orders = ordersFromView(view, terms, scale);
    const next: Record<string, number> = { ...truthOf(view, terms), largest, played };
    logWeights.forEach((log, index) => (next[`weight/${index}`] = log));
    next['sent'] = orders.bids.length + orders.asks.length;
    return { orders, memory: next };
  },
};

function learn(
  memory: AgentMemory,
  exploration: number,
  gain: number | null,
): { logWeights: readonly number[]; largest: number } {
  const logWeights = FACTORS.map((_, index) => memory[`weight/${index}`] ?? 0);
  const before = memory['largest'] ?? 0;
  const played = memory['played'];
  if (gain === null || played === undefined) return { logWeights, largest: before };
  const largest = Math.max(before, Math.abs(gain));
  const payoff = largest === 0 ? 0.5 : (gain / largest + 1) / 2;
  return { logWeights: reward(logWeights, exploration, played, payoff), largest };
}
