import test from 'ava';
import { ROUTES } from '../../../backends/redfish/routes.ts';
import { terms } from '../../allocator/site.ts';
import { rest, START } from '../runner/live-site.ts';
import { LeasedSite, ORIGIN } from './leased-site.ts';

const SYSTEM = '/Systems/a1';
const RESET = `POST ${SYSTEM}/Actions/ComputerSystem.Reset`;
const DRIVE = '/Managers/a1/VirtualMedia/Cd';

interface RedfishError {
  readonly error: {
    readonly code: string;
    readonly '@Message.ExtendedInfo': readonly {
      readonly MessageId: string;
      readonly Oem: { readonly Ocx: { readonly Code: string } };
    }[];
  };
}

test('a lessee’s client inspects, sets the next boot, switches on, off and on again', async (t) => {
  const site = await LeasedSite.open(t);
  const own = await site.credential('tenant', 'lease-1', 'a1');
  t.is(own.system, '/redfish/v1/Systems/a1');
  const systems = (await site.ask(own, 'GET /Systems')).json<{ Members: unknown[] }>();
  t.deepEqual(systems.Members, [{ '@odata.id': own.system }]);
  const system = await site.ask(own, `GET ${SYSTEM}`);
  t.like(system.json(), {
    ...{ Id: 'a1', PowerState: 'Off', MemorySummary: { TotalSystemMemoryGiB: 64 } },
    Boot: { BootSourceOverrideEnabled: 'Disabled', BootSourceOverrideTarget: 'None' },
  });
  const pxe = { Boot: { BootSourceOverrideTarget: 'Pxe', BootSourceOverrideEnabled: 'Once' } };
  const set = await site.ask(own, `PATCH ${SYSTEM}`, {
    headers: { 'if-match': String(system.headers.etag) },
    payload: pxe,
  });
  t.is(set.statusCode, 204, set.body);
  t.is(site.node('a1').bootDevice, 'network');
  t.like((await site.ask(own, `GET ${SYSTEM}`)).json(), pxe);
  const on = await site.ask(own, RESET, { payload: { ResetType: 'On' } });
  t.is(on.statusCode, 202);
  await rest();
  t.is(
    (await site.ask(own, `GET ${on.headers.location!.slice('/redfish/v1'.length)}`)).statusCode,
    204,
  );
  t.like((await site.ask(own, `GET ${SYSTEM}`)).json(), {
    PowerState: 'On',
    Boot: { BootSourceOverrideEnabled: 'Disabled' },
  });
  for (const [type, power] of [
    ['ForceRestart', 'on'],
    ['GracefulShutdown', 'off'],
    ['PowerCycle', 'on'],
    ['ForceOff', 'off'],
  ] as const) {
    t.is((await site.ask(own, RESET, { payload: { ResetType: type } })).statusCode, 202, type);
    await rest();
    t.is(site.node('a1').power, power, type);
  }
  t.is(site.node('a2').power, 'off', 'the lease’s other node has not been touched');
});

test('processors, memory, NICs and secure boot are found by their links', async (t) => {
  const site = await LeasedSite.open(t);
  const own = await site.credential('tenant', 'lease-1', 'a1');
  const seen: Record<string, unknown>[] = [];
  const walk = async (path: string): Promise<void> => {
    const body = (await site.ask(own, `GET ${path.slice('/redfish/v1'.length)}`)).json<
      Record<string, unknown>
    >();
    t.is(body['@odata.id'], path);
    seen.push(body);
    const links = JSON.stringify(body).matchAll(/"@odata.id":"([^"]+)"/g);
    for (const [, link] of links) {
      if (!seen.some((known) => known['@odata.id'] === link)) await walk(link!);
    }
  };
  await walk('/redfish/v1/Systems');
  const types = seen.map((body) => String(body['@odata.type']).split('.').at(-1));
  for (const type of ['Processor', 'Memory', 'EthernetInterface', 'SecureBoot', 'VirtualMedia']) {
    t.true(types.includes(type), type);
  }
  t.is(types.filter((type) => type === 'Processor').length, 2);
  t.like(
    seen.find((body) => body['Id'] === 'nic0')!,
    { MACAddress: '02:00:00:00:00:00' },
  );
  const patch = await site.ask(own, `PATCH ${SYSTEM}/SecureBoot`, {
    payload: { SecureBootEnable: true },
  });
  t.is(patch.statusCode, 204, patch.body);
  t.true(site.node('a1').secureBoot);
  t.like((await site.ask(own, `GET ${SYSTEM}/SecureBoot`)).json(), { SecureBootEnable: true });
});

