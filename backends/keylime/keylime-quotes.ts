/**
 * Quotes of nodes that run a Keylime agent (REST API 2.1, pull model), behind the same port as our
 * own agent's: the attestation service asks, judges and remembers as ever; of Keylime there is the
 * agent and the registrar, no verifier. **Never run against Keylime**: written from the
 * documentation of its REST API, tried against answers made from that.
 *
 * That the attestation key lives beside the endorsement key is the registrar's word (it has had the
 * credential activated); the endorsement key's certificate is checked here. The log of files (IMA)
 * is not asked for, and key shares cannot be handed out.
 */
import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Quote, ReleaseKeyShare, RequestQuote } from '../../core/attester/protocol.ts';
import type { Outcome, Principal } from '../../core/kernel/service.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import { jsonOf, send, type Server } from '../peers/server.ts';
import type { AttesterWorld } from '../runner/attestation.ts';
import { checkEndorsement, endorsementKeyHash, isAttestationKey } from '../tpm/endorsement.ts';
import { isEndorsementKey, type TrustedMakers } from '../tpm/endorsement.ts';
import { readEvidence, type Evidence, type ProvedKey } from '../tpm/evidence.ts';
import { found, wrong, type Found } from '../tpm/findings.ts';
import { parsePublic } from '../tpm/public-area.ts';
import { NEEDED_PCRS } from '../tpm/references.ts';
import { readPcrBlob } from './pcr-blob.ts';

/** A node with a Keylime agent. */
export interface KeylimeNode {
  readonly uuid: string;
  /** Of its agent; the registrar's word about it is not followed. */
  readonly agent: Server;
}

const CALL_TIMEOUT_MS = 30_000;
/** An agent that does not answer is booting. */
const PAUSE_MS = 2_000;
const VERSION = 'v2.1';

export class KeylimeQuotes implements AttesterWorld {
  readonly #others: AttesterWorld;
  readonly #registrar: Server;
  readonly #nodes: ReadonlyMap<string, KeylimeNode>;
  readonly #makers: TrustedMakers;
  readonly #nowMs: () => TimeMs;

  /** @param others for nodes without a Keylime agent, and for what Keylime does not do */
  constructor(
    others: AttesterWorld,
    registrar: Server,
    nodes: ReadonlyMap<string, KeylimeNode>,
    makers: TrustedMakers,
    nowMs: () => TimeMs,
  ) {
    this.#others = others;
    this.#registrar = registrar;
    this.#nodes = nodes;
    this.#makers = makers;
    this.#nowMs = nowMs;
  }

  async requestQuote(effect: RequestQuote, bootCount: number): Promise<Outcome<unknown>> {
    const node = this.#nodes.get(effect.nodeId);
    if (!node) return this.#others.requestQuote(effect, bootCount);
    while (this.#nowMs() < effect.deadlineMs) {
      const result = await this.#ask(node, effect.nonce, bootCount).catch(() => null);
      if (result?.ok) return { status: 'ok', value: result.value };
      if (result) return { status: 'noEffect', error: result.finding };
      await pause(PAUSE_MS, undefined, { ref: false });
    }
    const error = { code: 'ATTEST_SILENT', message: 'the agent or the registrar did not answer' };
    return { status: 'noEffect', error };
  }

  releaseKeyShare(effect: ReleaseKeyShare, party: Principal): Promise<Outcome<unknown>> {
    if (!this.#nodes.has(effect.nodeId)) return this.#others.releaseKeyShare(effect, party);
    const message = 'no key share is handed out through Keylime';
    return Promise.resolve({ status: 'noEffect', error: { code: 'DEVICE_UNSUPPORTED', message } });
  }

  revokeKeys(...given: Parameters<AttesterWorld['revokeKeys']>): Promise<Outcome<unknown>> {
    return this.#others.revokeKeys(...given);
  }

  /** @throws where somebody does not answer */
  async #ask(node: KeylimeNode, nonce: string, bootCount: number): Promise<Found<Quote>> {
    const keys = this.#keys(await results(this.#registrar, `/agents/${node.uuid}`), bootCount);
    if (!keys.ok) return keys;
    // An agent takes at most 64 characters, and quotes over them as text.
    const asked = createHash('sha256').update(nonce).digest('hex');
    const mask = NEEDED_PCRS.reduce((bits, index) => bits | (1 << index), 0);
    const query = `nonce=${asked}&mask=0x${mask.toString(16)}&partial=1`;
    const answer = await results(node.agent, `/quotes/integrity?${query}`);
    const evidence = evidenceOf(answer);
    if (evidence === null) return wrong('ATTEST_MALFORMED', 'the agent’s answer is no quote');
    const quote = readEvidence(evidence, keys.value);
    if (!quote.ok) return quote;
    if (quote.value.nonce !== Buffer.from(asked, 'latin1').toString('hex')) {
      return wrong('ATTEST_NONCE', 'the quote is over another nonce');
    }
    return found({ ...quote.value, nonce });
  }

  #keys(registered: Fields, bootCount: number): Found<ProvedKey> {
    const [attestation, endorsement] = [registered['aik_tpm'], registered['ek_tpm']].map((text) =>
      parsePublic(bytesOf(text)),
    ) as [ReturnType<typeof parsePublic>, ReturnType<typeof parsePublic>];
    if (!attestation.ok) return attestation;
    if (!endorsement.ok) return endorsement;
    if (!isAttestationKey(attestation.value)) {
      return wrong('ATTEST_ATTESTATION_KEY', 'the key may sign what is no quote, or leave its TPM');
    }
    if (!isEndorsementKey(endorsement.value)) {
      return wrong('ATTEST_CERTIFICATE', 'what is registered as endorsement key is none');
    }
    const certificate = bytesOf(registered['ekcert']);
    const nowMs = this.#nowMs();
    const vouched = checkEndorsement(endorsement.value, certificate, [], this.#makers, nowMs);
    if (!vouched.ok) return vouched;
    return found({
      attestationKey: attestation.value,
      endorsementKeyHash: endorsementKeyHash(endorsement.value),
      bootCount,
    });
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** @throws where there are none */
async function results(server: Server, path: string): Promise<Fields> {
  const response = await send(server, {
    ...{ method: 'GET', path: `/${VERSION}${path}`, headers: {} },
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
  });
  const value = (await jsonOf(response)) as { readonly results?: unknown } | null;
  const inside = value?.results;
  if (response.statusCode === 200 && typeof inside === 'object' && inside !== null) {
    return inside as Fields;
  }
  throw new Error(`${server.name} answered ${response.statusCode}`);
}

function evidenceOf(answer: Fields): Evidence | null {
  const { quote: text, mb_measurement_list: log } = answer;
  if (typeof text !== 'string' || !text.startsWith('r')) return null;
  const parts = text.slice(1).split(':');
  if (parts.length !== 3) return null;
  const [quote, signature, blob] = parts.map(bytesOf) as [Buffer, Buffer, Buffer];
  const pcrs = readPcrBlob(blob);
  return pcrs && { quote, signature, pcrs, eventLog: bytesOf(log) };
}

/** Bytes in base64; none where it is no text. */
function bytesOf(text: unknown): Buffer {
  return Buffer.from(typeof text === 'string' ? text : '', 'base64');
}
