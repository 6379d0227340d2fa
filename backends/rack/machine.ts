/**
 * A node that is a virtual machine: QEMU with firmware for UEFI, a TPM, a local disk, one network
 * card and a serial console. What is not erased outlives the power, as in a real one.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { OcxError } from '../../core/kernel/errors.ts';
import { runProgram } from '../processes/program.ts';
import type { HardwareProfile } from '../tpm/references.ts';
import type { SwitchedNode } from '../bmc/emulator/chassis.ts';
import { inNamespace, isRunning, markedEnvironment, waitUntil } from './daemon.ts';
import { signalTo } from '../processes/signal.ts';
import type { Accelerator, NodePlan, RackPlan } from './plan.ts';
import { nodeFolder } from './plan.ts';

export const FIRMWARE = 'OVMF_CODE_4M.fd';
export const CPU = 'max';
export const MEMORY_MIB = 512;
const FIRMWARE_FOLDER = '/usr/share/OVMF';
const VARIABLES = join(FIRMWARE_FOLDER, 'OVMF_VARS_4M.fd');
const DISK_SIZE = '64M';
const START_MS = 30_000;
const OFF_MS = 15_000;

export class Machine implements SwitchedNode {
  readonly #rack: Pick<RackPlan, 'id' | 'folder' | 'switchNamespace'>;
  readonly #plan: NodePlan;
  readonly #accelerator: Accelerator;
  readonly #folder: string;

  constructor(
    rack: Pick<RackPlan, 'id' | 'folder' | 'switchNamespace'>,
    plan: NodePlan,
    accelerator: Accelerator,
  ) {
    this.#rack = rack;
    this.#plan = plan;
    this.#accelerator = accelerator;
    this.#folder = nodeFolder(rack, plan.nodeId);
  }

  get console(): string {
    return this.#file('console.sock');
  }

  /** What decides PCR 0, beside the firmware itself. */
  get hardware(): HardwareProfile {
    return { firmware: FIRMWARE, cpu: CPU, memoryMib: MEMORY_MIB };
  }

  /** As they come from the factory. */
  get firmwareFiles(): readonly string[] {
    return [join(FIRMWARE_FOLDER, FIRMWARE), VARIABLES];
  }

  get tpmState(): string {
    return this.#file('tpm');
  }

  /** What the machine has when it comes from the factory. */
  async make(): Promise<void> {
    mkdirSync(this.#folder, { recursive: true });
    await this.reset();
  }

  /** Whatever its users have left in it, but for the TPM. */
  async reset(): Promise<void> {
    this.resetFirmware();
    await this.eraseDrives();
  }

  /** By IPMI nothing can be erased: such a machine keeps nothing over its power. */
  get #forgets(): boolean {
    return this.#plan.bmcProtocol === 'ipmi';
  }

  resetFirmware(): void {
    copyFileSync(VARIABLES, this.#file('variables.fd'));
  }

  async eraseDrives(): Promise<void> {
    const disk = this.#file('disk.qcow2');
    rmSync(disk, { force: true });
    await runProgram('qemu-img', ['create', '-q', '-f', 'qcow2', disk, DISK_SIZE]);
  }

  isOn(): boolean {
    const pid = this.#pidOf('qemu.pid');
    return pid !== null && isRunning(pid);
  }

  async switchOn(bootDevice: string | null): Promise<void> {
    if (this.isOn()) return;
    await this.#gone('swtpm.pid');
    for (const name of ['tpm.sock', 'console.sock', 'qmp.sock', 'qemu.pid', 'swtpm.pid']) {
      rmSync(this.#file(name), { force: true });
    }
    if (this.#forgets) await this.reset();
    await this.#startTpm();
    await this.#run(['qemu-system-x86_64', ...this.#parameters(bootDevice)]);
  }

  /** As by pulling the plug: neither the system nor the TPM is told. */
  async switchOff(): Promise<void> {
    for (const name of ['qemu.pid', 'swtpm.pid']) {
      const pid = this.#pidOf(name);
      if (pid !== null) signalTo(pid, 'SIGKILL');
      await this.#gone(name);
    }
  }

  async #startTpm(): Promise<void> {
    const socket = this.#file('tpm.sock');
    const parameters = [
      '--tpmstate',
      `dir=${this.tpmState}`,
      '--ctrl',
      `type=unixio,path=${socket}`,
    ];
    const how = ['--flags', 'startup-clear', '--pid', `file=${this.#file('swtpm.pid')}`];
    await this.#run([
      'swtpm',
      'socket',
      '--tpm2',
      ...parameters,
      ...how,
      '--daemon',
      '--terminate',
    ]);
    if (!(await waitUntil(() => existsSync(socket), START_MS))) {
      throw this.#failed('the TPM does not start');
    }
  }

  #parameters(bootDevice: string | null): string[] {
    const { macAddress, portId, nodeId } = this.#plan;
    const firmware = this.#file('firmware.fd');
    const code = existsSync(firmware) ? firmware : join(FIRMWARE_FOLDER, FIRMWARE);
    const [network, disk] = bootDevice === 'Hdd' ? [2, 1] : [1, 2];
    const noOffload = ['csum', 'gso', 'guest_csum', 'guest_tso4', 'guest_tso6', 'guest_ufo']
      .concat(['host_tso4', 'host_tso6', 'host_ufo'])
      .map((feature) => `${feature}=off`)
      .join(',');
    const console = `socket,id=con,path=${this.console},server=on,wait=off`;
    return [
      ...['-name', nodeId, '-M', `q35,accel=${this.#accelerator}`, '-cpu', CPU],
      ...['-m', String(MEMORY_MIB), '-display', 'none', '-no-user-config', '-nodefaults'],
      ...['-chardev', `${console},logfile=${this.#file('console.log')},logappend=on`],
      ...['-serial', 'chardev:con', '-device', 'virtio-rng-pci'],
      ...['-qmp', `unix:${this.#file('qmp.sock')},server=on,wait=off`],
      ...['-drive', `if=pflash,format=raw,readonly=on,file=${code}`],
      ...['-drive', `if=pflash,format=raw,file=${this.#file('variables.fd')}`],
      ...['-netdev', `tap,id=net,ifname=${portId},script=no,downscript=no,vhost=off`],
      '-device',
      `virtio-net-pci,netdev=net,mac=${macAddress},${noOffload},bootindex=${network},romfile=`,
      ...['-drive', `if=none,id=disk,format=qcow2,file=${this.#file('disk.qcow2')}`],
      ...['-device', `virtio-blk-pci,drive=disk,bootindex=${disk}`],
      ...['-chardev', `socket,id=tpm,path=${this.#file('tpm.sock')}`],
      ...['-tpmdev', 'emulator,id=tpm0,chardev=tpm', '-device', 'tpm-tis,tpmdev=tpm0'],
      // Firmware tries nothing but HTTP over IPv4, which is what there is.
      ...['IPv4PXESupport', 'IPv6PXESupport', 'IPv6Support'].flatMap((name) => [
        '-fw_cfg',
        `name=opt/org.tianocore/${name},string=n`,
      ]),
      ...['-daemonize', '-pidfile', this.#file('qemu.pid')],
    ];
  }

  /** In the switch's namespace, where the machine's cable ends. */
  async #run(command: readonly string[]): Promise<void> {
    const [name, ...parameters] = inNamespace(this.#rack.switchNamespace, command);
    const environment = markedEnvironment(this.#rack.id);
    await runProgram(name!, parameters, { environment, timeoutMs: START_MS });
  }

  /** Null where there is none, or its number is another program's by now. */
  #pidOf(name: string): number | null {
    const path = this.#file(name);
    if (!existsSync(path)) return null;
    const pid = Number(readFileSync(path, 'utf8').trim());
    if (!Number.isSafeInteger(pid) || pid <= 1) return null;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(this.#folder) ? pid : null;
    } catch {
      return null;
    }
  }

  async #gone(name: string): Promise<void> {
    const isGone = () => {
      const pid = this.#pidOf(name);
      return pid === null || !isRunning(pid);
    };
    if (await waitUntil(isGone, OFF_MS)) return;
    throw this.#failed(`the process of ${name} does not end`);
  }

  #file(name: string): string {
    return join(this.#folder, name);
  }

  #failed(message: string): OcxError {
    return new OcxError({
      code: 'BACKEND_MACHINE',
      message: `node ${this.#plan.nodeId}: ${message}`,
      place: { file: this.#folder },
    });
  }
}
