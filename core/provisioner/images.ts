/**
 * The registry of golden images. An image is immutable from its snapshot on: clones stand only on
 * protected snapshots, a protected snapshot cannot be removed, and one with clones cannot be
 * unprotected. Every way to be refused has a code of its own.
 */
import type { Refusal } from '../kernel/errors.ts';
import type { Outcome, Principal } from '../kernel/service.ts';
import type { ImageCommand, ImageOperation } from './commands.ts';
import { backoffMs, nextEffect } from './state.ts';
import type { Image, ProvisionerState, Turn } from './state.ts';

/** Begins the id of an image's timer; the rest is its id. */
export const IMAGE_TIMER = 'image/';

/** The snapshot that a clone of the image would stand on: the newest protected one. */
export function cloneSource(
  state: ProvisionerState,
  imageId: string,
  asker: Principal,
): { readonly snapshotId: string } | Refusal {
  const image = state.images.get(imageId);
  if (!image || !mayClone(state, image, asker)) return noSuchImage(imageId);
  if (image.job?.operation === 'ImportImage' || image.job?.operation === 'RemoveImage') {
    return imageBusy(imageId);
  }
  let newest: string | null = null;
  for (const [snapshotId, snapshot] of image.snapshots) {
    const settled = image.job?.snapshotId !== snapshotId;
    if (snapshot.protected && settled) newest = snapshotId;
  }
  if (newest !== null) return { snapshotId: newest };
  return {
    code: 'CONFLICT_SNAPSHOT_UNPROTECTED',
    message: `image ${imageId} has no protected snapshot`,
    remedy: 'take a snapshot and protect it first',
  };
}

/** Why the command cannot be carried out now, or null. */
export function imageRefusal(state: ProvisionerState, command: ImageCommand): Refusal | null {
  const { imageId } = command;
  const image = state.images.get(imageId);
  if (command.kind === 'ImportImage') {
    if (!image) return null;
    return { code: 'CONFLICT_IMAGE_EXISTS', message: `there is an image ${imageId} already` };
  }
  if (!image || !mayClone(state, image, command.from)) return noSuchImage(imageId);
  if (image.owner !== command.from.name && !isOperator(state, command.from)) {
    return { code: 'DENIED_IMAGE', message: `image ${imageId} belongs to another organisation` };
  }
  if (image.job !== null) return imageBusy(imageId);
  if (command.kind === 'RemoveImage') {
    if (image.snapshots.size === 0) return null;
    return {
      code: 'CONFLICT_IMAGE_HAS_SNAPSHOTS',
      message: `image ${imageId} has ${image.snapshots.size} snapshots`,
      remedy: 'remove them first',
    };
  }
  return snapshotRefusal(image, command);
}

function snapshotRefusal(
  image: Image,
  command: Exclude<ImageCommand, { kind: 'ImportImage' | 'RemoveImage' }>,
): Refusal | null {
  const { imageId, snapshotId } = command;
  const snapshot = image.snapshots.get(snapshotId);
  if (command.kind === 'TakeSnapshot') {
    if (!snapshot) return null;
    const message = `image ${imageId} has a snapshot ${snapshotId} already`;
    return { code: 'CONFLICT_SNAPSHOT_EXISTS', message };
  }
  if (!snapshot) {
    const message = `image ${imageId} has no snapshot ${snapshotId}`;
    return { code: 'NOT_FOUND_SNAPSHOT', message };
  }
  if (command.kind === 'RemoveSnapshot' && snapshot.protected) {
    return {
      code: 'CONFLICT_SNAPSHOT_BUSY',
      message: `snapshot ${snapshotId} of image ${imageId} is protected`,
      remedy: 'unprotect it first',
    };
  }
  if (command.kind === 'UnprotectSnapshot' && snapshot.children > 0) {
    return {
      code: 'CONFLICT_SNAPSHOT_HAS_CLONES',
      message: `${snapshot.children} disks stand on snapshot ${snapshotId} of image ${imageId}`,
      remedy: 'wait until they are destroyed',
    };
  }
  return null;
}

/** Starts what `imageRefusal` has found nothing against. */
export function startImageJob(turn: Turn, command: ImageCommand): void {
  const { state } = turn;
  const { imageId } = command;
  let image = state.images.get(imageId);
  if (!image) {
    const shared = command.kind === 'ImportImage' && command.shared;
    image = { imageId, owner: command.from.name, shared, snapshots: new Map(), job: null };
    state.images.set(imageId, image);
  }
  image.job = {
    operation: command.kind,
    snapshotId: 'snapshotId' in command ? command.snapshotId : null,
    source: command.kind === 'ImportImage' ? command.source : null,
    commandId: command.commandId,
    to: command.from,
    effectId: null,
    deadlineMs: 0,
    attempts: 0,
    failure: null,
  };
  sendImageJob(turn, image);
}

