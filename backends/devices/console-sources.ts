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
    const socket = quiet(connect(this.#path));
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
    return { status: 'ok', value: quiet(new ProgramStream(this.#start())) };
  }
}

class ProgramStream extends Duplex {
  readonly #child: Spawned;

  constructor(child: Spawned) {
    super();
    this.#child = child;
    child.stdout.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) child.stdout.pause();
    });
    for (const pipe of [child.stdin, child.stdout]) pipe.on('error', () => this.destroy());
    child.once('error', () => this.destroy());
    child.once('exit', () => this.destroy());
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.#child.stdin.write(chunk, done);
  }

  override _destroy(_: Error | null, done: (error: null) => void): void {
    this.#child.kill('SIGKILL');
    done(null);
  }
}

/** However it fails, it is closed then; that is all there is to know of a console. */
function quiet<Stream extends Duplex>(stream: Stream): Stream {
  return stream.on('error', () => stream.destroy());
}

/** A child process with pipes. */
export interface Spawned {
  readonly stdin: NodeJS.WritableStream;
  readonly stdout: NodeJS.ReadableStream;
  once(event: 'error' | 'exit', listener: () => void): unknown;
  kill(signal: 'SIGKILL'): unknown;
}
