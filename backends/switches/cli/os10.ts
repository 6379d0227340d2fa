/**
 * Dell SmartFabric OS10. Never run on hardware. After Dell's article 000120163, "Dell EMC Networking
 * OS10: How to use transaction-based configuration mode" (dell.com/support/kbdoc), and the "Dell EMC
 * SmartFabric OS10 User Guide, Release 10.5.0", chapters "Layer 2" (VLANs) and "CLI Basics"
 * (candidate configuration: start transaction, lock, commit, discard, unlock).
 *
 * A change is put together in the candidate configuration under a lock, and is there whole or not at
 * all. On a trunk, the access VLAN is the untagged one.
 */
import { isShut, readingOf, SHUT } from '../port-vlans.ts';
import type { PortReading, PortVlans } from '../port-vlans.ts';
import { firstMatch, linesOf, parseVlanList, valuesAfter } from './grammar.ts';
import type { CliChange, CliGrammar } from './grammar.ts';

export const OS10: CliGrammar = {
  portName: /^ethernet\d{1,2}\/\d{1,2}\/\d{1,3}(?::\d)?$/,
  prompt: /^([\w.-]{1,64})[>#] ?$/,
  opening: ['terminal length 0', 'start transaction'],
  isAtomic: true,
  complaint: (answer) => firstMatch(answer, /^% ?Error|^Error:/i),
  locked: /lock/i,
  denied: /permission denied|not authori[sz]ed/i,
  reading: (portId) => [`show running-configuration interface ${spaced(portId)}`],
  parse,
  change,
};

function spaced(portId: string): string {
  return portId.replace('ethernet', 'ethernet ');
}

function parse([configuration = '']: readonly string[], portId: string): PortReading | null {
  const lines = linesOf(configuration);
  if (!lines.includes(`interface ${portId}`)) return null;
  if (lines.includes('shutdown')) return SHUT;
  if (!lines.includes('no shutdown')) return null;
  if (lines.includes('no switchport')) return { foreign: 'it is routed' };
  const odd = lines.find((line) => /^channel-group/.test(line));
  if (odd) return { foreign: odd };
  const [mode = 'access'] = valuesAfter(lines, 'switchport mode');
  const [access] = valuesAfter(lines, 'switchport access vlan');
  const native = access === undefined ? null : Number(access);
  if (mode === 'access')
    return native === null ? { foreign: 'it has no VLAN' } : readingOf(native, []);
  if (mode !== 'trunk') return { foreign: `its mode is ${mode}` };
  const lists = valuesAfter(lines, 'switchport trunk allowed vlan').map(parseVlanList);
  if (lists.includes(null)) return null;
  const ids = lists.flatMap((list) => list ?? []);
  return ids.length === 0 ? { foreign: 'it is a trunk of nothing' } : readingOf(native, ids);
}

function change(portId: string, wanted: PortVlans, found: PortReading): CliChange {
  const { native, tagged } = wanted;
  const old = 'foreign' in found ? [] : found.tagged.filter((id) => !tagged.includes(id));
  const all = [...(native === null ? [] : [native]), ...tagged];
  const isTrunk = tagged.length > 0;
  // A port that is shut or foreign may carry what is not shown: all is taken from it first.
  const isKnown = !('foreign' in found) && !isShut(found);
  const cleared = isKnown
    ? old.length > 0
      ? [`no switchport trunk allowed vlan ${old.join(',')}`]
      : []
    : ['switchport mode trunk', 'no switchport trunk allowed vlan 1-4093'];
  const untagged =
    native === null ? 'no switchport access vlan' : `switchport access vlan ${native}`;
  const steps = isShut(wanted)
    ? ['shutdown', ...cleared, 'no switchport access vlan']
    : [
        ...cleared,
        `switchport mode ${isTrunk ? 'trunk' : 'access'}`,
        untagged,
        ...(isTrunk ? [`switchport trunk allowed vlan ${tagged.join(',')}`] : []),
        'no shutdown',
      ];
  return {
    begin: ['lock', 'configure terminal'],
    lines: [
      ...all.flatMap((id) => [`interface vlan ${id}`, 'exit']),
      `interface ${portId}`,
      ...steps,
      'end',
    ],
    commit: ['commit', 'write memory'],
    leave: ['end', 'discard', 'unlock'],
  };
}
