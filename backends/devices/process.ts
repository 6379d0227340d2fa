/**
 * The devices as the isolation service has them where another process holds the credentials: each
 * effect is a command on a local socket. Whatever happens to that process, an effect that was sent
 * and not answered is uncertain, and one that was never sent has had no effect.
 */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { IsolationDeviceEffect } from '../../core/allocator/protocol.ts';
import { OcxError } from '../../core/kernel/errors.ts';
import type { Outcome } from '../../core/kernel/service.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { Devices, WiredPort } from './devices.ts';
import { LineReader, uptimeMs } from './messages.ts';
import type { DeviceAnswer, DeviceMessage } from './messages.ts';

export interface DeviceProcessOptions {
  /** Path of the socket. */
  readonly socket: string;
  /** Under which the service is in charge. */
  readonly epoch: () => Promise<number>;
  readonly nowMs: () => TimeMs;
}

/** Between two tries to reach the process, and how long that is tried for one command. */
const RETRY_MS = 100;
const REACH_MS = 5_000;
/** Of an answer: an observation of many ports. */
const LONGEST_ANSWER_BYTES = 4 * 1_048_576;

export class DeviceProcess implements Devices {
  readonly #options: DeviceProcessOptions;
  #line: Promise<Line> | null = null;
  #isClosed = false;

  constructor(options: DeviceProcessOptions) {
    this.#options = options;
  }

  async carryOut(
    effect: IsolationDeviceEffect,
    ports: readonly WiredPort[],
    signal: AbortSignal,
  ): Promise<Outcome<unknown>> {
    const epoch = await this.#options.epoch();
    const untilMs = uptimeMs() + REACH_MS;
    while (!signal.aborted && !this.#isClosed) {
      const line = await this.#reach(epoch).catch((error: unknown) => error);
      if (line instanceof Line) {
        const leftMs = effect.deadlineMs - this.#options.nowMs();
        const deadlineUptimeMs = Math.max(0, uptimeMs() + leftMs);
        return line.ask({ effect, ports, epoch, deadlineUptimeMs }, signal);
      }
      if (line instanceof OcxError) return unsent(line.code, line.message);
      if (uptimeMs() >= untilMs) break;
      await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
    }
    return unsent('DEVICE_UNREACHABLE', 'the process of the devices is not to be reached');
  }

  /**
   * The serial console of a node, for whom it is granted to.
   *
   * @throws DEVICE_DENIED, DEVICE_UNSUPPORTED, DEVICE_UNREACHABLE
   */
  async console(nodeId: string, grantee: string): Promise<Socket> {
    const message: DeviceMessage = { kind: 'console', nodeId, grantee };
    const { socket, rest } = await greet(this.#options.socket, message).catch((error: unknown) => {
      if (error instanceof OcxError) throw error;
      const said = 'the process of the devices is not to be reached';
      throw new OcxError({ code: 'DEVICE_UNREACHABLE', message: said });
    });
    if (rest.length > 0) socket.unshift(rest);
    return socket;
  }

  close(): void {
    this.#isClosed = true;
    void this.#line?.then(
      (line) => line.end(),
      () => {},
    );
  }

  /** One connection for all; a new one where the last one has ended. */
  #reach(epoch: number): Promise<Line> {
    if (this.#line) return this.#line;
    const hello: DeviceMessage = { kind: 'hello', epoch };
    const line = greet(this.#options.socket, hello).then(
      (greeted) => new Line(greeted, () => this.#forget(line)),
    );
    this.#line = line;
    line.catch(() => this.#forget(line));
    return line;
  }

  #forget(line: Promise<Line>): void {
    if (this.#line === line) this.#line = null;
  }
}

interface Greeted {
  readonly socket: Socket;
  /** What came after the welcome. */
  readonly rest: Buffer;
}

/** Connects, says the first message and hears that it is welcome. @throws as the desk refuses */
async function greet(path: string, message: DeviceMessage): Promise<Greeted> {
  const socket = connect(path);
  const { promise, resolve, reject } = Promise.withResolvers<Greeted>();
  const reader = new LineReader((text) => {
    const answer = parseAnswer(text);
    if (answer?.kind === 'welcome') resolve({ socket, rest: Buffer.alloc(0) });
    else if (answer?.kind === 'refused') reject(new OcxError(answer));
    else
      reject(new OcxError({ code: 'DEVICE_PROTOCOL', message: 'this is no process of devices' }));
  });
  const take = (chunk: Buffer) => {
    // One line is all that is wanted; what follows belongs to whoever takes over.
    const end = chunk.indexOf(10);
    if (end < 0) return void reader.push(chunk);
    socket.off('data', take);
    socket.pause();
    if (end + 1 < chunk.length) socket.unshift(chunk.subarray(end + 1));
    reader.push(chunk.subarray(0, end + 1));
  };
  socket.on('data', take);
  socket.once('error', reject);
  socket.once('close', () => reject(new Error('the connection ended')));
  socket.once('connect', () => socket.write(`${JSON.stringify(message)}\n`));
  try {
    return await promise;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

interface Asked {
  readonly effect: IsolationDeviceEffect;
  readonly ports: readonly WiredPort[];
  readonly epoch: number;
  readonly deadlineUptimeMs: number;
}

/** A connection on which the desk has said welcome. */
class Line {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (outcome: Outcome<unknown>) => void>();
  #calls = 0;

  constructor({ socket }: Greeted, ended: () => void) {
    this.#socket = socket;
    const reader = new LineReader((text) => this.#hear(text), LONGEST_ANSWER_BYTES);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      if (!reader.push(chunk)) socket.destroy();
    });
    socket.once('close', () => {
      ended();
      for (const answer of this.#waiting.values()) answer(GONE);
    });
    socket.resume();
  }

  ask(asked: Asked, signal: AbortSignal): Promise<Outcome<unknown>> {
    if (this.#socket.destroyed) {
      return Promise.resolve(unsent('DEVICE_UNREACHABLE', 'the connection ended before'));
    }
    const call = ++this.#calls;
    const { promise, resolve } = Promise.withResolvers<Outcome<unknown>>();
    const cancel = () => this.#say({ kind: 'cancel', call });
    this.#waiting.set(call, (outcome) => {
      this.#waiting.delete(call);
      signal.removeEventListener('abort', cancel);
      resolve(outcome);
    });
    this.#say({ kind: 'carryOut', call, ...asked } as DeviceMessage);
    signal.addEventListener('abort', cancel, { once: true });
    return promise;
  }

  end(): void {
    this.#socket.destroy();
  }

  #hear(text: string): void {
    const answer = parseAnswer(text);
    if (answer?.kind === 'outcome') this.#waiting.get(answer.call)?.(answer.outcome);
    else this.#socket.destroy();
  }

  #say(message: DeviceMessage): void {
    if (!this.#socket.destroyed) this.#socket.write(`${JSON.stringify(message)}\n`);
  }
}

const GONE: Outcome<unknown> = {
  status: 'uncertain',
  error: { code: 'DEVICE_PROCESS_GONE', message: 'the process of the devices ended in the middle' },
};

function unsent(code: string, message: string): Outcome<unknown> {
  return { status: 'noEffect', error: { code, message } };
}

function parseAnswer(text: string): DeviceAnswer | null {
  try {
    const answer = JSON.parse(text) as DeviceAnswer;
    return typeof answer === 'object' && answer !== null ? answer : null;
  } catch {
    return null;
  }
}
