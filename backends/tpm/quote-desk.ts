/**
 * Where nodes answer the attestation service: it opens a challenge for each quote that is asked
 * for, proves the node's keys, and gives what became of it back as the effect's outcome. Each
 * challenge takes one piece of evidence, good or bad, and is gone with it.
 *
 * A node's way: `hello` with its keys → a credential and the nonce; it activates the credential in
 * its TPM and quotes → `answer` with the secret and the evidence, or with its TPM's refusal.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Quote, RequestQuote } from '../../core/attester/protocol.ts';
import type { Outcome } from '../../core/kernel/service.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import { makeCredential } from './credential.ts';
import type { Credential } from './credential.ts';
import {
  checkEndorsement,
  endorsementKeyHash,
  isAttestationKey,
  isEndorsementKey,
} from './endorsement.ts';
import type { TrustedMakers } from './endorsement.ts';
import { readEvidence } from './evidence.ts';
import type { Evidence, ProvedKey } from './evidence.ts';
import { found, wrong } from './findings.ts';
import type { Finding, Found } from './findings.ts';
import { parsePublic } from './public-area.ts';
import { responseFinding } from './response-codes.ts';

const SECRET_BYTES = 32;
const NONCE_BYTES = 32;
/** A node that starts its agent again may ask again; each costs a few operations with keys. */
const MOST_HELLOS = 4;

/** What the node's agent sends of its TPM, each as the TPM gave it out. */
export interface SentKeys {
  /** TPM2B_PUBLIC. */
  readonly endorsementKey: Uint8Array;
  /** DER, from the TPM's memory. */
  readonly certificate: Uint8Array;
  /** DER, those between the certificate and its root. */
  readonly intermediates: readonly Uint8Array[];
  /** TPM2B_PUBLIC. */
  readonly attestationKey: Uint8Array;
}

/** What the node is to do: activate the credential, quote over the nonce. */
export interface Invitation {
  readonly credential: Credential;
  readonly nonce: string;
}

/** What the agent comes back with. */
export type Response =
  | { readonly secret: Uint8Array; readonly evidence: Evidence }
  /** Its TPM's refusal (TPM_RC). */
  | { readonly responseCode: number };

/** For the attestation service. */
export interface Answered {
  readonly effectId: string;
  readonly outcome: Outcome<Quote>;
}

/** An invitation or the end of the challenge; `finding`: nothing was asked of the node. */
export type HelloResult =
  { readonly invitation: Invitation } | { readonly answered: Answered } | { finding: Finding };

interface Challenge {
  readonly effectId: string;
  readonly nonce: string;
  readonly deadlineMs: TimeMs;
  hellos: number;
  proof: { readonly secret: Buffer; readonly key: ProvedKey } | null;
}

/** Randomness for the service's `MakeNonce`. */
export function randomNonce(): string {
  return randomBytes(NONCE_BYTES).toString('hex');
}

/** One attestation service's. */
export class QuoteDesk {
  readonly #makers: TrustedMakers;
  readonly #makeSecret: (bytes: number) => Buffer;
  /** Node → its open challenge; at most one each. */
  readonly #challenges = new Map<string, Challenge>();

  constructor(makers: TrustedMakers, makeSecret: (bytes: number) => Buffer = randomBytes) {
    this.#makers = makers;
    this.#makeSecret = makeSecret;
  }

  /** Open challenges. */
  get size(): number {
    return this.#challenges.size;
  }

  /** A newer request takes the place of the node's older one, whose outcome nobody waits for. */
  request({ effectId, nodeId, nonce, deadlineMs }: RequestQuote): void {
    this.#challenges.set(nodeId, { effectId, nonce, deadlineMs, hellos: 0, proof: null });
  }

  /** Forgets challenges that nobody waits for any more; the service has its own deadline. */
  sweep(nowMs: TimeMs): void {
    for (const [nodeId, { deadlineMs }] of this.#challenges) {
      if (nowMs > deadlineMs) this.#challenges.delete(nodeId);
    }
  }

