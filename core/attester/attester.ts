/**
 * The attestation service: every event's way to watches, rounds, keys and the registry, and what
 * is refused. It reports what it has seen and opens nothing itself.
 */
import type { LeaseNotice } from '../allocator/protocol.ts';
import { shapeRefusal } from '../kernel/command-shape.ts';
import type { CommandShape } from '../kernel/command-shape.ts';
import type { Refusal } from '../kernel/errors.ts';
import type { Command, EffectOutcome, Principal, Reply, Service, Step } from '../kernel/service.ts';
import { NO_EFFECTS } from '../kernel/service.ts';
import {
  REVOCATION_TIMER,
  abandonRelease,
  attestForShare,
  owesKeyShare,
  releaseDue,
  releaseOutcome,
  revocationDue,
  revocationOutcome,
  revokeKeys,
} from './keys.ts';
import type {
  AttestNode,
  AttesterCommand,
  AttesterEffect,
  AttesterEvent,
  ForgetNode,
} from './protocol.ts';
import { changeRegistry } from './registry.ts';
import {
  WATCH_TIMER,
  abandonRound,
  arm,
  expire,
  roundOutcome,
  startRound,
  watchDue,
} from './rounds.ts';
import { finishedKey, initialState, watchKey } from './state.ts';
import type { AttesterConfiguration, AttesterState, Turn, Watch } from './state.ts';

/** One attestation service, ready to be run by a world. */
export const attesterService: Service<
  AttesterConfiguration,
  AttesterState,
  AttesterEvent,
  AttesterEffect
> = {
  name: 'attester',
  initial: initialState,
  step,
};

const WATCHED = { leaseId: 'name', nodeId: 'name', fencingToken: 'count' } as const;

/** The fields of every command. */
export const ATTESTER_COMMANDS: Readonly<Record<AttesterCommand['kind'], CommandShape>> = {
  AttestNode: { ...WATCHED, bootCount: 'count', policyId: 'name' },
  ForgetNode: WATCHED,
  RegisterNode: { node: 'any' },
  UnregisterNode: { nodeId: 'name' },
  PutPolicy: { policy: 'any' },
};

function step(state: AttesterState, event: AttesterEvent): Step<AttesterState, AttesterEffect> {
  const effects: AttesterEffect[] = [];
  const turn: Turn = { state, timeMs: event.timeMs, effects };
  switch (event.kind) {
    case 'EffectOutcome':
      takeOutcome(turn, event);
      break;
    case 'TimerFired':
      takeTimer(turn, event.timerId);
      break;
    case 'NoticeReceived':
      takeNotice(turn, event.notice);
      break;
    case 'ReplyReceived':
      takeReply(turn, event.reply);
      break;
    default:
      takeCommand(turn, event);
      break;
  }
  return { state, effects: effects.length === 0 ? NO_EFFECTS : effects };
}

function takeCommand(turn: Turn, command: AttesterCommand): void {
  const known = Object.hasOwn(ATTESTER_COMMANDS, command.kind);
  const refusal = known ? shapeRefusal(command, ATTESTER_COMMANDS[command.kind]) : noSuchCommand();
  if (refusal) return reply(turn, command, refusal);
  if (command.kind === 'AttestNode') attestNode(turn, command);
  else if (command.kind === 'ForgetNode') forgetNode(turn, command);
  else reply(turn, command, changeRegistry(turn.state, command));
}

function noSuchCommand(): Refusal {
  return { code: 'INPUT_UNKNOWN_COMMAND', message: 'the attestation service has no such command' };
}

function attestNode(turn: Turn, command: AttestNode): void {
  const { state } = turn;
  const key = watchKey(command.leaseId, command.nodeId);
  const known = state.watches.get(key);
  const refusal = attestRefusal(turn, known, command);
  if (refusal) return reply(turn, command, refusal);
  reply(turn, command, null);
  if (known?.commandIds.has(command.commandId)) return;
  const watch = known ?? addWatch(state, key, command);
  watch.fencingToken = command.fencingToken;
  expire(turn, watch, key);
  if (command.bootCount > watch.bootCount) bootOver(turn, watch, command.bootCount);
  watch.policyId = command.policyId;
  watch.commandId = command.commandId;
  watch.commandIds.add(command.commandId);
  // A round under way may rest on a quote of before; the answer to this rests on one of after.
  abandonRound(turn, watch);
  watch.failures = 0;
  startRound(turn, watch, key);
  arm(turn, watch, key);
}

