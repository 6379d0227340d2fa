import test from 'ava';
import type { Quote } from '../../core/attester/protocol.ts';
import { DEFAULT_SEVERITIES, MAX_RUNTIME_DIGESTS } from '../../core/attester/verification.ts';
import type { AttestationCode } from '../../core/attester/verification.ts';
import { kinds, only } from '../leasing/driver.ts';
import {
  BAD,
  GHENT,
  GOOD,
  LYON,
  RANDOM,
  TIMER,
  answerNonce,
  attestNode,
  attestWell,
  attester,
  challenge,
  quote,
  verdict,
} from './service.ts';

test('a good quote makes a trusted verdict, told to the isolation service first', (t) => {
  const service = attester();
  const { id, effects } = service.command(GHENT, attestNode());
  const request = answerNonce(service, effects);
  const judged = service.ok(request, quote(request.nonce));
  t.deepEqual(kinds(judged), ['ReleaseKeyShare', 'AttestationReport', 'AttestationVerdict']);
  const about = { leaseId: 'lease', nodeId: 'n1', bootCount: 7, verdict: 'trusted' };
  const { service: to, command } = only(judged, 'ReportVerdict');
  t.is(to, 'isolation');
  t.like(command, about);
  t.like(verdict(judged), { ...about, commandId: id, code: null, severity: 'none' });
  t.deepEqual(only(judged, 'Notify').to, GHENT);
});

/** How each quote is wrong; everything else about it is right. */
const WRONG: readonly (readonly [AttestationCode, string, Partial<Quote>])[] = [
  ['ATTEST_NONCE', 'over another nonce', { nonce: 'f'.repeat(46) }],
  ['ATTEST_SIGNATURE', 'not signed', { signatureValid: false }],
  ['ATTEST_ENDORSEMENT_KEY', 'of another TPM', { endorsementKeyHash: 'ek-2' }],
  ['ATTEST_BOOT_COUNT', 'of an earlier boot', { bootCount: 6 }],
  ['ATTEST_BOOT_COUNT', 'of a later boot', { bootCount: 8 }],
  ['ATTEST_PCR_MISMATCH', 'of other firmware', pcrs({ '0': BAD, '4': GOOD, '10': BAD })],
  ['ATTEST_PCR_MISMATCH', 'without a PCR that matters', pcrs({ '0': GOOD, '10': BAD })],
  ['ATTEST_PCR_MISMATCH', 'whose PCR is inherited', pcrs({ '4': GOOD, __proto__: { '0': GOOD } })],
  ['ATTEST_LOG_MISMATCH', 'whose log replays to other PCRs', { replayedPcrs: { '0': GOOD } }],
  [
    'ATTEST_LOG_MISMATCH',
    'whose log does not replay to PCR 10',
    { replayedPcrs: { '0': GOOD, '4': GOOD, '10': GOOD } },
  ],
  ['ATTEST_RUNTIME', 'of a node that ran something else', { runtimeDigests: ['known-file', 'x'] }],
  ['ATTEST_RUNTIME', 'of a node at which nobody has looked', { runtimeDigests: null }],
  ['ATTEST_MALFORMED', 'without PCRs', { pcrs: null as never }],
  ['ATTEST_MALFORMED', 'with a fraction of a boot', { bootCount: 7.5 }],
  [
    'ATTEST_MALFORMED',
    'with too long a log',
    { runtimeDigests: new Array(MAX_RUNTIME_DIGESTS + 1).fill('known-file') },
  ],
];

function pcrs(values: Record<string, unknown>): Partial<Quote> {
  return { pcrs: values, replayedPcrs: values } as Partial<Quote>;
}

for (const [code, name, changes] of WRONG) {
  test(`87: a quote ${name} is ${code}, ${DEFAULT_SEVERITIES[code]}`, (t) => {
    const service = attester({ attempts: 1 });
    const request = challenge(service);
    const judged = service.ok(request, quote(request.nonce, changes));
    t.like(verdict(judged), {
      verdict: 'rejected',
      code,
      severity: DEFAULT_SEVERITIES[code],
      validUntilMs: 0,
    });
    t.deepEqual(kinds(judged), ['RevokeKeys', 'AttestationReport', 'AttestationVerdict']);
    t.is(only(judged, 'ReportVerdict').command.verdict, 'rejected');
  });
}

