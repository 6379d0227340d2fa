/**
 * Judging a quote: a pure function of the quote, what was asked for, and the policy. The checks
 * follow Keylime's order (quote, then measured boot, then runtime); each has a failure of its own.
 */
import type { Quote } from './protocol.ts';
import type { Policy, References } from './state.ts';

/** Recoverable failures are tried again before they reject a node. */
export type Severity = 'recoverable' | 'irrecoverable';

/** Every way to fail, and how bad it is unless configured otherwise. */
export const DEFAULT_SEVERITIES = {
  /** No quote came, in however many tries. */
  ATTEST_SILENT: 'recoverable',
  ATTEST_MALFORMED: 'recoverable',
  /** Over another nonce: perhaps a late copy of an earlier answer. */
  ATTEST_NONCE: 'recoverable',
  ATTEST_NONCE_EXPIRED: 'recoverable',
  ATTEST_SIGNATURE: 'irrecoverable',
  /** Signed by another TPM than the node is registered with. */
  ATTEST_ENDORSEMENT_KEY: 'irrecoverable',
  /** Of another boot than the one that was to be attested. */
  ATTEST_BOOT_COUNT: 'irrecoverable',
  /** The TPM's reset counter went back, or moved within one boot. */
  ATTEST_RESET_COUNT: 'irrecoverable',
  /** The event log does not replay to the PCRs. */
  ATTEST_LOG_MISMATCH: 'irrecoverable',
  ATTEST_PCR_MISMATCH: 'irrecoverable',
  /** Something ran that is not on the policy's list. */
  ATTEST_RUNTIME: 'irrecoverable',
  /** The TPM takes no authorisations for now: hard power-offs counted as guesses. */
  ATTEST_LOCKED_OUT: 'recoverable',
  /** The attestation key was not proved to live beside the endorsement key. */
  ATTEST_ATTESTATION_KEY: 'irrecoverable',
  /** No maker that is trusted vouches for the endorsement key. */
  ATTEST_CERTIFICATE: 'irrecoverable',
  /** The quote leaves out PCRs that matter, or is over a bank that does not. */
  ATTEST_PCR_SELECTION: 'irrecoverable',
  /** The values that came with the quote are not the ones that were signed. */
  ATTEST_PCR_DIGEST: 'irrecoverable',
  /** The TPM was resumed or restarted since its reset; a server's never is. */
  ATTEST_RESTART_COUNT: 'irrecoverable',
} as const satisfies Record<string, Severity>;

/** Stable ids of the failures. */
export type AttestationCode = keyof typeof DEFAULT_SEVERITIES;

/** Whether a code from outside is one of them. */
export function isAttestationCode(code: string): code is AttestationCode {
  return Object.hasOwn(DEFAULT_SEVERITIES, code);
}

/** Failures in which the node was not shown to be bad, only to have proved nothing. */
export const UNPROVED: ReadonlySet<AttestationCode> = new Set([
  'ATTEST_SILENT',
  'ATTEST_LOCKED_OUT',
]);

/** More measured files than this are refused unread: it bounds what a hostile node can cost. */
export const MAX_RUNTIME_DIGESTS = 200_000;

/** PCRs 0–23. */
const MAX_PCRS = 24;

/** What a quote is held against, besides the policy. */
export interface Expectation {
  readonly nonce: string;
  readonly endorsementKeyHash: string;
  readonly profile: string;
  /** Reference values of this very node, besides its profile's. */
  readonly nodePcrs?: References;
  readonly bootCount: number;
  /** The highest reset counter ever seen in a valid quote of the node; null: none yet. */
  readonly lastResetCount: number | null;
  /** The reset counter of this boot's first valid quote; null: none yet. */
  readonly bootResetCount: number | null;
}

/** The first thing that is wrong with the quote, or null where it is good. */
export function judgeQuote(
  quote: unknown,
  expected: Expectation,
  policy: Policy,
): AttestationCode | null {
  if (!isQuote(quote)) return 'ATTEST_MALFORMED';
  if (quote.nonce !== expected.nonce) return 'ATTEST_NONCE';
  if (quote.signatureValid !== true) return 'ATTEST_SIGNATURE';
  if (quote.endorsementKeyHash !== expected.endorsementKeyHash) return 'ATTEST_ENDORSEMENT_KEY';
  if (quote.bootCount !== expected.bootCount) return 'ATTEST_BOOT_COUNT';
  const { lastResetCount, bootResetCount } = expected;
  if (lastResetCount !== null && quote.resetCount < lastResetCount) return 'ATTEST_RESET_COUNT';
  if (bootResetCount !== null && quote.resetCount !== bootResetCount) return 'ATTEST_RESET_COUNT';
  if (!samePcrs(quote.pcrs, quote.replayedPcrs)) return 'ATTEST_LOG_MISMATCH';
  const references = policy.profiles.get(expected.profile);
  if (!references || !meets(quote.pcrs, references)) return 'ATTEST_PCR_MISMATCH';
  const { nodePcrs } = expected;
  if (nodePcrs && !meets(quote.pcrs, nodePcrs)) return 'ATTEST_PCR_MISMATCH';
  const { runtimeDigests } = policy;
  if (runtimeDigests !== null) {
    if (quote.runtimeDigests === null) return 'ATTEST_RUNTIME';
    for (const digest of quote.runtimeDigests) {
      if (!runtimeDigests.has(digest)) return 'ATTEST_RUNTIME';
    }
  }
  return null;
}

function meets(pcrs: Readonly<Record<string, string>>, references: References): boolean {
  for (const [index, digests] of references) {
    if (!Object.hasOwn(pcrs, index) || !digests.has(pcrs[index]!)) return false;
  }
  return true;
}

function samePcrs(
  pcrs: Readonly<Record<string, string>>,
  replayed: Readonly<Record<string, string>>,
): boolean {
  const indexes = Object.keys(pcrs);
  if (Object.keys(replayed).length !== indexes.length) return false;
  for (const index of indexes) {
    if (!Object.hasOwn(replayed, index) || replayed[index] !== pcrs[index]) return false;
  }
  return true;
}

/** What claims to be a quote comes from the node: nothing about its shape is taken for granted. */
function isQuote(value: unknown): value is Quote {
  if (typeof value !== 'object' || value === null) return false;
  const quote = value as Partial<Record<keyof Quote, unknown>>;
  return (
    typeof quote.nonce === 'string' &&
    typeof quote.endorsementKeyHash === 'string' &&
    Number.isSafeInteger(quote.resetCount) &&
    Number.isSafeInteger(quote.bootCount) &&
    isPcrs(quote.pcrs) &&
    isPcrs(quote.replayedPcrs) &&
    isRuntime(quote.runtimeDigests)
  );
}

function isRuntime(value: unknown): boolean {
  return value === null || (Array.isArray(value) && value.length <= MAX_RUNTIME_DIGESTS);
}

function isPcrs(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length <= MAX_PCRS;
}
