/**
 * The provisioning service: every event's way to images, disks and sessions, and what is refused.
 * A command is accepted or refused at once; what became of it is told by a notice.
 */
import { shapeRefusal } from '../kernel/command-shape.ts';
import type { CommandShape } from '../kernel/command-shape.ts';
import type { Refusal } from '../kernel/errors.ts';
import type { Command, Outcome, Service, Step, TimerFired } from '../kernel/service.ts';
import { NO_EFFECTS } from '../kernel/service.ts';
import type { DiscardDisk, ImageCommand } from './commands.ts';
import { DISK_TIMER, diskOutcome, diskTimer, startLeaving } from './disks.ts';
import {
  IMAGE_TIMER,
  cloneSource,
  imageOutcome,
  imageRefusal,
  imageTimer,
  startImageJob,
} from './images.ts';
import type {
  DeprovisionNode,
  PrepareNode,
  ProvisionNode,
  ProvisionerCommand,
  ProvisionerEffect,
  ProvisionerEvent,
} from './protocol.ts';
import {
  BOOT_TIMER,
  askedAgain,
  askedTwice,
  beginAgain,
  beginClone,
  beginProvisioning,
  bootOutcome,
  bootTimer,
  diskNews,
  dropDisk,
  lateRefusal,
  leave,
} from './sessions.ts';
import { finishedKey, initialState, principalKey, sessionKey } from './state.ts';
import type { ProvisionerConfiguration, ProvisionerState, Session, Turn } from './state.ts';

/** One provisioning service, ready to be run by a world. */
export const provisionerService: Service<
  ProvisionerConfiguration,
  ProvisionerState,
  ProvisionerEvent,
  ProvisionerEffect
> = {
  name: 'provisioner',
  initial: initialState,
  step,
};

const NODE_LEASE = { leaseId: 'name', nodeId: 'name', fencingToken: 'count' } as const;
const SNAPSHOT = { imageId: 'name', snapshotId: 'name' } as const;

/** Fields of every command. */
export const PROVISIONER_COMMANDS: Readonly<Record<ProvisionerCommand['kind'], CommandShape>> = {
  PrepareNode: { ...NODE_LEASE, imageId: 'name' },
  ProvisionNode: {
    ...NODE_LEASE,
    imageId: 'name',
    method: ['diskless', 'diskful'],
    securityLevel: ['none', 'attested', 'full'],
    fromAttestedFirmware: 'flag',
    resumeDiskId: 'name?',
  },
  DeprovisionNode: { ...NODE_LEASE, park: 'flag' },
  DiscardDisk: { diskId: 'name' },
  ImportImage: { imageId: 'name', source: 'text', shared: 'flag' },
  RemoveImage: { imageId: 'name' },
  TakeSnapshot: SNAPSHOT,
  ProtectSnapshot: SNAPSHOT,
  UnprotectSnapshot: SNAPSHOT,
  RemoveSnapshot: SNAPSHOT,
};

function step(
  state: ProvisionerState,
  event: ProvisionerEvent,
): Step<ProvisionerState, ProvisionerEffect> {
  const effects: ProvisionerEffect[] = [];
  const turn: Turn = { state, timeMs: event.timeMs, effects };
  if (event.kind === 'EffectOutcome') takeOutcome(turn, event.effectId, event.outcome);
  else if (event.kind === 'TimerFired') takeTimer(turn, event);
  else takeCommand(turn, event);
  return { state, effects: effects.length === 0 ? NO_EFFECTS : effects };
}

function takeCommand(turn: Turn, command: ProvisionerCommand): void {
  const known = Object.hasOwn(PROVISIONER_COMMANDS, command.kind);
  const refusal = known
    ? shapeRefusal(command, PROVISIONER_COMMANDS[command.kind])
    : noSuchCommand();
  if (refusal) return reply(turn, command, refusal);
  switch (command.kind) {
    case 'PrepareNode':
      return prepareNode(turn, command);
    case 'ProvisionNode':
      return provisionNode(turn, command);
    case 'DeprovisionNode':
      return deprovisionNode(turn, command);
    case 'DiscardDisk':
      return discardDisk(turn, command);
    default:
      return changeImage(turn, command);
  }
}

