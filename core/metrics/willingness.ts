/**
 * How willing owners are to share: the prospectus' second question. All of it is measured against
 * the same owners in the same variant; another variant is the reference (`docs/METRICS.md`).
 */
import type { OrganisationOutcome, RunOutcome } from './outcome.ts';
import type { Willingness } from './results.ts';
import { maybeEstimate } from './statistics.ts';

export function willingness(runs: readonly RunOutcome[]): Willingness {
  const each = (pick: (run: RunOutcome) => number | null, why: string) =>
    maybeEstimate(runs.map(pick), why);
  return {
    timeToOfferMedianSeconds: each((run) => timeToOffer(run, 0.5), 'nothing was offered'),
    timeToOfferP95Seconds: each((run) => timeToOffer(run, 0.95), 'nothing was offered'),
    reshapeIndex: each(reshapeIndex, 'nothing was offered'),
  };
}

/** Offered idle node-slots ÷ truly idle node-slots, over all rounds and organisations. */
export function sharingIndex(run: RunOutcome): number | null {
  return ratio(
    run,
    ({ offeredNodeRounds }) => offeredNodeRounds,
    ({ idleNodeRounds }) => idleNodeRounds,
  );
}

/** Node-time offered for which own jobs are moved ÷ node-time offered. */
function reshapeIndex(run: RunOutcome): number | null {
  return ratio(
    run,
    ({ movedNodeMs }) => movedNodeMs,
    ({ offeredNodeMs }) => offeredNodeMs,
  );
}

function ratio(
  { organisations }: RunOutcome,
  above: (organisation: OrganisationOutcome) => number,
  below: (organisation: OrganisationOutcome) => number,
): number | null {
  const sum = (pick: typeof above) => organisations.reduce((total, one) => total + pick(one), 0);
  const whole = sum(below);
  return whole > 0 ? sum(above) / whole : null;
}

/** Seconds within which this share of the nodes that fell idle and were offered were offered. */
function timeToOffer({ organisations }: RunOutcome, share: number): number | null {
  const nodes = new Map<number, number>();
  let all = 0;
  for (const { timeToOffer } of organisations) {
    for (const [minutes, count] of timeToOffer) {
      nodes.set(minutes, (nodes.get(minutes) ?? 0) + count);
      all += count;
    }
  }
  let below = 0;
  for (const [minutes, count] of [...nodes].sort(([a], [b]) => a - b)) {
    below += count;
    if (below >= share * all) return minutes * 60;
  }
  return null;
}
