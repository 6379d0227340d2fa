import test from 'ava';
import fc from 'fast-check';
import { readAnswer, readHello, writeInvitation } from '../../../backends/tpm/agent-messages.ts';
import { bytes, codeOf, evidenceOf, keysOf, valueOf, vector } from './vectors.ts';

const ONE = vector('p384');
const base64 = (hex: string) => bytes(hex).toString('base64');
const HELLO = {
  endorsementKey: base64(ONE.endorsementKey),
  certificate: base64(ONE.certificate),
  intermediates: [],
  attestationKey: base64(ONE.attestationKey),
};
const ANSWER = {
  secret: base64('ab'.repeat(32)),
  quote: base64(ONE.quote),
  signature: base64(ONE.signature),
  pcrs: ONE.pcrs,
  eventLog: base64(ONE.eventLog),
};

test('what an agent sends is what the desk is given', (t) => {
  t.deepEqual(valueOf(readHello(HELLO)), keysOf(ONE));
  const secret = bytes('ab'.repeat(32));
  t.deepEqual(valueOf(readAnswer(ANSWER)), { secret, evidence: evidenceOf(ONE) });
  const more = valueOf(readAnswer({ ...ANSWER, runtimeLog: 'QUJD' }));
  t.like(more, { evidence: { runtimeLog: Buffer.from('ABC') } });
  t.is(codeOf(readAnswer({ ...ANSWER, runtimeLog: 7 })), 'ATTEST_MALFORMED');
  t.deepEqual(valueOf(readAnswer({ responseCode: 0x921 })), { responseCode: 0x921 });
});

test('an invitation is a file that tpm2-tools read, and the nonce', (t) => {
  const credential = { credentialBlob: bytes('0001aa'), encryptedSecret: bytes('0001bb') };
  const written = writeInvitation({ credential, nonce: 'c0ffee' });
  const file = Buffer.from('badcc0de000000010001aa0001bb', 'hex').toString('base64');
  t.deepEqual(written, { nonce: 'c0ffee', credential: file });
});

for (const [name, changes] of [
  ['a field that is missing', { quote: undefined }],
  ['bytes that are no base64', { quote: '*' }],
  ['base64 without its end', { quote: 'QUI' }],
  ['a quote of a megabyte', { quote: 'A'.repeat(1024 * 1024) }],
  ['a log of two megabytes', { eventLog: 'A'.repeat(2 * 1024 * 1024) }],
  ['PCR 24', { pcrs: { 24: '00'.repeat(32) } }],
  ['a PCR that is no digest', { pcrs: { 0: '00' } }],
  ['a hundred PCRs', { pcrs: Object.fromEntries(Array.from({ length: 100 }, (_, i) => [i, ''])) }],
  ['a response code that is none', { responseCode: -1 }],
  ['a response code that is a text', { responseCode: '0x921' }],
] as const) {
  test(`an answer with ${name} is malformed`, (t) => {
    t.is(codeOf(readAnswer({ ...ANSWER, ...changes })), 'ATTEST_MALFORMED');
  });
}

test('too many intermediates, or one that is no text, are malformed', (t) => {
  const of = (intermediates: unknown) => codeOf(readHello({ ...HELLO, intermediates }));
  t.is(of(new Array(9).fill(HELLO.certificate)), 'ATTEST_MALFORMED');
  t.is(of([7]), 'ATTEST_MALFORMED');
  t.is(of({ length: 1e9 }), 'ATTEST_MALFORMED');
});

test('any JSON gives a message or ATTEST_MALFORMED', (t) => {
  const field = fc.constantFrom(...Object.keys(HELLO), ...Object.keys(ANSWER), 'responseCode');
  const body = fc.oneof(
    fc.jsonValue(),
    fc.record({ field, value: fc.jsonValue() }).map(({ field: name, value }) => ({
      ...HELLO,
      ...ANSWER,
      [name]: value,
    })),
  );
  const property = fc.property(body, (value) =>
    [readHello(value), readAnswer(value)].every(
      (result) => result.ok || result.finding.code === 'ATTEST_MALFORMED',
    ),
  );
  t.notThrows(() => fc.assert(property, { numRuns: 1_000, seed: 4 }));
});
