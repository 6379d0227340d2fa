import { createHash } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { sha256Hex, sha256Words } from '../../core/kernel/sha256.ts';

function expected(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

test('SHA-256 of the standard example is as published', (t) => {
  // FIPS 180-2, appendix B.1.
  t.is(sha256Hex('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

test('SHA-256 agrees with the platform on texts of every length around a block', (t) => {
  for (let length = 0; length <= 130; length++) {
    const text = 'é'.repeat(length >> 1) + 'a'.repeat(length & 1);
    t.is(sha256Hex(text), expected(text), `${length} bytes`);
  }
});

test('SHA-256 agrees with the platform on any text', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => sha256Hex(text) === expected(text)),
  );
  t.pass();
});

test('words are unsigned, the most significant first', (t) => {
  t.deepEqual([...sha256Words('abc').slice(0, 2)], [0xba7816bf, 0x8f01cfea]);
});
