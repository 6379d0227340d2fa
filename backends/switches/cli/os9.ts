/**
 * Dell OS9 (FTOS). Never run on hardware. After "Dell Configuration Guide for the S4820T System
 * 9.7(0.0)", chapters "Lock CONFIGURATION Mode", "Layer 2" (port-based VLANs, default VLAN, native
 * VLANs with `portmode hybrid`) and "Interfaces".
 *
 * Members are written down at the VLAN, not at the port. Each line counts at once, under a lock
 * (the switch needs `configuration mode exclusive manual`); the port is down meanwhile. A port that
 * is a layer-2 port and in no VLAN is in the default one: a port that is shut is none.
 */
import { isShut, readingOf, SHUT } from '../port-vlans.ts';
import type { PortReading, PortVlans } from '../port-vlans.ts';
import { firstMatch, linesOf, parseVlanList } from './grammar.ts';
import type { CliChange, CliGrammar } from './grammar.ts';

const NAME = /^(GigabitEthernet|TenGigabitEthernet|fortyGigE)(\d{1,2}\/\d{1,3}(?:\/\d{1,2})?)$/;
/** Nobody has to be taken out of it, nor can be. */
const DEFAULT_VLAN = 1;

export const OS9: CliGrammar = {
  portName: NAME,
  prompt: /^([\w.-]{1,64})[>#] ?$/,
  opening: ['terminal length 0'],
  isAtomic: false,
  complaint: (answer) => firstMatch(answer, /^% ?(?:Error|Invalid|Warning: .* not)/),
  locked: /exclusive|lock/i,
  denied: /permission|privilege|not authori[sz]ed/i,
  reading: (portId) => [
    `show running-config interface ${spaced(portId)}`,
    `show interfaces switchport ${spaced(portId)}`,
  ],
  parse,
  change,
};

function spaced(portId: string): string {
  return portId.replace(NAME, '$1 $2');
}

/** `U 101` and `T 104-105` under `Vlan membership`. */
function membersOf(answer: string, letter: 'U' | 'T'): number[] | null {
  const lists = linesOf(answer).flatMap((line) => {
    const [, found, list] = /^([UT])\s+([\d,-]+)$/.exec(line) ?? [];
    return found === letter ? [parseVlanList(list!)] : [];
  });
  return lists.includes(null) ? null : lists.flatMap((list) => list ?? []);
}

function parse(
  [configuration = '', members = '']: readonly string[],
  portId: string,
): PortReading | null {
  const lines = linesOf(configuration);
  if (!lines.includes(`interface ${spaced(portId)}`)) return null;
  if (lines.includes('shutdown')) return SHUT;
  if (!lines.includes('no shutdown')) return null;
  if (!lines.includes('switchport')) return { foreign: 'it is routed' };
  const untagged = membersOf(members, 'U');
  const tagged = membersOf(members, 'T');
  if (untagged === null || tagged === null || !members.includes('Vlan membership')) return null;
  if (untagged.length > 1) return { foreign: 'it is untagged in several VLANs' };
  const [native = null] = untagged;
  const isNothing = native === null && tagged.length === 0;
  return isNothing ? { foreign: 'it is up and in no VLAN' } : readingOf(native, tagged);
}

function change(
  portId: string,
  wanted: PortVlans,
  _: PortReading,
  [, members = '']: readonly string[],
): CliChange {
  const port = spaced(portId);
  const { native, tagged } = wanted;
  const member = (id: number, word: string) => [`interface vlan ${id}`, `${word} ${port}`, 'exit'];
  // Of a port that is shut as well: a change that broke off may have left it in some.
  const untagged = (membersOf(members, 'U') ?? []).filter((id) => id !== DEFAULT_VLAN);
  const isHybrid = native !== null && tagged.length > 0;
  return {
    begin: ['configure terminal lock'],
    lines: [
      `interface ${port}`,
      'shutdown',
      'exit',
      ...(membersOf(members, 'T') ?? []).flatMap((id) => member(id, 'no tagged')),
      ...untagged.flatMap((id) => member(id, 'no untagged')),
      `interface ${port}`,
      'no switchport',
      ...(isHybrid ? ['portmode hybrid'] : ['no portmode hybrid']),
      ...(isShut(wanted) ? [] : ['switchport']),
      'exit',
      ...tagged.flatMap((id) => member(id, 'tagged')),
      ...(native === null ? [] : member(native, 'untagged')),
      ...(isShut(wanted) ? [] : [`interface ${port}`, 'no shutdown']),
    ],
    commit: ['end', 'write memory'],
    leave: ['end'],
  };
}
