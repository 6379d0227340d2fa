/**
 * Handing out the second key share, and calling keys back. A share goes out only from `trust`,
 * that is after a valid quote; a revocation is repeated until the key stores have confirmed it,
 * and nothing new is handed out to the node before that.
 */
import type { Outcome } from '../kernel/service.ts';
import { nextEffect } from './state.ts';
import type { Revocation, Turn, Watch } from './state.ts';

export const REVOCATION_TIMER = 'revoke/';

/** Hands the share out where the policy has one, the verdict is good and it is not out already. */
export function releaseKeyShare(turn: Turn, watch: Watch, key: string): void {
  const { state } = turn;
  if (watch.verdict !== 'trusted' || watch.keyShareReleased || watch.release !== null) return;
  if (!state.policies.get(watch.policyId)!.releasesKeyShare || state.revocations.has(key)) return;
  sendShare(turn, watch, key, 1);
}

function sendShare(turn: Turn, watch: Watch, key: string, attempts: number): void {
  const { state } = turn;
  const { sequence, effectId } = nextEffect(state, 'release', key);
  const deadlineMs = turn.timeMs + state.configuration.keyDeadlineMs;
  watch.keysOut = true;
  watch.release = { effectId, attempts, atMs: deadlineMs };
  const { leaseId, nodeId } = watch;
  turn.effects.push({ kind: 'ReleaseKeyShare', effectId, sequence, leaseId, nodeId, deadlineMs });
}

export function releaseOutcome(turn: Turn, watch: Watch, outcome: Outcome<unknown>): void {
  const release = watch.release!;
  turn.state.operations.delete(release.effectId!);
  if (outcome.status === 'ok') {
    watch.release = null;
    watch.keyShareReleased = true;
    return;
  }
  const { attempts, retryDelayMs } = turn.state.configuration;
  if (release.attempts >= attempts) watch.release = null;
  else {
    watch.release = { ...release, effectId: null, atMs: turn.timeMs + retryDelayMs };
  }
}

/** At the watch's timer: the share's deadline, or time for another try. */
export function releaseDue(turn: Turn, watch: Watch, key: string): void {
  const { release } = watch;
  if (release === null || turn.timeMs < release.atMs) return;
  if (release.effectId === null) {
    sendShare(turn, watch, key, release.attempts + 1);
    return;
  }
  const error = { code: 'DEVICE_NO_ANSWER', message: 'no word of the key share in time' };
  releaseOutcome(turn, watch, { status: 'uncertain', error });
}

/** Stops handing out, and calls back what may be out. */
export function revokeKeys(turn: Turn, watch: Watch, key: string): void {
  const { state } = turn;
  if (watch.release !== null && watch.release.effectId !== null) {
    state.operations.delete(watch.release.effectId);
  }
  watch.release = null;
  watch.keyShareReleased = false;
  watch.keysOut = false;
  const earlier = state.revocations.get(key);
  if (earlier) state.operations.delete(earlier.effectId);
  const { leaseId, nodeId } = watch;
  const revocation: Revocation = { leaseId, nodeId, effectId: '', deadlineMs: 0 };
  state.revocations.set(key, revocation);
  sendRevocation(turn, revocation, key);
}

function sendRevocation(turn: Turn, revocation: Revocation, key: string): void {
  const { state } = turn;
  const { sequence, effectId } = nextEffect(state, 'revoke', key);
  const deadlineMs = turn.timeMs + state.configuration.keyDeadlineMs;
  revocation.effectId = effectId;
  revocation.deadlineMs = deadlineMs;
  const { leaseId, nodeId } = revocation;
  turn.effects.push(
    { kind: 'RevokeKeys', effectId, sequence, leaseId, nodeId, deadlineMs },
    { kind: 'SetTimer', timerId: REVOCATION_TIMER + key, atMs: deadlineMs },
  );
}

/** True where the keys are confirmed to be gone. */
export function revocationOutcome(turn: Turn, key: string, outcome: Outcome<unknown>): boolean {
  const { state } = turn;
  const revocation = state.revocations.get(key)!;
  state.operations.delete(revocation.effectId);
  // Anything but `ok` is tried again at the deadline, which the timer is set to.
  if (outcome.status !== 'ok') return false;
  state.revocations.delete(key);
  turn.effects.push({ kind: 'CancelTimer', timerId: REVOCATION_TIMER + key });
  return true;
}

export function revocationDue(turn: Turn, key: string): void {
  const revocation = turn.state.revocations.get(key);
  if (!revocation || turn.timeMs < revocation.deadlineMs) return;
  turn.state.operations.delete(revocation.effectId);
  sendRevocation(turn, revocation, key);
}
