/** What a figure says about its sign, by its 95 % interval and nothing else. */
import { isEstimate } from '../../core/metrics/estimate.ts';
import type { Estimate, MaybeEstimate } from '../../core/metrics/estimate.ts';
import { hasInterval } from '../text/number.ts';

/**
 * `positive` and `negative`: the whole interval is on one side of zero. `zero`: exactly zero in
 * every replication. `unclear`: the interval holds zero. `single`: one replication, so nothing
 * can be said. `missing`: there is no figure.
 */
export type Verdict = 'positive' | 'negative' | 'zero' | 'unclear' | 'single' | 'missing';

export function verdictOf(figure: MaybeEstimate | undefined): Verdict {
  if (figure === undefined || !isEstimate(figure)) return 'missing';
  if (!hasInterval(figure)) return 'single';
  const [low, high] = figure.ci95;
  if (low === 0 && high === 0) return 'zero';
  if (low > 0) return 'positive';
  return high < 0 ? 'negative' : 'unclear';
}

/** `first`, `second`: the intervals lie apart. `unclear`: they overlap, or there are none. */
export function larger(first: Estimate, second: Estimate): 'first' | 'second' | 'unclear' {
  if (!hasInterval(first) || !hasInterval(second)) return 'unclear';
  if (first.ci95[0] > second.ci95[1]) return 'first';
  return second.ci95[0] > first.ci95[1] ? 'second' : 'unclear';
}
