/**
 * A node without a machine, for racks with many: a namespace and a process, with a TPM and a BMC like
 * the others'. It shows in its airlock what it would have booted, and attaches no disk.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { OcxError } from '../../core/kernel/errors.ts';
import type { SwitchedNode } from '../bmc/emulator/chassis.ts';
import { isRunning, startDaemon, waitUntil } from './daemon.ts';
import { signalTo } from '../processes/signal.ts';
import { addNamespace, addWire } from './namespace.ts';
import { nodeFolder } from './plan.ts';
import type { NodePlan, RackPlan } from './plan.ts';

const SCRIPTS = join(import.meta.dirname, '..', 'boot-image', 'node');
const BUSYBOX = '/bin/busybox';
/** Debian's are others, or are not there. */
const APPLETS = ['wget', 'xxd', 'udhcpc', 'base64', 'timeout'];
const TPM_MS = 20_000;
const OFF_MS = 10_000;

export class LightNode implements SwitchedNode {
  readonly #rack: Pick<RackPlan, 'id' | 'folder' | 'switchNamespace'>;
  readonly #plan: NodePlan;
  readonly #folder: string;
  readonly #namespace: string;

  constructor(rack: Pick<RackPlan, 'id' | 'folder' | 'switchNamespace'>, plan: NodePlan) {
    this.#rack = rack;
    this.#plan = plan;
    this.#folder = nodeFolder(rack, plan.nodeId);
    this.#namespace = `${rack.id}-${plan.nodeId}`;
  }

  get tpmState(): string {
    return join(this.#folder, 'tpm');
  }

  /** Its place in the network. */
  async make(): Promise<void> {
    const programs = join(this.#folder, 'bin');
    mkdirSync(programs, { recursive: true });
    for (const applet of APPLETS) symlinkSync(BUSYBOX, join(programs, applet));
    await addNamespace(this.#namespace);
    const { macAddress, portId } = this.#plan;
    await addWire(
      { namespace: this.#namespace, link: 'eth0', macAddress },
      { namespace: this.#rack.switchNamespace, link: portId },
    );
  }

  /** It keeps nothing but its TPM. */
  resetFirmware(): void {}

  eraseDrives(): void {}

  isOn(): boolean {
    const pid = this.#pidOf('node');
    return pid !== null && isRunning(pid);
  }

  async switchOn(): Promise<void> {
    if (this.isOn()) return;
    await this.switchOff();
    const socket = join(this.#folder, 'tpm.sock');
    for (const path of [socket, `${socket}.ctrl`]) rmSync(path, { force: true });
    const places = ['--ctrl', `type=unixio,path=${socket}.ctrl`];
    const server = ['--server', `type=unixio,path=${socket}`, '--flags'];
    const state = ['--tpmstate', `dir=${this.tpmState}`];
    this.#start('tpm', [
      ...['swtpm', 'socket', '--tpm2', ...state, ...places, ...server],
      'not-need-init,startup-clear',
    ]);
    if (!(await waitUntil(() => existsSync(socket), TPM_MS))) {
      throw new OcxError({
        code: 'BACKEND_MACHINE',
        message: `node ${this.#plan.nodeId}: the TPM does not start`,
      });
    }
    const firmware = join(import.meta.dirname, `light-firmware${extname(import.meta.filename)}`);
    const script = join(import.meta.dirname, 'light', 'node.sh');
    const words = [SCRIPTS, `${process.execPath} ${firmware}`, join(this.#folder, 'bin'), socket];
    const log = join(this.#folder, 'eventlog');
    this.#start('node', ['unshare', '--mount', BUSYBOX, 'sh', script, ...words, log]);
  }

  async switchOff(): Promise<void> {
    for (const name of ['node', 'tpm']) {
      const pid = this.#pidOf(name);
      if (pid === null) continue;
      // Each was started as the first of a group of its own.
      signalTo(-pid, 'SIGKILL');
      await waitUntil(() => !isRunning(pid), OFF_MS);
    }
  }

  #start(name: string, command: readonly string[]): void {
    const { id } = this.#rack;
    const log = join(this.#folder, name === 'node' ? 'console.log' : `${name}.log`);
    const pid = startDaemon(command, { rackId: id, namespace: this.#namespace, log });
    writeFileSync(this.#file(name), String(pid));
  }

  /** Null where there is none, or its number is another program's by now. */
  #pidOf(name: string): number | null {
    if (!existsSync(this.#file(name))) return null;
    const pid = Number(readFileSync(this.#file(name), 'utf8'));
    if (!Number.isSafeInteger(pid) || pid <= 1 || !isRunning(pid)) return null;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return command.includes(this.#folder) ? pid : null;
  }

  #file(name: string): string {
    return join(this.#folder, `${name}.pid`);
  }
}