function attestRefusal(turn: Turn, known: Watch | undefined, command: AttestNode): Refusal | null {
  const { state } = turn;
  const { nodeId, leaseId, policyId, fencingToken, bootCount } = command;
  const finished = state.finishedTokens.get(finishedKey(command.from, nodeId));
  if (finished !== undefined && fencingToken <= finished) {
    return { code: 'CONFLICT_LATE', message: `lease ${leaseId} of node ${nodeId} is over` };
  }
  if (known && !isAsker(known, command)) return otherTenant(command);
  if (known && (bootCount < known.bootCount || fencingToken < known.fencingToken)) {
    return { code: 'CONFLICT_LATE', message: `node ${nodeId} has booted again since` };
  }
  const node = state.nodes.get(nodeId);
  if (!node) return { code: 'NOT_FOUND_NODE', message: `no TPM is registered for node ${nodeId}` };
  const policy = state.policies.get(policyId);
  if (!policy) return { code: 'NOT_FOUND_POLICY', message: `there is no policy ${policyId}` };
  if (policy.profiles.has(node.profile)) return null;
  return {
    code: 'CONFLICT_NO_REFERENCE',
    message: `policy ${policyId} has no reference values for ${node.profile}`,
    remedy: 'put a version of the policy that has',
  };
}

function forgetNode(turn: Turn, command: ForgetNode): void {
  const { state } = turn;
  const { leaseId, nodeId, fencingToken, from } = command;
  const key = watchKey(leaseId, nodeId);
  const watch = state.watches.get(key);
  if (watch && !isAsker(watch, command)) return reply(turn, command, otherTenant(command));
  reply(turn, command, null);
  finish(state, from, nodeId, fencingToken);
  if (watch && watch.fencingToken <= fencingToken) removeWatch(turn, watch, key);
}

/** From here on, commands under this fencing token or an older one are late. */
function finish(state: AttesterState, asker: Principal, nodeId: string, token: number): void {
  const key = finishedKey(asker, nodeId);
  state.finishedTokens.set(key, Math.max(token, state.finishedTokens.get(key) ?? token));
}

function removeWatch(turn: Turn, watch: Watch, key: string): void {
  const { state } = turn;
  abandonRound(turn, watch);
  abandonRelease(turn, watch);
  if (watch.report !== null) state.reports.delete(watch.report.commandId);
  if (watch.keysOut) revokeKeys(turn, watch, key);
  state.watches.delete(key);
  const nodeIds = state.watchedNodes.get(watch.leaseId)!;
  nodeIds.delete(watch.nodeId);
  if (nodeIds.size === 0) state.watchedNodes.delete(watch.leaseId);
  if (watch.timerAtMs !== null) {
    turn.effects.push({ kind: 'CancelTimer', timerId: WATCH_TIMER + key });
  }
}

/** A new boot is a new node: nothing that was measured before says anything about it. */
function bootOver(turn: Turn, watch: Watch, bootCount: number): void {
  abandonRound(turn, watch);
  watch.bootCount = bootCount;
  watch.bootResetCount = null;
  watch.verdict = 'none';
  watch.failures = 0;
  watch.keyShareReleased = false;
  watch.shareFailures = 0;
  abandonRelease(turn, watch);
}

function takeOutcome(turn: Turn, event: EffectOutcome): void {
  const { state } = turn;
  const operation = state.operations.get(event.effectId);
  // Settled before, given up, or overtaken by a new boot.
  if (!operation) return;
  const { key } = operation;
  const watch = state.watches.get(key);
  if (operation.of === 'revoke') {
    const gone = revocationOutcome(turn, key, event.outcome);
    // A share that had to wait for this goes with the next good quote.
    if (gone && watch && owesKeyShare(turn, watch)) attestForShare(turn, watch);
  } else if (!expire(turn, watch!, key)) {
    if (operation.of === 'release') releaseOutcome(turn, watch!, event.outcome);
    else roundOutcome(turn, watch!, key, event.outcome);
  }
  if (watch) arm(turn, watch, key);
}

