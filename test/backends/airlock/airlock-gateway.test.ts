import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { AirlockGateway } from '../../../backends/airlock/airlock-gateway.ts';
import { LeaseAttesters } from '../../../backends/airlock/lease-attesters.ts';
import { serverOf } from '../../../backends/peers/server.ts';
import { FakePeer, problem, type Call } from '../peers/fake-peer.ts';
import type { ServerResponse } from 'node:http';

/** All of 127.0.0.0/8 is this machine: each leg, and each node, has an address of its own. */
const LEGS = [
  { nodeId: 'n1', address: '127.0.0.11', prefix: 32 },
  { nodeId: 'n2', address: '127.0.0.12', prefix: 32 },
];

/** The isolation service's answers, to be changed by tests. */
interface World {
  readonly leaseOf: Map<string, string>;
  readonly attesterOf: Map<string, string | null>;
}

async function open(t: ExecutionContext) {
  const [isolation, ours, theirs] = await Promise.all([1, 2, 3].map(() => FakePeer.open(t)));
  const world: World = {
    leaseOf: new Map([['n1', 'l1']]),
    attesterOf: new Map([
      ['l1', 'ours'],
      ['l2', 'theirs'],
      ['l3', null],
      ['l4', 'nobody-knows'],
    ]),
  };
  isolation!.answer = ({ path }, response) => {
    const [, , kind, name] = path.split('/');
    const value =
      kind === 'nodes'
        ? { leaseId: world.leaseOf.get(name!) ?? null }
        : { attester: world.attesterOf.get(name!) };
    response.writeHead(200).end(JSON.stringify(value));
  };
  const folder = mkdtempSync(join(tmpdir(), 'ocx-airlock-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'uki.efi'), 'MZ a boot image');
  const address = (peer: FakePeer) => ({ server: serverOf(peer.url), token: 'ocx_gateway' });
  const log: string[] = [];
  const gateway = new AirlockGateway({
    ...{ legs: LEGS, port: 0, image: join(folder, 'uki.efi'), log: (line) => log.push(line) },
    attesters: new LeaseAttesters(
      address(isolation!),
      new Map([
        ['ours', address(ours!)],
        ['theirs', address(theirs!)],
      ]),
    ),
  });
  const places = await gateway.listen();
  t.teardown(() => gateway.close());
  return { world, isolation: isolation!, ours: ours!, theirs: theirs!, places, log };
}

/** A call from a node whose address is `from`; null where it gets no answer. */
async function call(place: string, line: string, body?: string, from = place.split(':')[0]!) {
  const [method, path] = line.split(' ') as [string, string];
  const [host, port] = place.split(':') as [string, string];
  const response = await new Promise<IncomingMessage | null>((resolve) => {
    const options = { method, path, host, port, localAddress: from, agent: false } as const;
    request(options, resolve)
      .once('error', () => resolve(null))
      .end(body);
  });
  if (!response) return null;
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  const { statusCode: status, headers } = response;
  return { status, headers, text: Buffer.concat(chunks).toString() };
}

async function codeOf(answered: ReturnType<typeof call>): Promise<string> {
  const answer = (await answered)!;
  return answer.status! < 300 ? '' : (JSON.parse(answer.text) as { code: string }).code;
}

const invite = (_: Call, response: ServerResponse) =>
  response.writeHead(200).end('{"nonce":"ab","credential":"AA=="}');

test('a node is known by where it talks to, whatever it says it is', async (t) => {
  const { ours, places } = await open(t);
  ours.answer = invite;
  const told = await call(places[0]!, 'POST /v1/airlock/hello', '{"nodeId":"n2"}');
  t.is(told!.status, 200);
  t.deepEqual(JSON.parse(told!.text), { nonce: 'ab', credential: 'AA==' });
  t.like(ours.calls[0], {
    ...{ method: 'POST', path: '/v1/nodes/n1/hello', token: 'Bearer ocx_gateway' },
    body: { nodeId: 'n2' },
  });
  t.is((await call(places[0]!, 'GET /v1/whereami'))!.text, 'airlock\n');
});

test('who is not in a leg’s network gets no answer there', async (t) => {
  const { places, ours, log } = await open(t);
  t.is(await call(places[0]!, 'POST /v1/airlock/hello', '{}', '127.0.0.12'), null);
  t.is(await call(places[1]!, 'GET /v1/whereami', undefined, '127.0.0.11'), null);
  t.deepEqual(ours.calls, []);
  t.is(log.filter((line) => line.includes('a stranger in the airlock')).length, 2);
});

test('the attester is the one of the lease that has the node now', async (t) => {
  const { world, ours, theirs, places } = await open(t);
  ours.answer = problem(409, 'ATTEST_NONCE');
  theirs.answer = invite;
  const hello = (place = places[0]!) => codeOf(call(place, 'POST /v1/airlock/hello', '{}'));
  t.is(await hello(), 'ATTEST_NONCE', 'what the attester says is passed on');
  world.leaseOf.set('n1', 'l2');
  t.is(await hello(), '');
  t.is(theirs.calls.length, 1);
  for (const [leaseId, why] of [
    ['l3', 'of level none'],
    ['l4', 'of an attester that is not known here'],
  ] as const) {
    world.leaseOf.set('n1', leaseId);
    t.is(await hello(), 'NOT_FOUND_ATTESTER', why);
  }
  t.is(await hello(places[1]), 'NOT_FOUND_ATTESTER', 'no lease has it');
});

test('a key share is there once it was released', async (t) => {
  const { ours, places } = await open(t);
  const key = () => call(places[0]!, 'GET /v1/airlock/key');
  ours.answer = problem(404, 'NOT_FOUND_KEY_SHARE');
  t.like(await key(), { status: 204, text: '' });
  ours.answer = (_, response) => response.writeHead(200).end('{"sealed":"c2hhcmU="}');
  t.like(await key(), { status: 200, text: 'c2hhcmU=\n' });
  ours.answer = problem(500, 'INTERNAL_ERROR');
  t.is(await codeOf(key()), 'RESOURCE_PEER', 'no share, and not said to be none');
});

test('the boot image is served, with its length', async (t) => {
  const { places } = await open(t);
  const head = await call(places[1]!, 'HEAD /uki.efi');
  t.like(head, { status: 200, text: '' });
  t.is(head!.headers['content-length'], '15');
  t.is((await call(places[1]!, 'GET /uki.efi'))!.text, 'MZ a boot image');
});

test('what is no call, no JSON, too long, or of a service that is gone is a problem document', async (t) => {
  const { isolation, places } = await open(t);
  const [place] = places as [string];
  t.is(await codeOf(call(place, 'GET /v1/nodes/n1/key-share')), 'NOT_FOUND_ROUTE');
  t.is(await codeOf(call(place, 'GET /../../etc/passwd')), 'NOT_FOUND_ROUTE');
  t.is(await codeOf(call(place, 'POST /v1/airlock/hello', 'text')), 'INPUT_BAD_ARGUMENT');
  t.is(await codeOf(call(place, 'POST /v1/airlock/answer', '1')), 'INPUT_BAD_ARGUMENT');
  const long = `{"a":"${'x'.repeat(7 * 1024 * 1024)}"}`;
  const answer = await call(place, 'POST /v1/airlock/answer', long);
  if (answer) t.is(answer.status, 413);
  isolation.answer = (_, response) => response.destroy();
  t.is(await codeOf(call(place, 'POST /v1/airlock/hello', '{}')), 'RESOURCE_PEER');
});
