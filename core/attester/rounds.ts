/**
 * Rounds of attestation: nonce → quote → verdict, again where that failed and may be tried again,
 * and again before the verdict expires. A nonce is made for one quote and gone with it, so that a
 * replayed quote never fits; it ends in a counter, so that no two are equal even if the source of
 * randomness repeats itself.
 */
import type { Outcome } from '../kernel/service.ts';
import { releaseKeyShare, revokeKeys } from './keys.ts';
import { nextEffect, nextId, severityOf } from './state.ts';
import type { Turn, Watch } from './state.ts';
import { UNPROVED, isAttestationCode, judgeQuote } from './verification.ts';
import type { AttestationCode } from './verification.ts';

/** Begins the id of a watch's timer; the rest is its key. */
export const WATCH_TIMER = 'watch/';

/** Hex digits of randomness that a nonce must have at least (128 bits). */
const MIN_NONCE_DIGITS = 32;

/** Asks for the randomness of a new nonce. */
export function startRound(turn: Turn, watch: Watch, key: string): void {
  const { state, timeMs } = turn;
  const { effectId } = nextEffect(state, 'round', key);
  const deadlineMs = timeMs + state.configuration.quoteDeadlineMs;
  watch.phase = 'nonce';
  watch.effectId = effectId;
  watch.wakeAtMs = deadlineMs;
  turn.effects.push({ kind: 'MakeNonce', effectId, deadlineMs });
}

/** Ends the round under way without a result; a late answer to it finds nobody. */
export function abandonRound(turn: Turn, watch: Watch): void {
  if (watch.effectId !== null) turn.state.operations.delete(watch.effectId);
  watch.effectId = null;
  watch.nonce = null;
  watch.phase = 'idle';
  watch.wakeAtMs = null;
}

/** The randomness or the quote is there, or is not to be had. */
export function roundOutcome(
  turn: Turn,
  watch: Watch,
  key: string,
  outcome: Outcome<unknown>,
): void {
  const { phase, nonce, nonceMadeMs } = watch;
  abandonRound(turn, watch);
  if (outcome.status !== 'ok') {
    // What took the evidence in may have found what is wrong with it.
    const { code } = outcome.error;
    const isFinding = phase === 'quote' && isAttestationCode(code);
    failRound(turn, watch, key, isFinding ? code : 'ATTEST_SILENT');
  } else if (phase === 'nonce') {
    requestQuote(turn, watch, key, outcome.value);
  } else {
    takeQuote(turn, watch, key, outcome.value, nonce!, nonceMadeMs);
  }
}

function requestQuote(turn: Turn, watch: Watch, key: string, random: unknown): void {
  const { state, timeMs } = turn;
  const usable =
    typeof random === 'string' && random.length >= MIN_NONCE_DIGITS && /^[0-9a-f]+$/.test(random);
  if (!usable) {
    failRound(turn, watch, key, 'ATTEST_SILENT');
    return;
  }
  const { sequence, effectId } = nextEffect(state, 'round', key);
  const deadlineMs = timeMs + state.configuration.quoteDeadlineMs;
  const nonce = random + sequence.toString(16).padStart(14, '0');
  watch.phase = 'quote';
  watch.effectId = effectId;
  watch.nonce = nonce;
  watch.nonceMadeMs = timeMs;
  watch.wakeAtMs = deadlineMs;
  const { leaseId, nodeId } = watch;
  turn.effects.push({ kind: 'RequestQuote', effectId, leaseId, nodeId, nonce, deadlineMs });
}

function takeQuote(
  turn: Turn,
  watch: Watch,
  key: string,
  quote: unknown,
  nonce: string,
  nonceMadeMs: number,
): void {
  const { state, timeMs } = turn;
  const node = state.nodes.get(watch.nodeId)!;
  const policy = state.policies.get(watch.policyId)!;
  const late = timeMs - nonceMadeMs > state.configuration.nonceTtlMs;
  const code = late
    ? 'ATTEST_NONCE_EXPIRED'
    : judgeQuote(
        quote,
        {
          nonce,
          endorsementKeyHash: node.endorsementKeyHash,
          profile: node.profile,
          ...(node.pcrs ? { nodePcrs: node.pcrs } : {}),
          bootCount: watch.bootCount,
          lastResetCount: node.lastResetCount,
          bootResetCount: watch.bootResetCount,
        },
        policy,
      );
  if (code !== null) {
    failRound(turn, watch, key, code);
    return;
  }
  const { resetCount } = quote as { readonly resetCount: number };
  node.lastResetCount = resetCount;
  watch.bootResetCount = resetCount;
  trust(turn, watch, key, nonceMadeMs);
}

