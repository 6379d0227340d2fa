/**
 * A Linux bridge whose kernel has no VLAN filtering: one bridge for all ports, and nftables between
 * them (`filter-table.ts`). It is for a network namespace, or a host, in which nothing else bridges:
 * what is not allowed there is dropped. Ports do not learn addresses, so that no node can take
 * another's; every frame is offered to every port, and the filter says to which it goes.
 *
 * One network is either untagged or tagged, the same on all ports. After a restart of the host
 * there is no bridge and hence no way from port to port; do not have the host make one at its start.
 */
import type { Outcome } from '../../../core/kernel/service.ts';
import { parseBounded } from '../../bmc/redfish/bounded-json.ts';
import { nothing } from '../../devices/failure.ts';
import type { SwitchDialect } from '../dialect.ts';
import { isForeign, isShut, SHUT } from '../port-vlans.ts';
import type { PortReading, PortVlans } from '../port-vlans.ts';
import {
  changing,
  claiming,
  creation,
  mixedNetwork,
  parseTable,
  readingOfTable,
} from './filter-table.ts';
import type { FilterTable } from './filter-table.ts';
import type { Host } from './host.ts';
import { readLink } from './links.ts';

/** How things are in the kernel. */
interface State {
  /** Null: there is none. */
  readonly table: FilterTable | null;
}

export class FilteredBridge implements SwitchDialect {
  readonly portName = /^[A-Za-z][\w.-]{0,14}$/;
  readonly #host: Host;
  readonly #bridge: string;
  #epoch: number | null = null;

  constructor(host: Host, bridge: string) {
    this.#host = host;
    this.#bridge = bridge;
  }

  claim(epoch: number): void {
    this.#epoch = Math.max(epoch, this.#epoch ?? 0);
  }

  async close(): Promise<void> {}

  async read(portId: string, signal: AbortSignal): Promise<Outcome<PortReading>> {
    const state = await this.#state(signal, this.#epoch !== null);
    if (state.status !== 'ok') return state;
    const link = await readLink(this.#host, portId, signal);
    if (link.status !== 'ok') return link;
    const { table } = state.value;
    const { value: found } = link;
    if (found === null) return { status: 'ok', value: { foreign: 'there is no such interface' } };
    const isBridged = found.master !== null;
    if (table === null) {
      return { status: 'ok', value: isBridged ? { foreign: 'nothing is filtered' } : SHUT };
    }
    const reading = readingOfTable(table, portId);
    const isIdle = !isForeign(reading) && isShut(reading);
    const isPlaced = found.master === this.#bridge && found.isUp;
    const isElsewhere = isBridged && found.master !== this.#bridge;
    if (isElsewhere || (!isPlaced && !isIdle && !isForeign(reading))) {
      return { status: 'ok', value: { foreign: `it is not up on bridge ${this.#bridge}` } };
    }
    return { status: 'ok', value: reading };
  }

  async send(portId: string, vlans: PortVlans, signal: AbortSignal): Promise<Outcome> {
    const state = await this.#state(signal, true);
    if (state.status !== 'ok') return state;
    const table = state.value.table!;
    const mixed = mixedNetwork(table, portId, vlans);
    if (mixed !== null) {
      const message = `network ${mixed} is tagged on one port and untagged on another`;
      return nothing('DEVICE_UNSUPPORTED', `${message}: that takes a kernel with VLAN filtering`);
    }
    const changed = await this.#transact(changing(table, portId, vlans), signal);
    if (changed.status !== 'ok' || isShut(vlans)) return changed;
    return this.#place(portId, signal);
  }

  /** Onto the bridge, which is made where it is not there. Without elements nothing passes there. */
  async #place(portId: string, signal: AbortSignal): Promise<Outcome> {
    const bridge = await readLink(this.#host, this.#bridge, signal);
    if (bridge.status !== 'ok') return uncertain(bridge);
    const making = bridge.value === null ? [['add', 'name', this.#bridge, 'type', 'bridge']] : [];
    for (const step of [
      ...making,
      ['set', 'dev', this.#bridge, 'up'],
      ['set', 'dev', portId, 'master', this.#bridge],
      ['set', 'dev', portId, 'type', 'bridge_slave', 'learning', 'off'],
      ['set', 'dev', portId, 'up'],
    ]) {
      const done = await this.#host.run('ip', ['link', ...step], signal);
      if (done.status !== 'ok') return uncertain(done);
    }
    return { status: 'ok', value: undefined };
  }

  /** @param isMade make the table where there is none */
  async #state(signal: AbortSignal, isMade: boolean): Promise<Outcome<State>> {
    const found = await this.#list(signal);
    if (found.status !== 'ok') return found;
    const { table } = found.value;
    const epoch = this.#epoch;
    if (table === null) {
      if (!isMade) return found;
      const made = await this.#transact(creation(epoch ?? 0), signal);
      return made.status === 'ok' ? this.#list(signal) : made;
    }
    if (epoch === table.epoch || (epoch === null && table.epoch === 0)) return found;
    if (epoch === null || epoch < table.epoch) {
      return nothing('DEVICE_FENCED', 'another leader has taken the switch over');
    }
    const claimed = await this.#transact(claiming(table.epoch, epoch), signal);
    return claimed.status === 'ok' ? this.#list(signal) : claimed;
  }

  async #list(signal: AbortSignal): Promise<Outcome<State>> {
    const listed = await this.#host.run('nft', ['-j', 'list', 'table', 'bridge', 'ocx'], signal);
    if (listed.status === 'ok') {
      const table = parseTable(parseBounded(listed.value));
      if (table) return { status: 'ok', value: { table } };
      return nothing('DEVICE_GARBAGE', 'nft does not list the table as it should');
    }
    const isAbsent = listed.error.message.includes('No such file or directory');
    if (isAbsent) return { status: 'ok', value: { table: null } };
    return nothing(listed.error.code, listed.error.message);
  }

  async #transact(text: string, signal: AbortSignal): Promise<Outcome> {
    const done = await this.#host.run('nft', ['-f', '-'], signal, text);
    return done.status === 'ok' ? { status: 'ok', value: undefined } : done;
  }
}

/** Something was done before this. */
function uncertain(outcome: Outcome<unknown>): Outcome {
  if (outcome.status === 'ok') return { status: 'ok', value: undefined };
  return { status: 'uncertain', error: outcome.error };
}
