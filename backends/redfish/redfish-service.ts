/**
 * The Redfish service of every lease, in front of the isolation service: a credential shows exactly
 * one node, for as long as its lease has it, so that an unmodified client can drive a borrowed node
 * and nothing else. Whoever has no credential that is good now is answered 401, and who asks for
 * anything but its own node 404; 403 is never answered.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { LeasedBmc } from '../../core/allocator/leased-bmc.ts';
import { OcxError } from '../../core/kernel/errors.ts';
import { failure, found, NOTHING_THERE, refused, UNKNOWN_CALLER, type Answer } from './answers.ts';
import { isPassword, namedBy } from './credential.ts';
import { Guesses } from './guesses.ts';
import type { NodeHardware } from './hardware.ts';
import { readObject, Unreadable } from './requests.ts';
import { rootResource, ROOT, sessionPath, SESSIONS } from './resources.ts';
import { ROUTES, type RedfishRoute } from './routes.ts';
import { isSame, Sessions } from './sessions.ts';
import { NodeWork, type LeasedNodes, type WorkTimes } from './work.ts';

export interface RedfishOptions {
  readonly nodes: LeasedNodes;
  /** Of the site: what every password is made with. */
  readonly secret: Buffer;
  readonly hardware: readonly NodeHardware[];
  readonly times?: WorkTimes;
}

const BODY_BYTES_MAXIMUM = 16 * 1024;
const METHODS = ['GET', 'HEAD', 'POST', 'PATCH', 'PUT', 'DELETE'] as const;

/** Adds everything below /redfish to a server. */
export function addRedfish(app: FastifyInstance, options: RedfishOptions): void {
  const service = new RedfishService(options);
  app.register(async (scope) => {
    // Clients send no body, and say that it is JSON.
    scope.removeAllContentTypeParsers();
    const parser = { parseAs: 'buffer', bodyLimit: BODY_BYTES_MAXIMUM } as const;
    scope.addContentTypeParser('*', parser, (_, body, done) => done(null, body));
    scope.setErrorHandler((error, request, reply) => send(reply, failureOf(error, request)));
    const handler = async (request: FastifyRequest, reply: FastifyReply) =>
      send(reply, await service.answer(request));
    for (const url of ['/redfish', '/redfish/*']) {
      scope.route({ method: [...METHODS], url, handler, schema: { hide: true } });
    }
  });
}

function send(reply: FastifyReply, { status, body, headers }: Answer): FastifyReply {
  reply.code(status).headers({
    'odata-version': '4.0',
    'cache-control': 'no-store',
    ...(body ? { 'content-type': 'application/json; charset=utf-8' } : {}),
    ...headers,
  });
  return reply.send(body && JSON.stringify(body));
}

function failureOf(error: unknown, request: FastifyRequest): Answer {
  if (error instanceof Unreadable) return error.answer;
  if (error instanceof OcxError) return refused(error);
  const { statusCode = 500 } = error as { readonly statusCode?: number };
  if (statusCode >= 400 && statusCode < 500) {
    const told = failure('MalformedJSON', 'INPUT_BAD_REQUEST', 'the request cannot be read');
    return { ...told, status: statusCode };
  }
  request.log.error(error);
  return failure('InternalError', 'INTERNAL_ERROR', 'the service has a bug');
}

class RedfishService {
  readonly #options: RedfishOptions;
  readonly #sessions = new Sessions();
  readonly #guesses = new Guesses();
  readonly #work: NodeWork;

  constructor(options: RedfishOptions) {
    this.#options = options;
    this.#work = new NodeWork(options.nodes, options.times);
  }

