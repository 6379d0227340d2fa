/** The storage of the small world: which disks there are, and who each is open to. */
import type { ProvisionerEffect } from '../../core/provisioner/protocol.ts';
import { DeviceError } from './small-world.ts';
import type { SmallWorld } from './small-world.ts';

interface ModelDisk {
  exists: boolean;
  exposedTo: string | null;
  sequence: number;
}

export class ModelStore {
  readonly disks = new Map<string, ModelDisk>();
  /** False: a store that does not mind the order of effects (to plant that fault). */
  fences = true;
  readonly #world: SmallWorld;

  constructor(world: SmallWorld) {
    this.#world = world;
  }

  carryOut(name: string, effect: Extract<ProvisionerEffect, { readonly diskId: string }>): void {
    const takesMs = effect.kind === 'CloneImage' ? 3_000 : 500;
    this.#world.carryOut(name, effect.effectId, takesMs, () => this.#apply(effect));
  }

  #apply(effect: Extract<ProvisionerEffect, { readonly diskId: string }>): unknown {
    const { diskId, sequence } = effect;
    let disk = this.disks.get(diskId);
    if (!disk) {
      disk = { exists: false, exposedTo: null, sequence: -1 };
      this.disks.set(diskId, disk);
    }
    if (this.fences && sequence < disk.sequence) return new DeviceError('DEVICE_FENCED');
    disk.sequence = sequence;
    switch (effect.kind) {
      case 'CloneImage':
        disk.exists = true;
        return undefined;
      case 'ExposeDisk':
        if (!disk.exists) return new DeviceError('DEVICE_NO_DISK');
        if (!this.#world.nodes.isCurrent(effect.nodeId, effect.fencingToken)) {
          return new DeviceError('DEVICE_FENCED');
        }
        if (disk.exposedTo !== null && disk.exposedTo !== effect.nodeId) {
          this.#world.violations.push(`P2: disk ${diskId} is open to two nodes`);
        }
        disk.exposedTo = effect.nodeId;
        return undefined;
      case 'HideDisk':
        disk.exposedTo = null;
        return undefined;
      case 'DestroyDisk':
        if (disk.exposedTo !== null) {
          this.#world.violations.push(`P4: disk ${diskId} was destroyed while it was open`);
        }
        disk.exists = false;
        return undefined;
    }
  }

  /** The disk that the node sees, if it sees one. */
  openTo(nodeId: string): ModelDisk | undefined {
    for (const disk of this.disks.values()) if (disk.exposedTo === nodeId) return disk;
    return undefined;
  }

  /** Disks and targets that are there now. */
  residue(): string[] {
    const there: string[] = [];
    for (const [diskId, disk] of this.disks) {
      if (disk.exists) there.push(diskId);
      if (disk.exposedTo !== null) there.push(`target of ${diskId}`);
    }
    return there;
  }
}
