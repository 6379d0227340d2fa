/**
 * What clients ask for, read: power, next boot, virtual drive, secure boot. Anything that is not
 * understood is refused; nothing is silently left out.
 */
import type { LeasedBmc } from '../../core/allocator/leased-bmc.ts';
import { failure, type Answer } from './answers.ts';
import {
  BOOT_ENABLED,
  BOOT_MODE,
  BOOT_TARGETS,
  RESET_TYPES,
  type BootTarget,
  type ResetType,
} from './resources.ts';

type Given = Readonly<Record<string, unknown>>;
type Command = { readonly kind: string; readonly [field: string]: unknown };
/** Thrown by readers; the answer is the client's. */
export class Unreadable extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super('a request that is not understood');
    this.answer = answer;
  }
}

const NOTHING_TO_DO: Answer = { status: 204 };

/** The members of a JSON object; none of no body at all. @throws Unreadable */
export function readObject(body: Buffer | undefined): Given {
  if (body === undefined || body.length === 0) return {};
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    if (isObject(value)) return value;
  } catch {
    // Not JSON; said below.
  }
  throw malformed();
}

function malformed(): Unreadable {
  return new Unreadable(failure('MalformedJSON', 'INPUT_BAD_REQUEST', 'a JSON object is needed'));
}

function isObject(value: unknown): value is Given {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value that a list has, or an answer that says that it does not. */
function oneOf<Value extends string>(list: readonly Value[], name: string, given: unknown): Value {
  const found = list.find((value) => value === given);
  if (found !== undefined) return found;
  const message = `${name} is one of ${list.join(', ')}`;
  throw new Unreadable(failure('PropertyValueNotInList', 'INPUT_BAD_ARGUMENT', message));
}

function boolean(name: string, given: unknown): boolean {
  if (typeof given === 'boolean') return given;
  const message = `${name} is true or false`;
  throw new Unreadable(failure('PropertyValueError', 'INPUT_BAD_ARGUMENT', message));
}

function only(given: Given, names: readonly string[], where: 'Property' | 'Parameter'): void {
  const foreign = Object.keys(given).find((name) => !names.includes(name));
  if (foreign === undefined) return;
  const message = `${JSON.stringify(foreign.slice(0, 64))} cannot be set here`;
  const name = where === 'Property' ? 'PropertyUnknown' : 'ActionParameterNotSupported';
  throw new Unreadable(failure(name, 'INPUT_BAD_ARGUMENT', message));
}

/** @throws Unreadable */
export function readReset(given: Given): ResetType {
  only(given, ['ResetType'], 'Parameter');
  if (given['ResetType'] === undefined) throw missing('ResetType');
  return oneOf(RESET_TYPES, 'ResetType', given['ResetType']);
}

function missing(name: string): Unreadable {
  const message = `${name} is missing`;
  return new Unreadable(failure('ActionParameterMissing', 'INPUT_BAD_ARGUMENT', message));
}

/**
 * The command behind a reset. A node that is switched on by its walk is switched on through it, and
 * measured; one that runs is not measured anew where it is only to be on.
 */
export function resetCommand(type: ResetType, bmc: LeasedBmc): Command | Answer {
  const { nodeId, leaseId, power, isSwitchedByWalk } = bmc;
  const isOff = type === 'ForceOff' || type === 'GracefulShutdown';
  const isOn = type === 'On' || type === 'ForceOn';
  if (!isOff && isSwitchedByWalk) {
    if (isOn && power === 'on') return NOTHING_TO_DO;
    return { kind: 'AirlockPowerOn', leaseId, nodeId };
  }
  const operation = isOff ? 'off' : isOn ? 'on' : 'cycle';
  const force = type !== 'GracefulShutdown' && type !== 'GracefulRestart';
  return { kind: 'PowerControl', nodeId, operation, force };
}

const BOOT = 'BootSourceOverride';
/** The isolation service says which of these it takes. */
const VISIBLE = /^[\x21-\x7e]+$/;

/**
 * What a change of the system makes of the next boot; null: nothing that is not so already.
 *
 * @throws Unreadable
 */
export function readBoot(given: Given, bmc: LeasedBmc): Command | null {
  only(given, ['Boot'], 'Property');
  const boot = given['Boot'];
  if (!isObject(boot)) throw malformed();
  only(boot, [`${BOOT}Target`, `${BOOT}Enabled`, `${BOOT}Mode`], 'Property');
  const { [`${BOOT}Target`]: target, [`${BOOT}Enabled`]: enabled, [`${BOOT}Mode`]: mode } = boot;
  if (mode !== undefined) oneOf([BOOT_MODE], `${BOOT}Mode`, mode);
  const targets = (Object.keys(BOOT_TARGETS) as BootTarget[]).filter(
    (name) => name !== 'Cd' || bmc.hasMedia,
  );
  const wanted = target === undefined ? undefined : oneOf(targets, `${BOOT}Target`, target);
  const isOn = enabled === undefined ? undefined : oneOf(BOOT_ENABLED, `${BOOT}Enabled`, enabled);
  const { nodeId } = bmc;
  if (isOn === 'Disabled') return { kind: 'BootDeviceSet', nodeId, device: 'none' };
  if (wanted === undefined) return null;
  return { kind: 'BootDeviceSet', nodeId, device: BOOT_TARGETS[wanted] };
}

/** @throws Unreadable */
export function readSecureBoot(given: Given, { nodeId }: LeasedBmc): Command {
  only(given, ['SecureBootEnable'], 'Property');
  const enabled = boolean('SecureBootEnable', given['SecureBootEnable']);
  return { kind: 'SecureBootSet', nodeId, enabled };
}

/** A drive that can be written to, or an image behind a password, is not offered. @throws Unreadable */
export function readInsert(given: Given, { nodeId }: LeasedBmc): Command {
  const known = ['Image', 'Inserted', 'WriteProtected', 'MediaType', 'TransferMethod'];
  only(given, [...known, 'TransferProtocolType'], 'Parameter');
  const { Image: image, Inserted: isInserted = true, WriteProtected: isProtected = true } = given;
  if (image === undefined) throw missing('Image');
  if (typeof image !== 'string' || !VISIBLE.test(image)) {
    const message = 'Image is the URL of an image';
    throw new Unreadable(failure('PropertyValueError', 'INPUT_BAD_ARGUMENT', message));
  }
  for (const [name, value] of [
    ['Inserted', isInserted],
    ['WriteProtected', isProtected],
  ] as const) {
    if (boolean(name, value)) continue;
    const message = `${name} cannot be false`;
    throw new Unreadable(failure('PropertyValueError', 'INPUT_BAD_ARGUMENT', message));
  }
  return { kind: 'MediaSet', nodeId, image };
}

/** @throws Unreadable */
export function readEject(given: Given, { nodeId }: LeasedBmc): Command {
  only(given, [], 'Parameter');
  return { kind: 'MediaSet', nodeId, image: null };
}
