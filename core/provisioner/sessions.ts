/**
 * Sessions: one for each node and lease, from the first command about it until nothing of it is
 * left. Forward: clone → expose → boot. On any failure, and on `DeprovisionNode` at whatever
 * stage, the disk goes back the way it came.
 */
import type { Refusal } from '../kernel/errors.ts';
import type { Outcome } from '../kernel/service.ts';
import { startClone, startExpose, startLeaving } from './disks.ts';
import type { DiskNews } from './disks.ts';
import type { ProvisionNode } from './protocol.ts';
import { finishedKey, nextEffect, principalKey, sessionKey } from './state.ts';
import type { Disk, Session, Turn } from './state.ts';

/** Begins the id of a boot's timer; the rest is its session key. */
export const BOOT_TIMER = 'boot/';

/** Clones for a session that has no disk yet. */
export function beginClone(turn: Turn, session: Session, snapshotId: string): void {
  const key = sessionKey(session.leaseId, session.nodeId);
  const owner = principalKey(session.asker);
  const disk = startClone(turn, session.imageId, snapshotId, owner, key);
  session.stage = 'preparing';
  session.diskId = disk.diskId;
}

/** Takes over what the command asks for; the session has no disk that is of no use for it. */
export function beginProvisioning(
  turn: Turn,
  session: Session,
  command: ProvisionNode,
  snapshotId: string | null,
): void {
  session.fencingToken = command.fencingToken;
  session.imageId = command.imageId;
  session.method = command.method;
  session.securityLevel = command.securityLevel;
  session.fromAttestedFirmware = command.fromAttestedFirmware;
  session.resumeDiskId = command.resumeDiskId ?? null;
  session.commandId = command.commandId;
  session.commands.set(command.commandId, null);
  if (command.method === 'diskful') {
    startBoot(turn, session);
  } else if (command.resumeDiskId !== undefined) {
    const disk = turn.state.disks.get(command.resumeDiskId)!;
    disk.sessionKey = sessionKey(session.leaseId, session.nodeId);
    disk.state = 'ready';
    session.diskId = disk.diskId;
    expose(turn, session, disk);
  } else if (session.diskId === null) {
    beginClone(turn, session, snapshotId!);
  } else if (session.stage === 'prepared') {
    expose(turn, session, turn.state.disks.get(session.diskId)!);
  }
}

/** A copy of a command that we have had: what became of it is told again. */
export function askedTwice(turn: Turn, session: Session, commandId: string): void {
  const code = session.commands.get(commandId);
  if (typeof code === 'string') tellFailed(turn, session, commandId, code);
  else if (commandId === session.commandId && session.stage === 'provisioned') {
    tellProvisioned(turn, session);
  }
}

/** The same wish once more: its answer may have been lost on the way. */
export function askedAgain(turn: Turn, session: Session, command: ProvisionNode): void {
  session.commandId = command.commandId;
  session.commands.set(command.commandId, null);
  if (session.stage === 'provisioned') tellProvisioned(turn, session);
}

/** The same wish after the node was handed over anew: its system, if it had one, is gone. */
export function beginAgain(turn: Turn, session: Session, command: ProvisionNode): void {
  session.commandId = command.commandId;
  session.commands.set(command.commandId, null);
  session.fencingToken = command.fencingToken;
  // Where the disk is on its way still, the boot that follows is under the new token.
  if (session.stage !== 'booting' && session.stage !== 'provisioned') return;
  endBoot(turn, session);
  startBoot(turn, session);
}

function expose(turn: Turn, session: Session, disk: Disk): void {
  session.stage = 'exposing';
  startExpose(turn, disk, session);
}

function startBoot(turn: Turn, session: Session): void {
  const { state } = turn;
  const key = sessionKey(session.leaseId, session.nodeId);
  const { sequence, effectId } = nextEffect(state, { of: 'boot', id: key });
  const deadlineMs = turn.timeMs + state.configuration.deadlinesMs.boot;
  session.stage = 'booting';
  session.boot = { effectId, deadlineMs };
  turn.effects.push({
    kind: 'BootNode',
    effectId,
    sequence,
    deadlineMs,
    nodeId: session.nodeId,
    leaseId: session.leaseId,
    fencingToken: session.fencingToken,
    method: session.method,
    securityLevel: session.securityLevel,
    fromAttestedFirmware: session.fromAttestedFirmware,
  });
  if (!state.configuration.watchdog) return;
  turn.effects.push({ kind: 'SetTimer', timerId: BOOT_TIMER + key, atMs: deadlineMs });
}

function endBoot(turn: Turn, session: Session): void {
  if (session.boot === null) return;
  turn.state.operations.delete(session.boot.effectId);
  session.boot = null;
  if (!turn.state.configuration.watchdog) return;
  const timerId = BOOT_TIMER + sessionKey(session.leaseId, session.nodeId);
  turn.effects.push({ kind: 'CancelTimer', timerId });
}

