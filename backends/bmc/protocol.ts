/**
 * What a protocol has to offer so that a node's BMC can be driven by it (`bmc.ts` does the rest):
 * readings, and requests that are sent once. A protocol never throws and confirms nothing. Of what
 * it sends, `ok` says only that the BMC took it; `noEffect` that it did not, and never will.
 */
import type { Outcome } from '../../core/kernel/service.ts';

/** `changing`: the BMC says itself that it is under way. */
export type PowerReading = 'on' | 'off' | 'changing';

/** `off` asks nobody; `softOff` asks the operating system. */
export type PowerRequest = 'on' | 'off' | 'softOff';

/** What the next boot uses; `none`: what the firmware's own order says. */
export type BootDevice = 'network' | 'disk' | 'media' | 'none';

/** `other`: something that nobody here has asked for. */
export type BootReading = BootDevice | 'other';

/** What a BMC tells about its node; null: it does not say. A claim, not a measurement. */
export interface Inventory {
  readonly manufacturer: string | null;
  readonly model: string | null;
  readonly serialNumber: string | null;
  readonly processorThreads: number | null;
  readonly memoryMib: number | null;
  /** Lower case, sorted. */
  readonly macAddresses: readonly string[];
}

/** Where the serial console is to be had. It holds no credential. */
export interface ConsoleLink {
  readonly kind: 'ipmi-sol' | 'ssh' | 'telnet';
  readonly host: string;
  readonly port: number;
}

export interface BmcProtocol {
  readPower(signal: AbortSignal): Promise<Outcome<PowerReading>>;
  sendPower(request: PowerRequest, signal: AbortSignal): Promise<Outcome>;
  readBoot(signal: AbortSignal): Promise<Outcome<BootReading>>;
  /** @param attempt above 0: what was sent before did not take */
  sendBoot(device: BootDevice, attempt: number, signal: AbortSignal): Promise<Outcome>;
  /** URL of the image in the virtual drive; null: it is empty. */
  readMedia(signal: AbortSignal): Promise<Outcome<string | null>>;
  sendMedia(image: string | null, signal: AbortSignal): Promise<Outcome>;
  /** UEFI secure boot, as it is from the next boot on. */
  readSecureBoot(signal: AbortSignal): Promise<Outcome<boolean>>;
  sendSecureBoot(enabled: boolean, signal: AbortSignal): Promise<Outcome>;
  readConsole(signal: AbortSignal): Promise<Outcome<ConsoleLink>>;
  readInventory(signal: AbortSignal): Promise<Outcome<Inventory>>;
  /** Names of the accounts that can log in, without the one that is used here. */
  readAccounts(signal: AbortSignal): Promise<Outcome<readonly string[]>>;
  removeAccount(userName: string, signal: AbortSignal): Promise<Outcome>;
  /** Ids of the drives of the node's own. */
  readDrives(signal: AbortSignal): Promise<Outcome<readonly string[]>>;
  /** `ok`: the BMC says that it is over and went well. It may take hours. */
  eraseDrive(id: string, signal: AbortSignal): Promise<Outcome>;
  /** Settings and variables of the firmware as they came from the factory. */
  resetFirmware(signal: AbortSignal): Promise<Outcome>;
  /** Gives back what the BMC keeps for this client. */
  close(): Promise<void>;
}
