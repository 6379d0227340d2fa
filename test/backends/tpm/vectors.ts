/** What real TPMs of software gave out; made by `make-vectors.ts`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCertificates } from '../../../backends/tpm/endorsement.ts';
import type { TrustedMakers } from '../../../backends/tpm/endorsement.ts';
import type { HashName } from '../../../backends/tpm/algorithms.ts';
import type { Evidence } from '../../../backends/tpm/evidence.ts';
import type { Found } from '../../../backends/tpm/findings.ts';
import type { SentKeys } from '../../../backends/tpm/quote-desk.ts';

/** Bytes in hex. */
export interface Vector {
  readonly name: string;
  readonly bank: HashName;
  readonly nonce: string;
  readonly endorsementKey: string;
  readonly certificate: string;
  readonly attestationKey: string;
  readonly attestationName: string;
  readonly attestationPem: string;
  readonly quote: string;
  readonly signature: string;
  readonly pcrs: Readonly<Record<string, string>>;
  readonly eventLog: string;
}

export interface Vectors {
  /** DER, in hex. */
  readonly makers: { readonly root: string; readonly issuer: string };
  readonly strangerIssuer: string;
  readonly vectors: readonly Vector[];
}

const FILE = join(import.meta.dirname, 'vectors.json');
const VECTORS = JSON.parse(readFileSync(FILE, 'utf8')) as Vectors;

/** A day on which the certificates are valid. */
export const TODAY_MS = Date.UTC(2027, 5, 1);

export const vectors = VECTORS.vectors;
export const strangerIssuer = bytes(VECTORS.strangerIssuer);

export function vector(name: string): Vector {
  return vectors.find((one) => one.name === name)!;
}

export function makers(): TrustedMakers {
  const { root, issuer } = VECTORS.makers;
  return {
    roots: readCertificates([bytes(root)]),
    intermediates: readCertificates([bytes(issuer)]),
  };
}

export function bytes(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}

export function evidenceOf({ quote, signature, pcrs, eventLog }: Vector): Evidence {
  const values = new Map(Object.entries(pcrs).map(([pcr, value]) => [Number(pcr), bytes(value)]));
  const [signed, by, log] = [quote, signature, eventLog].map(bytes) as [Buffer, Buffer, Buffer];
  return { quote: signed, signature: by, pcrs: values, eventLog: log };
}

export function keysOf({ endorsementKey, certificate, attestationKey }: Vector): SentKeys {
  return {
    endorsementKey: bytes(endorsementKey),
    certificate: bytes(certificate),
    intermediates: [],
    attestationKey: bytes(attestationKey),
  };
}

export function valueOf<Value>(result: Found<Value>): Value {
  if (!result.ok) throw new Error(`${result.finding.code}: ${result.finding.message}`);
  return result.value;
}

export function codeOf(result: Found<unknown>): string | null {
  return result.ok ? null : result.finding.code;
}
