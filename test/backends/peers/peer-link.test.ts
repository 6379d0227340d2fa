import test from 'ava';
import { accept, eventText, FakePeer, problem, type Answer } from './fake-peer.ts';
import { LinkedTenant, PLAN, until, type Journalled } from './linked-orchestrator.ts';

const AIRLOCK = { kind: 'NodeInAirlock', leaseId: 'l', nodeId: 'n1', fencingToken: 3 } as const;

const kindsOf = (events: readonly Journalled[]) =>
  events.map((event) => ('notice' in event ? event.notice.kind : event.kind));
const cursorsOf = (events: readonly Journalled[]) =>
  events.flatMap(({ via }) => (via ? [via.cursor] : []));

test('a command is sent under one key until it is answered, and its answer is taken once', async (t) => {
  const peer = await FakePeer.open(t);
  const losses: Answer[] = [
    (_, response) => response.destroy(),
    problem(503, 'RESOURCE_STOPPING'),
    problem(401, 'INPUT_UNAUTHENTICATED'),
    (_, response) => response.writeHead(200).end('{"half'),
    (_, response) => response.writeHead(302, { location: '/elsewhere' }).end('{}'),
    (_, response) => response.writeHead(502).end('<html>a proxy</html>'),
    // It was carried out, but the answer breaks off.
    (_, response) =>
      response.writeHead(202, { 'content-length': 2 }).write('{', () => response.destroy()),
  ];
  peer.answer = (call, response) => (losses.shift() ?? accept)(call, response);
  peer.stream = (after, response) => after < 1 && response.write(eventText(1, AIRLOCK));
  const tenant = new LinkedTenant(t, { isolation: peer.url });
  const { runner, links, stop } = await tenant.start();
  runner.take(PLAN);
  await until(() => links[0]!.counts.answered === 1);
  t.is(losses.length, 0);
  t.is(peer.calls.length, 8);
  t.deepEqual(new Set(peer.calls.map(({ key }) => key)), new Set(['lab/2']));
  t.like(peer.calls[0], {
    ...{ method: 'POST', path: '/v1/leases/l/nodes/n1/join', body: null },
    token: 'Bearer ocx_isolation',
  });
  await stop();
  t.deepEqual(kindsOf(await tenant.events()), ['EnclavePlan', 'NodeInAirlock', 'ReplyReceived']);
  t.deepEqual(tenant.notes.length, 2, 'the trouble is told once, and that it is over');
});

test('a refusal is an answer, with its code', async (t) => {
  const peer = await FakePeer.open(t);
  peer.answer = problem(409, 'CONFLICT_STATE');
  peer.stream = (after, response) => after < 1 && response.write(eventText(1, AIRLOCK));
  const tenant = new LinkedTenant(t, { isolation: peer.url });
  const { runner, links, stop } = await tenant.start();
  runner.take(PLAN);
  await until(() => links[0]!.counts.answered === 1);
  await stop();
  const last = (await tenant.events()).at(-1)!;
  t.like(last, { kind: 'ReplyReceived', reply: { refusal: { code: 'CONFLICT_STATE' } } });
});

test('each message is taken once and in order, whatever the stream loses and repeats', async (t) => {
  const peer = await FakePeer.open(t);
  const all = Array.from({ length: 30 }, (_, index) =>
    eventText(index + 1, { ...AIRLOCK, leaseId: `l${index}` } as never),
  );
  peer.stream = (after, response) => {
    const [first = '', second = '', third = ''] = all.slice(after);
    // The one before again, two new ones, the first of them once more, and half of a third.
    response.write(`${all[after - 1] ?? ''}${first}${second}${first}`);
    response.write(third.slice(0, third.length - 1 - (after % 3)), () => response.destroy());
  };
  const tenant = new LinkedTenant(t, { isolation: peer.url });
  const { links, stop } = await tenant.start();
  await until(() => links[0]!.counts.read === 30);
  await stop();
  const events = await tenant.events();
  t.deepEqual(
    cursorsOf(events),
    Array.from({ length: 30 }, (_, index) => index + 1),
  );
  t.true(peer.cursors.length >= 15);
});

