/**
 * SHA-256 (FIPS 180-4) for what the core itself must hash: tickets of a lottery, commitments, the
 * tree over them. Journals take theirs from a port, which is faster on long texts.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';

/** The hash of a UTF-8 text as 64 lower-case hex digits. */
export function sha256Hex(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}

/** The same as eight unsigned words, the most significant first. */
export function sha256Words(text: string): Uint32Array {
  const view = new DataView(sha256(utf8ToBytes(text)).buffer);
  return Uint32Array.from({ length: 8 }, (_, i) => view.getUint32(4 * i));
}

/** The hash of one byte followed by the bytes behind hex digits. */
export function sha256Tagged(tag: number, ...hex: readonly string[]): string {
  return bytesToHex(sha256(concatBytes(new Uint8Array([tag]), ...hex.map(hexToBytes))));
}

/** Whether a value is a SHA-256 in lower-case hex digits. */
export function isSha256(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}
