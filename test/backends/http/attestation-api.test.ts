import test from 'ava';
import { combineKeyShares } from '../../../core/attester/key-shares.ts';
import {
  ATTESTATION_COMMANDS,
  ATTESTATION_QUERIES,
} from '../../../backends/http/attestation-routes.ts';
import { ATTESTER_COMMANDS } from '../../../core/attester/attester.ts';
import { ATTESTER_QUERIES } from '../../../core/attester/views.ts';
import { HOLD_MS } from '../../../backends/runner/peer-mail.ts';
import { rest } from '../runner/live-site.ts';
import { profileEvents } from '../tpm/made-log.ts';
import { MadeTpm } from '../tpm/made-tpm.ts';
import { ServedAttester } from './served-attester.ts';

test('every command and every query has exactly one call', (t) => {
  const commands = ATTESTATION_COMMANDS.map(({ command }) => command);
  t.deepEqual(commands.toSorted(), Object.keys(ATTESTER_COMMANDS).sort() as typeof commands);
  const queries = ATTESTATION_QUERIES.map(({ query }) => query);
  t.deepEqual(queries.toSorted(), Object.keys(ATTESTER_QUERIES).sort() as typeof queries);
});

test('a node is registered, asked, answers with its TPM, and is reported as trusted', async (t) => {
  const served = await ServedAttester.open(t);
  const tpm = await served.addNode('n1');
  t.is(await served.agent('n1', tpm), '409 ATTEST_NONCE', 'nothing is asked yet');
  const asked = await served.send('tenant', 'POST /leases/l/nodes/n1/attestation', {
    ...{ fencingToken: 1, bootCount: 1, policyId: 'p' },
  });
  t.is(asked.statusCode, 202);
  t.is(asked.headers.location, '/v1/leases/l/nodes/n1/attestation');
  await rest();
  t.is(await served.agent('n1', tpm), '202');
  await rest();
  t.is(served.verdict('l', 'n1'), 'trusted');
  t.like(served.asked.at(-1), {
    peer: 'isolation',
    command: { kind: 'AttestationReport', leaseId: 'l', nodeId: 'n1', verdict: 'trusted' },
  });
  const shown = await served.send('tenant', `GET ${asked.headers.location!.slice(3)}`);
  t.like(shown.json(), { verdict: 'trusted', policyId: 'p', bootCount: 1 });
  t.is(await served.agent('n1', tpm), '409 ATTEST_NONCE', 'each challenge takes one answer');
});

for (const [name, change, code] of [
  ['another kernel', (tpm: MadeTpm) => tpm.boot(profileEvents('aa:bb', 'kernel 6.2')), 'rejected'],
  ['another boot entry', (tpm: MadeTpm) => tpm.boot(profileEvents('cc:dd')), 'rejected'],
  ['what it should', () => {}, 'trusted'],
] as const) {
  test(`a node that has booted ${name} is ${code}, and whoever asked is told under its own key`, async (t) => {
    const served = await ServedAttester.open(t);
    const tpm = await served.addNode('n1');
    change(tpm);
    await served.send(
      ...(['tenant', 'POST /leases/l/nodes/n1/attestation'] as const),
      ...([{ fencingToken: 1, bootCount: 1, policyId: 'p' }, 'org-t/7'] as const),
    );
    await rest();
    t.is(await served.agent('n1', tpm), '202');
    await rest();
    t.is(served.verdict('l', 'n1'), code);
    const url = await served.app.listen({ host: '127.0.0.1', port: 0 });
    const told = await firstVerdict(url, served.bearer('tenant'));
    t.like(told, { kind: 'AttestationVerdict', commandId: 'org-t/7', verdict: code });
  });
}

