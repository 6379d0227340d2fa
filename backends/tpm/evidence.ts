/**
 * From what a node sent to the `Quote` that the attestation service judges. Here all is found that
 * needs cryptography: form, signature, selection, digest of the PCRs, replay of the log. What needs
 * memory or a policy (nonce, reset counter, reference values) is the service's.
 */
import type { Quote } from '../../core/attester/protocol.ts';
import { parseQuote } from './attest.ts';
import type { QuoteInfo } from './attest.ts';
import { parseEventLog, replay } from './event-log.ts';
import { found, wrong } from './findings.ts';
import type { Found } from './findings.ts';
import { isPcrDigest, selectedBank } from './pcrs.ts';
import type { PcrValues } from './pcrs.ts';
import type { PublicArea } from './public-area.ts';
import { NEEDED_PCRS } from './references.ts';
import { RUNTIME_PCR, parseRuntimeLog, replayRuntime } from './runtime-log.ts';
import { isSignedBy, parseSignature } from './signature.ts';

/** As it came from the node; nothing about it is known. */
export interface Evidence {
  /** TPMS_ATTEST. */
  readonly quote: Uint8Array;
  /** TPMT_SIGNATURE. */
  readonly signature: Uint8Array;
  /** Of the quote's bank. */
  readonly pcrs: PcrValues;
  /** The firmware's log. */
  readonly eventLog: Uint8Array;
  /** The kernel's log of files (IMA); counts only in a quote over PCR 10. */
  readonly runtimeLog?: Uint8Array;
}

/** Whose evidence it is said to be, each part of it proved. */
export interface ProvedKey {
  readonly attestationKey: PublicArea;
  /** Of the endorsement key that it lives beside. */
  readonly endorsementKeyHash: string;
  /** The boot of which the evidence was asked for; a TPM knows no such number. */
  readonly bootCount: number;
}

/** The quote for the attestation service, or the first thing that is wrong. */
export function readEvidence(
  evidence: Evidence,
  { attestationKey, endorsementKeyHash, bootCount }: ProvedKey,
  needed: readonly number[] = NEEDED_PCRS,
): Found<Quote> {
  const signature = parseSignature(evidence.signature);
  if (!signature.ok) return signature;
  if (!isSignedBy(evidence.quote, signature.value, attestationKey)) {
    return wrong('ATTEST_SIGNATURE', 'the quote was not signed by the attestation key');
  }
  const info = parseQuote(evidence.quote);
  if (!info.ok) return info;
  const { extraData, resetCount, restartCount } = info.value;
  // Besides, a key outside the endorsement hierarchy has its counters veiled, and is found here.
  if (restartCount !== 0) {
    return wrong('ATTEST_RESTART_COUNT', 'the TPM was resumed since the power came on');
  }
  const measured = readMeasurements(evidence, info.value, signature.value.hash, needed);
  if (!measured.ok) return measured;
  return found({
    nonce: extraData.toString('hex'),
    endorsementKeyHash,
    signatureValid: true,
    resetCount,
    bootCount,
    ...measured.value,
  });
}

function readMeasurements(
  evidence: Evidence,
  { selections, pcrDigest }: QuoteInfo,
  hash: Parameters<typeof isPcrDigest>[1],
  needed: readonly number[],
): Found<Pick<Quote, 'pcrs' | 'replayedPcrs' | 'runtimeDigests'>> {
  const selected = selectedBank(selections, needed);
  if (!selected.ok) return selected;
  const { bank, indexes } = selected.value;
  if (!isPcrDigest(pcrDigest, hash, bank, indexes, evidence.pcrs)) {
    return wrong('ATTEST_PCR_DIGEST', 'the PCRs that were sent are not those that were signed');
  }
  const log = parseEventLog(evidence.eventLog);
  if (!log.ok) return log;
  const replayed = replay(log.value, bank, indexes);
  if (!replayed.ok) return replayed;
  const pcrs = hexValues(indexes, evidence.pcrs);
  const { runtimeLog } = evidence;
  if (runtimeLog === undefined || !indexes.includes(RUNTIME_PCR)) {
    return found({ pcrs, replayedPcrs: hexValues(indexes, replayed.value), runtimeDigests: null });
  }
  const ran = parseRuntimeLog(runtimeLog);
  if (!ran.ok) return ran;
  const values = new Map(replayed.value).set(RUNTIME_PCR, replayRuntime(ran.value, bank));
  const replayedPcrs = hexValues(indexes, values);
  return found({ pcrs, replayedPcrs, runtimeDigests: ran.value.fileDigests });
}

function hexValues(indexes: readonly number[], values: PcrValues): Record<string, string> {
  return Object.fromEntries(
    indexes.map((index) => [String(index), values.get(index)!.toString('hex')]),
  );
}
