/**
 * The isolation service with the board of offers in front of it. Only the isolation service itself
 * has to be trusted by everybody: the board sees its state, keeps its own list in it, and has leases
 * made by giving a command in the name of the offer's owner, which is judged like any other.
 */
import { COMMAND_FIELDS, type IsolationEvent } from '../allocator/commands.ts';
import { checkFields } from '../allocator/fields.ts';
import type { Isolation } from '../allocator/isolation.ts';
import { isRefusal } from '../allocator/refusals.ts';
import { HEADER, isolationService } from '../allocator/service.ts';
import type { IsolationConfiguration, IsolationEffect } from '../allocator/service.ts';
import type { IsolationState } from '../allocator/state.ts';
import { NO_EFFECTS, type Service, type Step } from '../kernel/service.ts';
import { OFFER_TIMER, offerCommands, offerTimerFired, type OfferKind } from './offers.ts';

type OfferCommand = Extract<IsolationEvent, { readonly kind: OfferKind }>;

export const siteService: Service<
  IsolationConfiguration,
  IsolationState,
  IsolationEvent,
  IsolationEffect
> = {
  ...isolationService,
  step(state, event) {
    if (event.kind === 'TimerFired' && event.timerId.startsWith(OFFER_TIMER)) {
      offerTimerFired({ state, nowMs: event.timeMs }, event.timerId);
      return { state, effects: NO_EFFECTS };
    }
    return isOffer(event) ? offerStep(state, event) : isolationService.step(state, event);
  },
};

function isOffer(event: IsolationEvent): event is OfferCommand {
  return Object.hasOwn(offerCommands, event.kind);
}

function offerStep(
  state: IsolationState,
  command: OfferCommand,
): Step<IsolationState, IsolationEffect> {
  const { kind, commandId, from: to } = command;
  const isolation: Isolation = { state, nowMs: command.timeMs, effects: [] };
  const verdict =
    checkFields(command, COMMAND_FIELDS[kind], HEADER) ??
    // The handler was found by the command's own kind.
    offerCommands[kind](isolation, command as never);
  if (typeof verdict === 'function') {
    const result = verdict();
    isolation.effects.push({ kind: 'Reply', commandId, to, refusal: null, result });
    return { state, effects: isolation.effects };
  }
  if (isRefusal(verdict)) {
    return { state, effects: [{ kind: 'Reply', commandId, to, refusal: verdict, result: null }] };
  }
  const { effects } = isolationService.step(state, verdict);
  const answered = effects.map((effect) => (effect.kind === 'Reply' ? { ...effect, to } : effect));
  return { state, effects: answered };
}
