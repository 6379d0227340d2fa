/**
 * Carries out the effects of the provisioning service: images and disks in the store, boots at the
 * desk, and the tunnel's peers as encrypted disks come and go.
 */
import { ok, type Outcome } from '../../core/kernel/service.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { ExposeDisk } from '../../core/provisioner/protocol.ts';
import type { ProvisionerState } from '../../core/provisioner/state.ts';
import type { BootableNode, BootDesk } from '../boot/boot-desk.ts';
import type { Tunnel } from '../boot/tunnel.ts';
import { nothing } from '../images/outcomes.ts';
import type { ImageStore } from '../images/protocol.ts';
import { sessionOf, type ProvisioningEffect } from './provisioning.ts';

export interface ProvisioningPorts {
  readonly store: ImageStore;
  /** Null: nodes are emulated, and their systems run as soon as they have a disk. */
  readonly desk: BootDesk | null;
  readonly nodes: readonly BootableNode[];
  readonly tunnel: Tunnel | null;
  readonly nowMs: () => TimeMs;
}

/** The longest that a driver is given where the deadline of an effect is far away. */
const LONGEST_CALL_MS = 2_147_483_647;

export class ProvisioningWork {
  readonly #ports: ProvisioningPorts;
  readonly #stopping = new AbortController();

  constructor(ports: ProvisioningPorts) {
    this.#ports = ports;
  }

  /** @param confirm throws where this process is not in charge any more */
  async carryOut(
    effect: ProvisioningEffect,
    state: ProvisionerState,
    confirm: () => Promise<void>,
  ): Promise<Outcome> {
    const { store, desk } = this.#ports;
    await confirm();
    const leftMs = effect.deadlineMs - this.#ports.nowMs();
    if (leftMs <= 0) return nothing('DEVICE_LATE', 'the deadline passed before this was begun');
    const signal = AbortSignal.any([
      AbortSignal.timeout(Math.min(leftMs, LONGEST_CALL_MS)),
      this.#stopping.signal,
    ]);
    switch (effect.kind) {
      case 'ChangeImage':
        return store.change(effect, signal);
      case 'CloneImage':
        return store.clone(effect, signal);
      case 'ExposeDisk':
        return this.#expose(effect, state, signal);
      case 'HideDisk': {
        const outcome = await store.hide(effect, signal);
        await this.#admit(state, signal);
        return outcome;
      }
      case 'DestroyDisk':
        return store.destroy(effect, signal);
      case 'BootNode':
        return desk === null ? ok : desk.boot(effect, signal);
    }
  }

  /** Breaks off what is under way: the next process is told to do it again. */
  stop(): void {
    this.#stopping.abort();
  }

  /** Looks after what serves the disks. @returns disks whose servers were started again */
  async mend(state: ProvisionerState, signal: AbortSignal): Promise<readonly string[]> {
    await this.#ports.tunnel?.mend(signal);
    await this.#admit(state, signal);
    return this.#ports.store.mend();
  }

  async #expose(
    effect: ExposeDisk,
    state: ProvisionerState,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const { store, tunnel } = this.#ports;
    const disk = state.disks.get(effect.diskId)!;
    const encrypted = sessionOf(state, disk).securityLevel === 'full';
    if (encrypted && tunnel === null && this.#ports.desk !== null) {
      return nothing('DEVICE_LEVEL', 'there is no tunnel for disks of level full');
    }
    const outcome = await store.expose({ ...effect, encrypted, owner: disk.owner }, signal);
    await this.#admit(state, signal);
    return outcome;
  }

  /** Who has an encrypted disk open may come into the tunnel, and nobody else. */
  async #admit(state: ProvisionerState, signal: AbortSignal): Promise<void> {
    const { tunnel, store, nodes } = this.#ports;
    if (tunnel === null) return;
    const peers = [...state.sessions.values()].flatMap(({ nodeId, leaseId }) => {
      const node = nodes.find((known) => known.nodeId === nodeId);
      const diskKey = store.exposedTo(nodeId, leaseId)?.key;
      const tunnelAddress = node?.tunnelAddress;
      return diskKey && tunnelAddress ? [{ tunnelAddress, diskKey }] : [];
    });
    await tunnel.admit(peers, signal);
  }
}
