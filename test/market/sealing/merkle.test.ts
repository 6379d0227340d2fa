import { createHash } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { sha256Hex } from '../../../core/kernel/sha256.ts';
import {
  EMPTY_ROOT,
  inclusionProof,
  isIncluded,
  merkleRoot,
} from '../../../core/market/sealing/merkle.ts';

const leaf = fc.nat(1_000_000).map((n) => sha256Hex(String(n)));
const leaves = fc.array(leaf, { minLength: 1, maxLength: 20 });

/** RFC 6962 §2.1 word for word, on bytes. */
function oracle(hashes: readonly Buffer[]): Buffer {
  const sha = (...parts: Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
  if (hashes.length === 0) return sha();
  if (hashes.length === 1) return sha(Buffer.from([0]), hashes[0]!);
  const k = 2 ** Math.ceil(Math.log2(hashes.length) - 1);
  return sha(Buffer.from([1]), oracle(hashes.slice(0, k)), oracle(hashes.slice(k)));
}

test('the root is that of Certificate Transparency', (t) => {
  t.is(EMPTY_ROOT, oracle([]).toString('hex'));
  fc.assert(
    fc.property(leaves, (list) => {
      const bytes = list.map((hex) => Buffer.from(hex, 'hex'));
      t.is(merkleRoot(list), oracle(bytes).toString('hex'));
    }),
    { numRuns: 60 },
  );
});

test('every leaf can be shown to stand at its place, and at no other', (t) => {
  fc.assert(
    fc.property(fc.uniqueArray(leaf, { minLength: 1, maxLength: 17 }), fc.nat(), (list, n) => {
      const root = merkleRoot(list);
      const index = n % list.length;
      const proof = inclusionProof(list, index);
      t.true(isIncluded(list[index]!, index, list.length, proof, root));
      for (let other = 0; other < list.length; other++) {
        if (other !== index) t.false(isIncluded(list[index]!, other, list.length, proof, root));
      }
    }),
    { numRuns: 80 },
  );
});

test('a changed leaf, proof or count does not pass', (t) => {
  const list = Array.from({ length: 11 }, (_, n) => sha256Hex(`leaf ${n}`));
  const root = merkleRoot(list);
  const proof = inclusionProof(list, 6);
  t.true(isIncluded(list[6]!, 6, 11, proof, root));
  t.false(isIncluded(sha256Hex('another'), 6, 11, proof, root));
  t.false(isIncluded(list[6]!, 6, 11, proof.slice(1), root));
  t.false(isIncluded(list[6]!, 6, 11, [...proof, root], root));
  t.false(isIncluded(list[6]!, 6, 7, proof, root));
  t.false(isIncluded('no hash', 6, 11, proof, root));
  t.false(isIncluded(list[6]!, NaN, 11, proof, root));
});
