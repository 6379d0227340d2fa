/**
 * The table of nftables that keeps the networks of a bridge apart where the kernel has no VLAN
 * filtering: as text for `nft -f`, and read back from `nft -j`. Every change is one transaction,
 * carried out whole or not at all.
 *
 * The number in `epoch` is taken out and put back by each transaction: who expects another one than
 * is there fails, and changes nothing.
 */
import { at } from '../../bmc/redfish/bounded-json.ts';
import { readingOf } from '../port-vlans.ts';
import type { PortReading, PortVlans } from '../port-vlans.ts';

const TABLE = 'bridge ocx';

const SETS = [
  'set epoch { type mark; }',
  'map native { type ifname : mark; }',
  'set members { type ifname . mark; }',
  'set tagged { typeof iifname . vlan id; }',
];

/**
 * An untagged frame takes the number of its network along as its mark; a tagged one has it in its
 * tag. A tag inside a tag, which some receivers would take for their own, is dropped. So is what is
 * to or from the host itself: a node has nothing to say to its switch.
 */
const CHAINS: readonly (readonly [chain: string, hook: string, rules: readonly string[]])[] = [
  [
    'prerouting',
    '{ type filter hook prerouting priority -300; policy drop; }',
    [
      'ether type 8021q goto ingress',
      'ether type 8021ad drop',
      'meta mark set iifname map @native accept',
    ],
  ],
  ['ingress', '', ['vlan type { 8021q, 8021ad } drop', 'iifname . vlan id @tagged accept', 'drop']],
  [
    'forward',
    '{ type filter hook forward priority 0; policy drop; }',
    [
      'ether type 8021q oifname . vlan id @tagged accept',
      'ether type 8021q drop',
      'oifname . meta mark @members accept',
    ],
  ],
  ['input', '{ type filter hook input priority 0; policy drop; }', []],
  ['output', '{ type filter hook output priority 0; policy drop; }', []],
];

/** As it is in the kernel. */
export interface FilterTable {
  readonly epoch: number;
  /** Rules and policies are those of above, as far as can be told whatever the version of nft. */
  readonly isIntact: boolean;
  readonly native: readonly (readonly [portId: string, network: number])[];
  readonly members: readonly (readonly [portId: string, network: number])[];
  readonly tagged: readonly (readonly [portId: string, network: number])[];
}

/** Fails where there is a table already. */
export function creation(epoch: number): string {
  const sets = SETS.map((set) => `add ${set.replace(' ', ` ${TABLE} `)}`);
  const first = `add element ${TABLE} epoch { ${epoch} }`;
  return [`create table ${TABLE}`, ...sets, first, ...chains(), ''].join('\n');
}

/** Fails where another epoch than `before` is written down. */
export function claiming(before: number, epoch: number): string {
  return [
    `delete element ${TABLE} epoch { ${before} }`,
    `add element ${TABLE} epoch { ${epoch} }`,
    '',
  ].join('\n');
}

/** Makes one port this and puts every rule in place again. */
export function changing(
  table: FilterTable,
  portId: string,
  { native, tagged }: PortVlans,
): string {
  const element = (verb: string, set: string, value: string) =>
    `${verb} element ${TABLE} ${set} { "${portId}" ${value} }`;
  const old = (set: 'members' | 'tagged') =>
    valuesOf(table[set], portId).map((id) => element('delete', set, `. ${id}`));
  const was = valuesOf(table.native, portId).map((id) => element('delete', 'native', `: ${id}`));
  const is =
    native === null
      ? []
      : [element('add', 'native', `: ${native}`), element('add', 'members', `. ${native}`)];
  const more = tagged.map((id) => element('add', 'tagged', `. ${id}`));
  return [
    claiming(table.epoch, table.epoch),
    ...chains(),
    ...was,
    ...old('members'),
    ...old('tagged'),
    ...is,
    ...more,
    '',
  ].join('\n');
}

function chains(): string[] {
  return CHAINS.flatMap(([chain, hook]) => [
    `add chain ${TABLE} ${chain} ${hook}`,
    `flush chain ${TABLE} ${chain}`,
  ]).concat(
    CHAINS.flatMap(([chain, , rules]) => rules.map((rule) => `add rule ${TABLE} ${chain} ${rule}`)),
  );
}

/** Null for what is no listing of such a table. */
export function parseTable(listing: unknown): FilterTable | null {
  const entries = at(listing, 'nftables');
  if (!Array.isArray(entries)) return null;
  const elements = (kind: 'set' | 'map', name: string): readonly unknown[] => {
    const found = entries.find((entry) => at(entry, kind, 'name') === name);
    const listed = at(found, kind, 'elem');
    return Array.isArray(listed) ? listed : [];
  };
  const pairs = (values: readonly unknown[]) =>
    values.map((value) => [String(at(value, 0)), Number(at(value, 1))] as const);
  const joined = (name: string) =>
    pairs(elements('set', name).map((element) => at(element, 'concat')));
  const [epoch] = elements('set', 'epoch');
  if (typeof epoch !== 'number') return null;
  return {
    epoch,
    isIntact: isIntact(entries),
    native: pairs(elements('map', 'native')),
    members: joined('members'),
    tagged: joined('tagged'),
  };
}

/** Each rule by its chain and by what it does in the end. */
function isIntact(entries: readonly unknown[]): boolean {
  const rules = entries.flatMap((entry) => {
    const expressions = at(entry, 'rule', 'expr');
    if (!Array.isArray(expressions)) return [];
    const verdict = Object.keys((expressions.at(-1) ?? {}) as object)[0];
    return [`${String(at(entry, 'rule', 'chain'))} ${verdict}`];
  });
  const policies = entries.flatMap((entry) => {
    const hook = at(entry, 'chain', 'hook');
    return hook === undefined ? [] : [`${String(hook)} ${String(at(entry, 'chain', 'policy'))}`];
  });
  const wanted = CHAINS.flatMap(([chain, , all]) =>
    all.map((rule) => `${chain} ${/goto|accept|drop/.exec(rule)![0]}`),
  );
  const dropped = CHAINS.filter(([, hook]) => hook !== '').map(([chain]) => `${chain} drop`);
  return isSameText(rules, wanted) && isSameText(policies, dropped);
}

function isSameText(a: readonly string[], b: readonly string[]): boolean {
  return a.toSorted().join() === b.toSorted().join();
}

export function readingOfTable(table: FilterTable, portId: string): PortReading {
  if (!table.isIntact) return { foreign: 'the rules of the filter are others' };
  const native = valuesOf(table.native, portId);
  const members = valuesOf(table.members, portId);
  if (native.length !== members.length || native[0] !== members[0]) {
    return { foreign: `it sends to ${native.join()} and hears ${members.join()}` };
  }
  return readingOf(native[0] ?? null, valuesOf(table.tagged, portId));
}

/** A network that other ports have the other way: no rule can put a tag on or take it off. */
export function mixedNetwork(
  table: FilterTable,
  portId: string,
  { native, tagged }: PortVlans,
): number | null {
  const isElsewhere = (set: FilterTable['tagged'], id: number | null) =>
    set.some(([port, network]) => port !== portId && network === id);
  if (isElsewhere(table.tagged, native)) return native;
  return tagged.find((id) => isElsewhere(table.native, id)) ?? null;
}

function valuesOf(pairs: FilterTable['native'], portId: string): number[] {
  return pairs.flatMap(([port, network]) => (port === portId ? [network] : []));
}
