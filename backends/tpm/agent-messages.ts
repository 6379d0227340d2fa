/**
 * The messages between a node's agent and the desk, as JSON: bytes in base64, PCRs in hex. What the
 * agent sends is a hostile node's to choose: any value gives a message or a finding.
 */
import type { Evidence } from './evidence.ts';
import { MOST_LOG_BYTES } from './event-log.ts';
import { found, wrong } from './findings.ts';
import type { Found } from './findings.ts';
import { PCR_COUNT } from './pcrs.ts';
import type { PcrValues } from './pcrs.ts';
import { credentialFile } from './credential.ts';
import { MOST_RUNTIME_LOG_BYTES } from './runtime-log.ts';
import type { Invitation, Response, SentKeys } from './quote-desk.ts';

const MOST_STRUCTURE_BYTES = 1_024;
const MOST_CERTIFICATE_BYTES = 4_096;
const MOST_INTERMEDIATES = 8;
const MOST_SECRET_BYTES = 64;
const MOST_RESPONSE_CODE = 0xffff_ffff;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const DIGEST = /^([0-9a-f]{64}|[0-9a-f]{96})$/;

/** `{ endorsementKey, certificate, intermediates, attestationKey }`. */
export function readHello(body: unknown): Found<SentKeys> {
  const fields = ownFields(body);
  const { intermediates } = fields;
  const list = Array.isArray(intermediates) ? (intermediates as readonly unknown[]) : null;
  if (list === null || list.length > MOST_INTERMEDIATES) return malformed('intermediates');
  const others = list.map((text) => bytesOf(text, MOST_CERTIFICATE_BYTES));
  const endorsementKey = bytesOf(fields['endorsementKey'], MOST_STRUCTURE_BYTES);
  const certificate = bytesOf(fields['certificate'], MOST_CERTIFICATE_BYTES);
  const attestationKey = bytesOf(fields['attestationKey'], MOST_STRUCTURE_BYTES);
  if (endorsementKey === null) return malformed('endorsementKey');
  if (certificate === null) return malformed('certificate');
  if (attestationKey === null) return malformed('attestationKey');
  const whole = others.filter((other) => other !== null);
  if (whole.length !== others.length) return malformed('intermediates');
  return found({ endorsementKey, certificate, intermediates: whole, attestationKey });
}

/** `{ responseCode }`, or `{ secret, quote, signature, pcrs, eventLog }`, perhaps `runtimeLog`. */
export function readAnswer(body: unknown): Found<Response> {
  const fields = ownFields(body);
  const { responseCode } = fields;
  if (responseCode !== undefined) {
    const isCode =
      typeof responseCode === 'number' &&
      Number.isInteger(responseCode) &&
      responseCode >= 0 &&
      responseCode <= MOST_RESPONSE_CODE;
    return isCode ? found({ responseCode }) : malformed('responseCode');
  }
  const secret = bytesOf(fields['secret'], MOST_SECRET_BYTES);
  if (secret === null) return malformed('secret');
  const evidence = evidenceOf(fields);
  return evidence.ok ? found({ secret, evidence: evidence.value }) : evidence;
}

function evidenceOf(fields: Fields): Found<Evidence> {
  const quote = bytesOf(fields['quote'], MOST_STRUCTURE_BYTES);
  const signature = bytesOf(fields['signature'], MOST_STRUCTURE_BYTES);
  const pcrs = pcrsOf(fields['pcrs']);
  const eventLog = bytesOf(fields['eventLog'], MOST_LOG_BYTES);
  if (quote === null) return malformed('quote');
  if (signature === null) return malformed('signature');
  if (pcrs === null) return malformed('pcrs');
  if (eventLog === null) return malformed('eventLog');
  const evidence = { quote, signature, pcrs, eventLog };
  if (fields['runtimeLog'] === undefined) return found(evidence);
  const runtimeLog = bytesOf(fields['runtimeLog'], MOST_RUNTIME_LOG_BYTES);
  return runtimeLog === null ? malformed('runtimeLog') : found({ ...evidence, runtimeLog });
}

/** For the agent; `credential` is a file as tpm2-tools read it. */
export function writeInvitation({ credential, nonce }: Invitation): {
  readonly nonce: string;
  readonly credential: string;
} {
  return { nonce, credential: credentialFile(credential).toString('base64') };
}

type Fields = Readonly<Record<string, unknown>>;

/** Without what an object inherits. */
function ownFields(value: unknown): Fields {
  if (typeof value !== 'object' || value === null) return {};
  return Object.assign(Object.create(null) as Fields, value);
}

function bytesOf(value: unknown, most: number): Buffer | null {
  if (typeof value !== 'string' || value.length > Math.ceil(most / 3) * 4) return null;
  if (value.length % 4 !== 0 || !BASE64.test(value)) return null;
  const bytes = Buffer.from(value, 'base64');
  return bytes.length > most ? null : bytes;
}

function pcrsOf(value: unknown): PcrValues | null {
  const entries = Object.entries(ownFields(value));
  if (entries.length > PCR_COUNT) return null;
  const pcrs = new Map<number, Buffer>();
  for (const [index, digest] of entries) {
    if (!/^\d{1,2}$/.test(index) || Number(index) >= PCR_COUNT) return null;
    if (typeof digest !== 'string' || !DIGEST.test(digest)) return null;
    pcrs.set(Number(index), Buffer.from(digest, 'hex'));
  }
  return pcrs;
}

function malformed(field: string): Found<never> {
  return wrong('ATTEST_MALFORMED', `the agent's message: ${field} is missing or out of form`);
}
