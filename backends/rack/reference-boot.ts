/**
 * Reference values of the rack's hardware profile: one machine that is known to be good boots once,
 * and tells what its TPM has measured. Later racks of the same firmware, image and QEMU take the
 * values from the cache. What differs between machines is the address of the network card in boot
 * entries (PCR 1), and is worked out from the log.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { OcxError } from '../../core/kernel/errors.ts';
import { runProgram } from '../processes/program.ts';
import { parseEventLog } from '../tpm/event-log.ts';
import type { MeasuredEvent } from '../tpm/event-log.ts';
import { NODE_PCR, PROFILE_PCRS } from '../tpm/references.ts';
import type { ReferenceValues } from '../tpm/references.ts';
import { inNamespace, markedEnvironment } from './daemon.ts';
import { Machine } from './machine.ts';
import type { OpenVswitchProcess } from './open-vswitch.ts';
import type { Accelerator, NodePlan, RackPlan } from './plan.ts';
import type { MeasuredBoot } from './reference-desk.ts';

const BOOT_MS = 300_000;
const SHA256 = 0x000b;
const EV_NO_ACTION = 3;

export interface BootToMeasure {
  readonly plan: RackPlan;
  readonly node: NodePlan;
  readonly accelerator: Accelerator;
  readonly openVswitch: OpenVswitchProcess;
  readonly image: string;
  readonly tpmRoot: string;
  readonly tpmIssuer: string;
}

/** @throws BACKEND_RACK_REFERENCES */
export async function obtainReferenceBoot(
  boot: BootToMeasure,
  cache: string,
): Promise<MeasuredBoot> {
  mkdirSync(cache, { recursive: true });
  const file = join(cache, `references-${await profileKey(boot)}.json`);
  if (!existsSync(file)) {
    const measured = await measure(boot);
    writeFileSync(`${file}.part`, JSON.stringify(measured));
    renameSync(`${file}.part`, file);
  }
  return JSON.parse(readFileSync(file, 'utf8')) as MeasuredBoot;
}

/** What all machines of the profile have in common. */
export function profileValues({ pcrs }: MeasuredBoot): ReferenceValues {
  return Object.fromEntries(PROFILE_PCRS.map((pcr) => [pcr, [pcrs[pcr]!]]));
}

/** PCR 1 of a machine that differs from the measured one in the address of its card alone. */
export function nodeValues(measured: MeasuredBoot, macAddress: string): ReferenceValues {
  const log = parseEventLog(Buffer.from(measured.eventLog, 'base64'));
  if (!log.ok) throw unusable(log.finding.message);
  const events = log.value.events.filter(
    ({ pcr, type }) => pcr === NODE_PCR && type !== EV_NO_ACTION,
  );
  const replayed = (digestOf: (event: MeasuredEvent) => Buffer) => {
    let value: Buffer = Buffer.alloc(32);
    for (const event of events) value = sha256(value, digestOf(event));
    return value.toString('hex');
  };
  const own = replayed((event) => event.digests.get(SHA256)!);
  if (own !== measured.pcrs[NODE_PCR]) throw unusable('the log does not replay to PCR 1');
  const value = replayed((event) => {
    const digest = event.digests.get(SHA256)!;
    const data = withAddress(event.data, measured.macAddress, macAddress);
    return data.equals(event.data) ? digest : digestOfChanged(event, digest, data);
  });
  return { [NODE_PCR]: [value] };
}

/** Only where the digest is over the data is it known what another machine's would be. */
function digestOfChanged(event: MeasuredEvent, digest: Buffer, data: Buffer): Buffer {
  const variable = variableData(event.data);
  if (sha256(event.data).equals(digest)) return sha256(data);
  if (variable && sha256(variable).equals(digest)) return sha256(variableData(data)!);
  throw unusable('an event with the address of the card has another digest');
}

/** Contents of UEFI_VARIABLE_DATA (TCG PC Client Platform Firmware Profile, 10.4.1); or null. */
function variableData(data: Buffer): Buffer | null {
  if (data.length < 32) return null;
  const nameBytes = 2 * Number(data.readBigUInt64LE(16));
  const length = Number(data.readBigUInt64LE(24));
  return 32 + nameBytes + length === data.length ? data.subarray(32 + nameBytes) : null;
}

/** The address as it stands in device paths, and in the names of boot entries. */
function withAddress(data: Buffer, from: string, to: string): Buffer {
  const plain = (mac: string) => mac.replaceAll(':', '');
  const binary = (mac: string) => Buffer.from(plain(mac), 'hex').toString('latin1');
  const wide = (mac: string) => Buffer.from(plain(mac).toUpperCase(), 'utf16le').toString('latin1');
  const text = data
    .toString('latin1')
    .replaceAll(binary(from), binary(to))
    .replaceAll(wide(from), wide(to));
  return Buffer.from(text, 'latin1');
}

async function measure(boot: BootToMeasure): Promise<MeasuredBoot> {
  const { plan, node, accelerator, openVswitch } = boot;
  const machine = new Machine(plan, node, accelerator);
  const program = join(import.meta.dirname, `reference-desk${extname(import.meta.filename)}`);
  const answer = join(plan.folder, 'reference.json');
  const { image, tpmRoot, tpmIssuer } = boot;
  const asked = JSON.stringify({ node, image, tpmRoot, tpmIssuer, answer });
  const command = [process.execPath, program, asked];
  const [name, ...parameters] = inNamespace(plan.gatewayNamespace, command);
  try {
    await openVswitch.addServicePort(node.portId, node.airlock.networkId);
    const environment = markedEnvironment(plan.id);
    const desk = runProgram(name!, parameters, { environment, timeoutMs: BOOT_MS });
    await Promise.all([desk, machine.switchOn(null)]);
    return JSON.parse(readFileSync(answer, 'utf8')) as MeasuredBoot;
  } finally {
    await machine.switchOff();
    await openVswitch.removePort(node.portId);
    machine.resetFirmware();
    rmSync(answer, { force: true });
  }
}

async function profileKey({ image, accelerator, plan, node }: BootToMeasure): Promise<string> {
  const machine = new Machine(plan, node, accelerator);
  const version = await runProgram('qemu-system-x86_64', ['--version']);
  const hash = createHash('sha256').update(version).update(JSON.stringify(machine.hardware));
  for (const file of [image, ...machine.firmwareFiles]) hash.update(readFileSync(file));
  return hash.update(accelerator).digest('hex').slice(0, 32);
}

function sha256(...parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function unusable(message: string): OcxError {
  return new OcxError({ code: 'BACKEND_RACK_REFERENCES', message: `a known boot: ${message}` });
}
