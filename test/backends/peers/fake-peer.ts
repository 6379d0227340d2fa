/** A service at the other end of a link that answers as a test has it, and loses what it is told to. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ExecutionContext } from 'ava';

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly key: string;
  readonly token: string;
  readonly body: unknown;
}

export type Answer = (call: Call, response: ServerResponse) => void;

export class FakePeer {
  readonly calls: Call[] = [];
  /** Places after which the stream was asked for. */
  readonly cursors: number[] = [];
  answer: Answer = accept;
  /** Writes an event stream, from after a cursor on. */
  stream: (after: number, response: ServerResponse) => void = () => {};
  readonly url: string;

  private constructor(url: string) {
    this.url = url;
  }

  static async open(t: ExecutionContext): Promise<FakePeer> {
    const place: { peer?: FakePeer } = {};
    const server = createServer((request, response) => void place.peer!.#take(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const peer = new FakePeer(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    place.peer = peer;
    t.teardown(() => {
      server.close();
      server.closeAllConnections();
    });
    return peer;
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === '/v1/events') {
      const after = Number(request.headers['last-event-id']);
      this.cursors.push(after);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(': open\n\n');
      this.stream(after, response);
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const call = {
      method: request.method!,
      path: request.url!,
      key: String(request.headers['idempotency-key']),
      token: String(request.headers.authorization),
      body: text === '' ? null : (JSON.parse(text) as unknown),
    };
    this.calls.push(call);
    this.answer(call, response);
  }
}

export function accept(_: Call, response: ServerResponse): void {
  response.writeHead(202, { 'content-type': 'application/json' }).end('{}');
}

export function problem(status: number, code: string): Answer {
  return (_, response) => {
    response
      .writeHead(status, { 'content-type': 'application/problem+json' })
      .end(JSON.stringify({ code, detail: 'as the test has it', status }));
  };
}

/** An event as the services write it. */
export function eventText(cursor: number, body: { readonly kind: string }): string {
  const data = JSON.stringify({ seq: cursor, to: { role: 'organisation', name: 'lab' }, ...body });
  return `id: ${cursor}\nevent: ${body.kind}\ndata: ${data}\n\n`;
}
