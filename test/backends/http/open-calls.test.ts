/** Whatever a service's document lists, also what is no command and no query, is closed to nobody. */
import test from 'ava';
import type { FastifyInstance } from 'fastify';
import { newToken } from '../../../backends/http/tokens.ts';
import { ServedAttester } from './served-attester.ts';
import { ServedSite } from './served-site.ts';

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>>;
}

async function documented(app: FastifyInstance): Promise<[method: string, path: string][]> {
  const { paths } = (await app.inject({ url: '/openapi.json' })).json<Document>();
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method): [string, string] => [method.toUpperCase(), path]),
  );
}

for (const [name, open] of [
  ['isolation', async (t: Parameters<typeof ServedSite.open>[0]) => (await ServedSite.open(t)).app],
  [
    'attestation',
    async (t: Parameters<typeof ServedAttester.open>[0]) => (await ServedAttester.open(t)).app,
  ],
] as const) {
  test(`no call of ${name} is open to nobody, nor to who has a foreign token`, async (t) => {
    const app = await open(t);
    const calls = await documented(app);
    t.true(calls.length > 10);
    for (const [method, path] of calls) {
      const url = path.replaceAll(/\{\w+\}/g, 'a1');
      for (const authorization of [undefined, `Bearer ${newToken().token}`, 'Basic YTpi']) {
        const headers = authorization === undefined ? {} : { authorization };
        const answer = await app.inject({ method: method as 'GET', url, headers });
        t.is(answer.statusCode, 401, `${method} ${path} ${authorization}`);
      }
    }
  });
}

test('beside /v1 only what says nothing of anybody is open', async (t) => {
  const { app } = await ServedSite.open(t);
  const open = [];
  for (const url of [
    '/health',
    '/ready',
    '/openapi.json',
    '/metrics',
    '/redfish',
    '/redfish/v1/',
  ]) {
    const { statusCode, body } = await app.inject({ url });
    if (statusCode === 200) open.push(url);
    t.notRegex(body, /org-|a1|lease-/, url);
  }
  t.deepEqual(open, ['/health', '/ready', '/openapi.json', '/redfish', '/redfish/v1/']);
  for (const url of ['/redfish/v1/Systems', '/redfish/v1/x', '/redfish/v1/SessionService']) {
    t.is((await app.inject({ url })).statusCode, 401, url);
  }
});
