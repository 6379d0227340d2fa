/**
 * What parties may read of the provisioning service. Reading changes nothing, so it is no event and
 * not in the journal. Nothing here says how to get at a disk: that is told to its node alone.
 */
import { shapeRefusal } from '../kernel/command-shape.ts';
import type { CommandShape } from '../kernel/command-shape.ts';
import type { Refusal } from '../kernel/errors.ts';
import type { Principal } from '../kernel/service.ts';
import { mayClone } from './images.ts';
import { principalKey, sessionKey } from './state.ts';
import type { Disk, Image, ProvisionerState, Session } from './state.ts';

export const PROVISIONER_QUERIES = {
  ImageList: {},
  ImageShow: { imageId: 'name' },
  DiskList: {},
  DiskShow: { diskId: 'name' },
  SessionList: {},
  SessionShow: { leaseId: 'name', nodeId: 'name' },
} as const satisfies Readonly<Record<string, CommandShape>>;

export type ProvisionerQueryKind = keyof typeof PROVISIONER_QUERIES;

export interface ProvisionerQuery {
  readonly kind: ProvisionerQueryKind;
  readonly from: Principal;
  readonly imageId?: string;
  readonly diskId?: string;
  readonly leaseId?: string;
  readonly nodeId?: string;
}

/** A fresh plain value, or a refusal. Whatever the asker may not see is not there. */
export function viewProvisioner(
  state: ProvisionerState,
  query: ProvisionerQuery,
): Refusal | object {
  const { kind, from } = query;
  // The header of a command, which a query has not.
  const refusal = shapeRefusal({ ...query, commandId: 'query' }, PROVISIONER_QUERIES[kind]);
  if (refusal) return refusal;
  switch (kind) {
    case 'ImageList': {
      const images = [...state.images.values()].filter((image) => maySee(state, image, from));
      return { images: images.map(showImage) };
    }
    case 'ImageShow': {
      const image = state.images.get(query.imageId!);
      if (image && maySee(state, image, from)) return showImage(image);
      return { code: 'NOT_FOUND_IMAGE', message: `there is no image ${query.imageId}` };
    }
    case 'DiskList': {
      const disks = [...state.disks.values()].filter(({ owner }) => isOwn(owner, from));
      return { disks: disks.map((disk) => showDisk(state, disk)) };
    }
    case 'DiskShow': {
      const disk = state.disks.get(query.diskId!);
      if (disk && isOwn(disk.owner, from)) return showDisk(state, disk);
      return { code: 'NOT_FOUND_DISK', message: `there is no disk ${query.diskId}` };
    }
    case 'SessionList': {
      const sessions = [...state.sessions.values()].filter(({ asker }) =>
        isOwn(principalKey(asker), from),
      );
      return { sessions: sessions.map(showSession) };
    }
    case 'SessionShow': {
      const session = state.sessions.get(sessionKey(query.leaseId!, query.nodeId!));
      if (session && isOwn(principalKey(session.asker), from)) return showSession(session);
      const message = `node ${query.nodeId} is not provisioned under lease ${query.leaseId}`;
      return { code: 'NOT_FOUND_SESSION', message };
    }
  }
}

function maySee(state: ProvisionerState, image: Image, from: Principal): boolean {
  return from.role === 'admin' || mayClone(state, image, from);
}

function isOwn(owner: string, from: Principal): boolean {
  return from.role === 'admin' || owner === principalKey(from);
}

function showImage({ imageId, owner, shared, snapshots, job }: Image): object {
  const all = [...snapshots].map(([snapshotId, snapshot]) => ({
    snapshotId,
    isProtected: snapshot.protected,
    disks: snapshot.children,
  }));
  return { imageId, owner, shared, snapshots: all, underWay: job?.operation ?? null };
}

function showDisk({ sessions }: ProvisionerState, disk: Disk): object {
  const { diskId, imageId, snapshotId, owner, state, sessionKey: key } = disk;
  const session = key === null ? undefined : sessions.get(key);
  const { leaseId = null, nodeId = null } = session ?? {};
  return { diskId, imageId, snapshotId, owner, state, leaseId, nodeId };
}

function showSession(session: Session): object {
  const { leaseId, nodeId, imageId, method, securityLevel, stage, diskId, parkedDiskId } = session;
  return { leaseId, nodeId, imageId, method, securityLevel, stage, diskId, parkedDiskId };
}