test('an image goes into the virtual drive and out again; one from elsewhere does not', async (t) => {
  const site = await LeasedSite.open(t);
  const own = await site.credential('tenant', 'lease-1', 'a1');
  const insert = (image: unknown, more = {}) =>
    site.ask(own, `POST ${DRIVE}/Actions/VirtualMedia.InsertMedia`, {
      payload: { Image: image, ...more },
    });
  const image = `${ORIGIN}/boot-1.iso`;
  t.is((await insert(image, { Inserted: true, WriteProtected: true })).statusCode, 204);
  t.is(site.node('a1').image, image);
  t.like((await site.ask(own, `GET ${DRIVE}`)).json(), { Inserted: true, Image: image });
  for (const other of ['http://10.0.0.1/x.iso', 'file:///etc/shadow', 5, null, '', 'é', ORIGIN]) {
    const answer = await insert(other);
    t.is(answer.statusCode, 400, JSON.stringify(other));
  }
  t.is((await insert(image, { UserName: 'x', Password: 'y' })).statusCode, 400);
  t.is((await insert(image, { WriteProtected: false })).statusCode, 400);
  const cd = { Boot: { BootSourceOverrideTarget: 'Cd', BootSourceOverrideEnabled: 'Once' } };
  t.is((await site.ask(own, `PATCH ${SYSTEM}`, { payload: cd })).statusCode, 204);
  t.is(site.node('a1').bootDevice, 'media');
  // Ironic sends no body at all, and says that it is JSON.
  t.is((await site.ask(own, `POST ${DRIVE}/Actions/VirtualMedia.EjectMedia`)).statusCode, 204);
  t.is(site.node('a1').image, null);
  const closed = await LeasedSite.open(t, []);
  const without = await closed.credential('tenant', 'lease-1', 'a1');
  t.false('VirtualMedia' in (await closed.ask(without, 'GET /Managers/a1')).json<object>());
  t.is((await closed.ask(without, `GET ${DRIVE}`)).statusCode, 404);
  t.is(
    (await closed.ask(without, `POST ${DRIVE}/Actions/VirtualMedia.EjectMedia`)).statusCode,
    404,
  );
  t.is((await closed.ask(without, `PATCH ${SYSTEM}`, { payload: cd })).statusCode, 400);
});

test('sessions: opened with the credential, used by their token, ended by their owner alone', async (t) => {
  const site = await LeasedSite.open(t);
  const own = await site.credential('tenant', 'lease-1', 'a1');
  const other = await site.credential('tenant', 'lease-1', 'a2');
  const payload = { UserName: own.userName, Password: own.password };
  const opened = await site.ask(null, 'POST /SessionService/Sessions', { payload });
  t.is(opened.statusCode, 201);
  const token = { 'x-auth-token': String(opened.headers['x-auth-token']) };
  const path = opened.headers.location!.slice('/redfish/v1'.length);
  t.is((await site.ask(null, `GET ${SYSTEM}`, { headers: token })).statusCode, 200);
  t.is((await site.ask(null, 'GET /Systems/a2', { headers: token })).statusCode, 404);
  t.like((await site.ask(null, `GET ${path}`, { headers: token })).json(), {
    UserName: own.userName,
  });
  t.is((await site.ask(other, `GET ${path}`)).statusCode, 404);
  t.is((await site.ask(other, `DELETE ${path}`)).statusCode, 404);
  t.is((await site.ask(null, `GET ${SYSTEM}`, { headers: token })).statusCode, 200);
  t.is((await site.ask(null, `DELETE ${path}`, { headers: token })).statusCode, 204);
  t.is((await site.ask(null, `GET ${SYSTEM}`, { headers: token })).statusCode, 401);
  t.is((await site.ask(null, 'GET /SessionService/Sessions')).statusCode, 401);
});

