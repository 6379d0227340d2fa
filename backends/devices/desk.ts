/**
 * The listening end of the process that holds the credentials: commands of the shapes of
 * `messages.ts` come in on a local socket, outcomes go out, and nothing else does.
 *
 * A command is refused whose epoch is behind the largest that was seen, whose node's token is behind
 * the largest that was seen, or that is late; the first two also where another process had seen
 * them, before a restart. What was begun on behalf of an earlier epoch is told to end.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { Outcome } from '../../core/kernel/service.ts';
import { OcxError } from '../../core/kernel/errors.ts';
import { nothing } from './failure.ts';
import type { Consoles } from './consoles.ts';
import type { Custody } from './custody.ts';
import type { Devices } from './devices.ts';
import { DeviceLanes } from './lanes.ts';
import { LineReader, MOST_CALLS, parseMessage, uptimeMs } from './messages.ts';
import type { DeviceAnswer, DeviceMessage } from './messages.ts';
import type { Redaction } from './redaction.ts';

export interface DeskOptions {
  readonly devices: Devices;
  readonly custody: Custody;
  readonly consoles: Consoles;
  readonly redaction: Redaction;
  /** Told of each new leader, before its first command. */
  readonly claim: (epoch: number) => void;
  /** Structured log lines, without secrets. */
  readonly log: (line: string) => void;
}

type CarryOut = Extract<DeviceMessage, { kind: 'carryOut' }>;

export class DeviceDesk {
  readonly #options: DeskOptions;
  readonly #lanes: DeviceLanes;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#lanes = new DeviceLanes(options.devices, uptimeMs);
    this.#server = createServer((socket) => {
      const connection = new Connection(socket, this);
      this.#connections.add(connection);
      socket.once('close', () => this.#connections.delete(connection));
    });
    const { epoch } = options.custody;
    if (epoch > 0) options.claim(epoch);
  }

  /** @throws RESOURCE_SOCKET where the path cannot be listened on */
  async listen(path: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new OcxError({
          code: 'RESOURCE_SOCKET',
          message: `cannot listen on the socket (${error.code})`,
          place: { file: path },
          remedy: 'end the process that listens there, or name another path',
        }),
      ),
    );
    this.#server.listen(path, resolve);
    await promise;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const connection of this.#connections) connection.end();
    await closed;
  }

  /** @returns false where a later leader has been here */
  lead(epoch: number): boolean {
    const { custody, claim } = this.#options;
    if (epoch < custody.epoch) return false;
    if (epoch === custody.epoch) return true;
    custody.advanceEpoch(epoch);
    claim(epoch);
    this.log('leader', { epoch });
    for (const connection of this.#connections) connection.depose(epoch);
    return true;
  }

  async carryOut(message: CarryOut, signal: AbortSignal): Promise<Outcome<unknown>> {
    const { epoch, ports, deadlineUptimeMs } = message;
    const { custody, redaction } = this.#options;
    const { nodeId, fencingToken } = message.effect;
    if (!this.lead(epoch)) return DEPOSED;
    if (fencingToken < custody.fencingToken(nodeId)) {
      return nothing('DEVICE_FENCED', 'a later holder of the node has been here');
    }
    custody.advanceToken(nodeId, fencingToken);
    const effect = { ...message.effect, deadlineMs: deadlineUptimeMs };
    const confirm = async () => {
      if (epoch < custody.epoch) throw new Deposed();
    };
    const begun = uptimeMs();
    const outcome = await this.#lanes
      .carryOut(effect, ports, confirm, signal)
      .catch((error: unknown) => (error instanceof Deposed ? DEPOSED : DRIVER_FAILED));
    const code = outcome.status === 'ok' ? undefined : redaction.text(outcome.error.code);
    const tookMs = Math.round(uptimeMs() - begun);
    this.log('command', { effect: effect.kind, nodeId, status: outcome.status, code, tookMs });
    if (outcome.status === 'ok') return outcome;
    const message_ = redaction.text(outcome.error.message);
    return { status: outcome.status, error: { code: code!, message: message_ } };
  }

  openConsole(nodeId: string, grantee: string): ReturnType<Consoles['open']> {
    this.log('console', { nodeId, grantee });
    return this.#options.consoles.open(nodeId, grantee);
  }

  log(event: string, facts: object): void {
    this.#options.log(JSON.stringify({ timeMs: Date.now(), event, ...facts }));
  }
}

