import { createServer } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import { jsonOf, send, serverOf } from '../../../backends/peers/server.ts';
import { selfSigned } from '../bmc/self-signed.ts';

const SENDING = {
  method: 'GET',
  path: '/v1/nodes',
  headers: {},
  signal: AbortSignal.timeout(5_000),
} as const;

test('a peer over TLS is talked to only where its certificate is known', async (t) => {
  const { key, cert } = selfSigned('localhost');
  const server = createServer({ key, cert }, (_, response) => response.end('{"ok":true}'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const peer = serverOf(`https://localhost:${(server.address() as AddressInfo).port}`);
  await t.throwsAsync(send(peer, SENDING), { message: /self.signed|certificate/ });
  const known = { ...peer, options: { ...peer.options, ca: cert } as typeof peer.options };
  t.deepEqual(await jsonOf(await send(known, SENDING)), { ok: true });
});

test('an address is a URL of the web or the path of a socket, and nothing else', (t) => {
  t.like(serverOf('http://[::1]:7400').options, { host: '::1', port: 7400 });
  t.like(serverOf('unix:/run/ocx.socket').options, { socketPath: '/run/ocx.socket' });
  for (const given of [
    '',
    'unix:',
    'unix:run',
    'ftp://a',
    'file:///etc/passwd',
    'localhost:7400',
  ]) {
    t.throws(() => serverOf(given), { code: 'INPUT_SERVER' }, given);
  }
});