/** What became of the boot; an unknown outcome is a failure that is undone. */
export function bootOutcome(turn: Turn, session: Session, outcome: Outcome<unknown>): void {
  endBoot(turn, session);
  if (outcome.status !== 'ok') {
    failSession(turn, session, outcome.error.code);
    return;
  }
  session.stage = 'provisioned';
  tellProvisioned(turn, session);
}

/** The boot's deadline, where nobody else minds it. */
export function bootTimer(turn: Turn, session: Session): void {
  if (session.boot === null || turn.timeMs < session.boot.deadlineMs) return;
  const error = { code: 'DEVICE_NO_ANSWER', message: 'no word of the boot in time' };
  bootOutcome(turn, session, { status: 'uncertain', error });
}

function tellProvisioned(turn: Turn, session: Session): void {
  const { leaseId, nodeId, asker } = session;
  const commandId = session.commandId!;
  const notice = { kind: 'NodeProvisioned', leaseId, nodeId, commandId } as const;
  turn.effects.push({ kind: 'Notify', to: asker, notice });
}

/** Carries a disk's news on to the session that it belongs or belonged to. */
export function diskNews(turn: Turn, disk: Disk, news: DiskNews): void {
  const session = disk.sessionKey === null ? undefined : turn.state.sessions.get(disk.sessionKey);
  if (news === null || !session) return;
  switch (news.kind) {
    case 'cloned':
      if (session.commandId === null) session.stage = 'prepared';
      else expose(turn, session, disk);
      return;
    case 'exposed':
      startBoot(turn, session);
      return;
    case 'failed':
      if (news.gone) session.diskId = null;
      failSession(turn, session, news.code);
      return;
    case 'parked':
    case 'destroyed':
      if (news.kind === 'parked') session.parkedDiskId = disk.diskId;
      disk.sessionKey = null;
      session.unsettledDisks -= 1;
      endIfSettled(turn, session);
      return;
  }
}

/** Tells who asked, and undoes. A clone made ahead that fails is made again when it is needed. */
function failSession(turn: Turn, session: Session, code: string): void {
  const { commandId } = session;
  session.stage = 'failed';
  session.commandId = null;
  if (commandId !== null) {
    session.commands.set(commandId, code);
    tellFailed(turn, session, commandId, code);
  }
  dropDisk(turn, session, 'undo');
}

function tellFailed(turn: Turn, session: Session, commandId: string, code: string): void {
  const { leaseId, nodeId, asker } = session;
  const notice = { kind: 'ProvisionFailed', leaseId, nodeId, commandId, code } as const;
  turn.effects.push({ kind: 'Notify', to: asker, notice });
}

/**
 * The session's disk, if it has one, goes. `undo`: what failed leaves nothing behind, but a disk
 * that was resumed goes back to the parked ones. `park`: so does one that a system has run from.
 */
export function dropDisk(turn: Turn, session: Session, how: 'undo' | 'park' | 'destroy'): void {
  endBoot(turn, session);
  if (session.diskId === null) return;
  const disk = turn.state.disks.get(session.diskId)!;
  const resumed = session.resumeDiskId === disk.diskId;
  const used = resumed || disk.exposure === 'exposed';
  session.diskId = null;
  session.unsettledDisks += 1;
  startLeaving(turn, disk, (how === 'undo' && resumed) || (how === 'park' && used));
  // One that was resumed but not opened yet needs no hiding and is back already.
  if (disk.state === 'parked') diskNews(turn, disk, { kind: 'parked' });
}

/** `DeprovisionNode` has been accepted. */
export function leave(turn: Turn, session: Session, park: boolean): void {
  session.stage = 'leaving';
  session.commandId = null;
  dropDisk(turn, session, park ? 'park' : 'destroy');
  endIfSettled(turn, session);
}

function endIfSettled(turn: Turn, session: Session): void {
  const { state } = turn;
  const key = sessionKey(session.leaseId, session.nodeId);
  if (session.unsettledDisks > 0 || session.diskId !== null) return;
  if (session.stage !== 'leaving' || !state.sessions.delete(key)) return;
  const { leaseId, nodeId, asker, parkedDiskId } = session;
  const notice = { kind: 'NodeDeprovisioned', leaseId, nodeId, parkedDiskId } as const;
  turn.effects.push({ kind: 'Notify', to: asker, notice });
}

/** A late command about a lease that this tenant has deprovisioned, or null. */
export function lateRefusal(
  turn: Turn,
  command: { readonly from: Session['asker']; readonly nodeId: string; fencingToken: number },
): Refusal | null {
  const finished = turn.state.finishedTokens.get(finishedKey(command.from, command.nodeId));
  if (finished === undefined || command.fencingToken > finished) return null;
  return {
    code: 'CONFLICT_LATE',
    message: `the lease of node ${command.nodeId} that this belongs to has been deprovisioned`,
  };
}
