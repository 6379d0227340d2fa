import test from 'ava';
import { COMMAND_FIELDS } from '../../../core/allocator/commands.ts';
import { QUERY_FIELDS } from '../../../core/allocator/views.ts';
import { COMMAND_ROUTES, QUERY_ROUTES } from '../../../backends/http/isolation-routes.ts';
import { terms } from '../../allocator/site.ts';
import { rest, START } from '../runner/live-site.ts';
import { CALLERS, ServedSite, type CallerName } from './served-site.ts';

const LEASE = terms({ startMs: START - 1, securityLevel: 'none' });

test('a node is leased, joined, used, returned and free again over HTTP alone', async (t) => {
  const served = await ServedSite.open(t);
  const created = await served.send('a', 'POST /leases', LEASE);
  t.is(created.statusCode, 201);
  t.is(created.headers.location, '/v1/leases/lease-1');
  served.site.clock.set(START + 1);
  await rest();
  t.is(await served.code('tenant', 'POST /leases/lease-1/nodes/a1/join'), '202');
  await rest();
  t.is(await served.code('tenant', 'POST /leases/lease-1/nodes/a1/power-on'), '202');
  await rest();
  t.is(await served.code('tenant', 'POST /leases/lease-1/nodes/a1/active'), '200');
  const node = await served.send('tenant', 'GET /nodes/a1');
  t.like(node.json(), { state: 'active', organisation: 'org-t' });
  const powered = await served.send('tenant', 'POST /nodes/a1/power', {
    operation: 'cycle',
    force: true,
  });
  t.is(powered.statusCode, 202);
  await rest();
  const action = await served.send('tenant', `GET ${powered.headers.location!.slice(3)}`);
  t.like(action.json(), { type: 'powerCycle', status: 'done' });
  t.is(await served.code('tenant', 'POST /leases/lease-1/return', {}), '202');
  await rest();
  t.like((await served.send('admin', 'GET /nodes/a1')).json(), { state: 'free' });
  t.is(await served.code('tenant', 'GET /leases/lease-1'), '404 NOT_FOUND');
});

test('an operator builds up a site: organisation, switch, port, node, NIC, cable, network, access', async (t) => {
  const served = await ServedSite.open(t);
  const calls: readonly [string, unknown?][] = [
    ['POST /organisations', { organisation: 'org-new' }],
    ['POST /switches', { switchId: 'nexus', switchType: 'cisco-nexus' }],
    ['POST /switches/nexus/ports', { portId: 'Ethernet1/7' }],
    ['POST /nodes', { nodeId: 'n1', owner: 'org-new', nodeClass: 'big', securityLevel: 'none' }],
    ['POST /nodes/n1/nics', { nicId: 'eth0', macAddress: '02:00:00:00:00:01' }],
    ['PUT /switches/nexus/ports/Ethernet1%2F7/nic', { nodeId: 'n1', nicId: 'eth0' }],
    ['PUT /nodes/n1/metadata/rack', { value: { row: 4 } }],
    ['POST /nodes/n1/return', undefined],
    ['POST /networks', { network: 'shared', isPublic: false, networkId: 77 }],
    ['PUT /networks/shared/access/org-new', undefined],
    ['PUT /organisations/org-new/delegations/market/leasing', undefined],
  ];
  for (const [call, body] of calls) {
    const response = await served.send('admin', call, body);
    t.true(response.statusCode < 300, `${call}: ${response.body}`);
  }
  await rest();
  t.like((await served.send('admin', 'GET /nodes/n1')).json(), {
    state: 'free',
    metadata: { rack: { row: 4 } },
  });
  t.deepEqual((await served.send('admin', 'GET /switches/nexus/ports/Ethernet1%2F7')).json(), {
    switchId: 'nexus',
    portId: 'Ethernet1/7',
    nodeId: 'n1',
    nicId: 'eth0',
  });
  t.deepEqual((await served.send('admin', 'GET /networks/shared')).json(), {
    ...{ network: 'shared', owner: null, networkId: 77, access: ['org-new'], isPublic: false },
  });
});

