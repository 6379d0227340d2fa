/**
 * What a tenant could leave behind at a Redfish BMC and its node: accounts, settings and variables
 * of the firmware, drives (DSP2046: ManagerAccount, Bios, SecureBoot, Drive).
 */
import type { Outcome } from '../../../core/kernel/service.ts';
import { nothing } from '../../devices/failure.ts';
import { at, linksAt, textAt } from './bounded-json.ts';
import type { JsonObject } from './bounded-json.ts';
import type { RedfishSession, Resource } from './session.ts';

const MOST_MEMBERS = 64;
const MOST_NAME = 128;

export class RedfishBelongings {
  readonly #session: RedfishSession;
  readonly #ownName: string;

  constructor(session: RedfishSession, ownName: string) {
    this.#session = session;
    this.#ownName = ownName;
  }

  async readAccounts(signal: AbortSignal): Promise<Outcome<string[]>> {
    const accounts = await this.#accounts(signal);
    if (accounts.status !== 'ok') return accounts;
    return { status: 'ok', value: accounts.value.map(nameOf) };
  }

  async removeAccount(userName: string, signal: AbortSignal): Promise<Outcome> {
    const accounts = await this.#accounts(signal);
    if (accounts.status !== 'ok') return accounts;
    const found = accounts.value.find((account) => nameOf(account) === userName);
    if (!found) return { status: 'ok', value: undefined };
    const deleted = await this.#session.delete(found.path, signal);
    const isTurnedDown = deleted.status === 'noEffect' && deleted.error.code === 'DEVICE_REFUSED';
    // Accounts of fixed places cannot be deleted, but switched off.
    return isTurnedDown ? this.#session.patch(found.path, { Enabled: false }, signal) : deleted;
  }

  async readDrives(system: JsonObject, signal: AbortSignal): Promise<Outcome<string[]>> {
    const drives = await this.#drives(system, signal);
    if (drives.status !== 'ok') return drives;
    const value = drives.value.map((drive) => drive.path);
    return { status: 'ok', value };
  }

  /** The task is followed for as long as the signal allows. */
  async eraseDrive(id: string, signal: AbortSignal): Promise<Outcome> {
    const drive = await this.#session.read(id, signal);
    if (drive.status !== 'ok') return drive;
    const target = eraseTarget(drive.value);
    if (target === null) return nothing('DEVICE_UNSUPPORTED', 'the BMC cannot erase this drive');
    return this.#session.post(target, {}, signal, Infinity);
  }

  async readSecureBoot(system: JsonObject, signal: AbortSignal): Promise<Outcome<boolean>> {
    const link = textAt(system, 'SecureBoot', '@odata.id');
    if (link === null) return nothing('DEVICE_UNSUPPORTED', 'the BMC shows no secure boot');
    const resource = await this.#session.read(link, signal);
    if (resource.status !== 'ok') return resource;
    const value = at(resource.value.body, 'SecureBootEnable');
    if (typeof value === 'boolean') return { status: 'ok', value };
    return nothing('DEVICE_BAD_ANSWER', 'the BMC does not say whether secure boot is on');
  }

  async sendSecureBoot(
    system: JsonObject,
    enabled: boolean,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const link = textAt(system, 'SecureBoot', '@odata.id');
    if (link === null) return nothing('DEVICE_UNSUPPORTED', 'the BMC shows no secure boot');
    return this.#session.patch(link, { SecureBootEnable: enabled }, signal);
  }

  async resetFirmware(system: JsonObject, signal: AbortSignal): Promise<Outcome> {
    const bios = textAt(system, 'Bios', '@odata.id');
    if (bios === null) return nothing('DEVICE_UNSUPPORTED', 'the BMC cannot reset the firmware');
    const reset = await this.#act(bios, '#Bios.ResetBios', {}, signal);
    if (reset.status !== 'ok') return reset;
    const secureBoot = textAt(system, 'SecureBoot', '@odata.id');
    if (secureBoot === null) return reset;
    const keys = { ResetKeysType: 'ResetAllKeysToDefault' };
    const second = await this.#act(secureBoot, '#SecureBoot.ResetKeys', keys, signal);
    // The first has happened, so that "nothing" would be wrong.
    return second.status === 'noEffect' ? { ...second, status: 'uncertain' } : second;
  }

  async #act(path: string, name: string, body: object, signal: AbortSignal): Promise<Outcome> {
    const resource = await this.#session.read(path, signal);
    if (resource.status !== 'ok') return resource;
    const target = textAt(resource.value.body, 'Actions', name, 'target');
    if (target === null) return nothing('DEVICE_UNSUPPORTED', `the BMC does not offer ${name}`);
    return this.#session.post(target, body, signal);
  }

  /** Those that can log in, but ours. */
  async #accounts(signal: AbortSignal): Promise<Outcome<Resource[]>> {
    const root = await this.#session.read(this.#session.root, signal);
    if (root.status !== 'ok') return root;
    const link = textAt(root.value.body, 'AccountService', '@odata.id');
    if (link === null) return nothing('DEVICE_UNSUPPORTED', 'the BMC shows no accounts');
    const service = await this.#session.read(link, signal);
    if (service.status !== 'ok') return service;
    const accounts = await this.#members(
      textAt(service.value.body, 'Accounts', '@odata.id'),
      signal,
    );
    if (accounts.status !== 'ok') return accounts;
    const value = accounts.value.filter(
      (account) =>
        at(account.body, 'Enabled') !== false &&
        nameOf(account) !== '' &&
        nameOf(account) !== this.#ownName,
    );
    return { status: 'ok', value };
  }

  async #drives(system: JsonObject, signal: AbortSignal): Promise<Outcome<Resource[]>> {
    const link = textAt(system, 'Storage', '@odata.id');
    if (link === null) return nothing('DEVICE_UNSUPPORTED', 'the BMC shows no drives');
    const stores = await this.#members(link, signal);
    if (stores.status !== 'ok') return stores;
    const drives: Resource[] = [];
    for (const store of stores.value) {
      const listed = await this.#all(store.body, 'Drives', signal);
      if (listed.status !== 'ok') return listed;
      drives.push(...listed.value);
    }
    return { status: 'ok', value: drives };
  }

  async #members(link: string | null, signal: AbortSignal): Promise<Outcome<Resource[]>> {
    if (link === null) return nothing('DEVICE_BAD_ANSWER', 'the BMC has a list without a place');
    const collection = await this.#session.read(link, signal);
    if (collection.status !== 'ok') return collection;
    return this.#all(collection.value.body, 'Members', signal);
  }

  /** A list that is not readable to its end is no list: what is not seen cannot be cleaned. */
  async #all(body: JsonObject, name: string, signal: AbortSignal): Promise<Outcome<Resource[]>> {
    const listed = at(body, name);
    const paths = linksAt(body, MOST_MEMBERS, name);
    if (!Array.isArray(listed) || listed.length !== paths.length) {
      return nothing('DEVICE_BAD_ANSWER', 'the BMC has a list that cannot be read');
    }
    const resources: Resource[] = [];
    for (const path of paths) {
      const resource = await this.#session.read(path, signal);
      if (resource.status !== 'ok') return resource;
      resources.push(resource.value);
    }
    return { status: 'ok', value: resources };
  }
}

function nameOf(account: Resource): string {
  return (textAt(account.body, 'UserName') ?? '').slice(0, MOST_NAME);
}

function eraseTarget(drive: Resource): string | null {
  return textAt(drive.body, 'Actions', '#Drive.SecureErase', 'target');
}