test('a tag that is not of now is answered 412 with the tag of now', async (t) => {
  const site = await LeasedSite.open(t);
  const own = await site.credential('tenant', 'lease-1', 'a1');
  const payload = { Boot: { BootSourceOverrideTarget: 'Hdd' } };
  const stale = await site.ask(own, `PATCH ${SYSTEM}`, { payload, headers: { 'if-match': '"x"' } });
  t.is(stale.statusCode, 412);
  t.is(site.node('a1').bootDevice, 'none');
  const now = await site.ask(own, `GET ${SYSTEM}`);
  t.is(stale.headers.etag, now.headers.etag);
  for (const [tag, status] of [
    [`W/${now.headers.etag}`, 412],
    [`"y", ${now.headers.etag}`, 204],
    ['*', 204],
  ] as const) {
    const patched = await site.ask(own, `PATCH ${SYSTEM}`, {
      payload,
      headers: { 'if-match': tag },
    });
    t.is(patched.statusCode, status, tag);
  }
});

test('the credential is its lessee’s, and nobody else gets it', async (t) => {
  const site = await LeasedSite.open(t);
  const call = (leaseId: string, nodeId: string) =>
    `POST /leases/${leaseId}/nodes/${nodeId}/bmc-credential`;
  const { served } = site;
  t.is(await served.code('a', call('lease-1', 'a1')), '403 DENIED_AUTHORIZATION');
  t.is(await served.code('admin', call('lease-1', 'a1')), '403 DENIED_AUTHORIZATION');
  t.is(await served.code('reader', call('lease-1', 'a1')), '403 DENIED_READ_ONLY');
  t.is(await served.code('b', call('lease-1', 'a1')), '404 NOT_FOUND');
  t.is(await served.code('stranger', call('lease-1', 'a1')), '404 NOT_FOUND');
  t.is(await served.code('attester', call('lease-1', 'a1')), '404 NOT_FOUND');
  t.is(await served.code('tenant', call('lease-1', 'b1')), '404 NOT_FOUND');
  t.is(await served.code('tenant', call('lease-2', 'b1')), '404 NOT_FOUND');
  t.is(await served.code(null, call('lease-1', 'a1')), '401 INPUT_UNAUTHENTICATED');
  const once = await site.credential('tenant', 'lease-1', 'a1');
  t.deepEqual(await site.credential('tenant', 'lease-1', 'a1'), once, 'the same each time');
  const other = await site.credential('tenant', 'lease-1', 'a2');
  t.not(other.password, once.password);
  const log = served.log.join('\n');
  t.true(log.includes('/redfish') || log.includes('bmc-credential'));
  t.false(log.includes(once.password));
});

test('of every call each credential reaches its own node and no other, whoever asks', async (t) => {
  const site = await LeasedSite.open(t);
  const holders = {
    a1: await site.credential('tenant', 'lease-1', 'a1'),
    a2: await site.credential('tenant', 'lease-1', 'a2'),
    b1: await site.credential('stranger', 'lease-2', 'b1'),
  };
  const wrong = { userName: holders.a1.userName, password: holders.a2.password };
  const before = site.served.runner.counts.events;
  let reached = 0;
  for (const route of ROUTES) {
    for (const nodeId of ['a1', 'a2', 'b1', 'b2', 'nothing', '__proto__']) {
      const isOfNode = route.path.includes(':node');
      const path = route.path.replace(':node', nodeId).replace(':id', '0');
      const call = `${route.method} ${path}`;
      for (const credential of [null, wrong]) {
        t.is((await site.ask(credential, call)).statusCode, 401, `nobody: ${call}`);
      }
      for (const [holder, credential] of Object.entries(holders)) {
        const { statusCode, body } = await site.ask(credential, call, { payload: { x: 1 } });
        t.not(statusCode, 403, call);
        if (isOfNode && holder !== nodeId) t.is(statusCode, 404, `${holder}: ${call}`);
        else if (route.method !== 'GET' && isOfNode)
          t.is(statusCode, 400, `${holder}: ${call} ${body}`);
        else reached += Number(statusCode === 200);
      }
    }
  }
  t.true(reached > 30, 'the right ones get through');
  t.is(site.served.runner.counts.events, before, 'and nothing was given to the service');
});