function trust(turn: Turn, watch: Watch, key: string, nonceMadeMs: number): void {
  const { freshnessMs, reattestIntervalMs } = turn.state.configuration;
  watch.verdict = 'trusted';
  watch.failures = 0;
  watch.validUntilMs = freshnessMs === null ? Number.MAX_SAFE_INTEGER : nonceMadeMs + freshnessMs;
  if (reattestIntervalMs !== null) watch.wakeAtMs = turn.timeMs + reattestIntervalMs;
  releaseKeyShare(turn, watch, key);
  tell(turn, watch, key, null);
}

function failRound(turn: Turn, watch: Watch, key: string, code: AttestationCode): void {
  const { configuration } = turn.state;
  watch.failures += 1;
  if (severityOf(turn.state, code) === 'recoverable') {
    // While an earlier verdict still holds, silence has until its end.
    const patient =
      UNPROVED.has(code) && watch.verdict === 'trusted' && configuration.freshnessMs !== null;
    if (patient || watch.failures < configuration.attempts) {
      watch.phase = 'pause';
      watch.wakeAtMs = turn.timeMs + configuration.retryDelayMs;
      return;
    }
  }
  distrust(turn, watch, key, UNPROVED.has(code) ? 'stale' : 'rejected', code);
}

/** The node is out: keys first, then the enclave, then the tenant. */
export function distrust(
  turn: Turn,
  watch: Watch,
  key: string,
  verdict: 'rejected' | 'stale',
  code: AttestationCode,
): void {
  abandonRound(turn, watch);
  watch.verdict = verdict;
  watch.validUntilMs = turn.timeMs;
  watch.failures = 0;
  revokeKeys(turn, watch, key);
  tell(turn, watch, key, code);
}

/** Ends a verdict whose time is over; true where it did. */
export function expire(turn: Turn, watch: Watch, key: string): boolean {
  if (watch.verdict !== 'trusted' || turn.timeMs < watch.validUntilMs) return false;
  distrust(turn, watch, key, 'stale', 'ATTEST_SILENT');
  return true;
}

/** To the isolation service first: whoever acts on the notice must find it informed. */
function tell(turn: Turn, watch: Watch, key: string, code: AttestationCode | null): void {
  const { state } = turn;
  const { leaseId, nodeId, bootCount, verdict, validUntilMs } = watch;
  if (verdict === 'none') return;
  const { isolation, reportRetryMs } = state.configuration;
  const commandId = nextId(state).id;
  const about = { leaseId, nodeId, bootCount, verdict, validUntilMs };
  const command = { kind: 'AttestationReport', commandId, ...about } as const;
  turn.effects.push({ kind: 'ReportVerdict', service: isolation, command });
  if (watch.report !== null) state.reports.delete(watch.report.commandId);
  if (reportRetryMs !== null) {
    watch.report = command;
    watch.reportAgainAtMs = turn.timeMs + reportRetryMs;
    state.reports.set(commandId, key);
  }
  const severity = code === null ? 'none' : severityOf(state, code);
  const { asker, commandId: askedBy } = watch;
  const notice = {
    kind: 'AttestationVerdict',
    commandId: askedBy,
    ...about,
    code,
    severity,
  } as const;
  turn.effects.push({ kind: 'Notify', to: asker, notice });
}

/** What is due at the watch's timer. */
export function watchDue(turn: Turn, watch: Watch, key: string): void {
  const { timeMs } = turn;
  if (expire(turn, watch, key)) return;
  if (watch.wakeAtMs !== null && timeMs >= watch.wakeAtMs) {
    if (watch.phase === 'nonce' || watch.phase === 'quote') {
      abandonRound(turn, watch);
      failRound(turn, watch, key, 'ATTEST_SILENT');
    } else {
      startRound(turn, watch, key);
    }
  }
  if (watch.report !== null && timeMs >= watch.reportAgainAtMs!) {
    const { isolation, reportRetryMs } = turn.state.configuration;
    turn.effects.push({ kind: 'ReportVerdict', service: isolation, command: watch.report });
    watch.reportAgainAtMs = timeMs + reportRetryMs!;
  }
}

/** Sets the watch's one timer to the first thing that will be due. */
export function arm(turn: Turn, watch: Watch, key: string): void {
  let atMs = watch.wakeAtMs;
  const consider = (otherMs: number) => {
    if (atMs === null || otherMs < atMs) atMs = otherMs;
  };
  const expires = watch.verdict === 'trusted' && watch.validUntilMs !== Number.MAX_SAFE_INTEGER;
  if (expires) consider(watch.validUntilMs);
  if (watch.reportAgainAtMs !== null) consider(watch.reportAgainAtMs);
  if (watch.release !== null) consider(watch.release.deadlineMs);
  if (atMs === watch.timerAtMs) return;
  watch.timerAtMs = atMs;
  const timerId = WATCH_TIMER + key;
  if (atMs === null) turn.effects.push({ kind: 'CancelTimer', timerId });
  else turn.effects.push({ kind: 'SetTimer', timerId, atMs });
}
