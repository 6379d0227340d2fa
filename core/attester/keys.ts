/**
 * Handing out the second key share, and calling keys back. A share leaves in the very step in
 * which a quote was found good, never later: where handing it out fails, the node is attested
 * anew. A revocation is repeated until the key stores have confirmed it, and nothing is handed
 * out to the node before that.
 */
import type { Outcome } from '../kernel/service.ts';
import { nextEffect } from './state.ts';
import type { Revocation, Turn, Watch } from './state.ts';

/** Begins the id of a revocation's timer; the rest is its watch key. */
export const REVOCATION_TIMER = 'revoke/';

/** True where the policy has a share for this boot that is not handed out and not on its way. */
export function owesKeyShare(turn: Turn, watch: Watch): boolean {
  if (watch.keyShareReleased || watch.release !== null) return false;
  return turn.state.policies.get(watch.policyId)!.releasesKeyShare;
}

/** Hands the share out; called where a quote has just been found good. */
export function releaseKeyShare(turn: Turn, watch: Watch, key: string): void {
  const { state } = turn;
  if (!owesKeyShare(turn, watch) || state.revocations.has(key)) return;
  const { sequence, effectId } = nextEffect(state, 'release', key);
  const deadlineMs = turn.timeMs + state.configuration.keyDeadlineMs;
  watch.keysOut = true;
  watch.release = { effectId, deadlineMs };
  const { leaseId, nodeId } = watch;
  turn.effects.push({ kind: 'ReleaseKeyShare', effectId, sequence, leaseId, nodeId, deadlineMs });
}

/** What became of handing the share out. */
export function releaseOutcome(turn: Turn, watch: Watch, outcome: Outcome<unknown>): void {
  turn.state.operations.delete(watch.release!.effectId);
  watch.release = null;
  if (outcome.status === 'ok') {
    watch.keyShareReleased = true;
    return;
  }
  watch.shareFailures += 1;
  attestForShare(turn, watch);
}

/** A new quote soon, unless one is asked for anyway or it was tried often enough. */
export function attestForShare(turn: Turn, watch: Watch): void {
  const { attempts, retryDelayMs } = turn.state.configuration;
  if (watch.verdict !== 'trusted' || watch.phase !== 'idle') return;
  if (watch.shareFailures >= attempts) return;
  watch.wakeAtMs = turn.timeMs + retryDelayMs;
}

/** At the watch's timer: no word of the share in time. */
export function releaseDue(turn: Turn, watch: Watch): void {
  if (watch.release === null || turn.timeMs < watch.release.deadlineMs) return;
  const error = { code: 'DEVICE_NO_ANSWER', message: 'no word of the key share in time' };
  releaseOutcome(turn, watch, { status: 'uncertain', error });
}

/** A share on its way is no longer waited for. */
export function abandonRelease(turn: Turn, watch: Watch): void {
  if (watch.release !== null) turn.state.operations.delete(watch.release.effectId);
  watch.release = null;
}

/** Stops handing out, and calls back what may be out. */
export function revokeKeys(turn: Turn, watch: Watch, key: string): void {
  const { state } = turn;
  abandonRelease(turn, watch);
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

/** The key stores have not confirmed it in time: once more. */
export function revocationDue(turn: Turn, key: string): void {
  const revocation = turn.state.revocations.get(key);
  if (!revocation || turn.timeMs < revocation.deadlineMs) return;
  turn.state.operations.delete(revocation.effectId);
  sendRevocation(turn, revocation, key);
}
