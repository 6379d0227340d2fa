/**
 * Disks: clone, expose to one node, hide, destroy or park. Whatever became of a step, a disk on
 * its way out is hidden and destroyed again and again until the store has confirmed both, so that
 * no disk and no target is left behind (m2 issue 122: store and database diverge).
 */
import type { Outcome } from '../kernel/service.ts';
import { backoffMs, nextEffect } from './state.ts';
import type { Disk, DiskJobKind, Session, Turn } from './state.ts';

/** Begins the id of a disk's timer; the rest is its id. */
export const DISK_TIMER = 'disk/';

/** Makes a new disk on the snapshot; the caller has checked that it may. */
export function startClone(
  turn: Turn,
  imageId: string,
  snapshotId: string,
  owner: string,
  sessionKey: string,
): Disk {
  const { state } = turn;
  const diskId = `${state.configuration.name}/disk-${state.sequence + 1}`;
  const disk: Disk = {
    diskId,
    imageId,
    snapshotId,
    owner,
    sessionKey,
    state: 'cloning',
    exposure: 'none',
    leaving: false,
    keep: false,
    job: null,
    attempts: 0,
  };
  state.disks.set(diskId, disk);
  state.images.get(imageId)!.snapshots.get(snapshotId)!.children += 1;
  const job = startJob(turn, disk, 'clone');
  turn.effects.push({ kind: 'CloneImage', ...job, imageId, snapshotId, diskId });
  return disk;
}

/** Opens the disk to the session's node. */
export function startExpose(turn: Turn, disk: Disk, session: Session): void {
  const { nodeId, leaseId, fencingToken } = session;
  const { diskId } = disk;
  const job = startJob(turn, disk, 'expose');
  turn.effects.push({ kind: 'ExposeDisk', ...job, diskId, nodeId, leaseId, fencingToken });
}

/** Sends the disk on its way out; where a job is under way, its outcome is waited for first. */
export function startLeaving(turn: Turn, disk: Disk, keep: boolean): void {
  disk.leaving = true;
  disk.keep = keep;
  if (disk.job === null) continueLeaving(turn, disk);
}

function continueLeaving(turn: Turn, disk: Disk): void {
  const { diskId } = disk;
  if (disk.exposure !== 'none') {
    const job = startJob(turn, disk, 'hide');
    turn.effects.push({ kind: 'HideDisk', ...job, diskId });
  } else if (disk.keep) {
    disk.state = 'parked';
    disk.leaving = false;
  } else {
    disk.state = 'destroying';
    const job = startJob(turn, disk, 'destroy');
    turn.effects.push({ kind: 'DestroyDisk', ...job, diskId });
  }
}

/** What a disk's finished job means to its session. */
export type DiskNews =
  | { readonly kind: 'cloned' | 'exposed' | 'destroyed' | 'parked' }
  /** A forward step failed; `gone`: the disk never came to be. */
  | { readonly kind: 'failed'; readonly code: string; readonly gone: boolean }
  | null;

/** What became of the disk's job. */
export function diskOutcome(turn: Turn, disk: Disk, outcome: Outcome<unknown>): DiskNews {
  const { kind } = disk.job!;
  endJob(turn, disk);
  switch (kind) {
    case 'clone':
      return cloneOutcome(turn, disk, outcome);
    case 'expose':
      return exposeOutcome(turn, disk, outcome);
    case 'hide':
    case 'destroy':
      return leavingOutcome(turn, disk, kind, outcome);
  }
}

function cloneOutcome(turn: Turn, disk: Disk, outcome: Outcome<unknown>): DiskNews {
  if (outcome.status === 'noEffect') {
    const { leaving } = disk;
    forgetDisk(turn, disk);
    return leaving
      ? { kind: 'destroyed' }
      : { kind: 'failed', code: outcome.error.code, gone: true };
  }
  disk.state = outcome.status === 'ok' ? 'ready' : 'uncertain';
  if (disk.leaving) {
    continueLeaving(turn, disk);
    return null;
  }
  if (outcome.status === 'ok') return { kind: 'cloned' };
  return { kind: 'failed', code: outcome.error.code, gone: false };
}

function exposeOutcome(turn: Turn, disk: Disk, outcome: Outcome<unknown>): DiskNews {
  if (outcome.status === 'ok') {
    disk.state = 'exposed';
    disk.exposure = 'exposed';
  } else if (outcome.status === 'uncertain') {
    disk.state = 'uncertain';
    disk.exposure = 'unknown';
  }
  if (disk.leaving) {
    continueLeaving(turn, disk);
    return disk.keep && disk.exposure === 'none' ? { kind: 'parked' } : null;
  }
  if (outcome.status === 'ok') return { kind: 'exposed' };
  return { kind: 'failed', code: outcome.error.code, gone: false };
}

function leavingOutcome(
  turn: Turn,
  disk: Disk,
  kind: 'hide' | 'destroy',
  outcome: Outcome<unknown>,
): DiskNews {
  if (outcome.status !== 'ok') {
    // Not done, or not known to be done: the disk stays on the books and is tried again.
    if (outcome.status === 'uncertain') disk.state = 'uncertain';
    const atMs = turn.timeMs + backoffMs(turn.state, disk.attempts);
    disk.attempts += 1;
    turn.effects.push({ kind: 'SetTimer', timerId: DISK_TIMER + disk.diskId, atMs });
    return null;
  }
  disk.attempts = 0;
  if (kind === 'destroy') {
    forgetDisk(turn, disk);
    return { kind: 'destroyed' };
  }
  disk.exposure = 'none';
  continueLeaving(turn, disk);
  return disk.keep ? { kind: 'parked' } : null;
}

/** The disk's timer: time for another try, or for giving up on an outcome. */
export function diskTimer(turn: Turn, disk: Disk): DiskNews {
  if (disk.job === null) {
    if (disk.leaving) continueLeaving(turn, disk);
    return null;
  }
  if (turn.timeMs < disk.job.deadlineMs) return null;
  const error = { code: 'DEVICE_NO_ANSWER', message: `no word of ${disk.job.kind} in time` };
  return diskOutcome(turn, disk, { status: 'uncertain', error });
}

function startJob(turn: Turn, disk: Disk, kind: DiskJobKind) {
  const { state } = turn;
  const { sequence, effectId } = nextEffect(state, { of: 'disk', id: disk.diskId });
  const deadlineMs = turn.timeMs + state.configuration.deadlinesMs[kind];
  disk.job = { kind, effectId, deadlineMs };
  if (state.configuration.watchdog) {
    turn.effects.push({
      kind: 'SetTimer',
      timerId: DISK_TIMER + disk.diskId,
      atMs: deadlineMs,
    });
  }
  return { effectId, sequence, deadlineMs };
}

function endJob(turn: Turn, disk: Disk): void {
  turn.state.operations.delete(disk.job!.effectId);
  disk.job = null;
  if (turn.state.configuration.watchdog) {
    turn.effects.push({ kind: 'CancelTimer', timerId: DISK_TIMER + disk.diskId });
  }
}

function forgetDisk(turn: Turn, disk: Disk): void {
  turn.state.disks.delete(disk.diskId);
  turn.state.images.get(disk.imageId)!.snapshots.get(disk.snapshotId)!.children -= 1;
}
