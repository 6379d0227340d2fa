/**
 * Public keys as TPMs hand them out: TPM2B_PUBLIC (TPM 2.0 Library, Part 2, 12.2.5), their names
 * (Part 1, 16) and what they may be used for. RSA and the NIST curves; any bytes give a value or a
 * finding.
 */
import { createHash, createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { ALGORITHM, hashOf } from './algorithms.ts';
import type { HashName } from './algorithms.ts';
import { ByteReader, padded } from './bytes.ts';
import { found, wrong } from './findings.ts';
import type { Found } from './findings.ts';

/** Bits of TPMA_OBJECT. */
export const ATTRIBUTE = {
  fixedTpm: 1 << 1,
  fixedParent: 1 << 4,
  sensitiveDataOrigin: 1 << 5,
  restricted: 1 << 16,
  decrypt: 1 << 17,
  sign: 1 << 18,
} as const;

const MOST_BYTES = 1024;
const MOST_DIGEST_BYTES = 64;
const MOST_RSA_BYTES = 512;
const RSA_BITS: readonly number[] = [2048, 3072, 4096];
const DEFAULT_EXPONENT = 65_537;

/** A NIST curve by its TCG number. */
export interface Curve {
  readonly name: 'P-256' | 'P-384';
  readonly bytes: number;
}

const CURVES: ReadonlyMap<number, Curve> = new Map([
  [0x0003, { name: 'P-256', bytes: 32 }],
  [0x0004, { name: 'P-384', bytes: 48 }],
]);

/** The cipher by which a storage key protects what is under it; AES in CFB mode. */
export interface Protection {
  readonly keyBits: number;
}

/** A public key of a TPM. */
export interface PublicArea {
  readonly type: 'rsa' | 'ecc';
  readonly nameHash: HashName;
  readonly attributes: number;
  readonly policy: Buffer;
  /** Null: no storage key. */
  readonly protection: Protection | null;
  /** Number of the signing or decryption scheme; ALGORITHM.null: any. */
  readonly scheme: number;
  /** Null where the scheme is any. */
  readonly schemeHash: HashName | null;
  /** Null for RSA. */
  readonly curve: Curve | null;
  readonly key: KeyObject;
  /** Number of the name hash, then the hash of the public area. */
  readonly name: Buffer;
}

/** Reads a whole TPM2B_PUBLIC. */
export function parsePublic(bytes: Uint8Array): Found<PublicArea> {
  if (bytes.length > MOST_BYTES) return malformed('it is too long');
  const outer = new ByteReader(bytes);
  const area = outer.sized(MOST_BYTES);
  if (!outer.isWholeAndDone) return malformed('its length is another than it says');
  const reader = new ByteReader(area);
  const type = reader.u16();
  const nameAlgorithm = reader.u16();
  const nameHash = hashOf(nameAlgorithm);
  if (nameHash === undefined) return malformed('its name is by a hash that is not to rest on');
  const attributes = reader.u32();
  const policy = reader.sized(MOST_DIGEST_BYTES);
  const protection = readProtection(reader);
  const { scheme, schemeHash } = readScheme(reader);
  const isRsa = type === ALGORITHM.rsa;
  const read = isRsa ? readRsa(reader) : type === ALGORITHM.ecc ? readEcc(reader) : null;
  if (read === null || !reader.isWholeAndDone) return malformed('it is of no kind that is known');
  const key = keyOf(read.jwk);
  if (key === null) return malformed('its numbers make no key');
  const prefix = Buffer.alloc(2);
  prefix.writeUInt16BE(nameAlgorithm);
  const name = Buffer.concat([prefix, createHash(nameHash).update(area).digest()]);
  const { curve } = read;
  const kind = isRsa ? 'rsa' : 'ecc';
  const shape = { type: kind, nameHash, attributes, policy, protection } as const;
  return found({ ...shape, scheme, schemeHash, curve, key, name });
}

function readProtection(reader: ByteReader): Protection | null {
  const algorithm = reader.u16();
  if (algorithm === ALGORITHM.null) return null;
  const keyBits = reader.u16();
  const mode = reader.u16();
  const known = algorithm === ALGORITHM.aes && mode === ALGORITHM.cfb;
  if (!known || (keyBits !== 128 && keyBits !== 256)) reader.fail();
  return { keyBits };
}

function readScheme(reader: ByteReader): { scheme: number; schemeHash: HashName | null } {
  const scheme = reader.u16();
  if (scheme === ALGORITHM.null) return { scheme, schemeHash: null };
  const schemeHash = hashOf(reader.u16());
  const known =
    scheme === ALGORITHM.rsassa || scheme === ALGORITHM.rsapss || scheme === ALGORITHM.ecdsa;
  if (!known || schemeHash === undefined) reader.fail();
  return { scheme, schemeHash: schemeHash ?? null };
}

interface KeyParts {
  readonly jwk: Readonly<Record<string, string>>;
  readonly curve: Curve | null;
}

function readRsa(reader: ByteReader): KeyParts {
  const bits = reader.u16();
  const exponent = reader.u32() || DEFAULT_EXPONENT;
  const modulus = reader.sized(MOST_RSA_BYTES);
  const odd = (modulus.at(-1) ?? 0) & 1;
  const full = (modulus[0] ?? 0) >= 0x80;
  // One exponent, so that no key can make its own signatures trivial or their check slow.
  if (!RSA_BITS.includes(bits) || modulus.length * 8 !== bits || !odd || !full) reader.fail();
  if (exponent !== DEFAULT_EXPONENT) reader.fail();
  return { jwk: { kty: 'RSA', n: modulus.toString('base64url'), e: 'AQAB' }, curve: null };
}

function readEcc(reader: ByteReader): KeyParts | null {
  const curve = CURVES.get(reader.u16());
  const keyDerivation = reader.u16();
  if (curve === undefined || keyDerivation !== ALGORITHM.null) return null;
  const x = padded(reader.sized(curve.bytes), curve.bytes).toString('base64url');
  const y = padded(reader.sized(curve.bytes), curve.bytes).toString('base64url');
  return { jwk: { kty: 'EC', crv: curve.name, x, y }, curve };
}

/** Null where the numbers make no key, a point beside the curve among them. */
function keyOf(jwk: Readonly<Record<string, string>>): KeyObject | null {
  try {
    return createPublicKey({ format: 'jwk', key: jwk });
  } catch {
    return null;
  }
}

function malformed(why: string): Found<never> {
  return wrong('ATTEST_MALFORMED', `that is no public key of a TPM: ${why}`);
}
