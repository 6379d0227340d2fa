/**
 * Talking to a Redfish service: a session that is opened again when it has ended, entity tags, tasks
 * that are waited for, and readings that are repeated. A change is sent once; whether it is sent
 * again is decided by whoever looks at what became of it.
 */
import type { Outcome } from '../../../core/kernel/service.ts';
import { pause } from '../../devices/confirmation.ts';
import { doubtful, nothing } from '../../devices/failure.ts';
import type { Failure } from '../../devices/failure.ts';
import { parseBounded, textAt } from './bounded-json.ts';
import type { JsonObject } from './bounded-json.ts';
import type { Exchange, ExchangeAnswer, ExchangeRequest } from './exchange.ts';

export interface RedfishCredentials {
  readonly userName: string;
  readonly password: string;
}

/** A resource as it was read. */
export interface Resource {
  readonly path: string;
  readonly body: JsonObject;
}

/** How often a reading is tried, and a change whose entity tag was out of date. */
const ATTEMPTS = 3;
const TASK_POLLS = 60;
const TOKEN = /^[\x21-\x7e]{1,1024}$/;

/** How requests prove who asks. */
type Way =
  | { readonly kind: 'session'; readonly token: string; readonly location: string | null }
  /** `isMakeshift`: for one request, as no session was to be had just now. */
  | { readonly kind: 'basic'; readonly isMakeshift: boolean };

export class RedfishSession {
  readonly #exchange: Exchange;
  readonly #credentials: RedfishCredentials;
  readonly #pauseMs: number;
  /** Null: none is open. */
  #way: Way | null = null;

  /** @param pauseMs between two tries of a reading, and two looks at a task */
  constructor(exchange: Exchange, credentials: RedfishCredentials, pauseMs: number) {
    this.#exchange = exchange;
    this.#credentials = credentials;
    this.#pauseMs = pauseMs;
  }

  get root(): string {
    return `${this.#exchange.root}/redfish/v1/`;
  }

  get host(): string {
    return this.#exchange.host;
  }

  async read(path: string, signal: AbortSignal): Promise<Outcome<Resource>> {
    const got = await this.#get(path, signal);
    return got.status === 'ok' ? { status: 'ok', value: got.value.resource } : got;
  }

