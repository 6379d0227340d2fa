import test from 'ava';
import { QuoteDesk, randomNonce } from '../../../backends/tpm/quote-desk.ts';
import type { Response, SentKeys } from '../../../backends/tpm/quote-desk.ts';
import { responseFinding } from '../../../backends/tpm/response-codes.ts';
import { BOOT, asking, ending, hashOfKey, read } from './attestation.ts';
import { TODAY_MS, codeOf, evidenceOf, keysOf, makers, valueOf, vector } from './vectors.ts';
import type { Vector } from './vectors.ts';

const SECRET = Buffer.alloc(32, 9);
const REQUEST = {
  kind: 'RequestQuote',
  effectId: 'a/2',
  leaseId: 'l',
  nodeId: 'n1',
  nonce: vector('ecdsa').nonce,
  deadlineMs: TODAY_MS + 60_000,
} as const;

function desk() {
  const made = new QuoteDesk(makers(), () => Buffer.from(SECRET));
  made.request(REQUEST);
  return made;
}

const good = vector('ecdsa');
const keys = keysOf(good);
const answer = { secret: SECRET, evidence: evidenceOf(good) };

/** The code with which the challenge ended: null for a quote, undefined while it goes on. */
function codeOfHello(from: QuoteDesk, sent: SentKeys, nowMs = TODAY_MS) {
  const result = from.hello('n1', BOOT, sent, nowMs);
  if ('finding' in result) return result.finding.code;
  if (!('answered' in result)) return undefined;
  const { outcome } = result.answered;
  return outcome.status === 'ok' ? null : outcome.error.code;
}

function codeOfAnswer(from: QuoteDesk, response: Response = answer, nowMs = TODAY_MS) {
  const result = from.answer('n1', response, nowMs);
  if (!result.ok) return result.finding.code;
  const { outcome } = result.value;
  return outcome.status === 'ok' ? null : outcome.error.code;
}

test('a node that proves its keys and quotes gives the service its quote, once', (t) => {
  const { service, request } = asking(valueOf(read('ecdsa')));
  const made = new QuoteDesk(makers(), () => Buffer.from(SECRET));
  made.request({ ...request, deadlineMs: TODAY_MS });
  const hello = made.hello('n1', BOOT, keys, TODAY_MS);
  t.true('invitation' in hello);
  t.is('invitation' in hello && hello.invitation.nonce, good.nonce);
  const { effectId, outcome } = valueOf(made.answer('n1', answer, TODAY_MS));
  t.is(effectId, request.effectId);
  t.like(outcome, { status: 'ok', value: { endorsementKeyHash: hashOfKey(good) } });
  t.deepEqual(ending(service.outcome(request, outcome)), { code: null, verdict: 'trusted' });
  t.is(made.size, 0);
  t.is(codeOf(made.answer('n1', answer, TODAY_MS)), 'ATTEST_NONCE');
});

test('an attestation key without the secret, or with a wrong one, is not bound', (t) => {
  t.is(codeOfAnswer(desk()), 'ATTEST_ATTESTATION_KEY');
  for (const secret of [Buffer.alloc(32), Buffer.alloc(0), SECRET.subarray(1)]) {
    const made = desk();
    t.is(codeOfHello(made, keys), undefined);
    t.is(codeOfAnswer(made, { ...answer, secret }), 'ATTEST_ATTESTATION_KEY');
    t.is(made.size, 0);
  }
});

/** How each set of keys is wrong. */
const WRONG: readonly (readonly [string, string, Partial<Vector>])[] = [
  [
    'ATTEST_CERTIFICATE',
    'a certificate of another TPM',
    { certificate: vector('other').certificate },
  ],
  ['ATTEST_CERTIFICATE', 'a TPM of an unknown maker', vector('stranger')],
  ['ATTEST_CERTIFICATE', 'no certificate', { certificate: '' }],
  [
    'ATTEST_CERTIFICATE',
    'an attestation key as endorsement key',
    { endorsementKey: good.attestationKey },
  ],
  [
    'ATTEST_ATTESTATION_KEY',
    'an endorsement key as attestation key',
    { attestationKey: good.endorsementKey },
  ],
  [
    'ATTEST_ATTESTATION_KEY',
    'a key that signs anything',
    { attestationKey: unrestricted(good.attestationKey) },
  ],
  ['ATTEST_MALFORMED', 'a key that is none', { attestationKey: '00' }],
];

