/** What `ocx serve` has to know of a role: its table in the configuration, and how it is served. */
import type { TSchema } from 'typebox';
import type { EffectLogFile } from '../backends/runner/effect-log.ts';
import type { Store } from '../backends/store/store.ts';
import type { PeerEntry } from './live-peers.ts';
import type { ServeConfiguration, TlsFiles } from './serve-configuration.ts';

export interface LiveRole {
  /** As in `--role`, and the name of the service's journal in the store. */
  readonly name: string;
  /**
   * Keys of the table `[NAME]` of the configuration, beside `listen`, `tokens` and `peers`, which
   * every role's table may have.
   */
  readonly keys: Readonly<Record<string, TSchema>>;
  /** Keys of the whole configuration that this role cannot do without. */
  readonly needs: readonly string[];
  serve(request: ServeRequest): Promise<Served>;
}

/** Where a service answers: a TCP address, or a socket of this machine. */
export type Listening =
  | { readonly host: string; readonly port: number; readonly tls: TlsFiles | null }
  | { readonly socket: string };

export interface ServeRequest {
  readonly configuration: ServeConfiguration;
  /** Of the configuration. */
  readonly file: string;
  /** The role's own table, checked; empty where the configuration has none. */
  readonly table: Readonly<Record<string, unknown>>;
  readonly listening: Listening;
  /** Entries for `Tokens`. */
  readonly tokens: readonly unknown[];
  /** The services that it may talk with. */
  readonly peers: readonly PeerEntry[];
  /** Not closed by the role: several share it. */
  readonly store: Store;
  /** What the world is asked for goes there; null: nobody wants to know. */
  readonly effectLog: EffectLogFile | null;
  /** Events that stop the process go there. */
  readonly deadLetters: string;
  readonly version: string;
  log(line: string): void;
}

/** A service that answers. */
export interface Served {
  readonly url: string;
  readonly epoch: number;
  /** Events that were replayed. */
  readonly replayed: number;
  /** Settles when it has failed, and never if it does not. */
  readonly failed: Promise<never>;
  stop(): Promise<void>;
}
