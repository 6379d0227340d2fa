/** How a disk is opened to a node over the network: what a store needs of it. */
import type { DiskAddress } from './protocol.ts';

/** A disk that is or was open to a node. */
export interface Export {
  /** Names its sockets and processes: 32 hex digits, the same for the disk's whole life. */
  readonly id: string;
  /** See `Volumes.blockDevice`. */
  readonly blockDevice: readonly string[];
  readonly address: DiskAddress;
}

export interface Exporter {
  /** A new name and a new secret. @param host address to serve at */
  newAddress(host: string, taken: ReadonlySet<number>): Promise<DiskAddress>;
  /** Opens it, or mends what of it has died. Throws where it does not answer as it should. */
  open(opened: Export, signal: AbortSignal): Promise<void>;
  /** True where it answers at its address. */
  isOpen(opened: Export, signal: AbortSignal): Promise<boolean>;
  /** Closes it, cuts who is connected, and makes sure. Throws where something is left of it. */
  close(id: string, address: DiskAddress | null, signal: AbortSignal): Promise<void>;
  /** Closes everything of this store's except these, whoever has opened it. */
  closeOthers(keep: ReadonlySet<string>, signal: AbortSignal): Promise<void>;
}
