/**
 * Signatures as TPMs write them: TPMT_SIGNATURE (TPM 2.0 Library, Part 2, 11.3.4), by RSASSA,
 * RSAPSS or ECDSA, and their check against a public key.
 */
import { constants, verify } from 'node:crypto';
import { ALGORITHM, hashOf } from './algorithms.ts';
import type { HashName } from './algorithms.ts';
import { ByteReader, padded } from './bytes.ts';
import { found, wrong } from './findings.ts';
import type { Found } from './findings.ts';
import type { PublicArea } from './public-area.ts';

const MOST_RSA_BYTES = 512;
const MOST_ECC_BYTES = 66;

/** A signature by a key of a TPM. */
export interface Signature {
  /** ALGORITHM.rsassa, .rsapss or .ecdsa. */
  readonly scheme: number;
  readonly hash: HashName;
  /** Of RSA the signature, of ECDSA its r; without leading zeros perhaps. */
  readonly first: Buffer;
  /** ECDSA's s; empty for RSA. */
  readonly second: Buffer;
}

export function parseSignature(bytes: Uint8Array): Found<Signature> {
  const reader = new ByteReader(bytes);
  const scheme = reader.u16();
  const hash = hashOf(reader.u16());
  const isRsa = scheme === ALGORITHM.rsassa || scheme === ALGORITHM.rsapss;
  if (!isRsa && scheme !== ALGORITHM.ecdsa) return malformed();
  const first = reader.sized(isRsa ? MOST_RSA_BYTES : MOST_ECC_BYTES);
  const second = isRsa ? Buffer.alloc(0) : reader.sized(MOST_ECC_BYTES);
  if (hash === undefined || !reader.isWholeAndDone) return malformed();
  return found({ scheme, hash, first, second });
}

/** Whether `key` signed `message`, by the one scheme that the key is for. */
export function isSignedBy(message: Uint8Array, signature: Signature, key: PublicArea): boolean {
  const { scheme, hash, first, second } = signature;
  if (key.scheme !== scheme || key.schemeHash !== hash) return false;
  if (scheme === ALGORITHM.ecdsa) {
    if (key.curve === null) return false;
    const { bytes } = key.curve;
    if (first.length > bytes || second.length > bytes) return false;
    const point = Buffer.concat([padded(first, bytes), padded(second, bytes)]);
    return checks(hash, message, { key: key.key, dsaEncoding: 'ieee-p1363' }, point);
  }
  if (key.type !== 'rsa') return false;
  if (scheme === ALGORITHM.rsassa) {
    return checks(hash, message, { key: key.key, padding: constants.RSA_PKCS1_PADDING }, first);
  }
  // Both lengths of salt are in use: that of the digest (FIPS 186) and the longest that fits.
  const saltLength = constants.RSA_PSS_SALTLEN_AUTO;
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return checks(hash, message, { key: key.key, padding, saltLength }, first);
}

type Verifier = Parameters<typeof verify>[2];

function checks(hash: HashName, message: Uint8Array, key: Verifier, signature: Buffer): boolean {
  try {
    return verify(hash, message, key, signature);
  } catch {
    return false;
  }
}

function malformed(): Found<never> {
  return wrong('ATTEST_MALFORMED', 'that is no signature of a TPM');
}