function sendImageJob(turn: Turn, image: Image): void {
  const { state } = turn;
  const job = image.job!;
  const { imageId } = image;
  const { sequence, effectId } = nextEffect(state, { of: 'image', id: imageId });
  const deadlineMs = turn.timeMs + state.configuration.deadlinesMs.image;
  job.effectId = effectId;
  job.deadlineMs = deadlineMs;
  const { operation, snapshotId, source } = job;
  turn.effects.push({
    kind: 'ChangeImage',
    effectId,
    sequence,
    deadlineMs,
    operation,
    imageId,
    snapshotId,
    source,
  });
  if (!state.configuration.watchdog) return;
  turn.effects.push({ kind: 'SetTimer', timerId: IMAGE_TIMER + imageId, atMs: deadlineMs });
}

/** What undoes an operation that may or may not have left something behind. */
const UNDOING: { readonly [Operation in ImageOperation]?: ImageOperation } = {
  ImportImage: 'RemoveImage',
  TakeSnapshot: 'RemoveSnapshot',
};

/** What became of the image's job; answers the command once that is settled. */
export function imageOutcome(turn: Turn, image: Image, outcome: Outcome<unknown>): void {
  const { state } = turn;
  const job = image.job!;
  state.operations.delete(job.effectId!);
  job.effectId = null;
  const timerId = IMAGE_TIMER + image.imageId;
  if (outcome.status === 'uncertain' || (outcome.status === 'noEffect' && job.attempts > 0)) {
    const undoing = UNDOING[job.operation];
    if (outcome.status === 'noEffect' && undoing && job.failure === null) {
      job.failure = outcome.error;
      job.operation = undoing;
    }
    const atMs = turn.timeMs + backoffMs(state, job.attempts);
    job.attempts += 1;
    turn.effects.push({ kind: 'SetTimer', timerId, atMs });
    return;
  }
  if (state.configuration.watchdog) turn.effects.push({ kind: 'CancelTimer', timerId });
  image.job = null;
  const error = outcome.status === 'ok' ? null : outcome.error;
  if (error === null) applyImageJob(state, image, job.operation, job.snapshotId);
  else if (job.operation === 'ImportImage') state.images.delete(image.imageId);
  const refusal = job.failure ?? error;
  const result = refusal ? null : { imageId: image.imageId, snapshotId: job.snapshotId };
  turn.effects.push({ kind: 'Reply', commandId: job.commandId, to: job.to, refusal, result });
}

function applyImageJob(
  state: ProvisionerState,
  image: Image,
  operation: ImageOperation,
  snapshotId: string | null,
): void {
  switch (operation) {
    case 'ImportImage':
      return;
    case 'RemoveImage':
      state.images.delete(image.imageId);
      return;
    case 'TakeSnapshot':
      image.snapshots.set(snapshotId!, { protected: false, children: 0 });
      return;
    case 'RemoveSnapshot':
      image.snapshots.delete(snapshotId!);
      return;
    case 'ProtectSnapshot':
    case 'UnprotectSnapshot':
      image.snapshots.get(snapshotId!)!.protected = operation === 'ProtectSnapshot';
      return;
  }
}

/** The image's timer: another try, or no more waiting for an outcome. */
export function imageTimer(turn: Turn, image: Image): void {
  const { job } = image;
  if (job === null) return;
  if (job.effectId === null) {
    sendImageJob(turn, image);
  } else if (turn.timeMs >= job.deadlineMs) {
    const error = { code: 'DEVICE_NO_ANSWER', message: `no word of ${job.operation} in time` };
    imageOutcome(turn, image, { status: 'uncertain', error });
  }
}

/** Whether the asker may know of the image and clone it. */
export function mayClone(state: ProvisionerState, image: Image, asker: Principal): boolean {
  return image.shared || image.owner === asker.name || isOperator(state, asker);
}

function isOperator(state: ProvisionerState, principal: Principal): boolean {
  return state.configuration.operators.includes(principal.name);
}

/** The same for an image that is not there and one that the asker may not know of. */
function noSuchImage(imageId: string): Refusal {
  return { code: 'NOT_FOUND_IMAGE', message: `there is no image ${imageId}` };
}

function imageBusy(imageId: string): Refusal {
  return {
    code: 'CONFLICT_IMAGE_BUSY',
    message: `image ${imageId} is being changed`,
    remedy: 'ask again when that is done',
  };
}
