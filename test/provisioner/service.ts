/** A provisioner to test with: one golden image of `ghent`, and the commands about node `n1`. */
import type { ProvisionNode, ProvisionerEffect } from '../../core/provisioner/protocol.ts';
import { provisionerService } from '../../core/provisioner/provisioner.ts';
import { PROVISIONER_DEFAULTS } from '../../core/provisioner/state.ts';
import type { ProvisionerConfiguration } from '../../core/provisioner/state.ts';
import { Driver, only, organisation } from '../leasing/driver.ts';

export const GHENT = organisation('ghent');
export const LYON = organisation('lyon');

export const GOLDEN = { imageId: 'golden', owner: 'ghent', shared: false, snapshotId: 'v1' };

export function provisioner(changes: Partial<ProvisionerConfiguration> = {}) {
  return new Driver(provisionerService, {
    ...PROVISIONER_DEFAULTS,
    name: 'p',
    operators: ['operator'],
    images: [GOLDEN],
    ...changes,
  });
}

export type Provisioner = ReturnType<typeof provisioner>;

export const ABOUT = { leaseId: 'lease', nodeId: 'n1', fencingToken: 1 } as const;

export function provisionNode(changes: Partial<ProvisionNode> = {}) {
  return {
    kind: 'ProvisionNode',
    ...ABOUT,
    imageId: 'golden',
    method: 'diskless',
    securityLevel: 'none',
    fromAttestedFirmware: false,
    ...changes,
  } as const;
}

export function deprovisionNode(changes: { readonly [name: string]: unknown } = {}) {
  return { kind: 'DeprovisionNode', ...ABOUT, park: false, ...changes } as const;
}

/** The next effect on the store or the node; throws where there is not exactly one. */
export function job(effects: readonly ProvisionerEffect[]): ProvisionerEffect {
  const found = effects.filter((effect) => 'effectId' in effect);
  if (found.length !== 1) throw new Error(`${found.length} jobs, not one`);
  return found[0]!;
}

/** Provisions node n1 without trouble; the disk that it runs from. */
export function provisionWell(service: Provisioner, changes: Partial<ProvisionNode> = {}): string {
  const clone = only(service.command(GHENT, provisionNode(changes)).effects, 'CloneImage');
  const expose = only(service.ok(clone), 'ExposeDisk');
  const boot = only(service.ok(expose), 'BootNode');
  only(service.ok(boot), 'Notify');
  return clone.diskId;
}

/** Nothing is left of sessions, disks and effects. */
export function isClean(service: Provisioner): boolean {
  const { disks, sessions, operations, images } = service.state;
  let children = 0;
  for (const image of images.values()) {
    for (const snapshot of image.snapshots.values()) children += snapshot.children;
  }
  return disks.size + sessions.size + operations.size + children === 0;
}
