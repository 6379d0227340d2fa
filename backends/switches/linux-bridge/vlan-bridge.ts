/**
 * A Linux bridge whose kernel filters VLANs (bridge(8), `vlan_filtering 1`, `vlan_default_pvid 0`).
 * A port that is shut is on no bridge and down. The kernel keeps no lock and no number for us: what
 * a stopped leader still sends is only found by reading back.
 */
import type { Outcome } from '../../../core/kernel/service.ts';
import { at, numberAt } from '../../bmc/redfish/bounded-json.ts';
import { doubtful, nothing } from '../../devices/failure.ts';
import type { SwitchDialect } from '../dialect.ts';
import { isForeign, isShut, readingOf, SHUT } from '../port-vlans.ts';
import type { PortReading, PortVlans } from '../port-vlans.ts';
import type { Host } from './host.ts';
import { parsed, readLink } from './links.ts';

interface Membership {
  readonly vlan: number;
  readonly isNative: boolean;
  readonly isTagged: boolean;
}

export class VlanBridge implements SwitchDialect {
  readonly portName = /^[A-Za-z][\w.-]{0,14}$/;
  readonly #host: Host;
  readonly #bridge: string;

  constructor(host: Host, bridge: string) {
    this.#host = host;
    this.#bridge = bridge;
  }

  claim(): void {}

  async close(): Promise<void> {}

  async read(portId: string, signal: AbortSignal): Promise<Outcome<PortReading>> {
    const link = await readLink(this.#host, portId, signal);
    if (link.status !== 'ok') return link;
    const found = (value: PortReading): Outcome<PortReading> => ({ status: 'ok', value });
    if (link.value === null) return found({ foreign: 'there is no such interface' });
    const { master, isUp } = link.value;
    if (master === null) return found(SHUT);
    if (master !== this.#bridge) return found({ foreign: 'it is on another bridge' });
    const bridge = await readLink(this.#host, this.#bridge, signal);
    if (bridge.status !== 'ok') return bridge;
    if (!bridge.value?.isFiltering) return found({ foreign: 'the bridge does not filter VLANs' });
    const members = await this.#members(portId, signal);
    if (members.status !== 'ok') return members;
    const natives = members.value.filter(({ isNative }) => isNative);
    const isOdd = members.value.some(({ isNative, isTagged }) => isNative === isTagged);
    if (isOdd || natives.length > 1) return found({ foreign: 'it sends and hears other VLANs' });
    const reading = readingOf(
      natives[0]?.vlan ?? null,
      members.value.map(({ vlan }) => vlan),
    );
    if (!isForeign(reading) && !isShut(reading) && !isUp) return found({ foreign: 'it is down' });
    return found(reading);
  }

  async send(portId: string, vlans: PortVlans, signal: AbortSignal): Promise<Outcome> {
    if (isShut(vlans)) {
      return this.#runAll(
        [
          ['ip', 'link', 'set', 'dev', portId, 'nomaster'],
          ['ip', 'link', 'set', 'dev', portId, 'down'],
        ],
        signal,
      );
    }
    const bridge = await readLink(this.#host, this.#bridge, signal);
    if (bridge.status !== 'ok') return bridge;
    if (!bridge.value?.isFiltering) {
      const message = `${this.#bridge} is no bridge with vlan_filtering 1 and vlan_default_pvid 0`;
      return nothing('DEVICE_UNSUPPORTED', message);
    }
    const link = await readLink(this.#host, portId, signal);
    if (link.status !== 'ok') return link;
    const isThere = link.value?.master === this.#bridge;
    const members = isThere ? await this.#members(portId, signal) : null;
    if (members && members.status !== 'ok') return members;
    const old = members?.value.map(({ vlan }) => vlan) ?? [];
    const dev = ['dev', portId, 'vid'];
    const { native, tagged } = vlans;
    return this.#runAll(
      [
        ...(isThere ? [] : [['ip', 'link', 'set', 'dev', portId, 'master', this.#bridge]]),
        // First away with what may not be, then on with what shall.
        ...old.map((id) => ['bridge', 'vlan', 'del', ...dev, `${id}`]),
        ...tagged.map((id) => ['bridge', 'vlan', 'add', ...dev, `${id}`]),
        ...(native === null
          ? []
          : [['bridge', 'vlan', 'add', ...dev, `${native}`, 'pvid', 'untagged']]),
        ['ip', 'link', 'set', 'dev', portId, 'up'],
      ],
      signal,
    );
  }

  async #runAll(steps: readonly string[][], signal: AbortSignal): Promise<Outcome> {
    for (const [index, [program, ...rest]] of steps.entries()) {
      const done = await this.#host.run(program as 'ip' | 'bridge', rest, signal);
      if (done.status === 'ok') continue;
      const { code, message } = done.error;
      return index === 0 ? done : doubtful(code, message);
    }
    return { status: 'ok', value: undefined };
  }

  async #members(portId: string, signal: AbortSignal): Promise<Outcome<Membership[]>> {
    const shown = await this.#host.run('bridge', ['-json', 'vlan', 'show', 'dev', portId], signal);
    if (shown.status !== 'ok') return nothing(shown.error.code, shown.error.message);
    const listed = at(parsed(shown.value), 0, 'vlans') ?? [];
    if (!Array.isArray(listed)) return nothing('DEVICE_GARBAGE', 'bridge does not show VLANs');
    return { status: 'ok', value: listed.flatMap(membershipsOf) };
  }
}

/** A row is one VLAN, or a range of them; what it is not is a VLAN that no port can have. */
function membershipsOf(row: unknown): Membership[] {
  const [begin, end = begin] = [numberAt(row, 'vlan'), numberAt(row, 'vlanEnd') ?? undefined];
  const isRange = begin !== null && end !== null && begin <= end && end <= 4095;
  const [first, last] = isRange ? [begin, end] : [-1, -1];
  const flags = at(row, 'flags');
  const all = Array.isArray(flags) ? flags : [];
  const isPvid = all.includes('PVID');
  const isUntagged = all.includes('Egress Untagged');
  return Array.from({ length: last - first + 1 }, (_, index) => ({
    vlan: first + index,
    isNative: isPvid && isUntagged,
    isTagged: !isPvid && !isUntagged,
  }));
}
