/**
 * The gateway in the airlocks: a leg in each node's airlock network, where the node gets its boot
 * image and reaches the attester of its lease. Which node is talking is known by the address that
 * it talks to, and by its own address being in that leg's network; by nothing that it says. The
 * gateway keeps nothing and judges nothing: what it passes on proves itself.
 */
import { createReadStream, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { BlockList, isIP, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { OcxError } from '../../core/kernel/errors.ts';
import { problemOf, PROBLEM_TYPE } from '../http/problem.ts';
import type { LeaseAttesters } from './lease-attesters.ts';

/** One leg of the gateway. */
export interface AirlockLeg {
  readonly nodeId: string;
  /** Of the gateway in the node's airlock; no two legs have the same. */
  readonly address: string;
  /** Length of the prefix of the network around it. */
  readonly prefix: number;
}

export interface AirlockOptions {
  readonly legs: readonly AirlockLeg[];
  readonly port: number;
  /** Path of the boot image; null: none is served here. */
  readonly image: string | null;
  readonly attesters: LeaseAttesters;
  /** Structured log lines. */
  readonly log: (line: string) => void;
}

/** Both logs of a node in base64, and what else there is. */
const BODY_BYTES_MAXIMUM = 7 * 1024 * 1024;
/** A node needs one or two. */
const CONNECTIONS_MAXIMUM = 8;
const REQUEST_TIMEOUT_MS = 30_000;

type Handler = (request: IncomingMessage, response: ServerResponse, nodeId: string) => unknown;

export class AirlockGateway {
  readonly #options: AirlockOptions;
  readonly #servers: Server[] = [];
  readonly #calls: ReadonlyMap<string, Handler>;

  constructor(options: AirlockOptions) {
    this.#options = options;
    this.#calls = new Map<string, Handler>([
      ['GET /uki.efi', (request, response) => this.#image(request, response)],
      ['HEAD /uki.efi', (request, response) => this.#image(request, response)],
      ['GET /v1/whereami', (_, response) => text(response, 'airlock\n')],
      ['POST /v1/airlock/hello', (...call) => this.#passOn('hello', ...call)],
      ['POST /v1/airlock/answer', (...call) => this.#passOn('answer', ...call)],
      ['GET /v1/airlock/key', (...call) => this.#keyShare(...call)],
    ]);
  }

  /** Listens on every leg. @returns the addresses, `address:port` */
  async listen(): Promise<string[]> {
    const places: string[] = [];
    for (const leg of this.#options.legs) {
      const server = this.#serverOf(leg);
      this.#servers.push(server);
      server.listen(this.#options.port, leg.address);
      await once(server, 'listening');
      const { address, port } = server.address() as AddressInfo;
      places.push(`${address}:${port}`);
    }
    return places;
  }

  async close(): Promise<void> {
    const closed = this.#servers.map((server) => {
      server.close();
      server.closeAllConnections();
      return once(server, 'close');
    });
    await Promise.all(closed);
  }

  #serverOf(leg: AirlockLeg): Server {
    const network = new BlockList();
    const family = isIP(leg.address) === 6 ? 'ipv6' : 'ipv4';
    network.addSubnet(leg.address, leg.prefix, family);
    const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
      void this.#answer(request, response, leg.nodeId);
    });
    server.maxConnections = CONNECTIONS_MAXIMUM;
    // Linux answers for each of its addresses on every link: another node could talk to this leg.
    server.on('connection', (socket: Socket) => {
      if (network.check(socket.remoteAddress ?? '', family)) return;
      this.#log({
        msg: 'a stranger in the airlock',
        nodeId: leg.nodeId,
        from: socket.remoteAddress,
      });
      socket.destroy();
    });
    return server;
  }

  async #answer(request: IncomingMessage, response: ServerResponse, nodeId: string): Promise<void> {
    try {
      const handler = this.#calls.get(`${request.method} ${request.url}`);
      if (!handler) {
        throw new OcxError({ code: 'NOT_FOUND_ROUTE', message: 'there is no such call' });
      }
      await handler(request, response, nodeId);
      this.#log({ msg: request.url, nodeId, status: response.statusCode });
    } catch (error) {
      const refusal =
        error instanceof OcxError ? error : { code: 'RESOURCE_PEER', message: String(error) };
      this.#log({ msg: request.url, nodeId, code: refusal.code, why: refusal.message });
      if (response.headersSent) return void response.destroy();
      const problem = problemOf(refusal);
      response.writeHead(problem.status, { 'content-type': PROBLEM_TYPE, connection: 'close' });
      response.end(JSON.stringify(problem));
    }
  }

  async #image(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { image } = this.#options;
    const size = image === null ? undefined : statSync(image, { throwIfNoEntry: false })?.size;
    if (image === null || size === undefined) {
      throw new OcxError({ code: 'NOT_FOUND_IMAGE', message: 'there is no boot image here' });
    }
    const type = { 'content-type': 'application/efi' };
    response.writeHead(200, { ...type, 'content-length': size });
    if (request.method === 'HEAD') response.end();
    else await pipeline(createReadStream(image, { end: Math.max(0, size - 1) }), response);
  }

  async #passOn(
    call: 'hello' | 'answer',
    request: IncomingMessage,
    response: ServerResponse,
    nodeId: string,
  ): Promise<void> {
    const body = await jsonBody(request);
    const { status, value } = await this.#options.attesters.post(nodeId, call, body);
    const type = status < 300 ? 'application/json' : PROBLEM_TYPE;
    response.writeHead(status, { 'content-type': type }).end(JSON.stringify(value));
  }

  async #keyShare(_: IncomingMessage, response: ServerResponse, nodeId: string): Promise<void> {
    const sealed = await this.#options.attesters.keyShare(nodeId);
    if (sealed === null) response.writeHead(204).end();
    else text(response, `${sealed}\n`);
  }

  #log(line: object): void {
    this.#options.log(`${JSON.stringify(line)}\n`);
  }
}

function text(response: ServerResponse, words: string): void {
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(words);
}

/** @throws INPUT_BODY_TOO_LARGE, INPUT_BAD_ARGUMENT */
async function jsonBody(request: IncomingMessage): Promise<object> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAXIMUM) {
      throw new OcxError({ code: 'INPUT_BODY_TOO_LARGE', message: 'no evidence is so long' });
    }
    chunks.push(chunk);
  }
  try {
    const value = JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Told below.
  }
  throw new OcxError({ code: 'INPUT_BAD_ARGUMENT', message: 'the body is no JSON object' });
}
