/**
 * A service over HTTP. The façade decides nothing: it knows who calls, gives the call to the service,
 * and puts the answer into the right document. Which calls there are stands in the service's table.
 */
import type { Server } from 'node:http';
import fastify from 'fastify';
import type { FastifyInstance, FastifyHttpOptions, FastifyReply, FastifyRequest } from 'fastify';
import swagger from '@fastify/swagger';
import { Type } from 'typebox';
import { OcxError, type Refusal } from '../../core/kernel/errors.ts';
import { give, look } from './calls.ts';
import { EventStreams } from './event-stream.ts';
import { fieldsBeside, objectOf, queryStringOf, schemaOf } from './field-schemas.ts';
import type { ServiceGateway } from './gateway.ts';
import { HttpMetrics } from './metrics-text.ts';
import { NOT_THERE, PROBLEM_TYPE, problemOf } from './problem.ts';
import { PartyQuota } from './quota.ts';
import { parametersOf } from './service-facade.ts';
import type { ApiFields, CommandRoute, QueryRoute, ServiceFacade } from './service-facade.ts';
import type { Caller, Tokens } from './tokens.ts';

export interface ServiceApiOptions {
  /** The service's calls; its state is the gateway's business. */
  readonly facade: ServiceFacade<never>;
  readonly gateway: ServiceGateway;
  readonly tokens: Tokens;
  /** Version of the program. */
  readonly version: string;
  /** Structured log lines go there; none where it is absent. */
  readonly log?: { write(line: string): void };
  /** Where given, calls are encrypted; with `ca`, callers must show a certificate of it. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer; readonly ca?: Buffer } | null;
  /** Calls below /v1 that are no commands and queries; all of them with a known caller. */
  readonly extend?: (scope: FastifyInstance) => void;
  /** Calls beside /v1, which see for themselves who calls. */
  readonly beside?: (app: FastifyInstance) => void;
}

const BODY_BYTES_MAXIMUM = 64 * 1024;
const HEADER_BYTES_MAXIMUM = 16 * 1024;
const REQUEST_TIMEOUT_MS = 10_000;
/** Names of 128 characters, each percent-encoded. */
const PARAMETER_LENGTH_MAXIMUM = 384;

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | null;
  }
}

/** Ready to listen; closing it ends open event streams and finishes requests. */
export async function serviceApi(options: ServiceApiOptions): Promise<FastifyInstance> {
  const { facade, gateway, tokens, version } = options;
  const app = fastify(serverOptions(options));
  const streams = new EventStreams(gateway);
  const metrics = new HttpMetrics();
  const quota = new PartyQuota();
  app.decorateRequest('caller', null);
  app.setErrorHandler((error, request, reply) => answerProblem(reply, refusalOf(error, request)));
  app.setNotFoundHandler((_, reply) =>
    answerProblem(reply, { code: 'NOT_FOUND_ROUTE', message: 'there is no such call' }),
  );
  app.addHook('onRequest', (request, _, done) => {
    request.caller = tokens.callerOf(request.headers.authorization);
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    metrics.count(request.method, route, reply.statusCode, reply.elapsedTime / 1_000);
    done();
  });
  app.addHook('preClose', () => streams.close());
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: `Open Cloud eXchange: ${facade.name}`, version },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
      security: [{ bearer: [] }],
    },
  });
  await app.register(
    async (scope) => {
      scope.addHook('onRequest', (request, _, done) => {
        done(request.caller ? undefined : unauthenticated());
      });
      for (const route of facade.commands) addCommand(scope, options, quota, route);
      for (const route of facade.queries) addQuery(scope, options, route);
      addWhoami(scope);
      addEvents(scope, streams);
      options.extend?.(scope);
    },
    { prefix: '/v1' },
  );
  options.beside?.(app);
  addOperations(app, gateway, metrics, streams);
  await app.ready();
  return app;
}