test('the credential is void with the return of the node, with its sessions, for good', async (t) => {
  const site = await LeasedSite.open(t);
  const own = await site.credential('tenant', 'lease-1', 'a1');
  const other = await site.credential('tenant', 'lease-1', 'a2');
  const payload = { UserName: own.userName, Password: own.password };
  const opened = await site.ask(null, 'POST /SessionService/Sessions', { payload });
  const token = { 'x-auth-token': String(opened.headers['x-auth-token']) };
  await site.ask(own, RESET, { payload: { ResetType: 'On' } });
  await rest();
  const { served } = site;
  t.is(await served.code('tenant', 'POST /leases/lease-1/return', { nodeIds: ['a1'] }), '202');
  const actions = () => served.runner.state.actionCount;
  for (const moment of ['at once', 'when the node is free', 'in the next lease of that name']) {
    const before = actions();
    for (const call of [`GET ${SYSTEM}`, RESET, 'GET /Systems', 'GET /Nothing']) {
      t.is(
        (await site.ask(own, call, { payload: undefined })).statusCode,
        401,
        `${call} ${moment}`,
      );
      t.is((await site.ask(null, call, { headers: token })).statusCode, 401, `${call} ${moment}`);
    }
    t.is(
      (await site.ask(null, 'POST /SessionService/Sessions', { payload })).statusCode,
      401,
      moment,
    );
    t.is(actions(), before, moment);
    await rest();
    if (moment === 'when the node is free') {
      await served.send('tenant', 'POST /leases/lease-1/return', {});
      await rest();
      t.is(await served.code('tenant', 'GET /leases/lease-1'), '404 NOT_FOUND');
      await site.lease('lease-1', 'a', 'org-t', ['a1']);
      await site.join('tenant', 'lease-1', 'a1');
    }
  }
  t.is((await site.ask(other, 'GET /Systems/a2')).statusCode, 401, 'a2 was returned too');
  const next = await site.credential('tenant', 'lease-1', 'a1');
  t.is(next.userName, own.userName);
  t.not(next.password, own.password);
  // From where it asked with the old one it is locked out for a minute.
  const elsewhere = { remoteAddress: '127.0.0.2' };
  t.is((await site.ask(next, `GET ${SYSTEM}`, elsewhere)).statusCode, 200);
});

test('a measured node is switched on through its walk, and not measured anew while it runs', async (t) => {
  const site = await LeasedSite.open(t);
  const more = { securityLevel: 'attested', attester: 'attester' };
  const { served } = site;
  await served.send('tenant', 'POST /leases/lease-1/return', {});
  await rest();
  await site.lease('lease-3', 'a', 'org-t', ['a1'], more);
  const own = await site.credential('tenant', 'lease-3', 'a1');
  const state = () => served.runner.state.nodes.get('a1')!;
  t.is(state().state, 'airlock');
  const on = await site.ask(own, RESET, { payload: { ResetType: 'On' } });
  t.is(on.statusCode, 202, on.body);
  const monitor = on.headers.location!.slice('/redfish/v1'.length);
  await rest();
  t.is((await site.ask(own, `GET ${monitor}`)).statusCode, 204);
  t.like(state(), { state: 'attesting', bootCount: 1, power: 'on' });
  t.is((await site.ask(own, RESET, { payload: { ResetType: 'On' } })).statusCode, 204);
  await rest();
  t.is(state().bootCount, 1, 'it was on');
  t.is((await site.ask(own, RESET, { payload: { ResetType: 'ForceOff' } })).statusCode, 202);
  await rest();
  t.like(state(), { power: 'off', state: 'attesting' });
  t.is((await site.ask(own, RESET, { payload: { ResetType: 'PowerCycle' } })).statusCode, 202);
  await rest();
  t.like(state(), { power: 'on', bootCount: 2 });
  t.is((await site.ask(own, `GET ${SYSTEM}`)).statusCode, 200, 'the same credential all the time');
});

