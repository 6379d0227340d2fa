/**
 * Where a service of ours answers, and one request to it: `http://…`, `https://…`, or `unix:PATH` for
 * a socket of this machine, which reaches through network namespaces. No redirect is followed: a
 * token goes to the server that was named and to no other.
 */
import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isAbsolute } from 'node:path';
import { OcxError } from '../../core/kernel/errors.ts';

/** Most bytes of an answer that are read. */
const ANSWER_BYTES_MAXIMUM = 16 * 1024 * 1024;

export interface Server {
  /** As it was given, without a path. */
  readonly name: string;
  readonly options: RequestOptions;
  readonly isEncrypted: boolean;
}

/** @throws INPUT_SERVER */
export function serverOf(given: string): Server {
  const socketPath = /^unix:(.+)$/.exec(given)?.[1];
  if (socketPath !== undefined && isAbsolute(socketPath)) {
    return { name: given, options: { socketPath, host: 'localhost' }, isEncrypted: false };
  }
  const url = URL.canParse(given) ? new URL(given) : null;
  if (url && (url.protocol === 'http:' || url.protocol === 'https:')) {
    const { origin, port, protocol } = url;
    // Brackets of an IPv6 address belong to the URL alone.
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    const options = port === '' ? { host } : { host, port: Number(port) };
    return { name: origin, options, isEncrypted: protocol === 'https:' };
  }
  throw new OcxError({
    code: 'INPUT_SERVER',
    message: `${given} is no address of a service`,
    remedy: 'give http://, https:// and a host, or unix: and the absolute path of a socket',
  });
}

export interface Sending {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as JSON; a buffer as it is. */
  readonly body?: object;
  readonly signal: AbortSignal;
}

/** @returns the beginning of the answer; its body is to be read or destroyed */
export function send(server: Server, sending: Sending): Promise<IncomingMessage> {
  const { method, path, headers, body, signal } = sending;
  const isBytes = Buffer.isBuffer(body);
  const content = body === undefined || isBytes ? (body ?? null) : JSON.stringify(body);
  const begin = server.isEncrypted ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const request = begin(
      {
        ...server.options,
        ...{ method, path, signal },
        headers: {
          ...headers,
          ...(content === null
            ? {}
            : {
                'content-type': isBytes ? 'application/octet-stream' : 'application/json',
                'content-length': Buffer.byteLength(content),
              }),
        },
      },
      resolve,
    );
    request.once('error', reject);
    request.end(content ?? undefined);
  });
}

/** The whole body. @throws where it breaks off or is too long */
export async function bodyOf(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAXIMUM) {
      response.destroy();
      throw new Error('the answer is too long');
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The body as JSON; null where it is none. */
export async function jsonOf(response: IncomingMessage): Promise<unknown> {
  const body = await bodyOf(response);
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    return null;
  }
}
