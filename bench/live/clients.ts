/** Keep-alive clients on plain sockets: each leases a node and frees it again, over and over. */
import { connect, type Socket } from 'node:net';

/** What the clients found. */
export interface Load {
  readonly seconds: number;
  readonly errors: readonly string[];
  /** Milliseconds of each answer, sorted. */
  readonly leaseMs: readonly number[];
  readonly freeMs: readonly number[];
}

const DAY_MS = 86_400_000;

/** One connection with one request under way. */
class Client {
  readonly #socket: Socket;
  readonly #head: string;
  #text = '';
  #answered: ((status: number, body: string) => void) | null = null;

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

  post(path: string, key: string, body: string): Promise<{ status: number; body: string }> {
    const { promise, resolve } = Promise.withResolvers<{ status: number; body: string }>();
    this.#answered = (status, text) => resolve({ status, body: text });
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
    const body = this.#text.slice(end + 4, end + 4 + length);
    this.#text = this.#text.slice(end + 4 + length);
    this.#answered?.(status, body);
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
  for (let index = 0; index < count; index++) clients.push(await Client.open(port, token));
  const leaseMs: number[] = [];
  const freeMs: number[] = [];
  const errors: string[] = [];
  const startMs = performance.now();
  const endMs = startMs + durationMs;
  const drive = async (client: Client, index: number) => {
    for (let turn = 0; performance.now() < endMs; turn++) {
      const name = `${run}-${index}-${turn}`;
      const firstMs = Date.now() + DAY_MS;
      const terms = {
        ...{ leaseId: name, owner: 'owner', lessee: 'lessee', nodeIds: [`n${index}`] },
        ...{ startMs: firstMs, endMs: firstMs + DAY_MS, securityLevel: 'none' },
      };
      for (const [path, body, times] of [
        ['/leases', JSON.stringify(terms), leaseMs],
        [`/leases/${name}/cancel`, '', freeMs],
      ] as const) {
        const sentMs = performance.now();
        const answer = await client.post(path, `${name}${path.length}`, body);
        times.push(performance.now() - sentMs);
        if (answer.status >= 300) errors.push(answer.body);
      }
    }
  };
  await Promise.all(clients.map(drive));
  const seconds = (performance.now() - startMs) / 1_000;
  for (const client of clients) client.close();
  const sort = (times: number[]) => times.sort((a, b) => a - b);
  return { seconds, errors, leaseMs: sort(leaseMs), freeMs: sort(freeMs) };
}

/** Of sorted values. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}
