/** A way to a database on which a change can be kept back for any time, as a network may do. */
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { JsonStream } from '../../../backends/switches/openvswitch/json-stream.ts';

interface Message {
  readonly method?: string;
  readonly params?: readonly unknown[];
}

export class OvsdbDelay {
  /** Changes of ports are kept back, and all that follows them. */
  isHolding = false;
  /** What is kept back loses what guards it: a planted fault. */
  isStripping = false;
  held = 0;
  /** Everything that the database has answered. */
  answers = '';
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #release: (() => void)[] = [];

  constructor(target: string) {
    this.#server = createServer((client) => this.#serve(client, connect(target)));
  }

  async listen(path: string): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(path, resolve));
  }

  release(): void {
    this.isHolding = false;
    for (const send of this.#release.splice(0)) send();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(client: Socket, database: Socket): void {
    const stream = new JsonStream();
    let isHeld = false;
    for (const socket of [client, database]) {
      this.#sockets.add(socket);
      socket.setEncoding('utf8');
      socket.on('error', () => {});
    }
    database.on('data', (text: string) => {
      this.answers += text;
      client.write(text);
    });
    database.on('close', () => client.destroy());
    client.on('data', (text: string) => {
      for (const message of stream.take(text) ?? []) {
        const isChange = /"op":"(?:insert|update)"/.test(JSON.stringify(message));
        if (this.isHolding && isChange) isHeld = true;
        if (!isHeld) {
          database.write(JSON.stringify(message));
          continue;
        }
        this.held += 1;
        this.#release.push(() =>
          database.write(JSON.stringify(this.#stripped(message as Message))),
        );
      }
    });
  }

  #stripped(message: Message): Message {
    if (!this.isStripping || message.method !== 'transact') return message;
    const isGuard = (operation: unknown) =>
      /"op":"(?:assert|wait)"/.test(JSON.stringify(operation));
    return { ...message, params: message.params!.filter((operation) => !isGuard(operation)) };
  }
}
