/** A desk in the test's own process, in front of devices that can be held, and clients of it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import type { ExecutionContext } from 'ava';
import { Consoles, type ConsoleSource } from '../../../backends/devices/consoles.ts';
import { Custody } from '../../../backends/devices/custody.ts';
import { DeviceDesk } from '../../../backends/devices/desk.ts';
import type { Devices } from '../../../backends/devices/devices.ts';
import { EmulatedDevices } from '../../../backends/devices/emulated.ts';
import { DeviceProcess } from '../../../backends/devices/process.ts';
import { Redaction } from '../../../backends/devices/redaction.ts';
import type { IsolationDeviceEffect } from '../../../core/allocator/protocol.ts';
import type { Outcome } from '../../../core/kernel/service.ts';

export const PORTS = [{ switchId: 'switch-0', portId: 'p' }];

export function folderOf(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'ocx-desk-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Devices that obey, unless they are told to wait for the end of the call's signal. */
export class HeldDevices implements Devices {
  readonly emulated = new EmulatedDevices();
  readonly begun: string[] = [];
  isHeld = false;
  fails: Outcome<unknown> | Error | null = null;

  async carryOut(
    effect: IsolationDeviceEffect,
    ports: readonly { switchId: string; portId: string }[],
    signal: AbortSignal,
  ): Promise<Outcome<unknown>> {
    this.begun.push(effect.effectId);
    if (this.fails instanceof Error) throw this.fails;
    if (this.fails) return this.fails;
    if (!this.isHeld) return this.emulated.obey(effect, ports);
    if (!signal.aborted) await once(signal, 'abort');
    const error = { code: 'DEVICE_UNCONFIRMED', message: 'held until nobody waited' };
    return { status: 'uncertain', error };
  }
}

export interface DeskPlace {
  readonly path: string;
  readonly devices: HeldDevices;
  readonly custody: Custody;
  readonly desk: DeviceDesk;
  readonly claims: number[];
  readonly log: string[];
  endConsoles(nodeId: string): void;
  /** Ends it as a crash would: connections break. */
  stop(): Promise<void>;
}

export const SECRET = { user: 'admin', password: 'correct horse battery' };

export async function openDesk(
  t: ExecutionContext,
  folder: string,
  sources: ReadonlyMap<string, ConsoleSource> = new Map(),
): Promise<DeskPlace> {
  const path = join(folder, 'devices.sock');
  const devices = new HeldDevices();
  const custody = new Custody(join(folder, 'custody.jsonl'));
  const [claims, log]: [number[], string[]] = [[], []];
  const consoles = new Consoles(sources, custody);
  const desk = new DeviceDesk({
    ...{ devices, custody, consoles },
    redaction: new Redaction([SECRET]),
    claim: (epoch) => claims.push(epoch),
    log: (line) => log.push(line),
  });
  await desk.listen(path);
  let isOpen = true;
  const stop = async () => {
    if (!isOpen) return;
    isOpen = false;
    await desk.close();
    custody.close();
  };
  t.teardown(stop);
  return {
    path,
    devices,
    custody,
    desk,
    claims,
    log,
    stop,
    endConsoles: (nodeId) => consoles.end(nodeId),
  };
}

export function clientOf(t: ExecutionContext, path: string, epoch = 1): DeviceProcess {
  const client = new DeviceProcess({
    socket: path,
    epoch: async () => epoch,
    nowMs: () => Math.floor(performance.now()),
  });
  t.teardown(() => client.close());
  return client;
}

export function powerOff(
  effectId: string,
  given: { fencingToken?: number; nodeId?: string; inMs?: number } = {},
): IsolationDeviceEffect {
  const { fencingToken = 1, nodeId = 'a1', inMs = 60_000 } = given;
  const deadlineMs = Math.floor(performance.now()) + inMs;
  return { kind: 'PowerOff', effectId, nodeId, fencingToken, deadlineMs, force: true };
}

export function codeOf(outcome: Outcome<unknown>): string {
  return outcome.status === 'ok' ? 'ok' : `${outcome.status} ${outcome.error.code}`;
}

/** Says these lines to the socket, and hears the lines that come back until it is closed. */
export async function say(path: string, ...lines: (string | object)[]): Promise<string> {
  const socket: Socket = connect(path);
  for (const line of lines) {
    socket.write(typeof line === 'string' ? line : `${JSON.stringify(line)}\n`);
  }
  let heard = '';
  socket.on('data', (chunk) => (heard += String(chunk)));
  socket.on('error', () => {});
  await once(socket, 'close');
  return heard;
}

export async function until(isSo: () => boolean): Promise<void> {
  const fromMs = performance.now();
  while (!isSo()) {
    if (performance.now() - fromMs > 10_000) throw new Error('it never came to be');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
