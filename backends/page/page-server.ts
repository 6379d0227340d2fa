/**
 * The site's page for people: rendered here, kept up to date by server-sent events, with one small
 * script that puts new pieces in place. Nothing but logging in can be done on it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { PARTS_SCRIPT } from './parts-script.ts';
import { Sessions } from './sessions.ts';
import { isVisitor, readSite, type SiteServers, type SiteView } from './site-view.ts';

/** How a view becomes a page; the names are of the elements that hold the parts. */
export interface PageRenderer {
  /** Whole document. */
  page(view: SiteView): string;
  /** Parts by name; the page holds the same. */
  parts(view: SiteView): ReadonlyMap<string, string>;
  login(wasWrong: boolean): string;
  readonly style: string;
}

export interface PageOptions {
  readonly servers: SiteServers;
  readonly renderer: PageRenderer;
  readonly tls: { readonly cert: Buffer; readonly key: Buffer; readonly ca?: Buffer } | null;
}

const LOOK_MS = 1_000;
/** A browser keeps one; more than a few for one session are a mistake. */
const STREAMS_MAXIMUM = 200;
const FORM_BYTES_MAXIMUM = 2_048;

/** No script, style, picture or request but our own, and in nobody's frame. */
const SAFETY_HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
} as const;

/** Ready to listen; closing it ends the open streams. */
export async function pageServer(options: PageOptions): Promise<FastifyInstance> {
  const { servers, renderer, tls } = options;
  const sessions = new Sessions(Date.now);
  const streams = new Set<AbortController>();
  const app: FastifyInstance = fastify({
    bodyLimit: FORM_BYTES_MAXIMUM,
    forceCloseConnections: true,
    ...(tls ? { https: { ...tls, requestCert: Boolean(tls.ca) } } : {}),
  } as object);
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_, body, done) => done(null, new URLSearchParams(body as string)),
  );
  app.addHook('onRequest', (_, reply, done) => {
    reply.headers(SAFETY_HEADERS);
    done();
  });
  app.addHook('preClose', (done) => {
    for (const stream of streams) stream.abort();
    done();
  });

  app.get('/', async (request, reply) => {
    const token = sessions.tokenOf(request.headers.cookie);
    const view = token === null ? null : await readSite(servers, token);
    return html(reply, view ? renderer.page(view) : renderer.login(false));
  });
  app.post('/session', async (request, reply) => {
    const token = (request.body as URLSearchParams | undefined)?.get('token')?.trim() ?? '';
    if (token === '' || !(await isVisitor(servers, token)))
      return html(reply.code(401), renderer.login(true));
    reply.header('set-cookie', sessions.begin(token, tls !== null));
    return reply.redirect('/', 303);
  });
  app.post('/session/end', (request, reply) => {
    reply.header('set-cookie', sessions.end(request.headers.cookie));
    return reply.redirect('/', 303);
  });
  app.get('/style.css', (_, reply) => reply.type('text/css; charset=utf-8').send(renderer.style));
  app.get('/parts.js', (_, reply) =>
    reply.type('text/javascript; charset=utf-8').send(PARTS_SCRIPT),
  );
  app.get('/live', (request, reply) => {
    const token = sessions.tokenOf(request.headers.cookie);
    if (token === null || streams.size >= STREAMS_MAXIMUM) {
      return reply.code(token === null ? 401 : 503).send();
    }
    const stream = new AbortController();
    streams.add(stream);
    reply.hijack();
    const stillIn = () => sessions.tokenOf(request.headers.cookie) === token;
    void follow(reply, stream, stillIn, () => readSite(servers, token), renderer).finally(() => {
      streams.delete(stream);
      reply.raw.end();
    });
    return reply;
  });
  await app.ready();
  return app;
}

function html(reply: FastifyReply, text: string): FastifyReply {
  return reply.type('text/html; charset=utf-8').send(text);
}

/** Looks again and again, and sends the parts that have changed. */
async function follow(
  { raw }: FastifyReply,
  stream: AbortController,
  stillIn: () => boolean,
  read: () => Promise<SiteView | null>,
  renderer: PageRenderer,
): Promise<void> {
  const { signal } = stream;
  raw.on('close', () => stream.abort());
  raw.writeHead(200, {
    ...SAFETY_HEADERS,
    'content-type': 'text/event-stream; charset=utf-8',
    'x-accel-buffering': 'no',
    connection: 'close',
  });
  const sent = new Map<string, string>();
  while (!signal.aborted && stillIn()) {
    const view = await read();
    if (!view) break;
    for (const [name, text] of renderer.parts(view)) {
      if (sent.get(name) === text) continue;
      sent.set(name, text);
      raw.write(`event: part\ndata: ${JSON.stringify({ name, text })}\n\n`);
    }
    await sleep(LOOK_MS, undefined, { signal }).catch(() => {});
  }
}
