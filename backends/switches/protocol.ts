/**
 * What every driver of a switch offers, whatever the switch speaks. Networks are VLANs: the id of a
 * network is its VLAN's.
 *
 * The driver confirms: `ok` of `configurePort` is what was read back from the switch afterwards.
 * `noEffect` is said only where the switch cannot have taken anything of it; all else is
 * `uncertain`. A driver never throws, and its promise does not settle while what it sent may still
 * be carried out, as far as the switch lets it know. Doing a thing twice is harmless.
 */
import type { Attachment } from '../../core/allocator/state.ts';
import type { Outcome } from '../../core/kernel/service.ts';

export interface SwitchDriver {
  /**
   * Makes the port carry exactly these networks: `vlan/native` untagged, at most one; `vlan/<id>`
   * tagged. An empty list shuts the port: it passes no frame in either direction.
   */
  configurePort(
    portId: string,
    attachments: readonly Attachment[],
    signal: AbortSignal,
  ): Promise<Outcome>;

  /**
   * What the port carries: the untagged network first, then the tagged by their ids. A port that is
   * in a state that `configurePort` never leaves it in (it passes frames of networks that cannot be
   * named) is `uncertain`, with code `DEVICE_FOREIGN`.
   */
  readPort(portId: string, signal: AbortSignal): Promise<Outcome<readonly Attachment[]>>;

  /**
   * What comes from here on is on behalf of the leadership of this number (the epoch of the
   * isolation service's journal). Where the switch can keep it, it refuses what earlier leaders send
   * from now on, reading included: `noEffect` with code `DEVICE_FENCED`. To be called before the
   * first reading of a new leader; a smaller number than before is ignored.
   */
  claim(epoch: number): void;

  /** Gives back connections. Nothing may be asked afterwards. */
  close(): Promise<void>;
}
