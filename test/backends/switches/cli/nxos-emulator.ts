/** Cisco NX-OS, as far as the driver talks to it. */
import { parseVlanList } from '../../../../backends/switches/cli/grammar.ts';
import type { PortReading } from '../../../../backends/switches/port-vlans.ts';
import type { Session } from './cli-emulator.ts';
import { copyPorts, EmulatedSwitch, listText } from './vendors.ts';
import type { EmulatedPort } from './vendors.ts';

export class NxosEmulator extends EmulatedSwitch {
  /** VLANs that were created. */
  readonly vlans = new Set([1]);

  fresh(): EmulatedPort {
    return { isUp: false, mode: 'access', isLayer2: true, native: 1, tagged: new Set([1]) };
  }

  override actual(portId: string): PortReading {
    const { isUp, mode, native, tagged } = this.running.get(portId)!;
    if (!isUp) return { native: null, tagged: [] };
    if (mode === 'access') return { native, tagged: [] };
    const ids = [...tagged].sort((a, b) => a - b);
    return {
      native: tagged.has(native!) ? native : null,
      tagged: ids.filter((id) => id !== native),
    };
  }

  plantForeign(portId: string): void {
    const port = this.running.get(portId)!;
    port.mode = 'trunk';
    port.isUp = true;
    port.tagged = new Set(Array.from({ length: 4094 }, (_, index) => index + 1));
  }

  prompt({ place, isEnabled }: Session): string {
    const inside = place === '' ? '' : place.startsWith('interface') ? '(config-if)' : `(${place})`;
    return `tor-1${inside}${isEnabled ? '#' : '>'} `;
  }

  obey(line: string, session: Session): string {
    const [, shown] = /^show interface (\S+)$/.exec(line) ?? [];
    const [, listed] = /^show running-config interface (\S+)$/.exec(line) ?? [];
    if (shown !== undefined || listed !== undefined) {
      const port = this.running.get(shown ?? listed!);
      if (!port) return "                        ^\nInvalid interface format at '^' marker.";
      return shown === undefined ? this.#configuration(listed!, port) : this.#state(shown, port);
    }
    if (line.startsWith('terminal ')) {
      session.isPaging &&= !line.includes('length 0');
      return '';
    }
    if (!session.isEnabled) return '% Permission denied for the role';
    if (line === 'configure terminal') {
      session.place = 'config';
      return 'Enter configuration commands, one per line. End with CNTL/Z.';
    }
    if (line === 'end') {
      session.place = '';
      return '';
    }
    if (line === 'copy running-config startup-config') {
      this.startup = copyPorts(this.running);
      return '[########################################] 100%\nCopy complete.';
    }
    return this.#configure(line, session);
  }

  #state(portId: string, { isUp }: EmulatedPort): string {
    return [
      `${portId} is ${isUp ? 'up' : 'down (Administratively down)'}`,
      `admin state is ${isUp ? 'up' : 'down'}, Dedicated Interface`,
      '  Hardware: 1000/10000 Ethernet, address: 0200.0000.0001 (bia 0200.0000.0001)',
      '  Description: tor-1# is not a prompt',
      '  MTU 1500 bytes, BW 10000000 Kbit, DLY 10 usec',
      '  Port mode is access',
    ].join('\n');
  }

  #configuration(portId: string, { mode, isLayer2, native, tagged }: EmulatedPort): string {
    const isAll = tagged.size === 4094;
    const allowed = tagged.size === 0 ? 'none' : listText(tagged);
    return [
      '',
      '!Command: show running-config interface',
      '!Time: Thu Jan  1 00:00:00 2026',
      '',
      'version 10.4(2) Bios:version 05.47',
      '',
      `interface ${portId}`,
      isLayer2 ? '  switchport' : '  no switchport',
      ...(mode === 'access' ? [] : [`  switchport mode ${mode}`]),
      ...(mode === 'access' && native !== 1 ? [`  switchport access vlan ${native}`] : []),
      ...(mode !== 'access' && native !== 1 ? [`  switchport trunk native vlan ${native}`] : []),
      ...(mode !== 'access' && !isAll ? [`  switchport trunk allowed vlan ${allowed}`] : []),
      '',
    ].join('\n');
  }

  #configure(line: string, session: Session): string {
    const [, vlans] = /^vlan (\S+)$/.exec(line) ?? [];
    const [, name] = /^interface (\S+)$/.exec(line) ?? [];
    if (session.place === '') return "% Invalid command at '^' marker.";
    if (vlans !== undefined) {
      for (const id of parseVlanList(vlans)!) this.vlans.add(id);
      session.place = 'config-vlan';
      return '';
    }
    if (line === 'exit') {
      session.place = 'config';
      return '';
    }
    if (name !== undefined) {
      session.place = line;
      return this.running.has(name) ? '' : "% Invalid interface at '^' marker.";
    }
    const port = this.running.get(session.place.replace('interface ', ''))!;
    const number = Number(/ (\d+)$/.exec(line)?.[1]);
    const [, allowed] = /^switchport trunk allowed vlan (\S+)$/.exec(line) ?? [];
    if (line === 'shutdown' || line === 'no shutdown') port.isUp = line === 'no shutdown';
    else if (line === 'switchport') port.isLayer2 = true;
    else if (/^switchport mode (access|trunk)$/.test(line)) {
      const mode = line.split(' ')[2]!;
      if (mode !== port.mode) {
        port.native = 1;
        port.tagged = new Set(Array.from({ length: 4094 }, (_, index) => index + 1));
      }
      port.mode = mode;
    } else if (/^switchport (access|trunk native) vlan \d+$/.test(line)) {
      if (!this.vlans.has(number)) return `% Access VLAN does not exist. Creating vlan ${number}`;
      port.native = number;
    } else if (/^no switchport (access|trunk native) vlan$/.test(line)) port.native = 1;
    else if (allowed !== undefined) port.tagged = new Set(parseVlanList(allowed)!);
    else return "% Invalid command at '^' marker.";
    return '';
  }
}
