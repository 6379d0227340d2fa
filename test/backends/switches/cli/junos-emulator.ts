/** Junos with its candidate configuration of statements, as far as the driver talks to it. */
import type { PortReading } from '../../../../backends/switches/port-vlans.ts';
import type { Session } from './cli-emulator.ts';

export class JunosEmulator {
  active: ReadonlySet<string> = new Set();
  #candidate = new Set<string>();
  owner: Session | 'other' | null = null;

  prompt({ place }: Session): string {
    return place === '' ? 'admin@ex-1> ' : '[edit]\r\nadmin@ex-1# ';
  }

  leave(session: Session): void {
    if (this.owner !== session) return;
    this.owner = null;
    this.#candidate = new Set(this.active);
  }

  restart(): void {
    this.owner = null;
    this.#candidate = new Set(this.active);
  }

  /** By an operator's own commit. */
  plantForeign(portId: string): void {
    const family = `interfaces ${portId} unit 0 family ethernet-switching`;
    const rest = [...this.active].filter((one) => !one.startsWith(`interfaces ${portId} `));
    this.active = new Set([
      ...rest,
      `${family} interface-mode trunk`,
      `${family} vlan members all`,
    ]);
    this.#candidate = new Set(this.active);
  }

  actual(portId: string): PortReading {
    const before = `interfaces ${portId} `;
    const own = [...this.active]
      .filter((one) => one.startsWith(before))
      .map((one) => one.slice(before.length));
    if (own.includes('disable')) return { native: null, tagged: [] };
    const family = 'unit 0 family ethernet-switching ';
    const vlans = own.flatMap((one) => {
      const [, name] = new RegExp(`^${family}vlan members (\\S+)$`).exec(one) ?? [];
      return name === undefined ? [] : [this.#idOf(name)];
    });
    const isTrunk = own.includes(`${family}interface-mode trunk`);
    const [native] = own.flatMap((one) =>
      one.startsWith('native-vlan-id ') ? [Number(one.slice(15))] : [],
    );
    if (!isTrunk) return { native: vlans[0] ?? null, tagged: [] };
    const hasNative = native !== undefined && vlans.includes(native);
    const tagged = vlans.filter((id) => id !== native || !hasNative).sort((a, b) => a - b);
    return { native: hasNative ? native : null, tagged };
  }

  #idOf(name: string): number {
    const id = [...this.active].find((one) => one.startsWith(`vlans ${name} vlan-id `));
    return Number(id?.split(' ').at(-1));
  }

  obey(line: string, session: Session): string {
    const [, shown] =
      /^show configuration interfaces (\S+) \| display set \| no-more$/.exec(line) ?? [];
    if (shown !== undefined) {
      const own = [...this.active].filter((one) => one.startsWith(`interfaces ${shown} `));
      return own.map((one) => `set ${one}`).join('\n');
    }
    if (line.startsWith('set cli ')) {
      session.isPaging &&= !line.includes('screen-length 0');
      return `Screen ${line.split(' ')[2]!.split('-')[1]} set to 0`;
    }
    if (line === 'configure exclusive') {
      if (this.owner !== null && this.owner !== session) {
        const since = 'on since 2026-01-01 00:00:00 UTC, idle 00:01:00';
        return `error: configuration database locked by:\n  root terminal p0 (pid 1129) ${since}\n      exclusive [edit]`;
      }
      this.owner = session;
      session.place = 'edit';
      return 'warning: uncommitted changes will be discarded on exit\nEntering configuration mode';
    }
    if (session.place === '') return '                                  ^\nunknown command.';
    return this.#configure(line, session);
  }

  #configure(line: string, session: Session): string {
    const [, verb, statement] = /^(set|delete) (.+)$/.exec(line) ?? [];
    if (verb === 'set') {
      const [, leaf] = /^(.*(?:interface-mode|native-vlan-id|vlan-id)) \S+$/.exec(statement!) ?? [];
      for (const other of this.#candidate) {
        if (leaf !== undefined && other.startsWith(`${leaf} `)) this.#candidate.delete(other);
      }
      this.#candidate.add(statement!);
      return '';
    }
    if (verb === 'delete') {
      const gone = [...this.#candidate].filter((one) => one.startsWith(`${statement} `));
      for (const one of gone) this.#candidate.delete(one);
      return gone.length > 0 ? '' : 'warning: statement not found';
    }
    if (line === 'commit') return this.#commit();
    if (line === 'rollback 0') {
      this.#candidate = new Set(this.active);
      return 'load complete';
    }
    if (line === 'exit configuration-mode') {
      session.place = '';
      this.leave(session);
      return 'Exiting configuration mode';
    }
    return '            ^\nunknown command.';
  }

  /** An access port has one VLAN, and each is defined. */
  #commit(): string {
    for (const one of this.#candidate) {
      const [, port, name] =
        /^(interfaces \S+) unit 0 family ethernet-switching vlan members (\S+)$/.exec(one) ?? [];
      if (port === undefined) continue;
      const isTrunk = this.#candidate.has(
        `${port} unit 0 family ethernet-switching interface-mode trunk`,
      );
      const members = [...this.#candidate].filter((other) =>
        other.startsWith(`${port} unit 0 family ethernet-switching vlan members `),
      );
      const isKnown = [...this.#candidate].some((other) =>
        other.startsWith(`vlans ${name} vlan-id `),
      );
      if (isKnown && (isTrunk || members.length === 1)) continue;
      return `[edit ${port}]\n  'unit 0'\n    vlan members\nerror: configuration check-out failed: (statements constraint check failed)`;
    }
    this.active = new Set(this.#candidate);
    return 'configuration check succeeds\ncommit complete';
  }
}