test('what is not understood is refused with a message and a code, and changes nothing', async (t) => {
  const site = await LeasedSite.open(t);
  const own = await site.credential('tenant', 'lease-1', 'a1');
  const before = site.served.runner.counts.events;
  const boot = (change: object) => ({ Boot: change });
  const cases: readonly [call: string, payload: unknown, status: number, message: string][] = [
    [RESET, {}, 400, 'ActionParameterMissing'],
    [RESET, { ResetType: 'Nmi' }, 400, 'PropertyValueNotInList'],
    [RESET, { ResetType: ['On'] }, 400, 'PropertyValueNotInList'],
    [RESET, { ResetType: 'On', Delay: 5 }, 400, 'ActionParameterNotSupported'],
    [RESET, '[', 400, 'MalformedJSON'],
    [RESET, '[]', 400, 'MalformedJSON'],
    [RESET, 'null', 400, 'MalformedJSON'],
    [RESET, '{"ResetType":"On","__proto__":{}}', 400, 'ActionParameterNotSupported'],
    [RESET, `{"ResetType":"${'x'.repeat(20_000)}"}`, 413, 'MalformedJSON'],
    [`PATCH ${SYSTEM}`, {}, 400, 'MalformedJSON'],
    [`PATCH ${SYSTEM}`, { AssetTag: 'mine' }, 400, 'PropertyUnknown'],
    [`PATCH ${SYSTEM}`, boot({ BootOrder: [] }), 400, 'PropertyUnknown'],
    [
      `PATCH ${SYSTEM}`,
      boot({ BootSourceOverrideTarget: 'Floppy' }),
      400,
      'PropertyValueNotInList',
    ],
    [`PATCH ${SYSTEM}`, boot({ BootSourceOverrideMode: 'Legacy' }), 400, 'PropertyValueNotInList'],
    [
      `PATCH ${SYSTEM}`,
      boot({ BootSourceOverrideEnabled: 'Continuous', BootSourceOverrideTarget: 'Hdd' }),
      ...([400, 'PropertyValueNotInList'] as const),
    ],
    [`PATCH ${SYSTEM}/SecureBoot`, { SecureBootEnable: 'yes' }, 400, 'GeneralError'],
    [`PATCH ${SYSTEM}/SecureBoot`, {}, 400, 'GeneralError'],
    [`PUT ${SYSTEM}`, {}, 405, 'GeneralError'],
    ['DELETE /Systems', undefined, 405, 'GeneralError'],
    ['POST /Systems', {}, 405, 'GeneralError'],
    ['GET /Chassis', undefined, 404, 'ResourceMissingAtURI'],
    [`GET ${SYSTEM}/Processors/2`, undefined, 404, 'ResourceMissingAtURI'],
    [`GET ${SYSTEM}/Processors/-1`, undefined, 404, 'ResourceMissingAtURI'],
    [`GET ${SYSTEM}/Processors/0x1`, undefined, 404, 'ResourceMissingAtURI'],
    [`GET ${SYSTEM}/EthernetInterfaces/constructor`, undefined, 404, 'ResourceMissingAtURI'],
    ['GET /TaskService/TaskMonitors/action-999', undefined, 404, 'ResourceMissingAtURI'],
  ];
  for (const [call, payload, status, message] of cases) {
    const answer = await site.ask(own, call, { payload });
    t.is(answer.statusCode, status, `${call} ${answer.body}`);
    const { error } = answer.json<RedfishError>();
    t.is(error.code, `Base.1.8.${message}`, call);
    const [info] = error['@Message.ExtendedInfo'];
    t.is(info!.MessageId, error.code);
    t.regex(info!.Oem.Ocx.Code, /^(INPUT|NOT_FOUND|CONFLICT)/);
  }
  t.is(site.served.runner.counts.events, before);
});

