/** Where serial consoles come from: a socket of this machine, or serial over LAN by `ipmitool`. */
import { connect } from 'node:net';
import { Duplex } from 'node:stream';
import { once } from 'node:events';
import type { Outcome } from '../../core/kernel/service.ts';
import type { ConsoleSource } from './consoles.ts';
import { nothing } from './failure.ts';

/** A Unix socket, as QEMU offers for a serial port. */
export class SocketConsole implements ConsoleSource {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async open(signal: AbortSignal): Promise<Outcome<Duplex>> {
    const socket = connect(this.#path);
    try {
      await once(socket, 'connect', { signal });
    } catch {
      socket.destroy();
      return nothing('DEVICE_UNREACHABLE', 'the console is not to be reached');
    }
    return { status: 'ok', value: socket };
  }
}

/** What a program reads and prints; it ends when the console is closed. */
export class ProgramConsole implements ConsoleSource {
  readonly #start: () => Spawned;

  constructor(start: () => Spawned) {
    this.#start = start;
  }

  async open(): Promise<Outcome<Duplex>> {
    const child = this.#start();
    const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
    child.once('error', () => stream.destroy());
    child.once('exit', () => stream.destroy());
    stream.once('close', () => child.kill('SIGKILL'));
    return { status: 'ok', value: stream };
  }
}

/** A child process with pipes. */
export interface Spawned {
  readonly stdin: NodeJS.WritableStream;
  readonly stdout: NodeJS.ReadableStream;
  once(event: 'error' | 'exit', listener: () => void): unknown;
  kill(signal: 'SIGKILL'): unknown;
}
