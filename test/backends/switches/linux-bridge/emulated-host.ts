/** The programs `ip` and `bridge` on a host whose kernel filters VLANs, as far as the driver goes. */
import type { Host } from '../../../../backends/switches/linux-bridge/host.ts';
import type { Outcome } from '../../../../core/kernel/service.ts';

interface EmulatedLink {
  master: string | null;
  isUp: boolean;
  /** VLAN → flags */
  readonly vlans: Map<number, string[]>;
}

export class EmulatedHost implements Host {
  readonly links = new Map<string, EmulatedLink>();
  bridgeData: object = { vlan_filtering: 1, vlan_default_pvid: 0 };
  readonly bridge: string;

  constructor(bridge: string, ports: readonly string[]) {
    this.bridge = bridge;
    for (const name of [bridge, ...ports]) this.#add(name);
  }

  #add(name: string): void {
    this.links.set(name, { master: null, isUp: false, vlans: new Map() });
  }

  restart(): void {
    for (const name of this.links.keys()) this.#add(name);
  }

  async run(program: string, parameters: readonly string[]): Promise<Outcome<string>> {
    try {
      const value = program === 'ip' ? this.#ip(parameters) : this.#bridgeVlan(parameters);
      return { status: 'ok', value };
    } catch (error) {
      const { message } = error as Error;
      return { status: 'noEffect', error: { code: 'DEVICE_REFUSED', message } };
    }
  }

  #link(name: string): EmulatedLink {
    const link = this.links.get(name);
    if (!link) throw new Error(`ip: Device "${name}" does not exist.`);
    return link;
  }

  #ip(parameters: readonly string[]): string {
    const name = parameters[parameters.indexOf('dev') + 1]!;
    const link = this.#link(name);
    if (parameters[0] === '-json') {
      const isBridge = name === this.bridge;
      const shown = {
        ifname: name,
        flags: link.isUp ? ['UP'] : [],
        ...(link.master === null ? {} : { master: link.master }),
        ...(isBridge ? { linkinfo: { info_kind: 'bridge', info_data: this.bridgeData } } : {}),
      };
      return JSON.stringify([shown]);
    }
    const [, , , , action, value] = parameters;
    if (action === 'up' || action === 'down') link.isUp = action === 'up';
    else {
      link.master = action === 'master' ? value! : null;
      link.vlans.clear();
    }
    return '';
  }

  #bridgeVlan(parameters: readonly string[]): string {
    if (parameters[0] === '-json') {
      const [, , , , name] = parameters;
      const rows = [...this.#link(name!).vlans].sort(([a], [b]) => a - b);
      const vlans = rows.map(([vlan, flags]) => ({ vlan, ...(flags.length > 0 ? { flags } : {}) }));
      return JSON.stringify(rows.length > 0 ? [{ ifname: name, vlans: inRanges(vlans) }] : []);
    }
    const [, action, , name, , id, ...flags] = parameters;
    const link = this.#link(name!);
    if (link.master === null) throw new Error('RTNETLINK answers: Operation not supported');
    if (action === 'del') {
      if (!link.vlans.delete(Number(id))) throw new Error('RTNETLINK answers: No such entry');
    } else link.vlans.set(Number(id), flags.length > 0 ? ['PVID', 'Egress Untagged'] : []);
    return '';
  }
}

/** Neighbours without flags are one row, as the real program has it with `-compressvlans`. */
function inRanges(rows: readonly { vlan: number; flags?: string[] }[]): object[] {
  const ranges: { vlan: number; vlanEnd?: number; flags?: string[] }[] = [];
  for (const row of rows) {
    const last = ranges.at(-1);
    const isNext =
      last && !last.flags && !row.flags && (last.vlanEnd ?? last.vlan) + 1 === row.vlan;
    if (isNext) last.vlanEnd = row.vlan;
    else ranges.push({ ...row });
  }
  return ranges;
}