/** The attributes stand after the length, the type and the name hash. */
function unrestricted(area: string): string {
  const bytes = Buffer.from(area, 'hex');
  bytes.writeUInt32BE(bytes.readUInt32BE(6) & ~(1 << 16), 6);
  return bytes.toString('hex');
}

for (const [code, name, changes] of WRONG) {
  test(`a node with ${name} is ${code}`, (t) => {
    const made = desk();
    t.is(codeOfHello(made, keysOf({ ...good, ...changes })), code);
    t.is(made.size, 0);
  });
}

test('the keys of one TPM with the quote of another are refused', (t) => {
  const made = desk();
  codeOfHello(made, keys);
  const evidence = evidenceOf(vector('other'));
  t.is(codeOfAnswer(made, { secret: SECRET, evidence }), 'ATTEST_SIGNATURE');
});

test('a locked TPM proves nothing: the node is out, but not called bad, and may try again', (t) => {
  const made = desk();
  codeOfHello(made, keys);
  const { outcome } = valueOf(made.answer('n1', { responseCode: 0x921 }, TODAY_MS));
  const quote = valueOf(read('ecdsa'));
  const { service, request } = asking(quote);
  const end = { code: 'ATTEST_LOCKED_OUT', verdict: 'stale' };
  t.deepEqual(ending(service.outcome(request, outcome)), end);
});

for (const [responseCode, code] of [
  [0x921, 'ATTEST_LOCKED_OUT'],
  [0x1df, 'ATTEST_ATTESTATION_KEY'],
  [0x2df, 'ATTEST_ATTESTATION_KEY'],
  [0x902, 'ATTEST_SILENT'],
  [0x98e, 'ATTEST_SILENT'],
  [0, 'ATTEST_SILENT'],
  [NaN, 'ATTEST_SILENT'],
] as const) {
  test(`the TPM's answer 0x${responseCode.toString(16)} is ${code}`, (t) => {
    t.is(responseFinding(responseCode).code, code);
  });
}

test('what comes after its time is late, and nothing is kept of it', (t) => {
  const nowMs = REQUEST.deadlineMs + 1;
  t.is(codeOfHello(desk(), keys, nowMs), 'ATTEST_NONCE_EXPIRED');
  const made = desk();
  codeOfHello(made, keys);
  t.is(codeOfAnswer(made, answer, nowMs), 'ATTEST_NONCE_EXPIRED');
  const swept = desk();
  swept.sweep(REQUEST.deadlineMs);
  t.is(swept.size, 1);
  swept.sweep(nowMs);
  t.is(swept.size, 0);
});

test('a node that begins again and again is given up', (t) => {
  const made = desk();
  const codes = [1, 2, 3, 4, 5].map(() => codeOfHello(made, keys));
  t.deepEqual(codes, [undefined, undefined, undefined, undefined, 'ATTEST_SILENT']);
});

test('nobody answers for a node of which nothing is asked', (t) => {
  const made = desk();
  t.like(made.hello('n2', BOOT, keys, TODAY_MS), { finding: { code: 'ATTEST_NONCE' } });
  t.is(codeOf(made.answer('n2', answer, TODAY_MS)), 'ATTEST_NONCE');
});

test('a newer request takes the place of an older one', (t) => {
  const made = desk();
  codeOfHello(made, keys);
  made.request({ ...REQUEST, effectId: 'a/4', nonce: randomNonce() });
  t.is(codeOfAnswer(made), 'ATTEST_ATTESTATION_KEY');
  t.regex(randomNonce(), /^[0-9a-f]{64}$/);
});
