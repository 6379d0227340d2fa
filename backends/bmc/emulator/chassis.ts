/** What stands behind an emulated BMC: a node that can be switched, with the faults of real ones. */
import type { Faults } from './faults.ts';

/** The node itself; a virtual rack puts an emulated computer here. */
export interface SwitchedNode {
  isOn(): boolean | Promise<boolean>;
  /** @param bootDevice what this boot uses, as Redfish calls it; null: the node's own order */
  switchOn(bootDevice: string | null): void | Promise<void>;
  switchOff(): void | Promise<void>;
  /** Settings and variables of the firmware as they came; without it the BMC does not offer it. */
  resetFirmware?(): void | Promise<void>;
  /** All local drives; without it the BMC shows none. Settles when they are blank. */
  eraseDrives?(): void | Promise<void>;
}

/** A node that is nothing but its switch. */
export class BareNode implements SwitchedNode {
  #isOn = false;
  /** What each boot so far used. */
  readonly boots: (string | null)[] = [];
  firmwareResets = 0;
  drivesErased = 0;

  isOn(): boolean {
    return this.#isOn;
  }

  switchOn(bootDevice: string | null): void {
    this.boots.push(bootDevice);
    this.#isOn = true;
  }

  switchOff(): void {
    this.#isOn = false;
  }

  resetFirmware(): void {
    this.firmwareResets += 1;
  }

  eraseDrives(): void {
    this.drivesErased += 1;
  }
}

export interface BootOverride {
  readonly enabled: 'Disabled' | 'Once' | 'Continuous';
  readonly target: string;
  readonly mode: string;
}

/** Readings that a late change takes. */
const LATE_READINGS = 3;

export class Chassis {
  readonly node: SwitchedNode;
  readonly faults: Faults;
  boot: BootOverride = { enabled: 'Disabled', target: 'None', mode: 'UEFI' };
  /** URL of the image in the virtual drive. */
  image: string | null = null;
  #pending: { readonly on: boolean; readingsLeft: number } | null = null;
  #lie: boolean | null = null;
  #dropsOn = false;
  /** Settles when all that was asked of the node so far is done: it is never switched twice at once. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(node: SwitchedNode, faults: Faults) {
    this.node = node;
    this.faults = faults;
  }

  /** What the BMC says about the power. */
  async reading(): Promise<'On' | 'Off'> {
    const pending = this.#pending;
    if (pending && --pending.readingsLeft <= 0) {
      this.#pending = null;
      await this.#apply(pending.on);
    }
    const lie = this.#lie;
    this.#lie = null;
    return (lie ?? (await this.node.isOn())) ? 'On' : 'Off';
  }

  async switchTo(on: boolean): Promise<void> {
    if (this.faults.take('dropped')) return;
    if (on && this.#dropsOn) {
      this.#dropsOn = false;
      return;
    }
    if (this.faults.take('lies')) {
      this.#lie = on;
      return;
    }
    if (this.faults.take('late')) {
      this.#pending = { on, readingsLeft: LATE_READINGS };
      return;
    }
    await this.#apply(on);
  }

  setBoot(boot: BootOverride): void {
    if (!this.faults.take('forgetsBoot')) this.boot = boot;
  }

  #apply(on: boolean): Promise<void> {
    const done = this.#tail.then(() => this.#switch(on));
    this.#tail = done.catch(() => undefined);
    return done;
  }

  async #switch(on: boolean): Promise<void> {
    if (on === (await this.node.isOn())) return;
    if (!on) {
      this.#dropsOn = this.faults.take('offEarly');
      return this.node.switchOff();
    }
    const { enabled, target } = this.boot;
    const device = enabled === 'Disabled' || this.faults.take('ignoresBoot') ? null : target;
    if (enabled === 'Once') this.boot = { ...this.boot, enabled: 'Disabled', target: 'None' };
    await this.node.switchOn(device);
  }
}
