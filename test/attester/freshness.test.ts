import test from 'ava';
import { kinds, only } from '../leasing/driver.ts';
import {
  ABOUT,
  GHENT,
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

const FRESH = { freshnessMs: 60_000, reattestIntervalMs: 30_000 };
const FORGET = { kind: 'ForgetNode', ...ABOUT, fencingToken: 1 };

test('T3: a verdict is good for the freshness bound, counted from its nonce', (t) => {
  const service = attester(FRESH);
  service.nowMs = 1_000;
  const request = challenge(service);
  service.nowMs = 9_000;
  const judged = service.ok(request, quote(request.nonce));
  t.is(verdict(judged).validUntilMs, 61_000);
  t.is(only(judged, 'ReportVerdict').command.validUntilMs, 61_000);
});

test('T3: a trusted node is attested again before its verdict ends, which then lasts longer', (t) => {
  const service = attester(FRESH);
  const first = attestWell(service);
  const timer = only(service.ok(only(first, 'ReleaseKeyShare')), 'SetTimer');
  t.is(timer.atMs, 30_000);
  service.nowMs = 30_000;
  const request = answerNonce(service, service.fire(TIMER));
  service.nowMs = 31_000;
  const again = service.ok(request, quote(request.nonce));
  t.like(verdict(again), { verdict: 'trusted', validUntilMs: 90_000 });
  t.is(verdict(again).commandId, verdict(first).commandId);
});

test('T3: without interval and freshness a boot is attested once, and no timer is left', (t) => {
  const service = attester();
  const judged = attestWell(service);
  t.is(verdict(judged).validUntilMs, Number.MAX_SAFE_INTEGER);
  service.ok(only(judged, 'ReleaseKeyShare'));
  t.is(service.state.watches.get('5:lease:n1')?.timerAtMs, null);
});

test('90: a node that falls silent is stale at the freshness bound, not earlier and not later', (t) => {
  const service = attester(FRESH);
  attestWell(service);
  let tries = 0;
  for (;;) {
    const atMs = service.state.watches.get('5:lease:n1')!.timerAtMs!;
    service.nowMs = atMs;
    const effects = service.fire(TIMER);
    if (effects.some(({ kind }) => kind === 'Notify')) {
      t.like(verdict(effects), { verdict: 'stale', code: 'ATTEST_SILENT', validUntilMs: 60_000 });
      t.deepEqual(kinds(effects), ['RevokeKeys', 'AttestationReport', 'AttestationVerdict']);
      t.is(only(effects, 'ReportVerdict').command.verdict, 'stale');
      break;
    }
    const nonce = effects.find(({ kind }) => kind === 'MakeNonce');
    if (nonce) {
      tries += 1;
      service.failed(only(service.ok(nonce, RANDOM), 'RequestQuote'), 'noEffect');
    }
    t.true(service.nowMs < 60_000);
  }
  t.is(service.nowMs, 60_000);
  t.true(tries > service.state.configuration.attempts, 'it was asked until the end');
});

test('90: keylime-verifier-dies-silently: an attester that comes back late finds its verdicts stale', (t) => {
  const service = attester(FRESH);
  attestWell(service);
  service.nowMs = 30_000;
  const request = answerNonce(service, service.fire(TIMER));
  // It was dead for an hour; the answer of then is the first thing that it hears.
  service.nowMs = 3_600_000;
  t.is(verdict(service.ok(request, quote(request.nonce))).verdict, 'stale');
  t.is(service.state.watches.get('5:lease:n1')?.verdict, 'stale');
});

test('90: a verdict in the hands of the isolation service ends by itself with its attester dead', (t) => {
  // The attester's own part: never a trusted report without an end.
  const service = attester(FRESH);
  for (let round = 0; round < 5; round++) {
    const judged = attestWell(service);
    const { validUntilMs } = only(judged, 'ReportVerdict').command;
    t.true(validUntilMs <= service.nowMs + FRESH.freshnessMs);
    service.nowMs += 25_000;
  }
});

test('T4: a failed runtime check revokes the keys at once, and again until that is confirmed', (t) => {
  const service = attester(FRESH);
  service.ok(only(attestWell(service), 'ReleaseKeyShare'));
  service.nowMs = 30_000;
  const request = answerNonce(service, service.fire(TIMER));
  const judged = service.ok(request, quote(request.nonce, { runtimeDigests: ['malware'] }));
  t.is(verdict(judged).code, 'ATTEST_RUNTIME');
  let revoke = only(judged, 'RevokeKeys');
  t.true(revoke.deadlineMs - service.nowMs <= 3_000);
  for (const status of ['uncertain', 'noEffect'] as const) {
    service.failed(revoke, status);
    service.nowMs = revoke.deadlineMs;
    const again = only(service.fire('revoke/5:lease:n1'), 'RevokeKeys');
    t.true(again.sequence > revoke.sequence);
    revoke = again;
  }
  service.nowMs = revoke.deadlineMs;
  revoke = only(service.fire('revoke/5:lease:n1'), 'RevokeKeys');
  service.ok(revoke);
  t.is(service.state.revocations.size, 0);
});

test('T4: keys that are being revoked are not handed out before that is confirmed', (t) => {
  const service = attester();
  service.ok(only(attestWell(service), 'ReleaseKeyShare'));
  const request = challenge(service);
  const judged = service.ok(request, quote(request.nonce, { signatureValid: false }));
  const revoke = only(judged, 'RevokeKeys');
  const trusted = attestWell(service);
  t.is(verdict(trusted).verdict, 'trusted');
  t.false(kinds(trusted).includes('ReleaseKeyShare'));
  const timer = only(service.ok(revoke), 'SetTimer');
  service.nowMs = timer.atMs;
  const again = answerNonce(service, service.fire(TIMER));
  t.true(kinds(service.ok(again, quote(again.nonce))).includes('ReleaseKeyShare'));
});

test('89: the share V leaves in the step of a valid quote; where that fails, after a new one', (t) => {
  const service = attester({ attempts: 3 });
  let judged = attestWell(service);
  for (let failures = 1; failures < 3; failures++) {
    const retry = service.failed(only(judged, 'ReleaseKeyShare'), 'uncertain');
    t.deepEqual(kinds(retry), []);
    service.nowMs = only(retry, 'SetTimer').atMs;
    const request = answerNonce(service, service.fire(TIMER));
    judged = service.ok(request, quote(request.nonce));
  }
  const last = service.failed(only(judged, 'ReleaseKeyShare'), 'noEffect');
  t.deepEqual(kinds(last), []);
  t.is(service.state.watches.get('5:lease:n1')?.timerAtMs, null, 'and not for ever');
});

test('89: the share is handed out once a boot, and again after the next one', (t) => {
  const service = attester();
  service.ok(only(attestWell(service), 'ReleaseKeyShare'));
  t.false(kinds(attestWell(service)).includes('ReleaseKeyShare'));
  t.true(kinds(attestWell(service, { bootCount: 8 })).includes('ReleaseKeyShare'));
});

test('a node that is forgotten is not attested again, and its keys are revoked', (t) => {
  const service = attester(FRESH);
  service.ok(only(attestWell(service), 'ReleaseKeyShare'));
  t.is(service.command(LYON, FORGET).code, 'DENIED_LEASE');
  const { effects } = service.command(GHENT, FORGET);
  t.deepEqual(kinds(effects), ['RevokeKeys']);
  t.deepEqual(service.fire(TIMER), []);
  service.ok(only(effects, 'RevokeKeys'));
  t.is(service.command(GHENT, FORGET).code, null, 'twice is as good as once');
  t.is(service.command(GHENT, attestNode()).code, 'CONFLICT_LATE');
  const { watches, watchedNodes, operations, revocations } = service.state;
  t.is(watches.size + watchedNodes.size + operations.size + revocations.size, 0);
});

test('a new boot voids what was measured before, whoever tells of it', (t) => {
  const service = attester(FRESH);
  const request = challenge(service);
  const powered = { kind: 'NodePowered', ...ABOUT, bootCount: 8 } as const;
  service.send({ kind: 'NoticeReceived', notice: powered });
  t.deepEqual(service.ok(request, quote(request.nonce)), [], 'a quote of the boot before');
  t.is(service.command(GHENT, attestNode({ bootCount: 7 })).code, 'CONFLICT_LATE');
  t.is(verdict(attestWell(service, { bootCount: 8 })).bootCount, 8);
});

test('the end of the lease ends the watch without the tenant', (t) => {
  for (const notice of [
    { kind: 'NodeCutOff', ...ABOUT },
    { kind: 'LeaseEnded', leaseId: 'lease' },
  ] as const) {
    const service = attester(FRESH);
    attestWell(service);
    const effects = service.send({ kind: 'NoticeReceived', notice });
    t.deepEqual(kinds(effects), ['RevokeKeys']);
    t.is(service.state.watches.size + service.state.watchedNodes.size, 0);
    t.is(service.command(GHENT, attestNode()).code, 'CONFLICT_LATE');
  }
});

test('a report is made again until it is answered, and the latest one only', (t) => {
  const service = attester({ reportRetryMs: 5_000, policies: [quiet()] });
  const first = only(attestWell(service), 'ReportVerdict');
  service.nowMs = 5_000;
  t.deepEqual(only(service.fire(TIMER), 'ReportVerdict').command, first.command);
  const second = only(attestWell(service), 'ReportVerdict');
  answer(first.command.commandId);
  service.nowMs = 10_000;
  t.deepEqual(only(service.fire(TIMER), 'ReportVerdict').command, second.command);
  answer(second.command.commandId);
  t.is(service.state.watches.get('5:lease:n1')?.timerAtMs, null);

  function answer(commandId: string): void {
    const to = { role: 'service', name: 'a' } as const;
    const reply = { kind: 'Reply', commandId, to, refusal: null, result: null } as const;
    service.send({ kind: 'ReplyReceived', reply });
  }
});

function quiet() {
  return {
    policyId: 'strict',
    version: 1,
    owner: 'ghent',
    profiles: [{ profile: 'model-1', pcrs: [] }],
    runtimeDigests: null,
    releasesKeyShare: false,
  };
}

test('a verdict that would end before the next quote can be there is a configuration error', (t) => {
  const code = 'INPUT_BAD_CONFIGURATION';
  t.throws(() => attester({ freshnessMs: 60_000, reattestIntervalMs: 50_000 }), { code });
});