function prepareNode(turn: Turn, command: PrepareNode): void {
  const { state } = turn;
  const key = sessionKey(command.leaseId, command.nodeId);
  const session = state.sessions.get(key);
  const refusal = sessionRefusal(turn, session, command);
  if (refusal) return reply(turn, command, refusal);
  // Under way already, by this or by a command that overtook it.
  if (session) return reply(turn, command, null);
  const source = cloneSource(state, command.imageId, command.from);
  if ('code' in source) return reply(turn, command, source);
  const opened = newSession(command, command.imageId);
  state.sessions.set(key, opened);
  beginClone(turn, opened, source.snapshotId);
  reply(turn, command, null);
}

function provisionNode(turn: Turn, command: ProvisionNode): void {
  const { state } = turn;
  const key = sessionKey(command.leaseId, command.nodeId);
  const session = state.sessions.get(key);
  const refusal = sessionRefusal(turn, session, command);
  if (refusal) return reply(turn, command, refusal);
  if (session?.commands.has(command.commandId)) {
    reply(turn, command, null);
    return askedTwice(turn, session, command.commandId);
  }
  const blocked = resumeRefusal(turn, session, command);
  if (blocked) return reply(turn, command, blocked);
  const newer = session !== undefined && command.fencingToken > session.fencingToken;
  if (session && session.commandId !== null && (!newer || sameWish(session, command))) {
    if (!sameWish(session, command)) return reply(turn, command, otherWish(command));
    reply(turn, command, null);
    if (newer) beginAgain(turn, session, command);
    else askedAgain(turn, session, command);
    return;
  }
  const keepsClone =
    session !== undefined &&
    session.diskId !== null &&
    (session.stage === 'preparing' || session.stage === 'prepared') &&
    session.imageId === command.imageId &&
    command.method === 'diskless' &&
    command.resumeDiskId === undefined;
  let snapshotId: string | null = null;
  if (!keepsClone && command.method === 'diskless' && command.resumeDiskId === undefined) {
    const source = cloneSource(state, command.imageId, command.from);
    if ('code' in source) return reply(turn, command, source);
    snapshotId = source.snapshotId;
  }
  const opened = session ?? newSession(command, command.imageId);
  state.sessions.set(key, opened);
  opened.stage = keepsClone ? opened.stage : 'preparing';
  if (!keepsClone) dropDisk(turn, opened, 'undo');
  reply(turn, command, null);
  beginProvisioning(turn, opened, command, snapshotId);
}

function deprovisionNode(turn: Turn, command: DeprovisionNode): void {
  const { state } = turn;
  const { leaseId, nodeId, from, fencingToken } = command;
  const session = state.sessions.get(sessionKey(leaseId, nodeId));
  if (session && !isAsker(session, command)) return reply(turn, command, otherTenant(command));
  const key = finishedKey(from, nodeId);
  const finished = state.finishedTokens.get(key) ?? fencingToken;
  state.finishedTokens.set(key, Math.max(finished, fencingToken));
  reply(turn, command, null);
  if (!session) {
    // Twice is as good as once; the first one's notice may have been lost.
    const notice = { kind: 'NodeDeprovisioned', leaseId, nodeId, parkedDiskId: null } as const;
    turn.effects.push({ kind: 'Notify', to: from, notice });
  } else if (session.stage !== 'leaving' && session.fencingToken <= fencingToken) {
    leave(turn, session, command.park);
  }
}

function discardDisk(turn: Turn, command: DiscardDisk): void {
  const disk = turn.state.disks.get(command.diskId);
  if (!disk || disk.owner !== principalKey(command.from)) {
    const message = `there is no disk ${command.diskId}`;
    return reply(turn, command, { code: 'NOT_FOUND_DISK', message });
  }
  if (disk.state !== 'parked' || disk.sessionKey !== null) {
    const message = `disk ${command.diskId} is in use`;
    return reply(turn, command, { code: 'CONFLICT_DISK_BUSY', message });
  }
  reply(turn, command, null);
  startLeaving(turn, disk, false);
}

function changeImage(turn: Turn, command: ImageCommand): void {
  const refusal = imageRefusal(turn.state, command);
  if (refusal) return reply(turn, command, refusal);
  startImageJob(turn, command);
}

function takeOutcome(turn: Turn, effectId: string, outcome: Outcome<unknown>): void {
  const { state } = turn;
  const owner = state.operations.get(effectId);
  // Settled before, or given up: the store ignores what is older than what was asked since.
  if (!owner) return;
  switch (owner.of) {
    case 'disk': {
      const disk = state.disks.get(owner.id)!;
      diskNews(turn, disk, diskOutcome(turn, disk, outcome));
      return;
    }
    case 'boot':
      bootOutcome(turn, state.sessions.get(owner.id)!, outcome);
      return;
    case 'image':
      imageOutcome(turn, state.images.get(owner.id)!, outcome);
      return;
  }
}