function takeTimer(turn: Turn, timerId: string): void {
  if (timerId.startsWith(REVOCATION_TIMER)) {
    revocationDue(turn, timerId.slice(REVOCATION_TIMER.length));
    return;
  }
  if (!timerId.startsWith(WATCH_TIMER)) return;
  const key = timerId.slice(WATCH_TIMER.length);
  const watch = turn.state.watches.get(key);
  if (!watch) return;
  if (watch.timerAtMs !== null && turn.timeMs >= watch.timerAtMs) watch.timerAtMs = null;
  watchDue(turn, watch, key);
  releaseDue(turn, watch);
  arm(turn, watch, key);
}

/** Only what concerns a node that is watched; the rest of the lease is not ours. */
function takeNotice(turn: Turn, notice: LeaseNotice): void {
  const { state } = turn;
  switch (notice.kind) {
    case 'NodePowered': {
      const key = watchKey(notice.leaseId, notice.nodeId);
      const watch = state.watches.get(key);
      if (!watch || notice.bootCount <= watch.bootCount) return;
      bootOver(turn, watch, notice.bootCount);
      arm(turn, watch, key);
      return;
    }
    case 'NodeCutOff':
    case 'NodeFreed':
      endWatch(turn, notice.leaseId, notice.nodeId);
      return;
    case 'LeaseEnded':
      for (const nodeId of [...(state.watchedNodes.get(notice.leaseId) ?? [])]) {
        endWatch(turn, notice.leaseId, nodeId);
      }
      return;
  }
}

function endWatch(turn: Turn, leaseId: string, nodeId: string): void {
  const key = watchKey(leaseId, nodeId);
  const watch = turn.state.watches.get(key);
  if (!watch) return;
  finish(turn.state, watch.asker, nodeId, watch.fencingToken);
  removeWatch(turn, watch, key);
}

/** Answered is answered: the isolation service refuses only what no longer matters to it. */
function takeReply(turn: Turn, answer: Reply): void {
  const { state } = turn;
  const key = state.reports.get(answer.commandId);
  const watch = key === undefined ? undefined : state.watches.get(key);
  if (key === undefined || !watch) return;
  state.reports.delete(answer.commandId);
  watch.report = null;
  watch.reportAgainAtMs = null;
  arm(turn, watch, key);
}

function addWatch(state: AttesterState, key: string, command: AttestNode): Watch {
  const { leaseId, nodeId } = command;
  const nodeIds = state.watchedNodes.get(leaseId);
  if (nodeIds) nodeIds.add(nodeId);
  else state.watchedNodes.set(leaseId, new Set([nodeId]));
  const watch: Watch = {
    leaseId,
    nodeId,
    asker: command.from,
    commandId: command.commandId,
    commandIds: new Set(),
    fencingToken: command.fencingToken,
    policyId: command.policyId,
    bootCount: command.bootCount,
    verdict: 'none',
    validUntilMs: 0,
    phase: 'idle',
    effectId: null,
    nonce: null,
    nonceMadeMs: 0,
    wakeAtMs: null,
    failures: 0,
    bootResetCount: null,
    keyShareReleased: false,
    keysOut: false,
    release: null,
    shareFailures: 0,
    report: null,
    reportAgainAtMs: null,
    timerAtMs: null,
  };
  state.watches.set(key, watch);
  return watch;
}

function isAsker(watch: Watch, command: Command): boolean {
  return watch.asker.role === command.from.role && watch.asker.name === command.from.name;
}

function otherTenant(command: AttestNode | ForgetNode): Refusal {
  const message = `lease ${command.leaseId} is not known here as ${command.from.name}'s`;
  return { code: 'DENIED_LEASE', message };
}

function reply(turn: Turn, command: Command, refusal: Refusal | null): void {
  const { commandId, from } = command;
  turn.effects.push({ kind: 'Reply', commandId, to: from, refusal, result: null });
}