  /** Changes a resource, if it is still as it was read. */
  async patch(path: string, body: object, signal: AbortSignal): Promise<Outcome> {
    let last: Outcome = nothing('DEVICE_REFUSED', 'the resource changes all the time');
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const got = await this.#get(path, signal);
      if (got.status !== 'ok') return got;
      // Some tags are wrong for good: the last try is for any version, as what is set is absolute.
      const tag = attempt === ATTEMPTS - 1 && got.value.tag !== null ? '*' : got.value.tag;
      const headers: Record<string, string> = tag === null ? {} : { 'If-Match': tag };
      const sent = await this.#send({ method: 'PATCH', path, headers, body }, signal);
      if (sent.status !== 'ok') return sent;
      last = await this.#judge(sent.value, signal);
      if (sent.value.status !== 412 && sent.value.status !== 428) return last;
    }
    return last;
  }

  /** @param taskPolls looks at a task that it may begin, before it counts as never ending */
  async post(
    path: string,
    body: object,
    signal: AbortSignal,
    taskPolls = TASK_POLLS,
  ): Promise<Outcome> {
    const sent = await this.#send({ method: 'POST', path, headers: {}, body }, signal);
    return sent.status === 'ok' ? this.#judge(sent.value, signal, taskPolls) : sent;
  }

  /** Of what is not there any more nothing is left to delete. */
  async delete(path: string, signal: AbortSignal): Promise<Outcome> {
    const sent = await this.#send({ method: 'DELETE', path, headers: {} }, signal);
    if (sent.status !== 'ok') return sent;
    return sent.value.status === 404
      ? { status: 'ok', value: undefined }
      : this.#judge(sent.value, signal);
  }

  /** Ends the session, so that the few that a BMC has are not used up. */
  async close(signal: AbortSignal): Promise<void> {
    const way = this.#way;
    this.#way = null;
    if (way?.kind === 'session' && way.location !== null) {
      const headers = { 'X-Auth-Token': way.token };
      await this.#exchange.send({ method: 'DELETE', path: way.location, headers }, signal);
    }
    this.#exchange.close();
  }

  async #get(
    path: string,
    signal: AbortSignal,
  ): Promise<Outcome<{ readonly resource: Resource; readonly tag: string | null }>> {
    let last: Failure = nothing('DEVICE_UNREACHABLE', 'the BMC was not asked');
    for (let attempt = 0; attempt < ATTEMPTS && !signal.aborted; attempt++) {
      if (attempt > 0) await pause(this.#pauseMs, signal);
      const got = await this.#send({ method: 'GET', path, headers: {} }, signal);
      if (got.status === 'ok' && got.value.status === 200) {
        const body = parseBounded(got.value.text);
        if (!body) return nothing('DEVICE_BAD_ANSWER', 'the BMC answered what is no resource');
        const tag = got.value.headers.etag ?? textAt(body, '@odata.etag');
        return { status: 'ok', value: { resource: { path, body }, tag } };
      }
      last = got.status === 'ok' ? refused(got.value) : asReading(got);
      if (!isWorthRepeating(got)) break;
    }
    return last;
  }

  /** What an answer to a change says about it; a task is waited for. */
  async #judge(
    answer: ExchangeAnswer,
    signal: AbortSignal,
    taskPolls = TASK_POLLS,
  ): Promise<Outcome> {
    const { status, headers } = answer;
    if (status === 202 && headers.location) return this.#task(headers.location, signal, taskPolls);
    if (status >= 200 && status < 300) return { status: 'ok', value: undefined };
    return status >= 500 ? doubtful('DEVICE_BROKEN', statusOf(answer)) : refused(answer);
  }

  async #task(location: string, signal: AbortSignal, polls: number): Promise<Outcome> {
    const path = this.#exchange.ownPath(location);
    if (path === null) return doubtful('DEVICE_BAD_ANSWER', 'the BMC put a task in another place');
    for (let poll = 0; poll < polls && !signal.aborted; poll++) {
      const got = await this.#send({ method: 'GET', path, headers: {} }, signal);
      // A task that is over may be forgotten; what became of it is read from the resource.
      if (got.status === 'ok' && got.value.status !== 202) {
        const state = textAt(parseBounded(got.value.text), 'TaskState');
        const isOpen = state !== null && /^(New|Pending|Running|Starting)$/.test(state);
        if (state === 'Exception' || state === 'Killed' || state === 'Cancelled') {
          return doubtful('DEVICE_REFUSED', `a task of the BMC ended as ${state}`);
        }
        if (!isOpen) return { status: 'ok', value: undefined };
      }
      await pause(this.#pauseMs, signal);
    }
    return doubtful('DEVICE_LATE', 'a task of the BMC did not end');
  }

  /** With credentials; a session that has ended is opened again, once. */
  async #send(asked: ExchangeRequest, signal: AbortSignal): Promise<Outcome<ExchangeAnswer>> {
    for (let attempt = 0; ; attempt++) {
      const opened = await this.#open(signal);
      if (opened.status !== 'ok') return opened;
      const headers = { ...asked.headers, ...opened.value };
      const sent = await this.#exchange.send({ ...asked, headers }, signal);
      const way = this.#way;
      const isMakeshift = way?.kind === 'basic' && way.isMakeshift;
      if (isMakeshift) this.#way = null;
      if (sent.status !== 'ok' || sent.value.status !== 401) return sent;
      if (isMakeshift) return nothing('DEVICE_BROKEN', 'the BMC has no session to give');
      const hadSession = way?.kind === 'session';
      this.#way = null;
      if (attempt > 0 || !hadSession) {
        return nothing('DEVICE_DENIED', 'the BMC does not accept the credentials');
      }
    }
  }

  /** The headers that prove who asks. */
  async #open(signal: AbortSignal): Promise<Outcome<Record<string, string>>> {
    if (this.#way === null) {
      const { userName: UserName, password: Password } = this.#credentials;
      const path = await this.#sessionsPath(signal);
      if (path.status !== 'ok') return path;
      const body = { UserName, Password };
      const made = await this.#exchange.send(
        { method: 'POST', path: path.value, headers: {}, body },
        signal,
      );
      if (made.status !== 'ok') return asReading(made);
      const token = made.value.headers['x-auth-token'];
      if (made.value.status < 300 && typeof token === 'string' && TOKEN.test(token)) {
        const location = made.value.headers.location;
        const own = location === undefined ? null : this.#exchange.ownPath(location);
        this.#way = { kind: 'session', token, location: own };
      } else {
        // Not all offer sessions, and some have none left.
        this.#way = { kind: 'basic', isMakeshift: made.value.status >= 500 };
      }
    }
    if (this.#way.kind === 'session') {
      return { status: 'ok', value: { 'X-Auth-Token': this.#way.token } };
    }
    const { userName, password } = this.#credentials;
    const basic = Buffer.from(`${userName}:${password}`).toString('base64');
    return { status: 'ok', value: { Authorization: `Basic ${basic}` } };
  }

  async #sessionsPath(signal: AbortSignal): Promise<Outcome<string>> {
    const got = await this.#exchange.send({ method: 'GET', path: this.root, headers: {} }, signal);
    if (got.status !== 'ok') return asReading(got);
    if (got.value.status >= 500) return refused(got.value);
    const body = parseBounded(got.value.text);
    const link = textAt(body, 'Links', 'Sessions', '@odata.id');
    const path = this.#exchange.ownPath(link ?? `${this.root}SessionService/Sessions`);
    if (path === null) return nothing('DEVICE_BAD_ANSWER', 'the BMC gave a link to another place');
    return { status: 'ok', value: path };
  }
}

/** A reading, or the opening of a session, that failed leaves nothing behind that counts. */
function asReading({ error }: Failure): Failure {
  return { status: 'noEffect', error };
}

function refused(answer: ExchangeAnswer): Failure {
  const code =
    answer.status === 403
      ? 'DEVICE_DENIED'
      : answer.status >= 500
        ? 'DEVICE_BROKEN'
        : 'DEVICE_REFUSED';
  return nothing(code, statusOf(answer));
}

function statusOf({ status, text }: ExchangeAnswer): string {
  const body = parseBounded(text);
  const said = textAt(body, 'error', 'message');
  return `the BMC answered ${status}${said === null ? '' : `: ${said.slice(0, 200)}`}`;
}

function isWorthRepeating(got: Outcome<ExchangeAnswer>): boolean {
  if (got.status === 'ok') return got.value.status >= 500 || got.value.status === 429;
  return got.error.code === 'DEVICE_UNREACHABLE';
}