test('after a crash, messages go on after the last one in the journal, and open requests are sent again', async (t) => {
  const peer = await FakePeer.open(t);
  const sent = [AIRLOCK, { ...AIRLOCK, nodeId: 'n2' }];
  peer.stream = (after, response) => {
    sent.slice(after).forEach((body, index) => response.write(eventText(after + index + 1, body)));
  };
  // The first process is cut off while both requests are under way: it hears no answer.
  peer.answer = () => {};
  const tenant = new LinkedTenant(t, { isolation: peer.url });
  const first = await tenant.start();
  first.runner.take(PLAN);
  await until(() => peer.calls.length === 2);
  await first.stop();
  const keys = peer.calls.map(({ key }) => key).sort();
  peer.calls.length = 0;
  peer.answer = accept;
  sent.push({ ...AIRLOCK, nodeId: 'n3' });
  const second = await tenant.start();
  await until(() => second.links[0]!.counts.answered === 3);
  await second.stop();
  t.is(peer.cursors.at(-1), 2);
  t.deepEqual(
    peer.calls
      .map(({ key }) => key)
      .sort()
      .slice(0, 2),
    keys,
  );
  const events = await tenant.events();
  t.deepEqual(cursorsOf(events), [1, 2, 3]);
  const replies = events.flatMap((event) => (event.kind === 'ReplyReceived' ? [event.reply] : []));
  t.is(new Set(replies.map(({ commandId }) => commandId)).size, 3);
  t.is(replies.length, 3);
});

test('a request that does not matter any more is not sent again', async (t) => {
  const peer = await FakePeer.open(t);
  peer.answer = problem(503, 'RESOURCE_STOPPING');
  const told = [AIRLOCK, { kind: 'LeaseEnded', leaseId: 'l' }] as const;
  peer.stream = (after, response) => after < 1 && response.write(eventText(1, told[0]));
  const tenant = new LinkedTenant(t, { isolation: peer.url });
  const { runner, links, stop } = await tenant.start();
  runner.take(PLAN);
  await until(() => peer.calls.length === 2);
  runner.takeMessage('isolation', 2, told[1]);
  t.false(runner.isAwaited('lab/2'));
  const before = links[0]!.counts.sent;
  await new Promise((resolve) => setTimeout(resolve, 500));
  t.true(links[0]!.counts.sent <= before + 1);
  await stop();
});

test('a peer is believed in its own part alone, and garbage is no message', async (t) => {
  const peer = await FakePeer.open(t);
  const tenant = new LinkedTenant(t, { isolation: peer.url, attester: peer.url });
  const { runner, stop } = await tenant.start();
  runner.take(PLAN);
  const before = runner.counts.events;
  const verdict = {
    ...{ kind: 'AttestationVerdict', commandId: 'c', leaseId: 'l', nodeId: 'n1', bootCount: 1 },
    ...{ verdict: 'trusted', validUntilMs: 9, code: null, severity: 'none' },
  };
  const foreign = [
    ['attester', { kind: 'LeaseEnded', leaseId: 'l' }],
    ['attester', { ...verdict, leaseId: 'of-another-plan' }],
    ['attester', { kind: 'NodeProvisioned', commandId: 'c', leaseId: 'l', nodeId: 'n1' }],
    ['isolation', verdict],
    ['isolation', { ...AIRLOCK, fencingToken: '3' }],
    ['isolation', { ...AIRLOCK, more: 1 }],
    ['isolation', { kind: '__proto__' }],
    ['isolation', { kind: 'toString' }],
    ['isolation', 'text'],
    ['isolation', null],
    ['stranger', AIRLOCK],
  ] as const;
  for (const [index, [from, body]] of foreign.entries()) runner.takeMessage(from, index + 1, body);
  t.is(runner.counts.events, before);
  runner.takeMessage('attester', 90, verdict);
  runner.takeMessage('isolation', 90, AIRLOCK);
  t.is(runner.counts.events, before + 2);
  runner.takeMessage('isolation', 90, { kind: 'LeaseEnded', leaseId: 'l' });
  t.is(runner.counts.events, before + 2, 'that place in the outbox was taken');
  await stop();
});
