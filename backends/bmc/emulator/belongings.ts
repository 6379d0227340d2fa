/** What tenants leave behind at an emulated BMC: accounts, firmware variables, drives. */
import { randomUUID } from 'node:crypto';
import type { SwitchedNode } from './chassis.ts';
import type { Faults } from './faults.ts';
import { ACCOUNT_SERVICE, head, link, members, SYSTEM } from './resources.ts';

interface Account {
  userName: string;
  password: string;
  isEnabled: boolean;
}

const ACCOUNTS = `${ACCOUNT_SERVICE}/Accounts`;
const BIOS = `${SYSTEM}/Bios`;
const SECURE_BOOT = `${SYSTEM}/SecureBoot`;
const STORE = `${SYSTEM}/Storage/0`;
const DRIVE = `${STORE}/Drives/0`;
const RESET_BIOS = `${BIOS}/Actions/Bios.ResetBios`;
const RESET_KEYS = `${SECURE_BOOT}/Actions/SecureBoot.ResetKeys`;
const ERASE = `${DRIVE}/Actions/Drive.SecureErase`;
const MOST_ACCOUNTS = 16;

/** What became of a request: an answer, or work that takes a while. */
export type BelongingsAnswer =
  | { readonly status: number; readonly body?: object; readonly headers?: Record<string, string> }
  | { readonly work: 'done' | 'fails' | 'hangs' };

export class Belongings {
  /** Id → account, the BMC's own first. */
  readonly accounts = new Map<string, Account>();
  /** A variable of the firmware, like all that a reset clears. */
  secureBoot = false;
  readonly #node: SwitchedNode;
  readonly #faults: Faults;

  constructor(node: SwitchedNode, faults: Faults, userName: string, password: string) {
    this.#node = node;
    this.#faults = faults;
    this.accounts.set('1', { userName, password, isEnabled: true });
  }

  get hasFirmware(): boolean {
    return this.#node.resetFirmware !== undefined;
  }

  admits(userName: unknown, password: unknown): boolean {
    for (const account of this.accounts.values()) {
      const isIts = account.userName === userName && account.password === password;
      if (isIts && account.isEnabled) return true;
    }
    return false;
  }

  /** Null for what is none of this. */
  show(path: string): object | null {
    const drives = this.#node.eraseDrives ? [DRIVE] : [];
    const erase = { '#Drive.SecureErase': { target: ERASE } };
    const still: Readonly<Record<string, object>> = {
      [ACCOUNT_SERVICE]: { ...head(ACCOUNT_SERVICE), Accounts: link(ACCOUNTS) },
      [ACCOUNTS]: { ...head(ACCOUNTS), ...members(this.#paths()) },
      [`${SYSTEM}/Storage`]: { ...head(`${SYSTEM}/Storage`), ...members([STORE]) },
      [STORE]: { ...head(STORE), Drives: drives.map(link) },
      ...(drives.length > 0 ? { [DRIVE]: { ...head(DRIVE), Actions: erase } } : {}),
      ...(this.hasFirmware ? FIRMWARE : {}),
      ...(this.hasFirmware
        ? { [SECURE_BOOT]: { ...FIRMWARE[SECURE_BOOT], SecureBootEnable: this.secureBoot } }
        : {}),
    };
    if (Object.hasOwn(still, path)) return still[path]!;
    const account = this.accounts.get(path.slice(ACCOUNTS.length + 1));
    if (!account || !path.startsWith(`${ACCOUNTS}/`)) return null;
    const { userName: UserName, isEnabled: Enabled } = account;
    return { ...head(path), UserName, Enabled, RoleId: 'Administrator' };
  }

  /** Null for what is none of this. */
  async change(
    method: string,
    path: string,
    body: Readonly<Record<string, unknown>>,
  ): Promise<BelongingsAnswer | null> {
    if (method === 'POST') {
      if (path === ACCOUNTS) return this.#createAccount(body);
      if (path === ERASE && this.#node.eraseDrives) return this.#erase();
      if ((path === RESET_BIOS || path === RESET_KEYS) && this.#node.resetFirmware) {
        this.secureBoot = false;
        await this.#node.resetFirmware();
        return { work: 'done' };
      }
    }
    if (method === 'PATCH' && path === SECURE_BOOT && this.hasFirmware) {
      const { SecureBootEnable: enabled } = body;
      if (typeof enabled !== 'boolean') return { status: 400 };
      this.secureBoot = enabled;
      return { status: 204 };
    }
    const id = path.startsWith(`${ACCOUNTS}/`) ? path.slice(ACCOUNTS.length + 1) : '';
    const account = this.accounts.get(id);
    if (!account) return null;
    if (method === 'PATCH') {
      account.isEnabled = body['Enabled'] !== false;
      return { status: 204 };
    }
    if (method !== 'DELETE') return null;
    if (this.#faults.has('fixedAccounts')) return { status: 405 };
    if (!this.#faults.take('keepsAccounts')) this.accounts.delete(id);
    return { status: 204 };
  }

  #createAccount(body: Readonly<Record<string, unknown>>): BelongingsAnswer {
    const { UserName: userName, Password: password } = body;
    if (typeof userName !== 'string' || typeof password !== 'string') return { status: 400 };
    if (this.accounts.size >= MOST_ACCOUNTS) return { status: 400 };
    const id = randomUUID();
    this.accounts.set(id, { userName, password, isEnabled: true });
    const path = `${ACCOUNTS}/${id}`;
    return { status: 201, body: this.show(path)!, headers: { Location: path } };
  }

  async #erase(): Promise<BelongingsAnswer> {
    if (this.#faults.take('eraseHangs')) return { work: 'hangs' };
    if (this.#faults.take('eraseFails')) return { work: 'fails' };
    await this.#node.eraseDrives!();
    return { work: 'done' };
  }

  #paths(): string[] {
    return [...this.accounts.keys()].map((id) => `${ACCOUNTS}/${id}`);
  }
}

const FIRMWARE = {
  [BIOS]: { ...head(BIOS), Attributes: {}, Actions: { '#Bios.ResetBios': { target: RESET_BIOS } } },
  [SECURE_BOOT]: {
    ...head(SECURE_BOOT),
    Actions: { '#SecureBoot.ResetKeys': { target: RESET_KEYS } },
  },
};