test('who is not known is told nothing else', async (t) => {
  const served = await ServedSite.open(t);
  const bad = [
    null,
    'Bearer',
    'Bearer x',
    `Bearer ocx_${'A'.repeat(43)}`,
    `Basic ${served.token('a')}`,
    `Bearer ${served.token('a')} `,
    `Bearer ${served.token('a').toLowerCase()}`,
  ];
  for (const authorization of bad) {
    const headers: Record<string, string> = authorization === null ? {} : { authorization };
    const response = await served.send(null, 'GET /nodes', undefined, { headers });
    t.is(response.statusCode, 401, String(authorization));
    t.is(response.headers['www-authenticate'], 'Bearer realm="ocx"');
    t.is(response.headers['content-type'], 'application/problem+json; charset=utf-8');
  }
  t.is(await served.code(null, 'POST /leases', LEASE), '401 INPUT_UNAUTHENTICATED');
  t.is((await served.app.inject({ url: '/metrics' })).statusCode, 401);
});

test('a key makes a request one request, whatever happens to its answer', async (t) => {
  const served = await ServedSite.open(t);
  t.is(await served.code('a', 'POST /leases', LEASE, { key: null }), '400 INPUT_IDEMPOTENCY_KEY');
  t.is(
    await served.code('a', 'POST /leases', LEASE, { key: 'k'.repeat(65) }),
    '400 INPUT_IDEMPOTENCY_KEY',
  );
  const first = await served.send('a', 'POST /leases', LEASE, { key: 'once' });
  const again = await served.send('a', 'POST /leases', LEASE, { key: 'once' });
  t.is(first.statusCode, 201);
  t.deepEqual([again.statusCode, again.body], [first.statusCode, first.body]);
  const other = { ...LEASE, leaseId: 'lease-2' };
  t.is(
    await served.code('a', 'POST /leases', other, { key: 'once' }),
    '422 CONFLICT_IDEMPOTENCY_KEY',
  );
  t.is(
    await served.code('b', 'POST /organisations', { organisation: 'x' }, { key: 'once' }),
    '403 DENIED_AUTHORIZATION',
  );
});

test('what a caller may not see is answered like what is not there, byte for byte', async (t) => {
  const served = await ServedSite.open(t);
  await served.send('a', 'POST /leases', LEASE);
  await served.send('a', 'POST /offers', {
    ...{ offerId: 'offer-a', nodeId: 'a2', startMs: START, endMs: 2 * START, lessee: 'org-t' },
  });
  await served.send('a', 'POST /networks', {
    network: 'net-a',
    owner: 'org-a',
    access: 'org-a',
    isPublic: false,
  });
  served.site.clock.set(START + 1);
  await rest();
  const calls: readonly [string, string, string, unknown?][] = [
    ['GET /leases/X', 'lease-1', 'nothing'],
    ['GET /nodes/X', 'a1', 'nothing'],
    ['GET /offers/X', 'offer-a', 'nothing'],
    ['GET /networks/X', 'net-a', 'nothing'],
    ['GET /networks/X/attachments', 'net-a', 'nothing'],
    ['GET /organisations/X', 'org-a', 'nothing'],
    ['GET /organisations/X/leases', 'org-a', 'nothing'],
    ['POST /leases/X/return', 'lease-1', 'nothing', {}],
    ['POST /leases/X/cancel', 'lease-1', 'nothing'],
    ['POST /leases/X/recall', 'lease-1', 'nothing'],
    ['PATCH /leases/X', 'lease-1', 'nothing', { endMs: 9_000_000 }],
    ['POST /leases/X/nodes/a1/power-on', 'lease-1', 'nothing'],
    ['POST /leases/X/nodes/a1/join', 'lease-1', 'nothing'],
    ['POST /nodes/X/power', 'a1', 'nothing', { operation: 'off', force: true }],
    ['PUT /nodes/X/boot-device', 'a1', 'nothing', { device: 'disk' }],
    ['PUT /nodes/X/nics/nic0/networks/net-a', 'a1', 'nothing', { channel: 'vlan/native' }],
    ['DELETE /nodes/X', 'a1', 'nothing'],
    ['DELETE /networks/X', 'net-a', 'nothing'],
    ['PUT /networks/X/access/org-u', 'net-a', 'nothing'],
    ['DELETE /offers/X', 'offer-a', 'nothing'],
    ['DELETE /organisations/X', 'org-a', 'nothing'],
    ['PUT /organisations/X/nodes/a2', 'org-a', 'nothing'],
    ['PUT /organisations/X/delegations/evil/leasing', 'org-a', 'nothing'],
  ];
  for (const [call, real, unreal, body] of calls) {
    const answers = [];
    for (const name of [real, unreal]) {
      const response = await served.send('stranger', call.replace('X', name), body);
      const { date: _, ...headers } = response.headers;
      answers.push({ status: response.statusCode, headers, body: response.body });
    }
    t.is(answers[0]!.status, 404, `${call}: ${answers[0]!.body}`);
    t.deepEqual(answers[0], answers[1], call);
  }
});

