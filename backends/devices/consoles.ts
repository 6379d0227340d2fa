/**
 * Serial consoles of nodes: one session a node, for whom its BMC is granted to and nobody else. It
 * ends when the grant changes hands.
 */
import type { Duplex } from 'node:stream';
import type { Outcome } from '../../core/kernel/service.ts';
import { nothing } from './failure.ts';
import type { Custody } from './custody.ts';

/** Where a console's bytes come from and go to. */
export interface ConsoleSource {
  open(signal: AbortSignal): Promise<Outcome<Duplex>>;
}

export class Consoles {
  readonly #sources: ReadonlyMap<string, ConsoleSource>;
  readonly #custody: Custody;
  /** Node → how its session is ended. */
  readonly #sessions = new Map<string, AbortController>();

  constructor(sources: ReadonlyMap<string, ConsoleSource>, custody: Custody) {
    this.#sources = sources;
    this.#custody = custody;
  }

  end(nodeId: string): void {
    this.#sessions.get(nodeId)?.abort();
  }

  /**
   * The node's console for as long as the grant lasts. A second session ends the first one.
   *
   * @returns `noEffect` with DEVICE_DENIED where the node is not granted to this one
   */
  async open(nodeId: string, grantee: string): Promise<Outcome<Duplex>> {
    if (this.#custody.grantee(nodeId) !== grantee) {
      return nothing('DEVICE_DENIED', 'the console is not granted to this one');
    }
    const source = this.#sources.get(nodeId);
    if (!source) return nothing('DEVICE_UNSUPPORTED', 'the node has no console that is known here');
    this.end(nodeId);
    const session = new AbortController();
    this.#sessions.set(nodeId, session);
    const forget = () => {
      if (this.#sessions.get(nodeId) === session) this.#sessions.delete(nodeId);
    };
    const opened = await source.open(session.signal);
    if (opened.status !== 'ok') {
      forget();
      return opened;
    }
    const stream = opened.value;
    stream.once('close', forget);
    const end = () => stream.destroy();
    session.signal.addEventListener('abort', end, { once: true });
    if (!session.signal.aborted) return opened;
    end();
    return nothing('DEVICE_DENIED', 'the grant ended while the console was opened');
  }
}
