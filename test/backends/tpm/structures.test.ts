import { createHash, createPublicKey } from 'node:crypto';
import test from 'ava';
import { parseQuote } from '../../../backends/tpm/attest.ts';
import { isAttestationKey, isEndorsementKey } from '../../../backends/tpm/endorsement.ts';
import { parsePublic } from '../../../backends/tpm/public-area.ts';
import { isSignedBy, parseSignature } from '../../../backends/tpm/signature.ts';
import { bytes, codeOf, valueOf, vector, vectors } from './vectors.ts';

for (const one of vectors) {
  test(`the keys of ${one.name} read as the TPM's own tools read them`, (t) => {
    const endorsement = valueOf(parsePublic(bytes(one.endorsementKey)));
    const attestation = valueOf(parsePublic(bytes(one.attestationKey)));
    t.true(isEndorsementKey(endorsement));
    t.false(isAttestationKey(endorsement));
    t.true(isAttestationKey(attestation));
    t.false(isEndorsementKey(attestation));
    t.is(attestation.name.toString('hex'), one.attestationName);
    t.true(attestation.key.equals(createPublicKey(one.attestationPem)));
  });

  test(`the quote of ${one.name} is read and its signature holds`, (t) => {
    const key = valueOf(parsePublic(bytes(one.attestationKey)));
    const quote = valueOf(parseQuote(bytes(one.quote)));
    const signature = valueOf(parseSignature(bytes(one.signature)));
    t.is(quote.extraData.toString('hex'), one.nonce);
    t.deepEqual(
      quote.selections.map(({ indexes }) => indexes),
      [[0, 1, 2, 3, 4, 5, 7, 9, 11]],
    );
    t.is(quote.restartCount, 0);
    t.true(isSignedBy(bytes(one.quote), signature, key));
    t.false(isSignedBy(Buffer.concat([bytes(one.quote), Buffer.alloc(1)]), signature, key));
  });
}

test('a signature counts only under the scheme and hash that its key is for', (t) => {
  const { attestationKey, quote, signature } = vector('rsassa');
  const key = valueOf(parsePublic(bytes(attestationKey)));
  const signed = valueOf(parseSignature(bytes(signature)));
  t.true(isSignedBy(bytes(quote), signed, key));
  t.false(isSignedBy(bytes(quote), signed, { ...key, schemeHash: 'sha384' }));
  t.false(isSignedBy(bytes(quote), signed, { ...key, scheme: vectorScheme('rsapss') }));
  const other = valueOf(parsePublic(bytes(vector('ecdsa').attestationKey)));
  t.false(isSignedBy(bytes(quote), signed, other));
});

function vectorScheme(name: string): number {
  return valueOf(parsePublic(bytes(vector(name).attestationKey))).scheme;
}

test('a public area that is cut off, longer, or of a weak key is refused', (t) => {
  const whole = bytes(vector('rsassa').attestationKey);
  for (let length = 0; length < whole.length; length += 1) {
    t.is(codeOf(parsePublic(whole.subarray(0, length))), 'ATTEST_MALFORMED');
  }
  t.is(codeOf(parsePublic(Buffer.concat([whole, Buffer.alloc(1)]))), 'ATTEST_MALFORMED');
  const even = Buffer.from(whole);
  even[even.length - 1]! &= 0xfe;
  t.is(codeOf(parsePublic(even)), 'ATTEST_MALFORMED');
  const exponent = Buffer.from(whole);
  // The exponent stands before the modulus with its two bytes of length.
  exponent.writeUInt32BE(3, whole.length - 256 - 2 - 4);
  t.is(codeOf(parsePublic(exponent)), 'ATTEST_MALFORMED');
});

test('a point beside the curve is no key', (t) => {
  const area = bytes(vector('ecdsa').attestationKey);
  area[area.length - 1]! ^= 1;
  t.is(codeOf(parsePublic(area)), 'ATTEST_MALFORMED');
});

test('the name of a key is the hash of its public area', (t) => {
  const area = bytes(vector('p384').attestationKey);
  const { name, nameHash } = valueOf(parsePublic(area));
  t.deepEqual(name.subarray(2), createHash(nameHash).update(area.subarray(2)).digest());
});

test('a quote that is cut off, longer, or attests something else is refused', (t) => {
  const whole = bytes(vector('ecdsa').quote);
  for (let length = 0; length < whole.length; length += 1) {
    t.is(codeOf(parseQuote(whole.subarray(0, length))), 'ATTEST_MALFORMED');
  }
  t.is(codeOf(parseQuote(Buffer.concat([whole, Buffer.alloc(1)]))), 'ATTEST_MALFORMED');
  for (const place of [0, 5]) {
    const changed = Buffer.from(whole);
    changed[place]! ^= 1;
    t.is(codeOf(parseQuote(changed)), 'ATTEST_MALFORMED');
  }
});

test('a nonce longer than a TPM takes is none, however much follows', (t) => {
  const whole = bytes(vector('ecdsa').quote);
  // Behind magic, type and the signer's name stands the nonce of 39 bytes.
  const at = 4 + 2 + 2 + 34;
  const of = (length: number) => {
    const head = Buffer.from(whole.subarray(0, at + 2));
    head.writeUInt16BE(length, at);
    return parseQuote(Buffer.concat([head, Buffer.alloc(length), whole.subarray(at + 2 + 39)]));
  };
  t.is(codeOf(of(66)), null);
  t.is(codeOf(of(67)), 'ATTEST_MALFORMED');
});