test('what is seen but not the caller’s to do is refused as such', async (t) => {
  const served = await ServedSite.open(t);
  await served.send('a', 'POST /leases', LEASE);
  t.is(
    await served.code('tenant', 'PATCH /leases/lease-1', { endMs: 9_000_000 }),
    '403 DENIED_AUTHORIZATION',
  );
  t.is(
    await served.code('tenant', 'POST /organisations', { organisation: 'x' }),
    '403 DENIED_AUTHORIZATION',
  );
  t.is(await served.code('tenant', 'GET /switches'), '403 DENIED_AUTHORIZATION');
  t.is(await served.code('reader', 'GET /leases/lease-1'), '200');
  t.is(await served.code('reader', 'POST /leases/lease-1/cancel'), '403 DENIED_READ_ONLY');
  t.is(
    await served.code('a', 'POST /leases', { ...LEASE, leaseId: 'lease-2' }),
    '409 CONFLICT_LEASE',
  );
  t.is(await served.code('a', 'POST /leases', LEASE), '409 CONFLICT_DUPLICATE');
});

test('bad input is refused with a code and changes nothing', async (t) => {
  const served = await ServedSite.open(t);
  const json = { 'content-type': 'application/json' };
  const bodies: readonly [unknown, string][] = [
    [{}, '400 INPUT_BAD_ARGUMENT'],
    [{ ...LEASE, priority: 1 }, '400 INPUT_BAD_ARGUMENT'],
    [{ ...LEASE, startMs: -1 }, '400 INPUT_BAD_ARGUMENT'],
    [{ ...LEASE, startMs: '0' }, '400 INPUT_BAD_ARGUMENT'],
    [{ ...LEASE, endMs: 2 ** 53 }, '400 INPUT_BAD_ARGUMENT'],
    [{ ...LEASE, endMs: 1.5 }, '400 INPUT_BAD_ARGUMENT'],
    [{ ...LEASE, leaseId: 'a b' }, '400 INPUT_BAD_ARGUMENT'],
    [{ ...LEASE, leaseId: 'x'.repeat(129) }, '400 INPUT_BAD_ARGUMENT'],
    [{ ...LEASE, nodeIds: Array.from({ length: 10_001 }, () => 'a') }, '400 INPUT_BAD_ARGUMENT'],
    [{ ...LEASE, securityLevel: 'extreme' }, '400 INPUT_BAD_ARGUMENT'],
    [[], '400 INPUT_BAD_ARGUMENT'],
    ['{"leaseId":"x","__proto__":{"role":"admin"}}', '400 INPUT_BAD_REQUEST'],
    ['{"leaseId":"x","constructor":{"prototype":{}}}', '400 INPUT_BAD_REQUEST'],
    ['{"leaseId":', '400 INPUT_BAD_REQUEST'],
    ['['.repeat(30_000), '400 INPUT_BAD_REQUEST'],
    ['"', '400 INPUT_BAD_REQUEST'],
    ['x'.repeat(70_000), '413 INPUT_BODY_TOO_LARGE'],
  ];
  const before = served.runner.counts.events;
  for (const [body, expected] of bodies) {
    t.is(
      await served.code('a', 'POST /leases', body, { headers: json }),
      expected,
      JSON.stringify(body).slice(0, 60),
    );
  }
  const half = String.raw`{"value":"\ud800"}`;
  const metadata = 'PUT /nodes/a1/metadata/k';
  t.is(await served.code('admin', metadata, half, { headers: json }), '400 INPUT_BAD_ARGUMENT');
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  t.is(await served.code('a', 'POST /leases', 'a=b', { headers: form }), '415 INPUT_MEDIA_TYPE');
  t.is(await served.code('a', 'GET /nodes?onlyFree=maybe'), '400 INPUT_BAD_ARGUMENT');
  t.is(await served.code('a', 'GET /nodes?all=true'), '400 INPUT_BAD_ARGUMENT');
  t.is(await served.code('a', 'GET /nodes/%00'), '400 INPUT_BAD_ARGUMENT');
  t.is(await served.code('a', 'GET /nodes/%2e%2e%2f'), '404 NOT_FOUND');
  t.is(await served.code('a', 'GET /nodes/%'), '400 INPUT_BAD_REQUEST');
  t.is(await served.code('a', 'GET /nodes/%ff'), '400 INPUT_BAD_REQUEST');
  t.is(await served.code('a', 'GET /nodes/__proto__'), '404 NOT_FOUND');
  t.is(await served.code('a', 'GET /nothing'), '404 NOT_FOUND_ROUTE');
  t.is(served.runner.counts.events, before, 'none of it reached the service');
  t.false('role' in {});
});