  async answer(request: FastifyRequest): Promise<Answer> {
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const path = request.url.split('?', 1)[0]!.replace(/\/+$/, '');
    const body = request.body as Buffer | undefined;
    if (method === 'GET' && path === '/redfish') {
      return { status: 200, body: { v1: ROOT } };
    }
    if (method === 'GET' && `${path}/` === ROOT) return found(rootResource());
    if (method === 'POST' && path === SESSIONS) return this.#logIn(request, body);
    const bmc = await this.#caller(request);
    if (!bmc) return UNKNOWN_CALLER;
    const matches = ROUTES.flatMap((route) => {
      const id = matched(route, path, bmc.nodeId);
      return id === null ? [] : [{ route, id }];
    });
    const match = matches.find(({ route }) => route.method === method);
    if (!match) return matches.length === 0 ? NOTHING_THERE : notAllowed(matches);
    const hardware = this.#options.hardware.find(({ nodeClass }) => nodeClass === bmc.nodeClass);
    const ifMatch = request.headers['if-match'];
    return match.route.answer({
      ...{ bmc, body, ifMatch, id: match.id, hardware: hardware ?? null },
      ...{ sessions: this.#sessions, work: this.#work },
    });
  }

  async #logIn(request: FastifyRequest, body: Buffer | undefined): Promise<Answer> {
    const { UserName: userName, Password: password } = readObject(body);
    if (typeof userName !== 'string' || typeof password !== 'string') {
      const message = 'UserName and Password are needed';
      return failure('PropertyValueError', 'INPUT_BAD_ARGUMENT', message);
    }
    const bmc = await this.#withPassword(request.ip, userName, password);
    if (!bmc) return UNKNOWN_CALLER;
    const { token, sessionId } = this.#sessions.open(bmc);
    const location = sessionPath(sessionId);
    return {
      status: 201,
      body: { '@odata.id': location, Id: sessionId, Name: 'A session', UserName: userName },
      headers: { 'x-auth-token': token, location },
    };
  }

  /** The node that the caller's session or password is good for, or null. */
  async #caller({ headers, ip }: FastifyRequest): Promise<LeasedBmc | null> {
    const token = headers['x-auth-token'];
    if (typeof token === 'string') {
      const session = this.#sessions.find(token);
      if (!session) return null;
      const { leaseId, nodeId } = session.tenure;
      const bmc = await this.#options.nodes.find(leaseId, nodeId);
      return bmc && isSame(bmc, session.tenure) ? bmc : null;
    }
    const basic = /^Basic ([A-Za-z0-9+/]+={0,2})$/i.exec(headers.authorization ?? '')?.[1];
    if (basic === undefined) return null;
    const [, userName, password] =
      /^([^:]*):(.*)$/s.exec(Buffer.from(basic, 'base64').toString('utf8')) ?? [];
    if (userName === undefined) return null;
    return this.#withPassword(ip, userName, password!);
  }

  async #withPassword(
    address: string,
    userName: string,
    password: string,
  ): Promise<LeasedBmc | null> {
    if (this.#guesses.isLocked(address, userName)) return null;
    const named = namedBy(userName);
    const bmc = named && (await this.#options.nodes.find(named.leaseId, named.nodeId));
    if (isPassword(this.#options.secret, bmc, password)) {
      this.#guesses.succeeded(address, userName);
      return bmc;
    }
    this.#guesses.failed(address, userName);
    return null;
  }
}

/** What stands for `:id`, empty where the path has none; null where it is another path. */
function matched({ path }: RedfishRoute, given: string, nodeId: string): string | null {
  const wanted = `/redfish/v1${path}`.split('/');
  const segments = given.split('/');
  if (segments.length !== wanted.length) return null;
  let id = '';
  for (const [index, name] of wanted.entries()) {
    const segment = decoded(segments[index]!);
    if (segment === null) return null;
    if (name === ':id') id = segment;
    else if (segment !== (name === ':node' ? nodeId : name)) return null;
  }
  return id;
}

function decoded(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}

function notAllowed(matches: readonly { readonly route: RedfishRoute }[]): Answer {
  const allow = matches.map(({ route }) => route.method).join(', ');
  const answer = failure('MethodNotAllowed', 'INPUT_METHOD', `this can only be ${allow}`);
  return { ...answer, headers: { ...answer.headers, allow } };
}
