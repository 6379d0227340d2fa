/**
 * Juniper Junos with the enhanced layer-2 software (EX, QFX). Never run on hardware. After "CLI User
 * Guide for Junos OS", topics "Overview of the Configure Command" and "Commit the Configuration"
 * (juniper.net/documentation, cli/topics/topic-map/configure-command.html and
 * junos-configuration-commit.html), and "Ethernet Switching User Guide", topics on access and trunk
 * ports and `native-vlan-id`.
 *
 * A change is put together in the candidate configuration, which `configure exclusive` locks, and
 * committed whole or not at all. Who goes without a commit leaves nothing behind.
 */
import { readingOf, SHUT } from '../port-vlans.ts';
import type { PortReading, PortVlans } from '../port-vlans.ts';
import { firstMatch, linesOf, parseVlanList } from './grammar.ts';
import type { CliChange, CliGrammar } from './grammar.ts';

const VLAN_NAME = 'ocx-';

export const JUNOS: CliGrammar = {
  portName: /^(?:ge|xe|et|mge)-\d{1,2}\/\d{1,2}\/\d{1,3}(?::\d)?$/,
  prompt: /^([\w.-]{1,32}@[\w.-]{1,64})[>#] ?$/,
  opening: ['set cli screen-length 0', 'set cli screen-width 0'],
  isAtomic: true,
  complaint: (answer) =>
    firstMatch(answer, /^(?:error:|syntax error|unknown command|missing argument|invalid value)/),
  locked: /database (?:locked|modified)|exclusive/i,
  denied: /permission denied|access denied/i,
  reading: (portId) => [`show configuration interfaces ${portId} | display set | no-more`],
  parse,
  change,
};

function parse([answer = '']: readonly string[], portId: string): PortReading | null {
  const lines = linesOf(answer).filter((line) => !line.startsWith('{'));
  const before = `set interfaces ${portId} `;
  const family = 'unit 0 family ethernet-switching ';
  let mode = 'access';
  let native: number | null = null;
  const members: number[] = [];
  if (lines.includes(`${before}disable`)) return SHUT;
  for (const line of lines) {
    if (/^(?:deactivate|inactive)/.test(line)) return { foreign: line };
    if (!line.startsWith(before)) return null;
    const statement = line.slice(before.length);
    const inFamily = statement.startsWith(family) ? statement.slice(family.length) : '';
    const [, list] = /^vlan members (\S+)$/.exec(inFamily) ?? [];
    if (list !== undefined) {
      const ids = parseVlanList(list.replace(VLAN_NAME, ''));
      if (ids === null) return { foreign: statement };
      members.push(...ids);
    } else if (inFamily.startsWith('interface-mode '))
      mode = inFamily.slice('interface-mode '.length);
    else if (/^native-vlan-id \d+$/.test(statement)) native = Number(statement.split(' ')[1]);
    else if (/^(?:description|mtu|speed|ether-options auto-negotiation)\b/.test(statement))
      continue;
    else return { foreign: statement };
  }
  if (mode === 'access') {
    const [only = null] = members;
    const isOne = members.length === 1 && native === null;
    return isOne
      ? readingOf(only, [])
      : { foreign: `it is an access port of ${members.length} VLANs` };
  }
  if (mode !== 'trunk' || members.length === 0) return { foreign: `its mode is ${mode}` };
  // Untagged frames of a VLAN that is no member are dropped.
  return readingOf(native !== null && members.includes(native) ? native : null, members);
}

function change(portId: string, { native, tagged }: PortVlans): CliChange {
  const all = [...(native === null ? [] : [native]), ...tagged];
  const port = `set interfaces ${portId}`;
  const family = `${port} unit 0 family ethernet-switching`;
  const isTrunk = tagged.length > 0;
  return {
    begin: ['configure exclusive'],
    lines: [
      // What is not there cannot be deleted, which is a warning only.
      `delete interfaces ${portId}`,
      ...(all.length === 0 ? [`${port} disable`] : []),
      ...all.map((id) => `set vlans ${VLAN_NAME}${id} vlan-id ${id}`),
      ...(all.length === 0 ? [] : [`${family} interface-mode ${isTrunk ? 'trunk' : 'access'}`]),
      ...all.map((id) => `${family} vlan members ${VLAN_NAME}${id}`),
      ...(isTrunk && native !== null ? [`${port} native-vlan-id ${native}`] : []),
    ],
    commit: ['commit'],
    leave: ['rollback 0', 'exit configuration-mode'],
  };
}
