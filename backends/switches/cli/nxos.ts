/**
 * Cisco NX-OS. Never run on hardware. After "Cisco Nexus 9000 Series NX-OS Interfaces Configuration
 * Guide, Release 10.4(x)", chapter "Configuring Layer 2 Interfaces" (cisco.com, m_configuring_layer_2_
 * interfaces_9x.html).
 *
 * Each line counts at once, and nothing locks the configuration: a port whose native network or mode
 * changes is down meanwhile. VLANs are created where they are missing and never deleted. The global
 * `vlan dot1q tag native` must be off.
 */
import { isForeign, isShut, readingOf, SHUT } from '../port-vlans.ts';
import type { PortReading, PortVlans } from '../port-vlans.ts';
import { firstMatch, linesOf, parseVlanList, valuesAfter } from './grammar.ts';
import type { CliChange, CliGrammar } from './grammar.ts';

const DEFAULT_VLAN = 1;

export const NXOS: CliGrammar = {
  portName: /^Ethernet\d{1,3}(?:\/\d{1,3}){1,2}$/,
  prompt: /^([\w.-]{1,64})[>#] ?$/,
  opening: ['terminal length 0', 'terminal width 511'],
  isAtomic: false,
  complaint: (answer) => firstMatch(answer, /^(?:% ?|ERROR:|Error:|Syntax error)/),
  locked: /locked|in progress|another (?:user|session)/i,
  denied: /permission denied|not authori[sz]ed/i,
  reading: (portId) => [`show interface ${portId}`, `show running-config interface ${portId}`],
  parse,
  change,
};

function parse(
  [state = '', configuration = '']: readonly string[],
  portId: string,
): PortReading | null {
  const [, isUp] = /admin state is (up|down)/.exec(state) ?? [];
  const lines = linesOf(configuration);
  if (isUp === undefined || !lines.includes(`interface ${portId}`)) return null;
  if (isUp === 'down') return SHUT;
  if (lines.includes('no switchport')) return { foreign: 'it is routed' };
  const odd = lines.find((line) =>
    /^(?:channel-group|switchport (?:voice|private-vlan|monitor))/.test(line),
  );
  if (odd) return { foreign: odd };
  const [mode = 'access'] = valuesAfter(lines, 'switchport mode');
  if (mode === 'access') {
    return readingOf(Number(valuesAfter(lines, 'switchport access vlan')[0] ?? DEFAULT_VLAN), []);
  }
  if (mode !== 'trunk') return { foreign: `its mode is ${mode}` };
  const lists = valuesAfter(lines, 'switchport trunk allowed vlan');
  if (lists.length === 0) return { foreign: 'it carries every VLAN' };
  const allowed = lists.map((list) => parseVlanList(list.replace(/^add /, '')));
  if (allowed.includes(null)) return null;
  const ids = allowed.flatMap((list) => list ?? []);
  const native = Number(valuesAfter(lines, 'switchport trunk native vlan')[0] ?? DEFAULT_VLAN);
  const reading = readingOf(ids.includes(native) ? native : null, ids);
  const isEmpty = !isForeign(reading) && isShut(reading);
  return isEmpty ? { foreign: 'it is up and carries nothing' } : reading;
}

function change(portId: string, wanted: PortVlans, found: PortReading): CliChange {
  const { native, tagged } = wanted;
  const ids = [...(native === null ? [] : [native]), ...tagged].sort((a, b) => a - b).join(',');
  const allowed = `switchport trunk allowed vlan ${ids || 'none'}`;
  const isTrunk = tagged.length > 0;
  const isGentle =
    !isForeign(found) && isTrunk && found.tagged.length > 0 && found.native === native;
  const steps = isShut(wanted)
    ? ['shutdown', 'switchport', 'switchport mode access', 'no switchport access vlan']
    : isGentle
      ? [allowed]
      : [
          'shutdown',
          'switchport',
          ...(isTrunk
            ? [
                'switchport mode trunk',
                native === null
                  ? 'no switchport trunk native vlan'
                  : `switchport trunk native vlan ${native}`,
                allowed,
              ]
            : ['switchport mode access', `switchport access vlan ${native}`]),
          'no shutdown',
        ];
  return {
    begin: ['configure terminal'],
    lines: [...(ids ? [`vlan ${ids}`, 'exit'] : []), `interface ${portId}`, ...steps],
    commit: ['end', 'copy running-config startup-config'],
    leave: ['end'],
  };
}