test('every command and every query has exactly one call, and each is in the OpenAPI document', async (t) => {
  const served = await ServedSite.open(t);
  t.deepEqual(
    COMMAND_ROUTES.map(({ command }) => command).sort(),
    Object.keys(COMMAND_FIELDS).sort(),
  );
  t.deepEqual(QUERY_ROUTES.map(({ query }) => query).sort(), Object.keys(QUERY_FIELDS).sort());
  const document = (await served.app.inject({ url: '/openapi.json' })).json<{
    openapi: string;
    paths: Record<string, Record<string, { summary: string }>>;
  }>();
  t.is(document.openapi, '3.1.0');
  const summaries = Object.values(document.paths).flatMap((path) =>
    Object.values(path).map(({ summary }) => summary),
  );
  const wanted = [...Object.keys(COMMAND_FIELDS), ...Object.keys(QUERY_FIELDS)];
  wanted.push('Events', 'BmcCredential', 'Whoami');
  t.deepEqual(summaries.sort(), wanted.sort());
});

test('of every call, each caller gets a document with a code or what it may see, never a bug', async (t) => {
  const served = await ServedSite.open(t);
  await served.send('a', 'POST /leases', LEASE);
  const names: Record<string, string> = {
    ...{ nodeId: 'a1', leaseId: 'lease-1', parentLeaseId: 'lease-1', organisation: 'org-a' },
    ...{ switchId: 'switch-0', portId: 'a1-0', nicId: 'nic0', network: 'enclave:org-t' },
    ...{ right: 'leasing', service: 'market', key: 'k', offerId: 'offer', actionId: 'action-1' },
  };
  const fill = (path: string) => path.replaceAll(/:(\w+)/g, (_, name: string) => names[name]!);
  const calls = [
    ...QUERY_ROUTES.map(({ path }) => `GET ${fill(path)}`),
    ...COMMAND_ROUTES.map(({ method, path }) => `${method} ${fill(path)}`),
  ];
  for (const call of calls) {
    for (const caller of Object.keys(CALLERS) as CallerName[]) {
      if (caller === 'admin' && !call.startsWith('GET')) continue;
      const response = await served.send(caller, call);
      t.true(response.statusCode < 500, `${caller} ${call}: ${response.body}`);
      if (response.statusCode >= 400) t.is(typeof response.json<{ code: string }>().code, 'string');
    }
  }
});

test('metrics and logs name no token, no party and no object', async (t) => {
  const served = await ServedSite.open(t);
  await served.send('a', 'POST /leases', LEASE, { key: 'a-secret-key' });
  await served.send('stranger', 'GET /leases/lease-1');
  const authorization = `Bearer ${served.token('admin')}`;
  const metrics = await served.app.inject({ url: '/metrics', headers: { authorization } });
  t.regex(metrics.body, /ocx_leases 1\n/);
  t.regex(
    metrics.body,
    /ocx_http_answers_total\{method="GET",route="\/v1\/leases\/:leaseId",status="404"\} 1\n/,
  );
  t.regex(metrics.body, /_bucket\{method="POST",route="\/v1\/leases",le="\+Inf"\} 1\n/);
  t.notRegex(metrics.body, /org-|lease-1/);
  const log = served.log.join('\n');
  t.true(log.length > 0);
  for (const secret of [served.token('a'), served.token('stranger'), 'a-secret-key']) {
    t.false(log.includes(secret));
  }
  t.is((await served.app.inject({ url: '/health' })).statusCode, 200);
  t.is((await served.app.inject({ url: '/ready' })).statusCode, 200);
  await served.runner.stop();
  t.is((await served.app.inject({ url: '/ready' })).statusCode, 503);
  const turnedAway = await served.send('a', 'POST /leases', { ...LEASE, leaseId: 'l3' });
  t.is(turnedAway.statusCode, 503);
  t.is(turnedAway.headers['retry-after'], '1');
});
