/** Consoles: for whom the node is granted to, until it is granted to somebody else. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { ProgramConsole, SocketConsole } from '../../../backends/devices/console-sources.ts';
import { clientOf, folderOf, openDesk, until } from './desk-place.ts';

/** What QEMU offers for a serial port: it says hello and repeats what it hears. */
async function serialPort(t: ExecutionContext, path: string) {
  const lines: Socket[] = [];
  const server = createServer((socket) => {
    lines.push(socket);
    socket.on('error', () => {});
    socket.write('login: ');
    socket.on('data', (chunk) => socket.write(`<${String(chunk)}>`));
  });
  server.listen(path);
  await once(server, 'listening');
  t.teardown(() => server.close());
  return { lines };
}

async function heardFrom(socket: Socket, text: RegExp): Promise<void> {
  let heard = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    heard += String(chunk);
    if (text.test(heard)) return;
  }
}

test('the grantee has the console, nobody else has, and it ends with the grant', async (t) => {
  const folder = folderOf(t);
  const path = join(folder, 'serial.sock');
  const { lines } = await serialPort(t, path);
  const place = await openDesk(t, folder, new Map([['a1', new SocketConsole(path)]]));
  const client = clientOf(t, place.path);
  for (const name of ['org-t', 'org-u']) {
    await t.throwsAsync(client.console('a1', name), { code: 'DEVICE_DENIED' });
  }
  place.custody.grant('a1', 'org-t');
  await t.throwsAsync(client.console('a1', 'org-u'), { code: 'DEVICE_DENIED' });
  const console = await client.console('a1', 'org-t');
  await heardFrom(console, /login: /);
  console.write('root');
  await heardFrom(console, /<root>/);
  const second = await client.console('a1', 'org-t');
  await until(() => console.destroyed || console.readableEnded);
  await heardFrom(second, /login: /);
  place.custody.grant('a1', null);
  place.endConsoles('a1');
  await once(second, 'close');
  await until(() => lines.every((line) => line.destroyed));
  await t.throwsAsync(client.console('a1', 'org-t'), { code: 'DEVICE_DENIED' });
});

test('a console that is not there is said not to be', async (t) => {
  const folder = folderOf(t);
  const sources = new Map([['a1', new SocketConsole(join(folder, 'nobody.sock'))]]);
  const place = await openDesk(t, folder, sources);
  const client = clientOf(t, place.path);
  place.custody.grant('a1', 'org-t');
  place.custody.grant('a2', 'org-t');
  await t.throwsAsync(client.console('a1', 'org-t'), { code: 'DEVICE_UNREACHABLE' });
  await t.throwsAsync(client.console('a2', 'org-t'), { code: 'DEVICE_UNSUPPORTED' });
});

test('a console that a program carries is ended with the program, and ends it', async (t) => {
  const children: ChildProcess[] = [];
  const source = new ProgramConsole(() => {
    const child = spawn('cat', { stdio: ['pipe', 'pipe', 'ignore'] });
    children.push(child);
    return child;
  });
  const place = await openDesk(t, folderOf(t), new Map([['a1', source]]));
  const client = clientOf(t, place.path);
  place.custody.grant('a1', 'org-t');
  const first = await client.console('a1', 'org-t');
  first.write('uname');
  await heardFrom(first, /uname/);
  place.endConsoles('a1');
  await once(first, 'close');
  await until(() => children[0]!.signalCode === 'SIGKILL');
  const second = await client.console('a1', 'org-t');
  second.resume();
  await until(() => children.length === 2);
  children[1]!.kill('SIGTERM');
  await once(second, 'close');
  t.pass();
});

test('a program that cannot be run is a console that closes', async (t) => {
  const source = new ProgramConsole(() =>
    spawn('/no/such/program', { stdio: ['pipe', 'pipe', 'ignore'] }),
  );
  const place = await openDesk(t, folderOf(t), new Map([['a1', source]]));
  place.custody.grant('a1', 'org-t');
  const console = await clientOf(t, place.path).console('a1', 'org-t');
  console.resume();
  await until(() => console.closed || console.readableEnded);
  t.pass();
});