function serverOptions({ log, tls }: ServiceApiOptions): FastifyHttpOptions<Server> {
  const limits = { maxHeaderSize: HEADER_BYTES_MAXIMUM, headersTimeout: REQUEST_TIMEOUT_MS };
  const secure = tls && { ...limits, ...tls, requestCert: Boolean(tls.ca), minVersion: 'TLSv1.2' };
  return {
    bodyLimit: BODY_BYTES_MAXIMUM,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: PARAMETER_LENGTH_MAXIMUM },
    ...(secure ? { https: secure } : { http: limits }),
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, useDefaults: true } },
    frameworkErrors: (error, request, reply) => {
      answerProblem(reply as FastifyReply, refusalOf(error, request as FastifyRequest));
    },
    // Neither headers nor bodies are logged: tokens and keys stand there.
    logger: log ? { level: 'info', stream: log } : false,
  };
}

function addCommand(
  app: FastifyInstance,
  { facade, gateway }: ServiceApiOptions,
  quota: PartyQuota,
  route: CommandRoute,
): void {
  const { method, command, status, path, wholeBody, bodyBytesMaximum } = route;
  const all: ApiFields = facade.commandFields[command]!;
  const parameters = parametersOf(path);
  const inBody = fieldsBeside(all, parameters);
  const body =
    wholeBody === undefined
      ? inBody && objectOf(inBody)
      : { type: 'object', ...schemaOf(all[wholeBody]!) };
  const schema = {
    summary: command,
    params: objectOf(Object.fromEntries(parameters.map((name) => [name, all[name]!]))),
    headers: Type.Object({ 'idempotency-key': Type.Optional(Type.String()) }),
    ...(body ? { body } : {}),
    response: responses(status),
  };
  app.route({
    ...{ method, url: path, schema },
    ...(bodyBytesMaximum === undefined ? {} : { bodyLimit: bodyBytesMaximum }),
    handler: async (request, reply) => {
      const { principal, mayWrite } = request.caller!;
      if (!mayWrite) {
        throw new OcxError({ code: 'DENIED_READ_ONLY', message: 'this token may only look' });
      }
      const given = (request.body ?? {}) as Record<string, unknown>;
      const fields = {
        ...(wholeBody === undefined ? given : { [wholeBody]: given }),
        ...(request.params as Record<string, unknown>),
      };
      const key = request.headers['idempotency-key'];
      const result = await quota.within(principal, async () => {
        await facade.admit?.(route, principal, fields);
        return give(facade, gateway, route, principal, key as string | undefined, fields);
      });
      reply.code(status).header('cache-control', 'no-store');
      const location = facade.location(route, { ...fields, ...given }, result);
      if (location !== null) reply.header('location', `/v1${location}`);
      return result;
    },
  });
}

function addQuery(
  app: FastifyInstance,
  { facade, gateway }: ServiceApiOptions,
  route: QueryRoute,
): void {
  const { path, query } = route;
  const all: ApiFields = facade.queryFields[query]!;
  const parameters = parametersOf(path);
  const inQuery = fieldsBeside(all, parameters) ?? {};
  const schema = {
    summary: query,
    params: objectOf(Object.fromEntries(parameters.map((name) => [name, all[name]!]))),
    querystring: queryStringOf(inQuery),
    response: responses(200),
  };
  app.get(path, { schema }, async (request, reply) => {
    const given = request.query as Record<string, string>;
    const fields: Record<string, unknown> = { ...(request.params as object) };
    for (const [name, kind] of Object.entries(inQuery)) {
      fields[name] = kind === 'boolean' ? given[name] === 'true' : (given[name] ?? null);
    }
    reply.header('cache-control', 'no-store');
    return look(facade, gateway, route, request.caller!.principal, fields);
  });
}

function addWhoami(app: FastifyInstance): void {
  const schema = { summary: 'Whoami', description: 'Whom the token stands for.' };
  app.get('/whoami', { schema: { ...schema, response: responses(200) } }, (request) => {
    const { principal, mayWrite } = request.caller!;
    return { ...principal, access: mayWrite ? 'write' : 'read' };
  });
}

