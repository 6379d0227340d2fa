/** The provisioning service as the runner runs it. */
import { invariant } from '../../core/kernel/errors.ts';
import type {
  BootNode,
  ChangeImage,
  CloneImage,
  DestroyDisk,
  ExposeDisk,
  HideDisk,
  ProvisionerEffect,
  ProvisionerEvent,
} from '../../core/provisioner/protocol.ts';
import { provisionerService } from '../../core/provisioner/provisioner.ts';
import type {
  Disk,
  Image,
  OperationOwner,
  ProvisionerConfiguration,
  ProvisionerState,
  Session,
} from '../../core/provisioner/state.ts';
import type { LiveService } from './live-service.ts';

/** Effects whose outcome comes back. */
export type ProvisioningEffect =
  BootNode | ChangeImage | CloneImage | DestroyDisk | ExposeDisk | HideDisk;

export const liveProvisioning: LiveService<
  ProvisionerConfiguration,
  ProvisionerState,
  ProvisionerEvent,
  ProvisionerEffect
> = {
  service: provisionerService,

  awaited(state) {
    return [...state.operations].map(([effectId, owner]) => awaitedEffect(state, effectId, owner));
  },

  message(effect) {
    return effect.kind === 'Notify' ? { to: effect.to, body: effect.notice } : null;
  },
};

/** The effect as it was, put together from what the state has of it. */
function awaitedEffect(
  state: ProvisionerState,
  effectId: string,
  owner: OperationOwner,
): ProvisioningEffect {
  // `nextEffect` in core/provisioner/state.ts makes the id of the number.
  const sequence = Number(effectId.slice(state.configuration.name.length + 1));
  const header = { effectId, sequence };
  switch (owner.of) {
    case 'disk':
      return diskEffect(state, header, state.disks.get(owner.id)!);
    case 'boot':
      return bootEffect(header, state.sessions.get(owner.id)!);
    case 'image':
      return imageEffect(header, state.images.get(owner.id)!);
  }
}

interface Header {
  readonly effectId: string;
  readonly sequence: number;
}

function diskEffect(state: ProvisionerState, header: Header, disk: Disk): ProvisioningEffect {
  const { diskId, imageId, snapshotId } = disk;
  const { kind, deadlineMs } = disk.job!;
  switch (kind) {
    case 'clone':
      return { kind: 'CloneImage', ...header, deadlineMs, imageId, snapshotId, diskId };
    case 'hide':
      return { kind: 'HideDisk', ...header, deadlineMs, diskId };
    case 'destroy':
      return { kind: 'DestroyDisk', ...header, deadlineMs, diskId };
    case 'expose': {
      const { nodeId, leaseId, fencingToken } = sessionOf(state, disk);
      const node = { nodeId, leaseId, fencingToken };
      return { kind: 'ExposeDisk', ...header, deadlineMs, diskId, ...node };
    }
  }
}

/** The session that a disk in use belongs to: it stays until its disks are settled. */
export function sessionOf(state: ProvisionerState, { diskId, sessionKey }: Disk): Session {
  const session = sessionKey === null ? undefined : state.sessions.get(sessionKey);
  invariant(session !== undefined, `disk ${diskId} belongs to a session`);
  return session;
}

function bootEffect(header: Header, session: Session): BootNode {
  const { nodeId, leaseId, fencingToken, method, securityLevel, fromAttestedFirmware } = session;
  const { deadlineMs } = session.boot!;
  return {
    ...{ kind: 'BootNode', ...header, deadlineMs, nodeId, leaseId, fencingToken },
    ...{ method, securityLevel, fromAttestedFirmware },
  };
}

function imageEffect(header: Header, { imageId, job }: Image): ChangeImage {
  const { operation, snapshotId, source, deadlineMs } = job!;
  return { kind: 'ChangeImage', ...header, deadlineMs, operation, imageId, snapshotId, source };
}
