/**
 * The algorithm numbers of the TCG Algorithm Registry that are understood here. SHA-1 is known only
 * by the length of its digests, to step over them in event logs; nothing is judged by it.
 */

/** Hash algorithms that evidence may rest on. */
export type HashName = 'sha256' | 'sha384';

export const ALGORITHM = {
  rsa: 0x0001,
  sha1: 0x0004,
  aes: 0x0006,
  sha256: 0x000b,
  sha384: 0x000c,
  sha512: 0x000d,
  null: 0x0010,
  sm3: 0x0012,
  rsassa: 0x0014,
  rsapss: 0x0016,
  ecdsa: 0x0018,
  ecc: 0x0023,
  cfb: 0x0043,
} as const;

const HASHES: ReadonlyMap<number, HashName> = new Map([
  [ALGORITHM.sha256, 'sha256'],
  [ALGORITHM.sha384, 'sha384'],
]);

const DIGEST_BYTES: ReadonlyMap<number, number> = new Map([
  [ALGORITHM.sha1, 20],
  [ALGORITHM.sha256, 32],
  [ALGORITHM.sha384, 48],
  [ALGORITHM.sha512, 64],
  [ALGORITHM.sm3, 32],
]);

/** The hash of that number, or undefined where it is none to rest on. */
export function hashOf(algorithm: number): HashName | undefined {
  return HASHES.get(algorithm);
}

/** Bytes of a digest of that algorithm, or undefined where it is not known. */
export function digestBytesOf(algorithm: number): number | undefined {
  return DIGEST_BYTES.get(algorithm);
}

/** Bytes of a digest. */
export function digestBytes(hash: HashName): number {
  return hash === 'sha256' ? 32 : 48;
}

/** The number of a hash. */
export function algorithmOf(hash: HashName): number {
  return ALGORITHM[hash];
}
