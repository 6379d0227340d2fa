/** Keep-alive clients on plain sockets: each leases a node and frees it again, over and over. */
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** What the clients found. */
export interface Load {
  readonly seconds: number;
  readonly errors: readonly string[];
  /** Answers that said to come back later. */
  readonly turnedAway: number;
  /** Milliseconds of each answer, sorted. */
  readonly leaseMs: readonly number[];
  readonly freeMs: readonly number[];
}

const DAY_MS = 86_400_000;
/** Clients beyond so many lease the same nodes again, for other days. */
export const NODES = 1_000;
/** Connections that are opened at once. */
const OPENED_AT_ONCE = 200;
const TOO_BUSY = 503;

interface Answer {
  readonly status: number;
  /** When to come back, where the answer says so. */
  readonly retryAfterSeconds: number;
  readonly body: string;
}

/** One connection with one request under way. */
class Client {
  readonly #socket: Socket;
  readonly #head: string;
  #text = '';
  #answered: ((answer: Answer) => void) | null = null;

  private constructor(socket: Socket, token: string) {
    this.#socket = socket;
    this.#head = `Host: bench\r\nAuthorization: Bearer ${token}\r\n`;
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (chunk) => this.#take(String(chunk)));
  }

  static open(port: number, token: string): Promise<Client> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(new Client(socket, token)));
      socket.once('error', reject);
    });
  }

  post(path: string, key: string, body: string): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#answered = resolve;
    const content = body
      ? `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`
      : 'Content-Length: 0\r\n';
    this.#socket.write(
      `POST /v1${path} HTTP/1.1\r\n${this.#head}Idempotency-Key: ${key}\r\n${content}\r\n${body}`,
    );
    return promise;
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: string): void {
    this.#text += chunk;
    const end = this.#text.indexOf('\r\n\r\n');
    if (end < 0) return;
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(this.#text)?.[1] ?? 0);
    if (this.#text.length < end + 4 + length) return;
    const status = Number(this.#text.slice(9, 12));
    const retryAfterSeconds = Number(/\r\nretry-after: (\d+)/i.exec(this.#text)?.[1] ?? 1);
    const body = this.#text.slice(end + 4, end + 4 + length);
    this.#text = this.#text.slice(end + 4 + length);
    this.#answered?.({ status, retryAfterSeconds, body });
  }
}

/** @param run makes names that no other run has */
export async function load(
  port: number,
  token: string,
  count: number,
  durationMs: number,
  run: string,
): Promise<Load> {
  const clients: Client[] = [];
  while (clients.length < count) {
    const group = Math.min(OPENED_AT_ONCE, count - clients.length);
    const opened = Array.from({ length: group }, () => Client.open(port, token));
    clients.push(...(await Promise.all(opened)));
  }
  const leaseMs: number[] = [];
  const freeMs: number[] = [];
  const errors: string[] = [];
  let turnedAway = 0;
  const startMs = performance.now();
  const endMs = startMs + durationMs;
  const drive = async (client: Client, index: number) => {
    for (let turn = 0; performance.now() < endMs; turn++) {
      const name = `${run}-${index}-${turn}`;
      const firstMs = Date.now() + (1 + 2 * Math.floor(index / NODES)) * DAY_MS;
      const terms = {
        ...{ leaseId: name, owner: 'owner', lessee: 'lessee', nodeIds: [`n${index % NODES}`] },
        ...{ startMs: firstMs, endMs: firstMs + DAY_MS, securityLevel: 'none' },
      };
      for (const [path, body, times] of [
        ['/leases', JSON.stringify(terms), leaseMs],
        [`/leases/${name}/cancel`, '', freeMs],
      ] as const) {
        const sentMs = performance.now();
        let answer = await client.post(path, `${name}${path.length}`, body);
        while (answer.status === TOO_BUSY && performance.now() < endMs) {
          turnedAway += 1;
          await delay(1_000 * answer.retryAfterSeconds);
          answer = await client.post(path, `${name}${path.length}`, body);
        }
        if (answer.status === TOO_BUSY) break;
        times.push(performance.now() - sentMs);
        if (answer.status >= 300) errors.push(answer.body);
      }
    }
  };
  await Promise.all(clients.map(drive));
  const seconds = (performance.now() - startMs) / 1_000;
  for (const client of clients) client.close();
  const sort = (times: number[]) => times.sort((a, b) => a - b);
  return { seconds, errors, turnedAway, leaseMs: sort(leaseMs), freeMs: sort(freeMs) };
}

/** Of sorted values. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}