  /**
   * @param nodeId by the network that the request came over, never by what it says
   * @param bootCount of the boot that was seen there
   */
  hello(nodeId: string, bootCount: number, sent: SentKeys, nowMs: TimeMs): HelloResult {
    const challenge = this.#challenges.get(nodeId);
    if (!challenge) return { finding: nothingAsked(nodeId) };
    challenge.hellos += 1;
    if (challenge.hellos > MOST_HELLOS) {
      return { answered: this.#end(nodeId, challenge, tooOften) };
    }
    const checked = nowMs > challenge.deadlineMs ? late : this.#invite(sent, nowMs);
    if (!checked.ok) return { answered: this.#end(nodeId, challenge, checked) };
    const { secret, credential, ...keys } = checked.value;
    challenge.proof = { secret, key: { ...keys, bootCount } };
    return { invitation: { credential, nonce: challenge.nonce } };
  }

  #invite(
    sent: SentKeys,
    nowMs: TimeMs,
  ): Found<Omit<ProvedKey, 'bootCount'> & { secret: Buffer; credential: Credential }> {
    const endorsement = parsePublic(sent.endorsementKey);
    if (!endorsement.ok) return endorsement;
    const attestation = parsePublic(sent.attestationKey);
    if (!attestation.ok) return attestation;
    if (!isEndorsementKey(endorsement.value)) {
      return wrong('ATTEST_CERTIFICATE', 'what was sent as endorsement key is none');
    }
    if (!isAttestationKey(attestation.value)) {
      return wrong('ATTEST_ATTESTATION_KEY', 'the key may sign what is no quote, or leave its TPM');
    }
    const { certificate, intermediates } = sent;
    const vouched = checkEndorsement(
      endorsement.value,
      certificate,
      intermediates,
      this.#makers,
      nowMs,
    );
    if (!vouched.ok) return vouched;
    const secret = this.#makeSecret(SECRET_BYTES);
    return found({
      attestationKey: attestation.value,
      endorsementKeyHash: endorsementKeyHash(endorsement.value),
      secret,
      credential: makeCredential(endorsement.value, attestation.value.name, secret),
    });
  }

  /** What the attestation service is to be told; a finding where nothing was asked. */
  answer(nodeId: string, response: Response, nowMs: TimeMs): Found<Answered> {
    const challenge = this.#challenges.get(nodeId);
    if (!challenge) return { ok: false, finding: nothingAsked(nodeId) };
    // As after a restart of this process: not the node's fault, which begins again.
    if (challenge.proof === null && 'secret' in response) return notProved;
    return found(this.#end(nodeId, challenge, judge(challenge, response, nowMs)));
  }

  #end(nodeId: string, { effectId }: Challenge, result: Found<Quote>): Answered {
    this.#challenges.delete(nodeId);
    if (result.ok) return { effectId, outcome: { status: 'ok', value: result.value } };
    return { effectId, outcome: { status: 'noEffect', error: result.finding } };
  }
}

const late = wrong('ATTEST_NONCE_EXPIRED', 'the answer came after the time for it');
const notProved = wrong('ATTEST_ATTESTATION_KEY', 'the TPM did not show that the key lives in it');
const tooOften = wrong('ATTEST_SILENT', 'the node begins again and again');

function judge({ proof, deadlineMs }: Challenge, response: Response, nowMs: TimeMs): Found<Quote> {
  if (nowMs > deadlineMs) return late;
  if ('responseCode' in response) {
    return { ok: false, finding: responseFinding(response.responseCode) };
  }
  const { secret, evidence } = response;
  const isProved =
    proof !== null &&
    secret.length === proof.secret.length &&
    timingSafeEqual(secret, proof.secret);
  if (!isProved) return notProved;
  return readEvidence(evidence, proof.key);
}

function nothingAsked(nodeId: string): Finding {
  return { code: 'ATTEST_NONCE', message: `no quote is asked of node ${nodeId}` };
}
