/**
 * The isolation service: organisations, nodes, ports, networks and leases, and the walk that hands
 * a node over and takes it back. The only service that everybody has to trust.
 */
import type { Refusal } from '../kernel/errors.ts';
import { NO_EFFECTS, type Service, type Step } from '../kernel/service.ts';
import { COMMANDS, type CommandRow } from './command-table.ts';
import { checkFields } from './fields.ts';
import { isAdministrator } from './access.ts';
import { initialState, type IsolationConfiguration } from './enrolment.ts';
import { LEASE_TIMER, NODE_TIMER, refuse, type Isolation, type Verdict } from './isolation.ts';
import { leaseTimerFired } from './leases.ts';
import { nodeTimerFired, takeObservation, takeOutcome } from './outcomes.ts';
import type { IsolationCommand, IsolationEvent } from './commands.ts';
import type { IsolationEffect } from './protocol.ts';
import type { IsolationState } from './state.ts';

export type { IsolationConfiguration } from './enrolment.ts';
export type { IsolationEvent } from './commands.ts';
export type { IsolationEffect } from './protocol.ts';
export type { IsolationState } from './state.ts';

export const isolationService: Service<
  IsolationConfiguration,
  IsolationState,
  IsolationEvent,
  IsolationEffect
> = {
  name: 'isolation',
  initial: initialState,
  step,
};

function step(state: IsolationState, event: IsolationEvent): Step<IsolationState, IsolationEffect> {
  const isolation: Isolation = { state, nowMs: event.timeMs, effects: [] };
  switch (event.kind) {
    case 'EffectOutcome':
      takeOutcome(isolation, event);
      break;
    case 'TimerFired':
      timerFired(isolation, event.timerId);
      break;
    case 'NodeObserved':
      takeObservation(isolation, event);
      break;
    default:
      answer(isolation, event);
  }
  return { state, effects: isolation.effects.length > 0 ? isolation.effects : NO_EFFECTS };
}

function timerFired(isolation: Isolation, timerId: string): void {
  if (timerId.startsWith(NODE_TIMER)) nodeTimerFired(isolation, timerId);
  else if (timerId.startsWith(LEASE_TIMER)) leaseTimerFired(isolation, timerId);
}

/** One reply; a refused command has no other effect. */
function answer(isolation: Isolation, command: IsolationCommand): void {
  const { commandId, from } = command;
  const verdict = judge(isolation, command);
  if (typeof verdict !== 'function') {
    const refusal: Refusal = verdict;
    isolation.effects.push({ kind: 'Reply', commandId, to: from, refusal, result: null });
    return;
  }
  const result = verdict();
  isolation.effects.push({ kind: 'Reply', commandId, to: from, refusal: null, result });
}

const HEADER: ReadonlySet<string> = new Set(['kind', 'timeMs', 'commandId', 'from']);

function judge(isolation: Isolation, command: IsolationCommand): Verdict {
  if (!Object.hasOwn(COMMANDS, command.kind)) {
    return refuse('INPUT_UNKNOWN_COMMAND', 'the isolation service has no such command');
  }
  // The row was found by the command's own kind.
  const row = COMMANDS[command.kind] as CommandRow<IsolationCommand>;
  const refusal = checkFields(command, row.fields, HEADER);
  if (refusal) return refusal;
  if (row.who === 'administrator' && !isAdministrator(command.from)) {
    return refuse('DENIED_AUTHORIZATION', `${command.kind} is an administrator's`);
  }
  return row.handle(isolation, command);
}