test('87: what is no quote at all is malformed', (t) => {
  for (const value of [null, undefined, 'quote', 7, [], {}]) {
    const service = attester({ attempts: 1 });
    const judged = service.ok(challenge(service), value);
    t.is(verdict(judged).code, 'ATTEST_MALFORMED');
  }
});

test('87: a reset counter that goes back, or moves within one boot, is ATTEST_RESET_COUNT', (t) => {
  const service = attester();
  attestWell(service);
  let request = challenge(service);
  let judged = service.ok(request, quote(request.nonce, { resetCount: 4 }));
  t.is(verdict(judged).code, 'ATTEST_RESET_COUNT', 'the node was reset on its own');
  request = challenge(service, { bootCount: 8 });
  judged = service.ok(request, quote(request.nonce, { bootCount: 8, resetCount: 2 }));
  t.is(verdict(judged).code, 'ATTEST_RESET_COUNT', 'a quote of long ago');
  request = challenge(service, { bootCount: 9 });
  judged = service.ok(request, quote(request.nonce, { bootCount: 9, resetCount: 4 }));
  t.is(verdict(judged).verdict, 'trusted');
  t.is(service.state.nodes.get('n1')?.lastResetCount, 4);
});

test('87: the counter of a quote that was rejected is not believed', (t) => {
  const service = attester();
  let request = challenge(service);
  service.ok(request, quote(request.nonce, { resetCount: 1_000, signatureValid: false }));
  request = challenge(service);
  const judged = service.ok(request, quote(request.nonce, { resetCount: 3 }));
  t.is(verdict(judged).verdict, 'trusted');
});

test('T2: nonces never repeat even where the source of randomness does, and serve one quote', (t) => {
  const service = attester({ attempts: 1 });
  const first = challenge(service);
  const good = quote(first.nonce);
  t.is(verdict(service.ok(first, good)).verdict, 'trusted');
  t.deepEqual(service.ok(first, good), [], 'a second copy of the answer is nobody’s');
  const second = challenge(service);
  t.not(second.nonce, first.nonce);
  t.true(second.nonce.startsWith(RANDOM));
  t.is(verdict(service.ok(second, good)).code, 'ATTEST_NONCE', 'a replayed quote');
});

test('T2: a quote that comes after the time of its nonce is ATTEST_NONCE_EXPIRED', (t) => {
  const service = attester({ attempts: 1, nonceTtlMs: 5_000 });
  const request = challenge(service);
  service.nowMs = 5_001;
  const late = service.ok(request, quote(request.nonce));
  t.is(verdict(late).code, 'ATTEST_NONCE_EXPIRED');
  const again = challenge(service);
  service.nowMs += 5_000;
  t.is(verdict(service.ok(again, quote(again.nonce))).verdict, 'trusted');
});

test('too little or no randomness is no nonce', (t) => {
  for (const random of ['', '0123', 'G'.repeat(64), 7, undefined]) {
    const service = attester({ attempts: 1 });
    const { effects } = service.command(GHENT, attestNode());
    const judged = service.ok(only(effects, 'MakeNonce'), random);
    t.is(verdict(judged).code, 'ATTEST_SILENT');
  }
});

test('88: a recoverable failure is tried again with a new nonce, and rejects after the last try', (t) => {
  const service = attester({ attempts: 3 });
  let request = challenge(service);
  const nonces = new Set([request.nonce]);
  for (let attempt = 1; attempt < 3; attempt++) {
    const failed = service.ok(request, quote('wrong'));
    t.deepEqual(kinds(failed), [], 'no verdict yet');
    const timer = only(failed, 'SetTimer');
    t.is(timer.atMs, service.nowMs + 1_000);
    service.nowMs = timer.atMs;
    request = answerNonce(service, service.fire(TIMER));
    nonces.add(request.nonce);
  }
  t.is(nonces.size, 3);
  t.like(verdict(service.ok(request, quote('wrong'))), {
    verdict: 'rejected',
    code: 'ATTEST_NONCE',
    severity: 'recoverable',
  });
});

test('88: an irrecoverable failure rejects at once; either escalates as configured', (t) => {
  const lenient = attester({ severities: { ATTEST_PCR_MISMATCH: 'recoverable' } });
  let request = challenge(lenient);
  const bad = pcrs({ '0': BAD, '4': GOOD });
  t.deepEqual(kinds(lenient.ok(request, quote(request.nonce, bad))), []);
  const strict = attester({ severities: { ATTEST_NONCE: 'irrecoverable' } });
  request = challenge(strict);
  t.like(verdict(strict.ok(request, quote('wrong'))), {
    verdict: 'rejected',
    severity: 'irrecoverable',
  });
});

