/** Dell OS9, whose VLANs know their members, as far as the driver talks to it. */
import type { Session } from './cli-emulator.ts';
import { copyPorts, EmulatedSwitch, listText } from './vendors.ts';
import type { EmulatedPort } from './vendors.ts';

const SPACED = /^(GigabitEthernet|TenGigabitEthernet|fortyGigE) ?(\S+)$/;

export class Os9Emulator extends EmulatedSwitch {
  fresh(): EmulatedPort {
    return { isUp: false, mode: 'plain', isLayer2: false, native: null, tagged: new Set() };
  }

  plantForeign(portId: string): void {
    const fresh = {
      mode: 'plain',
      isLayer2: true,
      native: null,
      isUp: true,
      tagged: new Set<number>(),
    };
    Object.assign(this.running.get(portId)!, fresh);
  }

  prompt({ place, isEnabled }: Session): string {
    const [, kind, number] = /^interface (\w+) (\S+)$/.exec(place) ?? [];
    const inside =
      kind === undefined ? place : `conf-if-${kind.slice(0, 2).toLowerCase()}-${number}`;
    return `Dell${inside === '' ? '' : `(${inside})`}${isEnabled ? '#' : '>'}`;
  }

  obey(line: string, session: Session): string {
    const [, listed] = /^show running-config interface (.+)$/.exec(line) ?? [];
    const [, members] = /^show interfaces switchport (.+)$/.exec(line) ?? [];
    if (listed !== undefined) return this.#configuration(listed);
    if (members !== undefined) return this.#members(members);
    if (line === 'terminal length 0') session.isPaging = false;
    else if (line === 'configure terminal lock') {
      if (this.owner !== null && this.owner !== session) {
        return '% Error: User "admin" on line vty0 is in exclusive configuration mode.';
      }
      this.owner = session;
      session.place = 'conf';
    } else if (line === 'end') {
      this.leave(session);
      session.place = '';
    } else if (line === 'write memory') this.startup = copyPorts(this.running);
    else return this.#configure(line, session);
    return '';
  }

  #port(spaced: string): EmulatedPort | undefined {
    return this.running.get(spaced.replace(SPACED, '$1$2'));
  }

  #configuration(name: string): string {
    const port = this.#port(name);
    if (!port) return `% Error: No such interface ${name}.`;
    return [
      '!',
      `interface ${name}`,
      ' no ip address',
      ...(port.mode === 'hybrid' ? [' portmode hybrid'] : []),
      ...(port.isLayer2 ? [' switchport'] : []),
      port.isUp ? ' no shutdown' : ' shutdown',
    ].join('\n');
  }

  #members(name: string): string {
    const port = this.#port(name);
    if (!port?.isLayer2) return '';
    const native = this.#nativeOf(port);
    return [
      'Codes:  U - Untagged, T - Tagged',
      '        x - Dot1x untagged, X - Dot1x tagged',
      '        G - GVRP tagged, M - Trunk, H - VSN tagged',
      '',
      `Name: ${name}`,
      `802.1QTagged: ${port.mode === 'hybrid' ? 'Hybrid' : port.tagged.size > 0 ? 'True' : 'False'}`,
      'Vlan membership:',
      'Q       Vlans',
      ...(native === null ? [] : [`U       ${native}`]),
      ...(port.tagged.size > 0 ? [`T       ${listText(port.tagged)}`] : []),
      '',
    ].join('\n');
  }

  /** A layer-2 port that is in no VLAN is in the default one. */
  #nativeOf({ native, tagged, mode }: EmulatedPort): number | null {
    if (native !== null) return native;
    return tagged.size === 0 || mode === 'hybrid' ? 1 : null;
  }

  #configure(line: string, session: Session): string {
    if (session.place === '') return '% Error: Invalid input at "^" marker.';
    if (/^interface (vlan \d+|\w+ \S+)$/.test(line)) {
      session.place = line;
      return '';
    }
    if (line === 'exit') {
      session.place = 'conf';
      return '';
    }
    const [, vlan] = /^interface vlan (\d+)$/.exec(session.place) ?? [];
    if (vlan !== undefined) return this.#join(Number(vlan), line);
    const port = this.#port(session.place.replace('interface ', ''))!;
    const isMember = port.native !== null || port.tagged.size > 0;
    if (line === 'shutdown' || line === 'no shutdown') port.isUp = line === 'no shutdown';
    else if (line === 'switchport') port.isLayer2 = true;
    else if (line === 'no switchport') {
      if (isMember) return '% Error: Port is a member of a VLAN.';
      port.isLayer2 = false;
    } else if (line === 'portmode hybrid') {
      if (port.isLayer2) return `% Error: Port is in Layer-2 mode ${session.place.slice(10)}.`;
      port.mode = 'hybrid';
    } else if (line === 'no portmode hybrid') port.mode = 'plain';
    else return '% Error: Invalid input at "^" marker.';
    return '';
  }

  #join(vlan: number, line: string): string {
    const [, no, word, name] = /^(no )?(tagged|untagged) (.+)$/.exec(line) ?? [];
    const port = name === undefined ? undefined : this.#port(name);
    if (!port?.isLayer2) return '% Error: Port is not in Layer-2 mode.';
    if (word === 'tagged') {
      if (no) port.tagged.delete(vlan);
      else if (port.native !== null && port.mode !== 'hybrid') return '% Error: Port is untagged.';
      else port.tagged.add(vlan);
    } else if (no) port.native = null;
    else if (port.tagged.size > 0 && port.mode !== 'hybrid') return '% Error: Port is tagged.';
    else port.native = vlan;
    return '';
  }
}
