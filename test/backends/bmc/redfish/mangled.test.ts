/** Resources in which things stand that should not: whatever a BMC answers, there is an outcome. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import { Bmc } from '../../../../backends/bmc/bmc.ts';
import { rootResource, SESSIONS, SOME_NODE } from '../../../../backends/bmc/emulator/resources.ts';
import {
  stillResource,
  SYSTEM,
  systemResource,
} from '../../../../backends/bmc/emulator/resources.ts';
import { Redfish } from '../../../../backends/bmc/redfish/redfish.ts';
import { randomStream } from '../../../../core/kernel/random.ts';
import { CREDENTIALS, QUICK } from '../emulated-bmc.ts';

const ROUNDS = 40;
const ODD: readonly unknown[] = [
  null,
  [],
  {},
  [[]],
  -1,
  1e308,
  2 ** 53,
  true,
  '',
  'On',
  '__proto__',
  'x'.repeat(5000),
  '\u0000\n\u2028',
  { '@odata.id': 'http://127.0.0.1:9/' },
  { '@odata.id': '//127.0.0.1:9/' },
  [{ '@odata.id': SYSTEM }, { '@odata.id': SYSTEM }],
  Array.from({ length: 1000 }, () => ({ '@odata.id': SYSTEM })),
];

/** One property somewhere is something else. */
function mangle(value: unknown, below: (bound: number) => number): unknown {
  if (typeof value !== 'object' || value === null || below(4) === 0) {
    return ODD[below(ODD.length)];
  }
  const names = Object.keys(value);
  const chosen = names[below(Math.max(1, names.length))];
  if (chosen === undefined) return ODD[below(ODD.length)];
  const copy = (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
  copy[chosen] = mangle(copy[chosen], below);
  return copy;
}

function resource(path: string): object | null {
  if (path === '/redfish/v1/') return rootResource();
  const boot = { enabled: 'Once', target: 'Pxe', mode: 'UEFI' } as const;
  const view = {
    node: SOME_NODE,
    power: 'Off',
    boot,
    resetTypes: ['On'],
    hasFirmware: true,
    hasSettings: true,
  };
  return path === SYSTEM ? systemResource(view) : stillResource(path, SOME_NODE, null);
}

test('no resource of a BMC, however it is mangled, makes a driver throw or take it for success', async (t) => {
  const random = randomStream({ seed: 1, replication: 0, entity: 'bmc', purpose: 'mangled' });
  const below = (bound: number) => random.integer(bound);
  let target = '';
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    const found = resource(path);
    if (request.method !== 'GET') response.statusCode = path === SESSIONS ? 404 : 204;
    const body = path === target ? mangle(found, below) : found;
    response.end(response.statusCode === 204 ? undefined : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const paths = ['/redfish/v1/', '/redfish/v1/Systems', SYSTEM, `${SYSTEM}/EthernetInterfaces`];
  const address = { url: `http://${host}`, allowedHosts: [host], allowsPlainText: true };
  const timings = { ...QUICK, pollMs: 8, resendMs: 1, sends: 2, actionMs: 80 };
  const counts = { ok: 0, noEffect: 0, uncertain: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    target = paths[round % paths.length]!;
    const bmc = new Bmc(new Redfish({ ...address, credentials: CREDENTIALS, pauseMs: 0 }), timings);
    for (const outcome of await Promise.all([
      bmc.inventory(),
      bmc.console(),
      bmc.readBootDevice(),
      bmc.readPower(),
      bmc.setMedia('http://127.0.0.1/a.iso'),
    ])) {
      counts[outcome.status] += 1;
      if (outcome.status !== 'ok') t.regex(outcome.error.message, /^[^\p{C}]{1,400}$/u);
    }
    const on = await bmc.powerOn();
    if (on.status === 'ok') t.is(target, SYSTEM, 'the node is off, unless a mangled word says on');
    await bmc.close();
  }
  t.true(counts.ok > ROUNDS && counts.noEffect > ROUNDS / 3, JSON.stringify(counts));
});
