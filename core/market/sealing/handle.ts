/** The commands of sealed rounds, each answered by exactly one reply. */
import type { Refusal } from '../../kernel/errors.ts';
import { takeOrders } from '../book.ts';
import { notAdministrator } from '../permissions.ts';
import type { MarketEffect } from '../protocol.ts';
import { Guard } from '../safeguards/guard.ts';
import type { MarketState } from '../state.ts';
import type { SealingCommand } from './protocol.ts';
import {
  closeCommits,
  commitOrders,
  noteReveal,
  openCommits,
  revealFault,
} from './sealed-round.ts';

/** @returns the effects, the reply last */
export function handleSealing(state: MarketState, event: SealingCommand): MarketEffect[] {
  const effects: MarketEffect[] = [];
  const { refusal, result } = answer(state, event, effects);
  const { commandId, from } = event;
  effects.push({ kind: 'Reply', commandId, to: from, refusal, result: refusal ? null : result });
  return effects;
}

interface Answer {
  readonly refusal: Refusal | null;
  readonly result: unknown;
}

function answer(state: MarketState, event: SealingCommand, effects: MarketEffect[]): Answer {
  const { roundId } = event;
  switch (event.kind) {
    case 'OpenCommits':
      return { refusal: notAdministrator(event) ?? openCommits(state, event), result: roundId };
    case 'CloseCommits': {
      const denied = notAdministrator(event);
      return { refusal: denied ?? closeCommits(state, event, effects), result: roundId };
    }
    case 'CommitOrders': {
      const taken = commitOrders(state, event, effects);
      return { refusal: taken.refusal, result: taken.refusal ? null : taken.receipt };
    }
    case 'RevealOrders': {
      const refusal = revealFault(state, event);
      if (refusal) return { refusal, result: null };
      noteReveal(state, event, effects);
      const guard = new Guard(state, event, effects);
      const { from, bids, asks } = event;
      return { refusal: null, result: takeOrders(state, from, roundId, bids, asks, guard) };
    }
  }
}
