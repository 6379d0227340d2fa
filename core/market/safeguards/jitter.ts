/**
 * Jitter (crash 18, learning agents that collude without a word): ties by order of submission are
 * broken in a random order, and epochs are lengthened at random, so that nobody can learn a rhythm
 * to take turns in. Both come from the round's own stream, whose name is fixed before any order.
 *
 * Costs: an early order has no precedence.
 */
import { randomStream } from '../../kernel/random.ts';
import type { TimeMs } from '../../kernel/units.ts';
import type { JitterTerms } from './configuration.ts';
import type { Safeguard } from './safeguard.ts';

export const jitter: Safeguard = {
  name: 'jitter',
  shape(round) {
    const bids = [...round.bids].sort((a, b) => (a.bidId < b.bidId ? -1 : 1));
    const asks = [...round.asks].sort((a, b) => (a.askId < b.askId ? -1 : 1));
    const stream = streamOf(round.seed, 'ties');
    shuffle(bids, (below) => stream.integer(below));
    shuffle(asks, (below) => stream.integer(below));
    return { ...round, bids, asks };
  },
};

/** By how much the epoch after this round is lengthened. */
export function epochJitterMs(
  terms: JitterTerms,
  seed: string,
  roundId: number,
  epochMs: TimeMs,
): TimeMs {
  const most = Math.floor((epochMs * terms.epochPartsPerMillion) / 1_000_000);
  return streamOf(`${seed}/${roundId}`, 'epoch').integer(most + 1);
}

function streamOf(entity: string, purpose: string) {
  return randomStream({ seed: 0, replication: 0, entity, purpose });
}

function shuffle(list: unknown[], integer: (below: number) => number): void {
  for (let i = list.length - 1; i > 0; i--) {
    const j = integer(i + 1);
    [list[i], list[j]] = [list[j], list[i]];
  }
}