function addEvents(app: FastifyInstance, streams: EventStreams): void {
  const cursor = Type.String({ pattern: '^[0-9]{1,15}$' });
  const schema = {
    summary: 'Events',
    description:
      'Server-sent events, from after a cursor on; every event has its cursor as its id.',
    querystring: Type.Object({ after: Type.Optional(cursor) }, { additionalProperties: false }),
    headers: Type.Object({ 'last-event-id': Type.Optional(cursor) }),
  };
  app.get('/events', { schema }, (request, reply) => {
    const { principal } = request.caller!;
    const { after } = request.query as { after?: string };
    const controller = streams.open(principal);
    const from = request.headers['last-event-id'] ?? after ?? '0';
    reply.hijack();
    streams.write(reply.raw, principal, Number(from), controller).catch((error: unknown) => {
      request.log.error(error);
      reply.raw.destroy();
    });
  });
}

/** What is not the service's own: documents and the state of the process. */
function addOperations(
  app: FastifyInstance,
  gateway: ServiceGateway,
  metrics: HttpMetrics,
  streams: EventStreams,
): void {
  const hidden = { schema: { hide: true } };
  app.get('/openapi.json', hidden, () => app.swagger());
  app.get('/health', hidden, () => ({ status: 'alive' }));
  app.get('/ready', hidden, (_, reply) => {
    const { isRunning } = gateway.status();
    return reply.code(isRunning ? 200 : 503).send({ status: isRunning ? 'ready' : 'stopped' });
  });
  app.get('/metrics', hidden, (request, reply) => {
    if (request.caller?.principal.role !== 'admin') throw unauthenticated();
    reply.type('text/plain; version=0.0.4; charset=utf-8');
    return metrics.text(gateway.status(), streams.size);
  });
}

function responses(status: number): Record<string, unknown> {
  const problem = Type.Object({
    ...{ type: Type.String(), title: Type.String(), status: Type.Integer() },
    ...{ code: Type.String(), detail: Type.String(), remedy: Type.Optional(Type.String()) },
  });
  const result = { type: 'object', additionalProperties: true, description: 'Done' };
  return { [status]: result, '4xx': problem, '5xx': problem };
}

function answerProblem(reply: FastifyReply, refusal: Refusal): FastifyReply {
  const problem = problemOf(refusal);
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="ocx"');
  if (problem.status === 503 || problem.status === 429) reply.header('retry-after', '1');
  return reply.code(problem.status).type(PROBLEM_TYPE).send(problem);
}

function unauthenticated(): OcxError {
  return new OcxError({
    code: 'INPUT_UNAUTHENTICATED',
    message: 'a bearer token of this service is needed',
    remedy: 'send the header Authorization: Bearer and the token',
  });
}

/** Fastify's own errors → codes of ours. */
const CODE_OF_FASTIFY: ReadonlyMap<string, string> = new Map([
  ['FST_ERR_CTP_BODY_TOO_LARGE', 'INPUT_BODY_TOO_LARGE'],
  ['FST_ERR_CTP_INVALID_MEDIA_TYPE', 'INPUT_MEDIA_TYPE'],
  ['FST_ERR_MAX_LIMIT_REACHED', 'INPUT_BODY_TOO_LARGE'],
]);

interface FastifyProblem extends Error {
  readonly code?: string;
  readonly statusCode?: number;
  readonly validation?: readonly { readonly instancePath: string; readonly message?: string }[];
  readonly validationContext?: string;
}

function refusalOf(error: unknown, request: FastifyRequest): Refusal {
  if (error instanceof OcxError) return error;
  const {
    code = '',
    statusCode = 500,
    validation,
    validationContext,
    message,
  } = error as FastifyProblem;
  if (validation) {
    const [first] = validation;
    const place = `${validationContext ?? 'request'}${first?.instancePath ?? ''}`;
    return { code: 'INPUT_BAD_ARGUMENT', message: `${place} ${first?.message ?? 'is wrong'}` };
  }
  const known = CODE_OF_FASTIFY.get(code);
  if (known) return { code: known, message };
  if (statusCode === 404) return NOT_THERE;
  if (statusCode >= 400 && statusCode < 500) return { code: 'INPUT_BAD_REQUEST', message };
  request.log.error(error);
  return { code: 'INTERNAL_ERROR', message };
}
