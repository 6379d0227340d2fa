/**
 * Faults that an emulated BMC can be told to have, each seen in real ones (`docs/bmc.md` says
 * where), or what a hostile one could do. A fault is good for a number of times.
 */

export type PowerFault =
  /** The request is answered with success and nothing happens. */
  | 'dropped'
  /** What was asked for happens some readings later. */
  | 'late'
  /** One reading tells what was asked for, while nothing happens. */
  | 'lies'
  /** It says off while it is going down, and drops the next on. */
  | 'offEarly'
  /** It takes a boot device, and forgets it. */
  | 'forgetsBoot'
  /** It shows the boot device, and boots from the disk all the same. */
  | 'ignoresBoot';

export type RedfishFault =
  | 'lostReply'
  | 'hangs'
  | 'unavailable'
  | 'sessionEnds'
  | 'wrongEtag'
  | 'noSessions'
  /** All sessions that there are were taken. */
  | 'sessionsTaken'
  /** It says for some readings that it is on the way. */
  | 'powersSlowly'
  | 'refuses'
  | 'refusesNone'
  | 'needsMode'
  | 'refusesMode'
  | 'needsSettings'
  | 'tasks'
  | 'failedTasks'
  | 'noGracefulShutdown'
  /** Deleting an account is answered with success, and it stays. */
  | 'keepsAccounts'
  /** Accounts have fixed places: they can be switched off only. */
  | 'fixedAccounts'
  /** Erasing a drive ends as a task that failed. */
  | 'eraseFails'
  /** Erasing a drive never ends. */
  | 'eraseHangs'
  | 'hugeBody'
  | 'endlessBody'
  | 'slowBody'
  | 'deepJson'
  | 'notJson'
  | 'redirects'
  | 'foreignLinks'
  | 'longMessage';

export type BmcFault = PowerFault | RedfishFault;

export class Faults {
  readonly #left = new Map<BmcFault, number>();

  /** @param times `Infinity`: until it is cleared */
  set(name: BmcFault, times: number): void {
    this.#left.set(name, times);
  }

  clear(): void {
    this.#left.clear();
  }

  has(name: BmcFault): boolean {
    return (this.#left.get(name) ?? 0) > 0;
  }

  /** Whether the fault happens now; then it is good for one time less. */
  take(name: BmcFault): boolean {
    const left = this.#left.get(name) ?? 0;
    if (left > 0) this.#left.set(name, left - 1);
    return left > 0;
  }
}
