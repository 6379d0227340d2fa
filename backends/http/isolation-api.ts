/**
 * The isolation service over HTTP. The façade decides nothing: it knows who calls, gives the call to
 * the service, and puts the answer into the right document.
 */
import type { Server } from 'node:http';
import fastify from 'fastify';
import type { FastifyInstance, FastifyHttpOptions, FastifyReply, FastifyRequest } from 'fastify';
import swagger from '@fastify/swagger';
import { Type } from 'typebox';
import { COMMAND_FIELDS, LEASE_TERMS } from '../../core/allocator/commands.ts';
import type { Fields } from '../../core/allocator/fields.ts';
import { QUERY_FIELDS } from '../../core/allocator/views.ts';
import { OcxError, type Refusal } from '../../core/kernel/errors.ts';
import { give, look } from './calls.ts';
import { EventStreams } from './event-stream.ts';
import { fieldsBeside, objectOf, queryStringOf } from './field-schemas.ts';
import type { IsolationGateway } from './gateway.ts';
import { COMMAND_ROUTES, QUERY_ROUTES, parametersOf } from './isolation-routes.ts';
import type { CommandRoute, QueryRoute } from './isolation-routes.ts';
import { HttpMetrics } from './metrics-text.ts';
import { NOT_THERE, PROBLEM_TYPE, problemOf } from './problem.ts';
import { PartyQuota } from './quota.ts';
import type { Caller, Tokens } from './tokens.ts';

export interface IsolationApiOptions {
  readonly gateway: IsolationGateway;
  readonly tokens: Tokens;
  /** Version of the program. */
  readonly version: string;
  /** Structured log lines go there; none where it is absent. */
  readonly log?: { write(line: string): void };
  /** Where given, calls are encrypted; with `ca`, callers must show a certificate of it. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer; readonly ca?: Buffer } | null;
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
export async function isolationApi(options: IsolationApiOptions): Promise<FastifyInstance> {
  const { gateway, tokens, version } = options;
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
      info: { title: 'Open Cloud eXchange: isolation', version },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
      security: [{ bearer: [] }],
    },
  });
  await app.register(
    async (scope) => {
      scope.addHook('onRequest', (request, _, done) => {
        done(request.caller ? undefined : unauthenticated());
      });
      for (const route of COMMAND_ROUTES) addCommand(scope, gateway, quota, route);
      for (const route of QUERY_ROUTES) addQuery(scope, gateway, route);
      addEvents(scope, streams);
    },
    { prefix: '/v1' },
  );
  addOperations(app, gateway, metrics, streams);
  await app.ready();
  return app;
}

function serverOptions({ log, tls }: IsolationApiOptions): FastifyHttpOptions<Server> {
  const limits = { maxHeaderSize: HEADER_BYTES_MAXIMUM, headersTimeout: REQUEST_TIMEOUT_MS };
  const secure = tls && { ...limits, ...tls, requestCert: Boolean(tls.ca), minVersion: 'TLSv1.2' };
  return {
    bodyLimit: BODY_BYTES_MAXIMUM,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: PARAMETER_LENGTH_MAXIMUM },
    ...(secure ? { https: secure } : { http: limits }),
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, useDefaults: true } },
    // Neither headers nor bodies are logged: tokens and keys stand there.
    logger: log ? { level: 'info', stream: log } : false,
  };
}

function addCommand(
  app: FastifyInstance,
  gateway: IsolationGateway,
  quota: PartyQuota,
  route: CommandRoute,
): void {
  const { method, command, status, path } = route;
  const all: Fields = COMMAND_FIELDS[command];
  const parameters = parametersOf(path);
  const inBody = fieldsBeside(all, parameters);
  // The terms of a lease are the body, not a field of it.
  const hasTerms = inBody !== null && 'terms' in inBody;
  const body = inBody && objectOf(hasTerms ? LEASE_TERMS : inBody);
  const schema = {
    summary: command,
    params: objectOf(Object.fromEntries(parameters.map((name) => [name, all[name]!]))),
    headers: Type.Object({ 'idempotency-key': Type.Optional(Type.String()) }),
    ...(body ? { body } : {}),
    response: responses(status),
  };
  app.route({
    ...{ method, url: path, schema },
    handler: async (request, reply) => {
      const { principal, mayWrite } = request.caller!;
      if (!mayWrite) {
        throw new OcxError({ code: 'DENIED_READ_ONLY', message: 'this token may only look' });
      }
      const given = (request.body ?? {}) as Record<string, unknown>;
      const fields = {
        ...(hasTerms ? { terms: given } : given),
        ...(request.params as Record<string, unknown>),
      };
      const key = request.headers['idempotency-key'];
      const result = await quota.within(principal, () =>
        give(gateway, route, principal, key as string | undefined, fields),
      );
      reply.code(status).header('cache-control', 'no-store');
      const location = locationOf(route, { ...fields, ...given }, result);
      if (location !== null) reply.header('location', location);
      return result;
    },
  });
}

/** Where what was made, or what goes on, can be looked at. */
function locationOf(
  { path, creates, status }: CommandRoute,
  fields: Readonly<Record<string, unknown>>,
  result: object,
): string | null {
  const of = (value: unknown) => encodeURIComponent(String(value));
  if ('actionId' in result) return `/v1/actions/${of(result.actionId)}`;
  if (creates !== undefined) {
    const collection = creates === 'leaseId' ? '/leases' : path;
    return `/v1${collection}/${of(fields[creates])}`;
  }
  if (status !== 202) return null;
  return 'leaseId' in fields
    ? `/v1/leases/${of(fields['leaseId'])}`
    : `/v1/nodes/${of(fields['nodeId'])}`;
}

function addQuery(app: FastifyInstance, gateway: IsolationGateway, route: QueryRoute): void {
  const { path, query } = route;
  const all: Fields = QUERY_FIELDS[query];
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
    return look(gateway, route, request.caller!.principal, fields);
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
  gateway: IsolationGateway,
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
