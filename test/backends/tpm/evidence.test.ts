import test from 'ava';
import type { AttestationCode } from '../../../core/attester/verification.ts';
import type { Quote } from '../../../core/attester/protocol.ts';
import { BANK, BITMAP, RESTART_COUNT, ask, asking, ending, read, signAnew } from './attestation.ts';
import { logBytes, madeEvent, profileEvents } from './made-log.ts';
import { readEvidence } from '../../../backends/tpm/evidence.ts';
import { bytes, codeOf, evidenceOf, valueOf, vector, vectors } from './vectors.ts';

const GOOD = evidenceOf(vector('ecdsa'));

for (const { name } of vectors) {
  test(`the evidence of ${name} makes a trusted verdict`, (t) => {
    const quote = valueOf(read(name));
    const { service, request } = asking(quote);
    t.is(request.nonce, quote.nonce);
    t.deepEqual(ending(service.ok(request, quote)), { code: null, verdict: 'trusted' });
  });
}

/** How each piece of evidence is wrong; everything else about it is right. */
const WRONG: readonly (readonly [AttestationCode, string, Partial<typeof GOOD>])[] = [
  ['ATTEST_SIGNATURE', 'a quote with one bit changed', { quote: flipped(GOOD.quote, 60) }],
  [
    'ATTEST_SIGNATURE',
    'a signature with one bit changed',
    { signature: flipped(GOOD.signature, 9) },
  ],
  ['ATTEST_SIGNATURE', 'the quote of another node', evidenceOf(vector('other'))],
  ['ATTEST_MALFORMED', 'a signature that is none', { signature: Buffer.from('signed') }],
  ['ATTEST_PCR_DIGEST', 'PCRs of another node', { pcrs: evidenceOf(vector('other')).pcrs }],
  ['ATTEST_PCR_DIGEST', 'no PCRs', { pcrs: new Map() }],
  ['ATTEST_MALFORMED', 'a log that is cut off', { eventLog: GOOD.eventLog.subarray(0, 500) }],
];

function flipped(original: Uint8Array, place: number): Buffer {
  const changed = Buffer.from(original);
  changed[place]! ^= 1;
  return changed;
}

for (const [code, name, changes] of WRONG) {
  test(`evidence with ${name} is ${code}, and the node is rejected`, (t) => {
    const result = read('ecdsa', { ...GOOD, ...changes });
    t.is(codeOf(result), code);
    if (result.ok) return;
    const { service, request } = asking(valueOf(read('ecdsa')));
    const error = result.finding;
    const effects = service.outcome(request, { status: 'noEffect', error });
    t.deepEqual(ending(effects), { code, verdict: 'rejected' });
  });
}

/** The code of a verdict on `quote` by a service that knows the node by the good one. */
function verdictOn(quote: Quote, changes: { readonly nonceTtlMs?: number } = {}, waitMs = 0) {
  const { service, request } = asking(valueOf(read('ecdsa')), changes);
  service.nowMs = waitMs;
  return ending(service.ok(request, quote)).code;
}

test('a log that was changed does not replay to the signed PCRs', (t) => {
  const events = profileEvents('ecdsa');
  const other = madeEvent(4, events.at(-4)!.type, Buffer.from('a kernel of ours'));
  const eventLog = logBytes(events.with(events.length - 4, other));
  t.is(verdictOn(valueOf(read('ecdsa', { ...GOOD, eventLog }))), 'ATTEST_LOG_MISMATCH');
});

test('a quote that is sent again fits no later nonce', (t) => {
  const quote = valueOf(read('ecdsa'));
  const { service, request } = asking(quote);
  service.ok(request, quote);
  const again = ask(service, 'l', 'a5'.repeat(32));
  t.not(again.nonce, request.nonce);
  t.is(ending(service.ok(again, quote)).code, 'ATTEST_NONCE');
});

test('a quote that comes after its time is stale', (t) => {
  const quote = valueOf(read('ecdsa'));
  t.is(verdictOn(quote, { nonceTtlMs: 30_000 }, 30_001), 'ATTEST_NONCE_EXPIRED');
});

test('a good quote of another node’s TPM is not this node’s', (t) => {
  t.is(verdictOn(valueOf(read('other'))), 'ATTEST_ENDORSEMENT_KEY');
});

test('a node with other boot entries or another image is not the node that is known', (t) => {
  const quote = valueOf(read('ecdsa'));
  for (const index of [0, 1, 2, 3, 4, 5, 7, 9, 11]) {
    const pcrs = { ...quote.pcrs, [index]: 'ee'.repeat(32) };
    t.is(verdictOn({ ...quote, pcrs, replayedPcrs: pcrs }), 'ATTEST_PCR_MISMATCH', `${index}`);
  }
});

test('PCRs of two nodes of one profile differ in the one that is a node’s own', (t) => {
  const [one, other] = [valueOf(read('ecdsa')).pcrs, valueOf(read('other')).pcrs];
  t.deepEqual(
    Object.keys(one).filter((index) => one[index] !== other[index]),
    ['1'],
  );
});

test('the evidence of each key is refused under each other key', (t) => {
  for (const { name } of vectors) {
    for (const other of vectors) {
      if (other.name === name) continue;
      t.is(codeOf(read(name, evidenceOf(other))), 'ATTEST_SIGNATURE', `${name} ${other.name}`);
    }
  }
});

test('every single bit of a quote counts', (t) => {
  const whole = bytes(vector('ecdsa').quote);
  for (let place = 0; place < whole.length; place += 1) {
    const result = read('ecdsa', { ...GOOD, quote: flipped(whole, place) });
    t.is(codeOf(result), 'ATTEST_SIGNATURE', `${place}`);
  }
});

/** The code of the good quote, changed, under a key of ours. */
function signedAnew(change: (quote: Buffer) => void) {
  const quote = Buffer.from(GOOD.quote);
  change(quote);
  const { signature, key } = signAnew(quote);
  return codeOf(readEvidence({ ...GOOD, quote, signature }, key));
}

for (const [code, name, change] of [
  [null, 'nothing else', () => undefined],
  ['ATTEST_RESTART_COUNT', 'a resume', (quote) => quote.writeUInt32BE(1, RESTART_COUNT)],
  ['ATTEST_PCR_SELECTION', 'a bank of SHA-1', (quote) => quote.writeUInt16BE(4, BANK)],
  ['ATTEST_PCR_SELECTION', 'no PCR at all', (quote) => quote.fill(0, BITMAP, BITMAP + 3)],
  ['ATTEST_PCR_SELECTION', 'PCR 1 left out', (quote) => (quote[BITMAP]! ^= 2)],
  ['ATTEST_PCR_SELECTION', 'PCR 11 left out', (quote) => (quote[BITMAP + 1]! ^= 8)],
  ['ATTEST_PCR_DIGEST', 'a PCR more', (quote) => (quote[BITMAP]! |= 0x40)],
  ['ATTEST_PCR_DIGEST', 'another digest', (quote) => (quote[quote.length - 1]! ^= 1)],
  ['ATTEST_MALFORMED', 'another kind of statement', (quote) => quote.writeUInt16BE(0x8017, 4)],
  ['ATTEST_MALFORMED', 'bytes that no TPM signs', (quote) => quote.writeUInt32BE(0, 0)],
] as const satisfies readonly (readonly [
  AttestationCode | null,
  string,
  (quote: Buffer) => void,
])[]) {
  test(`a signed quote that says ${name} is ${code ?? 'good'}`, (t) => {
    t.is(signedAnew(change), code);
  });
}
