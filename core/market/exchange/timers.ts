/** Names of an exchange's timers and effects. */

/** The one timer of the round that is being solved. */
export const SOLVE_TIMER = 'solve';
export const ROUND_TIMER = 'round/';
export const COMMITS_TIMER = 'commits/';

/** The end of a horizon's round. */
export function roundTimer(horizon: number): string {
  return ROUND_TIMER + horizon;
}

/** The end of commitments to a horizon's round. */
export function commitsTimer(horizon: number): string {
  return COMMITS_TIMER + horizon;
}

export function solveId(roundId: number, attempt: number): string {
  return `solve/${roundId}/${attempt}`;
}

export function headId(roundId: number): string {
  return `head/${roundId}`;
}