test('88: a node that does not answer is stale after the last try', (t) => {
  const service = attester({ attempts: 2 });
  const request = challenge(service);
  service.nowMs = 20_000;
  t.deepEqual(kinds(service.fire(TIMER)), [], 'the deadline of the quote');
  service.nowMs = 21_000;
  const again = answerNonce(service, service.fire(TIMER));
  t.deepEqual(service.ok(request, quote(request.nonce)), [], 'the first answer is too late');
  const judged = service.failed(again, 'uncertain');
  t.like(verdict(judged), { verdict: 'stale', code: 'ATTEST_SILENT', severity: 'recoverable' });
});

test('T5: a node that was rejected becomes trusted by a new valid quote only', (t) => {
  const service = attester();
  const request = challenge(service);
  service.ok(request, quote(request.nonce, { signatureValid: false }));
  t.is(service.state.watches.get('5:lease:n1')?.verdict, 'rejected');
  service.nowMs = 1_000_000;
  t.deepEqual(kinds(service.fire(TIMER)), [], 'nothing happens by itself');
  t.is(verdict(attestWell(service)).verdict, 'trusted');
});

test('an answer rests on a quote that was asked for after the question', (t) => {
  const service = attester();
  const before = challenge(service);
  const after = challenge(service);
  t.deepEqual(service.ok(before, quote(before.nonce)), []);
  t.is(verdict(service.ok(after, quote(after.nonce))).verdict, 'trusted');
});

test('a copy of a question is answered once', (t) => {
  const service = attester();
  const ask = attestNode({ commandId: 'ask' });
  const { effects } = service.command(GHENT, ask);
  t.deepEqual(service.command(GHENT, ask), { code: null, effects: [], id: 'ask' });
  t.deepEqual(kinds(effects), ['MakeNonce']);
});

test('what cannot be attested is refused: no TPM, no policy, no reference values, another’s lease', (t) => {
  const service = attester();
  t.is(service.command(GHENT, attestNode({ nodeId: 'n3' })).code, 'NOT_FOUND_NODE');
  t.is(service.command(GHENT, attestNode({ policyId: 'lax' })).code, 'NOT_FOUND_POLICY');
  t.is(service.command(GHENT, attestNode({ nodeId: 'n2' })).code, 'CONFLICT_NO_REFERENCE');
  t.is(service.command(GHENT, attestNode({ bootCount: -1 })).code, 'INPUT_BAD_ARGUMENT');
  t.is(service.command(GHENT, { kind: 'hasOwnProperty' }).code, 'INPUT_UNKNOWN_COMMAND');
  challenge(service);
  t.is(service.command(LYON, attestNode()).code, 'DENIED_LEASE');
  t.is(service.command(GHENT, attestNode({ bootCount: 6 })).code, 'CONFLICT_LATE');
});

test('what the intake of evidence found counts as the failure; anything else is silence', (t) => {
  for (const [status, code, expected, outcome] of [
    ['noEffect', 'ATTEST_CERTIFICATE', 'ATTEST_CERTIFICATE', 'rejected'],
    ['noEffect', 'ATTEST_LOCKED_OUT', 'ATTEST_LOCKED_OUT', 'stale'],
    ['uncertain', 'DEVICE_TIMEOUT', 'ATTEST_SILENT', 'stale'],
    ['noEffect', 'toString', 'ATTEST_SILENT', 'stale'],
  ] as const) {
    const service = attester({ attempts: 1 });
    const judged = service.failed(challenge(service), status, code);
    t.like(verdict(judged), { verdict: outcome, code: expected });
  }
});

test('a node with reference values of its own is held against them besides', (t) => {
  const identity = { nodeId: 'n1', endorsementKeyHash: 'ek-1', profile: 'model-1' };
  for (const [digest, code] of [
    [GOOD, null],
    [BAD, 'ATTEST_PCR_MISMATCH'],
  ] as const) {
    const nodes = [{ ...identity, pcrs: [{ index: '10', digests: [digest] }] }];
    const service = attester({ attempts: 1, nodes });
    const request = challenge(service);
    const changes = pcrs({ '0': GOOD, '4': GOOD, '10': GOOD });
    t.like(verdict(service.ok(request, quote(request.nonce, changes))), { code });
  }
});