class Deposed extends Error {}

const DEPOSED = nothing('DEVICE_FENCED', 'a later leader of the service has been here');
/** What was thrown may hold anything, and says nothing about the device. */
const DRIVER_FAILED: Outcome<unknown> = {
  status: 'uncertain',
  error: { code: 'DEVICE_DRIVER_FAILED', message: 'the driver failed' },
};

/** One who speaks to the desk. */
class Connection {
  readonly #socket: Socket;
  readonly #desk: DeviceDesk;
  readonly #calls = new Map<number, AbortController>();
  readonly #reader = new LineReader((line) => this.#take(line));
  #epoch: number | null = null;
  #isConsole = false;

  constructor(socket: Socket, desk: DeviceDesk) {
    this.#socket = socket;
    this.#desk = desk;
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      if (!this.#isConsole && !this.#reader.push(chunk)) this.#refuse('the line is too long');
    });
    socket.once('close', () => this.#abandon());
  }

  end(): void {
    this.#socket.destroy();
  }

  /** What an earlier leader has begun is not wanted any more. */
  depose(epoch: number): void {
    if (this.#epoch !== null && this.#epoch < epoch) this.#abandon();
  }

  #abandon(): void {
    for (const call of this.#calls.values()) call.abort();
  }

  #take(line: string): void {
    if (this.#socket.destroyed || this.#isConsole) return;
    const message = parseMessage(line);
    if (!message) return this.#refuse('this is no message of the protocol');
    if (message.kind === 'console') return void this.#console(message);
    if (message.kind === 'hello') return this.#hello(message.epoch);
    if (this.#epoch === null) return this.#refuse('the first message has to be hello');
    if (message.kind === 'cancel') this.#calls.get(message.call)?.abort();
    else void this.#carryOut(message);
  }

  #hello(epoch: number): void {
    if (!this.#desk.lead(epoch)) {
      return this.#refuse('a later leader of the service has been here', 'DEVICE_FENCED');
    }
    this.#epoch = epoch;
    this.#say({ kind: 'welcome' });
  }

  async #carryOut(message: CarryOut): Promise<void> {
    const { call } = message;
    if (this.#calls.has(call)) return this.#refuse('the number of a call is used twice');
    if (this.#calls.size >= MOST_CALLS) {
      const outcome = nothing('DEVICE_OVERLOADED', 'too much is under way');
      return this.#say({ kind: 'outcome', call, outcome });
    }
    const controller = new AbortController();
    this.#calls.set(call, controller);
    const outcome = await this.#desk.carryOut(message, controller.signal);
    this.#calls.delete(call);
    this.#say({ kind: 'outcome', call, outcome });
  }

  async #console({ nodeId, grantee }: { nodeId: string; grantee: string }): Promise<void> {
    if (this.#epoch !== null) return this.#refuse('a console needs a connection of its own');
    this.#isConsole = true;
    const opened = await this.#desk.openConsole(nodeId, grantee);
    if (opened.status !== 'ok') return this.#refuse(opened.error.message, opened.error.code);
    const stream = opened.value;
    this.#say({ kind: 'welcome' });
    stream.once('close', () => this.#socket.destroySoon());
    if (stream.destroyed) return this.#socket.destroySoon();
    this.#socket.once('close', () => stream.destroy());
    stream.write(this.#reader.rest);
    this.#socket.pipe(stream, { end: false });
    stream.pipe(this.#socket);
  }

  #refuse(message: string, code = 'DEVICE_PROTOCOL'): void {
    this.#desk.log('refused', { code, message });
    this.#say({ kind: 'refused', code, message });
    this.#socket.destroySoon();
  }

  #say(answer: DeviceAnswer): void {
    if (!this.#socket.destroyed) this.#socket.write(`${JSON.stringify(answer)}\n`);
  }
}