// Alone: it is about time.
test.serial(
  'a request waits for what is being done to its node; one that waits too long is told so',
  async (t) => {
    const site = await LeasedSite.open(t);
    const own = await site.credential('tenant', 'lease-1', 'a1');
    const obey = site.served.site.carryOut;
    const held: (() => void)[] = [];
    site.served.site.carryOut = async (effect, state, confirm) => {
      await new Promise<void>((resolve) => held.push(resolve));
      return obey(effect, state, confirm);
    };
    const go = () => held.splice(0).forEach((release) => release());
    const on = await site.ask(own, RESET, { payload: { ResetType: 'On' } });
    t.is(
      (await site.ask(own, `GET ${on.headers.location!.slice('/redfish/v1'.length)}`)).statusCode,
      202,
    );
    const off = site.ask(own, RESET, { payload: { ResetType: 'ForceOff' } });
    await rest();
    t.is(held.length, 1, 'the second waits for the first');
    go();
    t.is((await off).statusCode, 202);
    const set = await site.ask(own, `PATCH ${SYSTEM}`, {
      payload: { Boot: { BootSourceOverrideTarget: 'Hdd' } },
    });
    t.is(set.statusCode, 503);
    t.is(set.json<RedfishError>().error.code, 'Base.1.8.ResourceInUse');
    t.truthy(set.headers['retry-after']);
    const many = Array.from({ length: 20 }, () =>
      site.ask(own, RESET, { payload: { ResetType: 'ForceOff' } }),
    );
    const statuses = (await Promise.all(many)).map(({ statusCode }) => statusCode);
    t.deepEqual([...new Set(statuses)], [503]);
    go();
    await rest();
    t.is(site.node('a1').power, 'off');
  },
);

test('what the BMC does not do is no success', async (t) => {
  const site = await LeasedSite.open(t);
  const own = await site.credential('tenant', 'lease-1', 'a1');
  const { settings } = site.served.runner.state;
  Object.assign(settings, { retryLimit: 0 });
  site.served.site.carryOut = async () => ({
    status: 'noEffect',
    error: { code: 'DEVICE_REFUSED', message: 'no' },
  });
  const set = await site.ask(own, `PATCH ${SYSTEM}`, {
    payload: { Boot: { BootSourceOverrideTarget: 'Hdd' } },
  });
  t.is(set.statusCode, 500);
  t.is(set.json<RedfishError>().error['@Message.ExtendedInfo'][0]!.Oem.Ocx.Code, 'DEVICE_REFUSED');
  const on = await site.ask(own, RESET, { payload: { ResetType: 'On' } });
  await rest();
  const monitor = await site.ask(own, `GET ${on.headers.location!.slice('/redfish/v1'.length)}`);
  t.is(monitor.statusCode, 500);
});

test('who guesses is locked out, and nobody else is', async (t) => {
  const site = await LeasedSite.open(t);
  const own = await site.credential('tenant', 'lease-1', 'a1');
  const other = await site.credential('tenant', 'lease-1', 'a2');
  for (let guess = 0; guess < 10; guess++) {
    const password = `${own.password.slice(0, -1)}${guess}`;
    if (password === own.password) continue;
    t.is((await site.ask({ ...own, password }, `GET ${SYSTEM}`)).statusCode, 401);
  }
  await site.ask({ ...own, password: '' }, `GET ${SYSTEM}`);
  t.is((await site.ask(own, `GET ${SYSTEM}`)).statusCode, 401, 'locked, whatever it sends');
  t.is((await site.ask(other, 'GET /Systems/a2')).statusCode, 200);
  const elsewhere = await site.ask(own, `GET ${SYSTEM}`, { remoteAddress: '192.0.2.7' });
  t.is(elsewhere.statusCode, 200);
});

test('what says who it is in another way is nobody', async (t) => {
  const site = await LeasedSite.open(t);
  const own = await site.credential('tenant', 'lease-1', 'a1');
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
  for (const authorization of [
    `Bearer ${site.served.token('tenant')}`,
    `Bearer ${site.served.token('admin')}`,
    basic(own.userName),
    basic(`${own.userName}:`),
    basic(`:${own.password}`),
    basic(`%61${own.userName.slice(1)}:${own.password}`),
    basic(`a1@lease-2:${own.password}`),
    basic(`@@:${own.password}`),
    'Basic ?',
    'Basic',
  ]) {
    const answer = await site.ask(null, `GET ${SYSTEM}`, { headers: { authorization } });
    t.is(answer.statusCode, 401, authorization);
    t.is(answer.headers['www-authenticate'], 'Basic realm="ocx"');
  }
  const token = { 'x-auth-token': site.served.token('tenant') };
  t.is((await site.ask(own, `GET ${SYSTEM}`, { headers: token })).statusCode, 401);
  t.is(
    await site.served.code(null, 'GET /nodes', undefined, {
      headers: { authorization: basic(`${own.userName}:${own.password}`) },
    }),
    '401 INPUT_UNAUTHENTICATED',
    'the credential opens nothing else',
  );
});

