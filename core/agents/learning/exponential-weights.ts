/**
 * Exponential weights over a few actions of which only the one that was played shows its pay-off.
 *
 * Paper: Auer, Cesa-Bianchi, Freund & Schapire, "The nonstochastic multiarmed bandit problem",
 * SIAM J. Comput. 32 (2002): Exp3, the bandit form of Hedge (Freund & Schapire, J. Comput. Syst.
 * Sci. 55, 1997).
 * Rule: play i with p(i) = (1 − γ) w(i) / Σw + γ / K; then w(i) ← w(i) · exp(γ x̂ / K) with x̂ = x / p(i).
 * Claim: for pay-offs x in [0, 1], whoever sets them, the expected regret against the best single
 * action after T rounds is at most (e − 1) γ T + K ln K / γ (theorem 3.1).
 *
 * Logarithms of the weights are kept, so that nothing overflows.
 */

/** How likely each action is to be played. */
export function playShares(logWeights: readonly number[], exploration: number): number[] {
  const most = Math.max(...logWeights);
  const weights = logWeights.map((log) => Math.exp(log - most));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const { length } = logWeights;
  return weights.map((weight) => (1 - exploration) * (weight / sum) + exploration / length);
}

/** The action that a uniform draw in [0, 1) stands for. */
export function pick(shares: readonly number[], draw: number): number {
  let left = draw;
  for (let action = 0; action < shares.length - 1; action++) {
    left -= shares[action]!;
    if (left < 0) return action;
  }
  return shares.length - 1;
}

/**
 * Weights after an action was played.
 *
 * @param payoff in [0, 1]
 */
export function reward(
  logWeights: readonly number[],
  exploration: number,
  action: number,
  payoff: number,
): number[] {
  const share = playShares(logWeights, exploration)[action]!;
  const step = (exploration * payoff) / (share * logWeights.length);
  const raised = logWeights.map((log, index) => (index === action ? log + step : log));
  // Only differences matter: the highest stays at 0.
  const most = Math.max(...raised);
  return raised.map((log) => log - most);
}
