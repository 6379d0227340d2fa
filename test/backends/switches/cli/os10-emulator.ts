/** Dell OS10 with its candidate configuration, as far as the driver talks to it. */
import type { Session } from './cli-emulator.ts';
import { copyPorts, EmulatedSwitch, listIds, listText } from './vendors.ts';
import type { EmulatedPort, Ports } from './vendors.ts';

export class Os10Emulator extends EmulatedSwitch {
  /** Null: nothing is under way. */
  #candidate: Ports | null = null;

  fresh(): EmulatedPort {
    return { isUp: false, mode: 'access', isLayer2: true, native: 1, tagged: new Set() };
  }

  plantForeign(portId: string): void {
    Object.assign(this.running.get(portId)!, { mode: 'access', native: 1, isUp: true });
  }

  override leave(session: Session): void {
    super.leave(session);
    this.#candidate = null;
  }

  prompt({ place, isEnabled }: Session): string {
    const inside = place.startsWith('interface ethernet') ? `conf-if-eth${place.slice(18)}` : place;
    const shown = place.startsWith('interface vlan') ? `conf-if-vl-${place.slice(15)}` : inside;
    return `OS10${shown === '' ? '' : `(${shown})`}${isEnabled ? '#' : '>'} `;
  }

  obey(line: string, session: Session): string {
    const [, listed] = /^show running-configuration interface ethernet (\S+)$/.exec(line) ?? [];
    if (listed !== undefined) return this.#configuration(`ethernet${listed}`);
    if (line === 'terminal length 0') session.isPaging = false;
    else if (line === 'start transaction') return '';
    else if (line === 'lock') {
      if (this.owner !== null && this.owner !== session) {
        return '% Error: Configuration is locked by another session';
      }
      this.owner = session;
      this.#candidate = copyPorts(this.running);
    } else if (line === 'unlock') {
      if (this.owner === session) this.owner = null;
    } else if (line === 'discard') this.#candidate = null;
    else if (line === 'configure terminal') session.place = 'config';
    else if (line === 'end') session.place = '';
    else if (line === 'exit') session.place = 'config';
    else if (line === 'commit') {
      if (this.#candidate) this.running = this.#candidate;
      this.#candidate = copyPorts(this.running);
    } else if (line === 'write memory') this.startup = copyPorts(this.running);
    else return this.#configure(line, session);
    return '';
  }

  #configuration(portId: string): string {
    const port = this.running.get(portId);
    if (!port) return '% Error: Invalid port';
    return [
      '!',
      `interface ${portId}`,
      port.isUp ? ' no shutdown' : ' shutdown',
      ` switchport mode ${port.mode}`,
      ...(port.native === null ? [] : [` switchport access vlan ${port.native}`]),
      ...(port.mode === 'trunk' && port.tagged.size > 0
        ? [` switchport trunk allowed vlan ${listText(port.tagged)}`]
        : []),
      ' flowcontrol receive off',
      '',
    ].join('\n');
  }

  #configure(line: string, session: Session): string {
    if (session.place === '' || !this.#candidate) return '% Error: Unrecognized command.';
    if (/^interface (vlan \d+|ethernet\S+)$/.test(line)) {
      session.place = line;
      return '';
    }
    const port = this.#candidate.get(session.place.replace('interface ', ''))!;
    const [, mode] = /^switchport mode (access|trunk)$/.exec(line) ?? [];
    const [, no, ids] = /^(no )?switchport trunk allowed vlan (\S+)$/.exec(line) ?? [];
    const [, access] = /^switchport access vlan (\d+)$/.exec(line) ?? [];
    if (line === 'shutdown' || line === 'no shutdown') port.isUp = line === 'no shutdown';
    else if (mode !== undefined) {
      port.mode = mode;
      if (mode === 'access') port.tagged.clear();
    } else if (access !== undefined) port.native = Number(access);
    else if (line === 'no switchport access vlan') port.native = port.mode === 'access' ? 1 : null;
    else if (ids !== undefined) {
      for (const id of listIds(ids)) {
        if (no) port.tagged.delete(id);
        else port.tagged.add(id);
      }
    } else return '% Error: Unrecognized command.';
    return '';
  }
}