test('nobody is told a verdict before the isolation service knows it, if that answers in time', async (t) => {
  const served = await ServedAttester.open(t);
  const tpm = await served.addNode('n1');
  const url = await served.app.listen({ host: '127.0.0.1', port: 0 });
  served.isolationAnswers = false;
  for (const leaseId of ['l', 'm']) {
    await served.attest(leaseId, 'n1');
    await rest();
    t.is(await served.agent('n1', tpm), '202');
    await rest();
    t.is(served.verdict(leaseId, 'n1'), 'trusted');
    const told = firstVerdict(url, served.bearer('tenant'), leaseId);
    let isTold = false;
    void told.then(() => (isTold = true));
    await new Promise((resolve) => setTimeout(resolve, 300));
    t.false(isTold);
    if (leaseId === 'l') served.answer(served.asked.at(-1)!.command.commandId);
    // It is silent: others do not wait for it for ever.
    else served.clock.set(served.clock.nowMs() + HOLD_MS);
    t.like(await told, { verdict: 'trusted', leaseId });
  }
});

/** The first verdict on a party's event stream. */
async function firstVerdict(
  url: string,
  authorization: string,
  leaseId = 'l',
): Promise<object | undefined> {
  const abort = new AbortController();
  const options = { headers: { authorization }, signal: abort.signal };
  const response = await fetch(`${url}/v1/events`, options);
  let text = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (const [, data] of text.matchAll(/event: AttestationVerdict\ndata: (.*)\n\n/g)) {
      const verdict = JSON.parse(data!) as { readonly leaseId: string };
      if (verdict.leaseId !== leaseId) continue;
      abort.abort();
      return verdict;
    }
  }
  return undefined;
}

test('only a gateway speaks for nodes, and only administrators and owners change and see', async (t) => {
  const served = await ServedAttester.open(t);
  const tpm = await served.addNode('n1');
  await served.attest('l', 'n1');
  const show = 'GET /leases/l/nodes/n1/attestation';
  for (const [caller, call, body, code] of [
    ['tenant', 'POST /nodes/n1/hello', tpm.hello(), '403 DENIED_GATEWAY'],
    ['admin', 'POST /nodes/n1/hello', tpm.hello(), '403 DENIED_GATEWAY'],
    ['tenant', 'GET /nodes/n1/key-share', undefined, '403 DENIED_GATEWAY'],
    ['airlock', 'GET /nodes/n1/key-share', undefined, '404 NOT_FOUND_KEY_SHARE'],
    ['airlock', 'POST /nodes/n2/hello', tpm.hello(), '409 ATTEST_NONCE'],
    ['airlock', 'POST /nodes/n1/hello', {}, '409 ATTEST_MALFORMED'],
    ['tenant', 'POST /nodes', { nodeId: 'n9' }, '403 DENIED_REGISTRY'],
    ['admin', 'POST /nodes', { nodeId: 'n9' }, '400 INPUT_BAD_ARGUMENT'],
    ['tenant', 'GET /nodes', undefined, '403 DENIED_REGISTRY'],
    ['admin', 'GET /nodes/n9', undefined, '404 NOT_FOUND_NODE'],
    ['stranger', 'GET /policies/p', undefined, '404 NOT_FOUND'],
    ['tenant', 'GET /policies/p', undefined, '200'],
    ['stranger', show, undefined, '404 NOT_FOUND'],
    ['tenant', show, undefined, '200'],
    [
      'stranger',
      'POST /leases/l/nodes/n1/attestation/forget',
      { fencingToken: 9 },
      '403 DENIED_LEASE',
    ],
    [
      'reader',
      'POST /leases/l/nodes/n1/attestation/forget',
      { fencingToken: 9 },
      '403 DENIED_READ_ONLY',
    ],
    [
      'reader',
      'PUT /leases/l/nodes/n1/key-share',
      { share: `${'A'.repeat(43)}=` },
      '403 DENIED_READ_ONLY',
    ],
    ['tenant', 'PUT /leases/l/nodes/n1/key-share', { share: 'AAAA' }, '400 INPUT_BAD_ARGUMENT'],
  ] as const) {
    t.is(await served.code(caller, call, body), code, `${caller} ${call}`);
  }
});

