/** IPMI 2.0 over LAN as a BMC protocol, by way of `ipmitool`. */
import type { Outcome } from '../../../core/kernel/service.ts';
import { nothing } from '../../devices/failure.ts';
import type { BmcProtocol, BootDevice, BootReading, ConsoleLink } from '../protocol.ts';
import type { Inventory, PowerReading, PowerRequest } from '../protocol.ts';
import { Ipmitool } from './ipmitool.ts';
import type { IpmiOptions } from './ipmitool.ts';
import { parseBoot, parseFields, parsePower, parseUsers } from './output.ts';
import type { IpmiUser } from './output.ts';

const REQUESTS = { on: 'on', off: 'off', softOff: 'soft' } as const;
const DEVICES = { network: 'pxe', disk: 'disk', media: 'cdrom', none: 'none' } as const;
/** Number of the boot flags among the boot parameters. */
const BOOT_FLAGS = '5';
/** The privilege that is none. */
const NO_ACCESS = '15';
/** Whoever logs in without a name. */
const ANONYMOUS = '(anonymous)';

export class Ipmi implements BmcProtocol {
  readonly #tool: Ipmitool;
  readonly #isUefi: boolean;

  /** @throws INPUT_BMC_ADDRESS */
  constructor(options: IpmiOptions) {
    this.#tool = new Ipmitool(options);
    this.#isUefi = options.isUefi ?? false;
  }

  readPower(signal: AbortSignal): Promise<Outcome<PowerReading>> {
    return this.#read(['chassis', 'power', 'status'], parsePower, signal);
  }

  sendPower(request: PowerRequest, signal: AbortSignal): Promise<Outcome> {
    return this.#send(['chassis', 'power', REQUESTS[request]], signal);
  }

  readBoot(signal: AbortSignal): Promise<Outcome<BootReading>> {
    return this.#read(['chassis', 'bootparam', 'get', BOOT_FLAGS], parseBoot, signal);
  }

  sendBoot(device: BootDevice, _: number, signal: AbortSignal): Promise<Outcome> {
    const options = this.#isUefi && device !== 'none' ? ['options=efiboot'] : [];
    return this.#send(['chassis', 'bootdev', DEVICES[device], ...options], signal);
  }

  async readMedia(): Promise<Outcome<string | null>> {
    return nothing('DEVICE_UNSUPPORTED', 'IPMI has no virtual drive');
  }

  async sendMedia(): Promise<Outcome> {
    return nothing('DEVICE_UNSUPPORTED', 'IPMI has no virtual drive');
  }

  async readSecureBoot(): Promise<Outcome<boolean>> {
    return nothing('DEVICE_UNSUPPORTED', 'IPMI knows no secure boot');
  }

  async sendSecureBoot(): Promise<Outcome> {
    return nothing('DEVICE_UNSUPPORTED', 'IPMI knows no secure boot');
  }

  readConsole(signal: AbortSignal): Promise<Outcome<ConsoleLink>> {
    const { host } = this.#tool;
    const parse = (output: string): ConsoleLink | null => {
      const fields = parseFields(output);
      const port = Number(fields.get('Payload Port')?.split(' ')[0]);
      const isUsable = fields.get('Enabled') === 'true' && Number.isInteger(port) && port > 0;
      return isUsable ? { kind: 'ipmi-sol', host, port } : null;
    };
    return this.#read(['sol', 'info'], parse, signal);
  }

  readInventory(signal: AbortSignal): Promise<Outcome<Inventory>> {
    const parse = (output: string): Inventory => {
      const fields = parseFields(output);
      const one = (...names: string[]) =>
        names.map((name) => fields.get(name)).find((value) => value !== undefined) ?? null;
      return {
        manufacturer: one('Product Manufacturer', 'Board Mfg'),
        model: one('Product Name', 'Board Product'),
        serialNumber: one('Product Serial', 'Board Serial'),
        processorThreads: null,
        memoryMib: null,
        macAddresses: [],
      };
    };
    return this.#read(['fru', 'print', '0'], parse, signal);
  }

  async readAccounts(signal: AbortSignal): Promise<Outcome<readonly string[]>> {
    const users = await this.#users(signal);
    if (users.status !== 'ok') return users;
    return { status: 'ok', value: users.value.map(nameOf) };
  }

  /** There is no way to delete one; without access it cannot log in. */
  async removeAccount(userName: string, signal: AbortSignal): Promise<Outcome> {
    const users = await this.#users(signal);
    if (users.status !== 'ok') return users;
    const found = users.value.find((user) => nameOf(user) === userName);
    if (!found) return { status: 'ok', value: undefined };
    const stripped = await this.#send(['user', 'priv', found.id, NO_ACCESS], signal);
    return stripped.status === 'ok' ? this.#send(['user', 'disable', found.id], signal) : stripped;
  }

  async readDrives(): Promise<Outcome<readonly string[]>> {
    return nothing('DEVICE_UNSUPPORTED', 'IPMI shows no drives');
  }

  async eraseDrive(): Promise<Outcome> {
    return nothing('DEVICE_UNSUPPORTED', 'IPMI cannot erase a drive');
  }

  async resetFirmware(): Promise<Outcome> {
    return nothing('DEVICE_UNSUPPORTED', 'IPMI cannot reset the firmware and show that it did');
  }

  /** Those that can log in, but ours. */
  async #users(signal: AbortSignal): Promise<Outcome<readonly IpmiUser[]>> {
    const parse = (output: string) =>
      parseUsers(output)?.filter((user) => user.hasAccess && user.name !== this.#tool.userName) ??
      null;
    return this.#read(['-c', 'user', 'list'], parse, signal);
  }

  async close(): Promise<void> {
    // Each run has a session of its own.
  }

  async #read<Value>(
    command: readonly string[],
    parse: (output: string) => Value | null,
    signal: AbortSignal,
  ): Promise<Outcome<Value>> {
    const got = await this.#tool.run(command, signal);
    if (got.status !== 'ok') return { status: 'noEffect', error: got.error };
    const value = parse(got.value);
    if (value !== null) return { status: 'ok', value };
    return nothing(
      'DEVICE_BAD_ANSWER',
      `ipmitool ${command.join(' ')} printed what is not understood`,
    );
  }

  async #send(command: readonly string[], signal: AbortSignal): Promise<Outcome> {
    const sent = await this.#tool.run(command, signal);
    return sent.status === 'ok' ? { status: 'ok', value: undefined } : sent;
  }
}

function nameOf({ name }: IpmiUser): string {
  return name === '' ? ANONYMOUS : name;
}