function takeTimer(turn: Turn, event: TimerFired): void {
  const { state } = turn;
  const { timerId } = event;
  if (timerId.startsWith(DISK_TIMER)) {
    const disk = state.disks.get(timerId.slice(DISK_TIMER.length));
    if (disk) diskNews(turn, disk, diskTimer(turn, disk));
  } else if (timerId.startsWith(BOOT_TIMER)) {
    const session = state.sessions.get(timerId.slice(BOOT_TIMER.length));
    if (session) bootTimer(turn, session);
  } else if (timerId.startsWith(IMAGE_TIMER)) {
    const image = state.images.get(timerId.slice(IMAGE_TIMER.length));
    if (image) imageTimer(turn, image);
  }
}

type SessionCommand = PrepareNode | ProvisionNode | DeprovisionNode;

function sessionRefusal(
  turn: Turn,
  session: Session | undefined,
  command: PrepareNode | ProvisionNode,
): Refusal | null {
  const late = lateRefusal(turn, command);
  if (late || !session) return late;
  if (!isAsker(session, command)) return otherTenant(command);
  if (session.stage === 'leaving') {
    const message = `node ${command.nodeId} is being deprovisioned`;
    return { code: 'CONFLICT_DEPROVISIONING', message };
  }
  if (command.fencingToken < session.fencingToken) {
    const message = `node ${command.nodeId} has been handed over anew since`;
    return { code: 'CONFLICT_LATE', message };
  }
  return null;
}

/** A parked disk is resumed by its own tenant alone, and in one place at a time. */
function resumeRefusal(
  turn: Turn,
  session: Session | undefined,
  command: ProvisionNode,
): Refusal | null {
  const { resumeDiskId } = command;
  if (resumeDiskId === undefined) return null;
  if (session?.diskId === resumeDiskId && sameWish(session, command)) return null;
  const disk = turn.state.disks.get(resumeDiskId);
  if (!disk || disk.owner !== principalKey(command.from)) {
    return { code: 'NOT_FOUND_DISK', message: `there is no disk ${resumeDiskId}` };
  }
  if (disk.state === 'parked' && disk.sessionKey === null && command.method === 'diskless') {
    return null;
  }
  return { code: 'CONFLICT_DISK_BUSY', message: `disk ${resumeDiskId} cannot be resumed now` };
}

function sameWish(session: Session, command: ProvisionNode): boolean {
  return (
    session.imageId === command.imageId &&
    session.method === command.method &&
    session.securityLevel === command.securityLevel &&
    session.fromAttestedFirmware === command.fromAttestedFirmware &&
    session.resumeDiskId === (command.resumeDiskId ?? null)
  );
}

function newSession(command: PrepareNode | ProvisionNode, imageId: string): Session {
  return {
    leaseId: command.leaseId,
    nodeId: command.nodeId,
    asker: command.from,
    fencingToken: command.fencingToken,
    imageId,
    method: 'diskless',
    securityLevel: 'none',
    fromAttestedFirmware: false,
    resumeDiskId: null,
    stage: 'preparing',
    commandId: null,
    commands: new Map(),
    diskId: null,
    boot: null,
    unsettledDisks: 0,
    parkedDiskId: null,
  };
}

function isAsker(session: Session, command: SessionCommand): boolean {
  return session.asker.role === command.from.role && session.asker.name === command.from.name;
}

function otherTenant(command: SessionCommand): Refusal {
  const message = `lease ${command.leaseId} is not known here as ${command.from.name}'s`;
  return { code: 'DENIED_LEASE', message };
}

function otherWish(command: ProvisionNode): Refusal {
  return {
    code: 'CONFLICT_PROVISIONED',
    message: `node ${command.nodeId} is being provisioned in another way`,
    remedy: 'deprovision it first',
  };
}

function noSuchCommand(): Refusal {
  return { code: 'INPUT_UNKNOWN_COMMAND', message: 'the provisioning service has no such command' };
}

function reply(turn: Turn, command: Command, refusal: Refusal | null): void {
  const { commandId, from } = command;
  turn.effects.push({ kind: 'Reply', commandId, to: from, refusal, result: null });
}
