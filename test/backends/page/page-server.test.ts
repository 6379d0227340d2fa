/** The page in front of real façades: what it shows to whom, live, and what it never does. */
import type { AddressInfo } from 'node:net';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import fastify, { type FastifyInstance } from 'fastify';
import { pageServer } from '../../../backends/page/page-server.ts';
import { serverOf } from '../../../backends/peers/server.ts';
import { livePage, liveParts, loginPage } from '../../../reports/live/live-page.ts';
import { LIVE_STYLE } from '../../../reports/live/style.ts';
import { ServedSite } from '../http/served-site.ts';

const HOSTILE = '<img src=x onerror=alert(1)>"\'&\u202e';

/** A market that answers as ours does, with names that somebody chose badly. */
async function market(t: ExecutionContext): Promise<string> {
  const app = fastify();
  app.get('/v1/market', () => ({ horizons: [{ horizon: 'day', slotMs: 900_000 }] }));
  app.get('/v1/prices', () => ({
    horizons: [
      { horizon: 'day', prices: [{ nodeClass: HOSTILE, millicreditsPerNodeSlot: 1_500 }] },
    ],
  }));
  app.get('/v1/rounds', () => ({
    published: [{ roundId: 7, horizon: 'day', publishedMs: 0, contracts: 3 }],
  }));
  app.get('/v1/organisations/:name/orders', () => ({
    rounds: [
      {
        roundId: 8,
        bids: [
          {
            bidId: HOSTILE,
            organisation: 'org-a',
            options: [{ nodeClass: 'standard', nodes: 4, valueMillicredits: 20_000 }],
          },
        ],
        asks: [],
      },
    ],
  }));
  t.teardown(() => app.close());
  return app.listen({ host: '127.0.0.1', port: 0 });
}

async function open(t: ExecutionContext): Promise<{ site: ServedSite; page: FastifyInstance }> {
  const site = await ServedSite.open(t);
  const isolation = await site.app.listen({ host: '127.0.0.1', port: 0 });
  const page = await pageServer({
    servers: { isolation: serverOf(isolation), market: serverOf(await market(t)) },
    renderer: { page: livePage, parts: liveParts, login: loginPage, style: LIVE_STYLE },
    tls: null,
  });
  t.teardown(() => page.close());
  return { site, page };
}

async function login(page: FastifyInstance, token: string): Promise<string> {
  const answer = await page.inject({
    method: 'POST',
    url: '/session',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams({ token }).toString(),
  });
  return String(answer.headers['set-cookie'] ?? '');
}

const cookieOf = (header: string) => header.split(';', 1)[0]!;

test('who is not logged in sees a form, and nothing of the site', async (t) => {
  const { page, site } = await open(t);
  const first = await page.inject('/');
  t.is(first.statusCode, 200);
  t.regex(first.body, /Log in/);
  t.notRegex(first.body, /a1|org-a/);
  for (const token of ['', 'ocx_wrong', `${site.token('a')}x`]) {
    t.is(await login(page, token), '', 'no session for a wrong token');
  }
  t.is((await page.inject('/live')).statusCode, 401);
  const stolen = await page.inject({ url: '/', headers: { cookie: `ocx=${'A'.repeat(43)}` } });
  t.regex(stolen.body, /Log in/);
});

test('a visitor sees what the token may read, escaped, until the session ends', async (t) => {
  const { page, site } = await open(t);
  const header = await login(page, site.token('a'));
  t.regex(header, /^ocx=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/);
  t.false(header.includes(site.token('a')));
  const cookie = cookieOf(header);
  const { body, headers } = await page.inject({ url: '/', headers: { cookie } });
  t.regex(body, /organisation org-a/);
  t.regex(body, /<strong>a1<\/strong><span class="state">free<\/span>/);
  t.regex(body, /6<\/td>/, '1.5 credits a quarter of an hour are 6 an hour');
  t.false(body.includes('<img'));
  t.true(body.includes('&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;'));
  t.false(body.includes(site.token('a')));
  const policy = String(headers['content-security-policy']);
  t.regex(policy, /^default-src 'none'; .*frame-ancestors 'none'$/);
  t.false(/unsafe|http/.test(policy));
  t.is(headers['cache-control'], 'no-store');
  const out = await page.inject({ method: 'POST', url: '/session/end', headers: { cookie } });
  t.is(out.statusCode, 303);
  t.regex((await page.inject({ url: '/', headers: { cookie } })).body, /Log in/);
});

test('what changes in the site comes to the page by itself, only the part that changed', async (t) => {
  const { page, site } = await open(t);
  const cookie = cookieOf(await login(page, site.token('admin')));
  await page.listen({ host: '127.0.0.1', port: 0 });
  const { port } = page.server.address() as AddressInfo;
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  const response = await fetch(`http://127.0.0.1:${port}/live`, {
    headers: { cookie },
    signal: stop.signal,
  });
  t.is(response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
  const parts = partsOf(response);
  const names: string[] = [];
  for (let count = 0; count < 5; count++) names.push((await parts.next()).value!.name);
  t.deepEqual(names, ['incidents', 'racks', 'leases', 'prices', 'orders']);
  t.is(await site.code('admin', 'POST /nodes/b1/withdraw', { state: 'maintenance' }), '202');
  const changed = new Map<string, string>();
  while (!changed.get('racks')?.includes('maintenance')) {
    const { name, text } = (await parts.next()).value!;
    changed.set(name, text);
  }
  t.true([...changed.keys()].every((name) => name === 'racks' || name === 'incidents'));
});

test('a service that is silent is said to be, and the rest is shown', async (t) => {
  const { site } = await open(t);
  const address = site.app.server.address() as AddressInfo;
  const page = await pageServer({
    servers: {
      isolation: serverOf(`http://127.0.0.1:${address.port}`),
      market: serverOf('http://127.0.0.1:1'),
    },
    renderer: { page: livePage, parts: liveParts, login: loginPage, style: LIVE_STYLE },
    tls: null,
  });
  t.teardown(() => page.close());
  const cookie = cookieOf(await login(page, site.token('a')));
  const { body } = await page.inject({ url: '/', headers: { cookie } });
  t.regex(body, /The market service does not answer: BACKEND_UNREACHABLE/);
  t.regex(body, /<strong>a1<\/strong>/);
});

async function* partsOf(
  response: Response,
): AsyncGenerator<{ readonly name: string; readonly text: string }, never> {
  let left = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body!) {
    left += decoder.decode(chunk as Uint8Array, { stream: true });
    for (let end = left.indexOf('\n\n'); end >= 0; end = left.indexOf('\n\n')) {
      const event = left.slice(0, end);
      left = left.slice(end + 2);
      yield JSON.parse(event.slice(event.indexOf('data: ') + 6)) as { name: string; text: string };
    }
  }
  throw new Error('the stream has ended');
}
