/**
 * A BMC that speaks Redfish, for tests and for the virtual rack: power, boot override, sessions,
 * entity tags, virtual media, tasks, an inventory, and every fault of `faults.ts`.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Belongings } from './belongings.ts';
import { BareNode, Chassis } from './chassis.ts';
import type { SwitchedNode } from './chassis.ts';
import { Faults } from './faults.ts';
import { misbehave } from './misbehaviour.ts';
import { DRIVE, RESET, rootResource, SESSIONS, SETTINGS, SOME_NODE } from './resources.ts';
import { stillResource, SYSTEM, systemResource, TASK_MONITOR } from './resources.ts';
import type { NodeDescription } from './resources.ts';

export interface RedfishEmulatorOptions {
  readonly userName: string;
  readonly password: string;
  readonly node?: SwitchedNode;
  readonly description?: NodeDescription;
  readonly tls?: { readonly key: string; readonly cert: string };
}

interface Answer {
  readonly status: number;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

const LARGEST_REQUEST_BYTES = 65_536;
const MOST_SESSIONS = 16;
const REQUESTS_KEPT = 1000;
const TASK_POLLS = 2;
const RESETS = ['On', 'ForceOff', 'GracefulShutdown', 'ForceRestart'];
const MODES = ['UEFI', 'Legacy'];
const TARGETS = ['None', 'Pxe', 'UefiHttp', 'Hdd', 'Cd'];

export class RedfishEmulator {
  readonly chassis: Chassis;
  readonly faults = new Faults();
  readonly belongings: Belongings;
  /** Method and path of the last requests. */
  readonly requests: string[] = [];
  /** Types of the last resets. */
  readonly resets: string[] = [];
  readonly sessions = new Map<string, string>();
  readonly #options: RedfishEmulatorOptions;
  readonly #server: Server;
  /** Task → looks that it still takes. */
  readonly #tasks = new Map<string, { pollsLeft: number; readonly fails: boolean }>();

  constructor(options: RedfishEmulatorOptions) {
    this.#options = options;
    this.chassis = new Chassis(options.node ?? new BareNode(), this.faults);
    const { userName, password } = options;
    this.belongings = new Belongings(this.chassis.node, this.faults, userName, password);
    const serve = (request: IncomingMessage, response: ServerResponse) => {
      this.#serve(request, response).catch(() => {
        if (response.headersSent) response.destroy();
        else response.writeHead(500).end('{}');
      });
    };
    this.#server = options.tls ? createTlsServer(options.tls, serve) : createServer(serve);
  }

  get url(): string {
    return `http${this.#options.tls ? 's' : ''}://${this.host}`;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** @param port 0: any that is free; only this machine can reach it */
  async start(port = 0, address = '127.0.0.1'): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject);
    this.#server.listen(port, address, resolve);
    await promise;
  }

  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    await promise;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/';
    this.requests.push(`${request.method} ${path}`);
    if (this.requests.length > REQUESTS_KEPT) this.requests.shift();
    const body = await readBody(request);
    if (misbehave(this.faults, path, response)) return;
    const answer = await this.#answer(request, path, body);
    if (request.method !== 'GET' && !path.startsWith(SESSIONS)) {
      // Done, but nobody is told.
      if (this.faults.take('lostReply')) return void response.destroy();
    }
    const text = answer.body === undefined ? '' : JSON.stringify(answer.body);
    response.writeHead(answer.status, {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(text),
      ...answer.headers,
    });
    response.end(text);
  }

  async #answer(request: IncomingMessage, path: string, body: unknown): Promise<Answer> {
    const method = request.method ?? 'GET';
    if (method === 'GET' && /^\/redfish(\/v1\/?)?$/.test(path)) {
      return { status: 200, body: path === '/redfish' ? { v1: '/redfish/v1/' } : rootResource() };
    }
    if (method === 'POST' && path === SESSIONS) return this.#login(body);
    if (!this.#isKnown(request)) return problem(401, 'who are you?');
    if (method === 'DELETE' && path.startsWith(`${SESSIONS}/`)) {
      const id = path.slice(SESSIONS.length + 1);
      for (const [token, session] of this.sessions) if (session === id) this.sessions.delete(token);
      return { status: 204 };
    }
    if (method === 'GET') return this.#get(path);
    if (this.faults.take('refuses')) return problem(400, 'not like that');
    if (method === 'PATCH' && (path === SYSTEM || path === SETTINGS)) {
      return this.#patch(request, path, body);
    }
    if (method === 'POST' && path === RESET) return this.#reset(body);
    if (method === 'POST' && path.startsWith(`${DRIVE}/Actions/`)) return this.#media(path, body);
    const changed = await this.belongings.change(method, path, asRecord(body));
    if (changed && 'work' in changed) return this.#done(changed.work);
    return changed ?? problem(404, 'there is no such thing');
  }

  #login(body: unknown): Answer {
    if (this.faults.has('noSessions')) return problem(404, 'there are no sessions');
    const { UserName, Password } = asRecord(body);
    if (!this.belongings.admits(UserName, Password)) return problem(401, 'who are you?');
    const isFull = this.faults.take('sessionsTaken') || this.sessions.size >= MOST_SESSIONS;
    if (isFull) return problem(503, 'too many sessions');
    const [token, id] = [randomBytes(16).toString('hex'), randomBytes(4).toString('hex')];
    this.sessions.set(token, id);
    const headers = { 'X-Auth-Token': token, Location: `${SESSIONS}/${id}` };
    return { status: 201, body: { '@odata.id': headers.Location, Id: id }, headers };
  }

  #isKnown({ headers }: IncomingMessage): boolean {
    const token = headers['x-auth-token'];
    if (typeof token === 'string') {
      if (this.faults.take('sessionEnds')) this.sessions.delete(token);
      return this.sessions.has(token);
    }
    const basic = /^Basic ([A-Za-z0-9+/=]{1,4096})$/.exec(headers.authorization ?? '')?.[1];
    if (basic === undefined) return false;
    const pair = Buffer.from(basic, 'base64').toString('utf8');
    const colon = pair.indexOf(':');
    return this.belongings.admits(pair.slice(0, colon), pair.slice(colon + 1));
  }

  async #get(path: string): Promise<Answer> {
    if (path === SYSTEM || path === SETTINGS) {
      const reading = await this.chassis.reading();
      const isOnTheWay = this.faults.take('powersSlowly');
      const body = this.#system(isOnTheWay ? 'PoweringOn' : reading);
      const tag = this.faults.has('wrongEtag') ? '"never"' : await this.#tag();
      return { status: 200, body, headers: { ETag: tag } };
    }
    if (path.startsWith(TASK_MONITOR)) return this.#task(path.slice(TASK_MONITOR.length));
    const node = this.#options.description ?? SOME_NODE;
    const body = this.belongings.show(path) ?? stillResource(path, node, this.chassis.image);
    return body ? { status: 200, body } : problem(404, 'there is no such thing');
  }

  #system(power: string): object {
    return systemResource({
      node: this.#options.description ?? SOME_NODE,
      power,
      boot: this.chassis.boot,
      resetTypes: RESETS.filter(
        (type) => type !== 'GracefulShutdown' || !this.faults.has('noGracefulShutdown'),
      ),
      hasSettings: this.faults.has('needsSettings'),
      hasFirmware: this.belongings.hasFirmware,
    });
  }

  async #tag(): Promise<string> {
    const state = JSON.stringify([this.chassis.boot, await this.chassis.node.isOn()]);
    return `"${createHash('sha256').update(state).digest('hex').slice(0, 16)}"`;
  }

  async #patch(request: IncomingMessage, path: string, body: unknown): Promise<Answer> {
    const match = request.headers['if-match'];
    const isCurrent = !this.faults.has('wrongEtag') && match === (await this.#tag());
    if (match !== undefined && match !== '*' && !isCurrent) return problem(412, 'it has changed');
    const wanted = asRecord(asRecord(body)['Boot']);
    const { boot } = this.chassis;
    const mode = wanted['BootSourceOverrideMode'];
    const enabled = wanted['BootSourceOverrideEnabled'] ?? boot.enabled;
    const target =
      wanted['BootSourceOverrideTarget'] ?? (enabled === 'Disabled' ? 'None' : boot.target);
    const isWrong =
      (this.faults.has('needsMode') && mode === undefined) ||
      (this.faults.has('refusesMode') && mode !== undefined) ||
      (this.faults.has('refusesNone') && wanted['BootSourceOverrideTarget'] === 'None') ||
      (mode !== undefined && !MODES.includes(String(mode))) ||
      !TARGETS.includes(String(target));
    if (isWrong) return problem(400, 'not like that');
    if (enabled !== 'Disabled' && enabled !== 'Once' && enabled !== 'Continuous') {
      return problem(400, 'no such value of BootSourceOverrideEnabled');
    }
    // Where there is a settings resource, what is sent to the system itself is taken and lost.
    if (!this.faults.has('needsSettings') || path === SETTINGS) {
      this.chassis.setBoot({ enabled, target: String(target), mode: String(mode ?? boot.mode) });
    }
    return this.#done();
  }

  async #reset(body: unknown): Promise<Answer> {
    const type = String(asRecord(body)['ResetType']);
    if (!RESETS.includes(type)) return problem(400, 'no such value of ResetType');
    this.resets.push(type);
    if (this.resets.length > REQUESTS_KEPT) this.resets.shift();
    if (type === 'ForceRestart') await this.chassis.switchTo(false);
    await this.chassis.switchTo(type === 'On' || type === 'ForceRestart');
    return this.#done();
  }

  #media(path: string, body: unknown): Answer {
    const image = asRecord(body)['Image'];
    const isInsert = path.endsWith('InsertMedia');
    if (isInsert && typeof image !== 'string') return problem(400, 'Image is missing');
    this.chassis.image = isInsert ? String(image) : null;
    return this.#done();
  }

  #done(work: 'done' | 'fails' | 'hangs' = 'done'): Answer {
    const fails = this.faults.take('failedTasks') || work === 'fails';
    const isTask = this.faults.take('tasks') || work !== 'done';
    if (!fails && !isTask) return { status: 204 };
    const id = `${this.#tasks.size}`;
    this.#tasks.set(id, { pollsLeft: work === 'hangs' ? Infinity : TASK_POLLS, fails });
    return { status: 202, headers: { Location: `${TASK_MONITOR}${id}` } };
  }

  #task(id: string): Answer {
    const task = this.#tasks.get(id);
    if (!task) return problem(404, 'there is no such task');
    task.pollsLeft -= 1;
    if (task.pollsLeft > 0) return { status: 202, headers: { Location: `${TASK_MONITOR}${id}` } };
    return { status: 200, body: { TaskState: task.fails ? 'Exception' : 'Completed' } };
  }
}

function problem(status: number, message: string): Answer {
  return { status, body: { error: { code: 'Base.1.0.GeneralError', message } } };
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** Null where there is none, or it is no JSON. */
async function readBody(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request as AsyncIterable<Buffer>) {
    text += chunk.toString('utf8');
    if (text.length > LARGEST_REQUEST_BYTES) return null;
  }
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return null;
  }
}