test('logs may be larger than other bodies, and nothing else may', async (t) => {
  const served = await ServedAttester.open(t);
  const padding = { padding: 'x'.repeat(200_000) };
  t.is(await served.code('airlock', 'POST /nodes/n1/answer', padding), '409 ATTEST_MALFORMED');
  t.is(await served.code('airlock', 'POST /nodes/n1/hello', padding), '413 INPUT_BODY_TOO_LARGE');
  const huge = { padding: 'x'.repeat(8 * 1024 * 1024) };
  t.is(await served.code('airlock', 'POST /nodes/n1/answer', huge), '413 INPUT_BODY_TOO_LARGE');
});

test('after a restart the same question is open, and no answer to the old process counts', async (t) => {
  const served = await ServedAttester.open(t);
  const tpm = await served.addNode('n1');
  await served.attest('l', 'n1');
  await rest();
  const before = await served.send('airlock', 'POST /nodes/n1/hello', tpm.hello());
  const { nonce, credential } = before.json<{ nonce: string; credential: string }>();
  await served.stop();
  await served.start();
  const secret = tpm.activate(Buffer.from(credential, 'base64'))!;
  const answer = tpm.quote(nonce, secret);
  const old = await served.code('airlock', 'POST /nodes/n1/answer', answer);
  t.is(old, '409 ATTEST_ATTESTATION_KEY', 'nothing that the new process has proved');
  await rest();
  t.is(served.verdict('l', 'n1'), 'none', 'the node did nothing wrong');
  t.is(await served.agent('n1', tpm), '202');
  await rest();
  t.is(served.verdict('l', 'n1'), 'trusted');
});

test('a key share goes to the TPM whose quote was good, the same one in each boot, until it is revoked', async (t) => {
  const served = await ServedAttester.open(t);
  const tpm = await served.addNode('n1', true);
  const chosen = Buffer.alloc(32, 5);
  const deposit = 'PUT /leases/l/nodes/n1/key-share';
  t.is(
    await served.code('stranger', deposit, { share: Buffer.alloc(32).toString('base64') }),
    '200',
  );
  t.is(await served.code('tenant', deposit, { share: chosen.toString('base64') }), '200');
  const other = { share: Buffer.alloc(32, 6).toString('base64') };
  t.is(await served.code('tenant', deposit, other), '409 CONFLICT_KEY_SHARE');
  for (const bootCount of [1, 2]) {
    tpm.boot(profileEvents());
    await served.attest('l', 'n1', { bootCount });
    await rest();
    const key = 'GET /nodes/n1/key-share';
    const hello = await served.send('airlock', 'POST /nodes/n1/hello', tpm.hello());
    t.is(await served.code('airlock', key), '404 NOT_FOUND_KEY_SHARE', 'not before the verdict');
    const { nonce, credential } = hello.json<{ nonce: string; credential: string }>();
    const secret = tpm.activate(Buffer.from(credential, 'base64'))!;
    await served.send('airlock', 'POST /nodes/n1/answer', tpm.quote(nonce, secret));
    await rest();
    if (bootCount === 2) {
      await served.stop();
      await served.start();
    }
    const sealed = await served.send('airlock', key);
    const file = Buffer.from(sealed.json<{ sealed: string }>().sealed, 'base64');
    const share = tpm.activate(file)!;
    t.deepEqual(share, chosen);
    // Attested again in the same boot, by the same process, it is there still.
    if (bootCount === 1) {
      await served.attest('l', 'n1', { bootCount });
      await rest();
      t.is(await served.agent('n1', tpm), '202');
      await rest();
      t.is(await served.code('airlock', key), '200');
    }
    const whole = combineKeyShares('ff'.repeat(32), share.toString('hex'));
    t.is(whole, 'fa'.repeat(32));
  }
  await served.send('tenant', 'POST /leases/l/nodes/n1/attestation/forget', { fencingToken: 1 });
  await rest();
  t.is(await served.code('airlock', 'GET /nodes/n1/key-share'), '404 NOT_FOUND_KEY_SHARE');
  t.is(await served.code('tenant', deposit, other), '409 CONFLICT_KEY_SHARE');
});
