/**
 * One request to a BMC and its answer, both bounded. It goes to the one origin that was allowed and
 * nowhere else: a redirect or a link to another place is refused, whatever it is for.
 *
 * It stands on `node:https` and not on `fetch`, because each BMC has a certificate of its own to be
 * held against, which `fetch` can be told only with a package, and because `fetch` unpacks what it
 * is sent, so that a small body can be a large one.
 */
import { Agent as PlainAgent, request as plainRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import type { Outcome } from '../../../core/kernel/service.ts';
import { OcxError } from '../../../core/kernel/errors.ts';
import { doubtful, nothing } from '../../devices/failure.ts';
import type { Failure } from '../../devices/failure.ts';

/** How a BMC is known to be itself. */
export interface BmcTls {
  /** PEM: an authority, or the BMC's own self-signed certificate. */
  readonly certificates: string;
  /** False where the certificate bears another name; only with the BMC's own certificate. */
  readonly checksName: boolean;
}

export interface BmcAddress {
  /** `https://host[:port]`, and a path where the service is not at the root. */
  readonly url: string;
  /** `host` or `host:port` of all BMCs that there are. */
  readonly allowedHosts: readonly string[];
  readonly tls?: BmcTls;
  /** Without TLS the password travels in the open: for emulators on the same machine. */
  readonly allowsPlainText?: boolean;
}

export interface ExchangeRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: object;
}

export interface ExchangeAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** An inventory with all its processors has some 10 KiB. */
const LARGEST_BODY_BYTES = 1_048_576;
const LONGEST_PATH = 1024;
const PATH = /^\/(?!\/)[\x21-\x5b\x5d-\x7e]*$/;
/** Before any byte of the request was sent. */
const NEVER_SENT = /^(ECONNREFUSED|ENOTFOUND|EAI_\w+|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/;
const BAD_CERTIFICATE = /CERT|SIGNED|ERR_TLS|ERR_SSL|ISSUER|EPROTO/;

export class Exchange {
  readonly #origin: URL;
  readonly #agent: PlainAgent;
  readonly #timeoutMs: number;

  /** @throws INPUT_BMC_ADDRESS for an address that is not among the allowed ones */
  constructor(address: BmcAddress, timeoutMs: number) {
    this.#origin = checkedOrigin(address);
    this.#timeoutMs = timeoutMs;
    const options = { keepAlive: true, maxSockets: 1 };
    const { certificates: ca, checksName } = address.tls ?? { checksName: true };
    const anyName = checksName ? {} : { checkServerIdentity: () => undefined };
    this.#agent =
      this.#origin.protocol === 'https:'
        ? new Agent({ ...options, ...(ca === undefined ? {} : { ca }), ...anyName })
        : new PlainAgent(options);
  }

  get host(): string {
    return this.#origin.hostname;
  }

  /** Path of the service's root, without a slash at the end. */
  get root(): string {
    return this.#origin.pathname.replace(/\/+$/, '');
  }

  /** The path that a link of the BMC means; null where it leads away. */
  ownPath(link: string): string | null {
    if (link.length > LONGEST_PATH || !URL.canParse(link, this.#origin.href)) return null;
    const url = new URL(link, this.#origin);
    const path = url.pathname + url.search;
    return url.origin === this.#origin.origin && PATH.test(path) ? path : null;
  }

  close(): void {
    this.#agent.destroy();
  }

  async send(asked: ExchangeRequest, signal: AbortSignal): Promise<Outcome<ExchangeAnswer>> {
    if (signal.aborted) return nothing('DEVICE_LATE', 'the deadline passed before it was sent');
    const path = this.ownPath(asked.path);
    if (path === null) return nothing('DEVICE_BAD_ANSWER', 'the BMC gave a link to another place');
    const until = AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)]);
    try {
      return await this.#answer({ ...asked, path }, until);
    } catch (error) {
      return until.aborted
        ? doubtful('DEVICE_LATE', 'the BMC did not answer in time')
        : failureOf(error);
    }
  }

  async #answer(asked: ExchangeRequest, signal: AbortSignal): Promise<Outcome<ExchangeAnswer>> {
    const response = await this.#respond(asked, signal);
    const status = response.statusCode ?? 0;
    if (status >= 300 && status < 400) {
      response.destroy();
      return doubtful('DEVICE_BAD_ANSWER', `the BMC redirected a request (${status})`);
    }
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > LARGEST_BODY_BYTES) {
        response.destroy();
        return doubtful('DEVICE_BAD_ANSWER', 'the BMC sent more than any answer can be');
      }
      chunks.push(chunk);
    }
    const text = Buffer.concat(chunks).toString('utf8');
    return { status: 'ok', value: { status, headers: response.headers, text } };
  }

  #respond(asked: ExchangeRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const body = asked.body === undefined ? null : JSON.stringify(asked.body);
    const headers = {
      Accept: 'application/json',
      'Accept-Encoding': 'identity',
      'OData-Version': '4.0',
      ...(body === null
        ? {}
        : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }),
      ...asked.headers,
    };
    const send = this.#origin.protocol === 'https:' ? request : plainRequest;
    const { method, path } = asked;
    const call = send(new URL(path, this.#origin), { method, headers, agent: this.#agent, signal });
    call.on('error', reject);
    call.on('response', resolve);
    call.end(body ?? undefined);
    return promise;
  }
}

function failureOf(error: unknown): Failure {
  const code = String((error as { code?: unknown }).code ?? 'unknown');
  if (NEVER_SENT.test(code))
    return nothing('DEVICE_UNREACHABLE', `no connection to the BMC (${code})`);
  if (BAD_CERTIFICATE.test(code)) {
    return nothing('DEVICE_UNTRUSTED', `the BMC's certificate is not the one expected (${code})`);
  }
  return doubtful('DEVICE_UNREACHABLE', `the connection to the BMC broke (${code})`);
}

function checkedOrigin({ url, allowedHosts, tls, allowsPlainText = false }: BmcAddress): URL {
  const origin = URL.canParse(url) ? new URL(url) : null;
  const wrong = !origin
    ? 'the address of a BMC is no URL'
    : origin.username || origin.password || origin.search || origin.hash
      ? 'the address of a BMC has a host and a path, nothing else'
      : !allowedHosts.includes(origin.host) && !allowedHosts.includes(origin.hostname)
        ? 'the address of a BMC is not among the allowed hosts'
        : origin.protocol !== 'https:' && !(origin.protocol === 'http:' && allowsPlainText)
          ? 'a BMC is spoken to over https'
          : tls?.checksName === false && !tls.certificates
            ? 'a certificate without a name to check must be given'
            : null;
  if (origin && !wrong) return origin;
  throw new OcxError({ code: 'INPUT_BMC_ADDRESS', message: wrong! });
}