test('an ended lease’s name and that of none are answered alike', async (t) => {
  const site = await LeasedSite.open(t);
  const answers = [];
  for (const userName of ['a1@lease-1', 'a1@lease-9', 'b2@lease-1', 'x', '']) {
    const { statusCode, body, headers } = await site.ask(
      { userName, password: 'x' },
      'GET /Systems',
    );
    const { date: _, ...kept } = headers;
    answers.push(JSON.stringify([statusCode, body, kept]));
  }
  t.is(new Set(answers).size, 1);
});

test('a node that is leased on is its sub-lessee’s, and its lessee’s credential is void', async (t) => {
  const site = await LeasedSite.open(t);
  const { served } = site;
  const own = await site.credential('tenant', 'lease-1', 'a1');
  const sub = { leaseId: 'sub-1', owner: 'org-t', lessee: 'org-u', nodeIds: ['a1'] };
  const window = { startMs: START + 10, endMs: 4_000_000, securityLevel: 'none' } as const;
  const body = terms({ ...sub, ...window });
  t.is(await served.code('tenant', 'POST /leases/lease-1/sub-leases', body), '201');
  t.is((await site.ask(own, `GET ${SYSTEM}`)).statusCode, 200, 'it has not begun');
  served.site.clock.set(START + 20);
  await rest();
  t.is(served.runner.state.nodes.get('a1')!.leaseId, 'sub-1');
  t.is((await site.ask(own, `GET ${SYSTEM}`)).statusCode, 401);
  const theirs = await site.credential('stranger', 'sub-1', 'a1');
  t.is((await site.ask(theirs, `GET ${SYSTEM}`)).statusCode, 200);
  t.is(
    await served.code('tenant', 'POST /leases/sub-1/nodes/a1/bmc-credential'),
    '403 DENIED_AUTHORIZATION',
  );
});

test('a node that fails its attestation is lost at once, with its credential', async (t) => {
  const site = await LeasedSite.open(t);
  const { served } = site;
  await served.send('tenant', 'POST /leases/lease-1/return', {});
  await rest();
  const more = { securityLevel: 'attested', attester: 'attester' };
  await site.lease('lease-3', 'a', 'org-t', ['a1'], more);
  const own = await site.credential('tenant', 'lease-3', 'a1');
  await site.ask(own, RESET, { payload: { ResetType: 'On' } });
  await rest();
  const verdict = { bootCount: 1, verdict: 'rejected', validUntilMs: 0 };
  t.is(await served.code('attester', 'POST /leases/lease-3/nodes/a1/attestation', verdict), '202');
  t.is((await site.ask(own, RESET, { payload: { ResetType: 'On' } })).statusCode, 401);
  await rest();
  t.is((await site.ask(own, `GET ${SYSTEM}`)).statusCode, 401);
  t.is(site.node('a1').power, 'off');
});

test('a quarantined node is shown as such, and no request moves it', async (t) => {
  const site = await LeasedSite.open(t);
  const { runner, site: live } = site.served;
  const own = await site.credential('tenant', 'lease-1', 'a1');
  const foreign = [{ networkId: 999, channel: 'vlan/native' }];
  live.clock.set(START + 100);
  const ports = { 'a1-0': foreign, 'a1-1': [] };
  const observation = { power: 'off', ports, bmcGrantee: 'org-t' } as const;
  const seen = { kind: 'NodeObserved', nodeId: 'a1', observedAtMs: START + 90, observation };
  runner.take(seen as never);
  await rest();
  t.is(runner.state.nodes.get('a1')!.state, 'quarantined');
  t.like((await site.ask(own, `GET ${SYSTEM}`)).json(), {
    Status: { State: 'Quiesced', Health: 'Warning' },
  });
  const on = await site.ask(own, RESET, { payload: { ResetType: 'On' } });
  t.is(on.statusCode, 409, on.body);
  const other = await site.credential('tenant', 'lease-1', 'a2');
  t.like((await site.ask(other, 'GET /Systems/a2')).json(), { Status: { Health: 'OK' } });
  t.is(site.node('a1').power, 'off');
});
