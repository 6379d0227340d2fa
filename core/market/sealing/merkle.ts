/**
 * A hash tree over a list: whoever has the root can check that an entry stands at its place, from
 * the entry and log₂ n hashes.
 *
 * Merkle, CRYPTO '87; leaves and inner nodes are told apart, and the tree of n leaves is split, as
 * in Certificate Transparency (RFC 6962 §2.1), so that no inner node passes for a leaf and no two
 * lists have one root.
 */
import { isSha256, sha256Tagged, sha256Hex } from '../../kernel/sha256.ts';

const LEAF = 0x00;
const INNER = 0x01;

/** Root of no leaves. */
export const EMPTY_ROOT = sha256Hex('');

/** @param leaves hashes of the entries, in order, as hex digits */
export function merkleRoot(leaves: readonly string[]): string {
  if (leaves.length === 0) return EMPTY_ROOT;
  if (leaves.length === 1) return sha256Tagged(LEAF, leaves[0]!);
  const at = splitOf(leaves.length);
  return sha256Tagged(INNER, merkleRoot(leaves.slice(0, at)), merkleRoot(leaves.slice(at)));
}

/** Hashes beside the path from the leaf at `index` to the root, the lowest first. */
export function inclusionProof(leaves: readonly string[], index: number): string[] {
  if (leaves.length <= 1) return [];
  const at = splitOf(leaves.length);
  return index < at
    ? [...inclusionProof(leaves.slice(0, at), index), merkleRoot(leaves.slice(at))]
    : [...inclusionProof(leaves.slice(at), index - at), merkleRoot(leaves.slice(0, at))];
}

/** Whether `leaf` stands at `index` of the `count` leaves under `root`. */
export function isIncluded(
  leaf: string,
  index: number,
  count: number,
  proof: readonly string[],
  root: string,
): boolean {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(count)) return false;
  if (index < 0 || index >= count || !isSha256(leaf) || !proof.every(isSha256)) return false;
  return rootFrom(leaf, index, count, proof) === root;
}

/** Null where the proof has not the length that the place asks for. */
function rootFrom(
  leaf: string,
  index: number,
  count: number,
  proof: readonly string[],
): string | null {
  if (count === 1) return proof.length === 0 ? sha256Tagged(LEAF, leaf) : null;
  const beside = proof.at(-1);
  if (beside === undefined) return null;
  const at = splitOf(count);
  const rest = proof.slice(0, -1);
  if (index < at) {
    const left = rootFrom(leaf, index, at, rest);
    return left === null ? null : sha256Tagged(INNER, left, beside);
  }
  const right = rootFrom(leaf, index - at, count - at, rest);
  return right === null ? null : sha256Tagged(INNER, beside, right);
}

/** Largest power of two below `count`. */
function splitOf(count: number): number {
  let at = 1;
  while (at * 2 < count) at *= 2;
  return at;
}
