/**
 * The isolation service: organisations, nodes, ports, networks and leases, and the walk that hands
 * a node over and takes it back. The only service that everybody has to trust.
 */
import type { Refusal } from '../kernel/errors.ts';
import { NO_EFFECTS, type Service, type Step } from '../kernel/service.ts';
import { attachmentCommands, portAdministration } from './attachments.ts';
import {
  COMMAND_FIELDS,
  type Handlers,
  type IsolationCommand,
  type IsolationEvent,
} from './commands.ts';
import { checkFields } from './fields.ts';
import { isAdministrator } from './access.ts';
import { initialState, type IsolationConfiguration } from './enrolment.ts';
import { LEASE_TIMER, NODE_TIMER, type Isolation, type Verdict } from './isolation.ts';
import { leaseCommands, leaseTimerFired } from './leases.ts';
import { networkCommands } from './networks.ts';
import { nodeAdministration, nodeCommands } from './nodes.ts';
import { organisationAdministration, organisationCommands } from './organisations.ts';
import { powerCommands } from './power.ts';
import { denied, refuse } from './refusals.ts';
import { switchAdministration } from './switches.ts';
import { tenancyCommands } from './tenancy.ts';
import { nodeTimerFired, takeObservation, takeOutcome } from './outcomes.ts';
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
  initial: (configuration) => initialState(configuration, judge),
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
  const result = verdict() ?? namedBy(command);
  isolation.effects.push({ kind: 'Reply', commandId, to: from, refusal: null, result });
}

/** Fields that say what a command is about: its result, where it has no other. */
const NAMING = ['organisation', 'service', 'right', 'nodeId', 'nicId', 'key', 'switchId', 'portId'];
const NAMES: ReadonlySet<string> = new Set([...NAMING, 'network', 'leaseId']);

function namedBy(command: IsolationCommand): object {
  return Object.fromEntries(Object.entries(command).filter(([name]) => NAMES.has(name)));
}

export const HEADER: ReadonlySet<string> = new Set(['kind', 'timeMs', 'commandId', 'from']);

/** An administrator's alone. */
const ADMINISTRATION = {
  ...organisationAdministration,
  ...nodeAdministration,
  ...switchAdministration,
  ...portAdministration,
};

/** Who may give one of these is for its handler to say, by the object. */
const PARTY_COMMANDS = {
  ...organisationCommands,
  ...nodeCommands,
  ...networkCommands,
  ...attachmentCommands,
  ...powerCommands,
  ...leaseCommands,
  ...tenancyCommands,
};

const HANDLERS: Handlers = { ...ADMINISTRATION, ...PARTY_COMMANDS };

/** Kinds of commands that only administrators may give. */
export const ADMINISTRATOR_COMMANDS: ReadonlySet<string> = new Set(Object.keys(ADMINISTRATION));

function hasHandler(kind: string): kind is keyof Handlers {
  return Object.hasOwn(HANDLERS, kind);
}

function judge(isolation: Isolation, command: IsolationCommand): Verdict {
  const { kind, from } = command;
  if (!hasHandler(kind)) {
    return refuse('INPUT_UNKNOWN_COMMAND', 'the isolation service has no such command');
  }
  const refusal = checkFields(command, COMMAND_FIELDS[kind], HEADER);
  if (refusal) return refusal;
  if (!isAdministrator(from) && ADMINISTRATOR_COMMANDS.has(kind)) {
    return denied(`${kind} is an administrator's`);
  }
  // The handler was found by the command's own kind.
  return HANDLERS[kind](isolation, command as never);
}
