/** Solving a market's recorded rounds again: the recorded solution must be what the mechanism gives. */
import { canonicalJson } from '../core/kernel/canonical-json.ts';
import type { OcxError, Refusal } from '../core/kernel/errors.ts';
import type { JournalRecord } from '../core/kernel/journal.ts';
import { mechanisms } from '../core/market/mechanisms/registry.ts';
import type { SolvedRound } from '../core/market/exchange/protocol.ts';
import type { MarketEffect, SolveRound } from '../core/market/protocol.ts';
import { recordClearing } from '../core/market/service.ts';
import { asDifference, brokenAt, stepOrBreak } from './journal-replay.ts';
import type { JournalledMarket } from './journalled-market.ts';

export interface RoundCheck {
  /** Accepted solutions that were solved again. */
  readonly solved: number;
  readonly same: number;
  /** Accepted solutions of a mechanism, or of a version of it, that this program does not have. */
  readonly skipped: number;
  /** The first one that is not the same. */
  readonly difference: Refusal | null;
}

/**
 * @param configuration of the market, from the journal's genesis
 * @param records the events after the genesis
 */
export function checkRounds(
  { service, solution }: JournalledMarket,
  configuration: unknown,
  records: Iterable<JournalRecord>,
): RoundCheck {
  const counts = { solved: 0, same: 0, skipped: 0 };
  const difference = asDifference(() => {
    let state = service.initial(configuration);
    let first: OcxError | null = null;
    let asked: SolveRound | null = null;
    let number = 0;
    for (const { event } of records) {
      number += 1;
      const step = stepOrBreak(service, state, event, number);
      state = step.state;
      const effects = step.effects as readonly MarketEffect[];
      const refused = effects.some(({ kind }) => kind === 'SolutionRefused');
      const recorded = asked && !refused ? solution(event, asked) : null;
      if (asked && recorded) {
        const isSame = solvesTheSame(asked, recorded);
        if (isSame === null) counts.skipped += 1;
        else counts.solved += 1;
        if (isSame) counts.same += 1;
        if (isSame === false) first ??= brokenAt(number, 'the round has another solution');
      }
      asked = effects.find((effect) => effect.kind === 'SolveRound') ?? asked;
    }
    if (first) throw first;
    return null;
  });
  return { ...counts, difference };
}

/** Null where the mechanism, in that version, is not there. */
function solvesTheSame(asked: SolveRound, recorded: SolvedRound): boolean | null {
  const mechanism = mechanisms.get(asked.mechanism);
  if (!mechanism || recorded.solverVersion !== `${mechanism.name}/${mechanism.version}`)
    return null;
  const { clearing, state } = mechanism.clear(asked.round, asked.parameters, asked.mechanismState);
  const again = canonicalJson({ clearing: recordClearing(clearing), state });
  return again === canonicalJson({ clearing: recorded.clearing, state: recorded.state });
}
