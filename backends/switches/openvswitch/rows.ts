/** Values of OVSDB columns (RFC 7047, 5.1), and what a row of `Port` says of the VLANs on it. */
import { at } from '../../bmc/redfish/bounded-json.ts';
import { isShut, readingOf } from '../port-vlans.ts';
import type { PortReading, PortVlans } from '../port-vlans.ts';

export type OvsdbRow = Readonly<Record<string, unknown>>;

export function setOf(values: readonly unknown[]): unknown {
  return ['set', values];
}

/** A set of one is written as the one. */
export function membersOf(value: unknown): readonly unknown[] {
  const members = at(value, 1);
  if (at(value, 0) === 'set' && Array.isArray(members)) return members;
  return value === undefined ? [] : [value];
}

export function numbersOf(value: unknown): number[] {
  return membersOf(value).filter((member) => typeof member === 'number');
}

/** Key → value of a map of text to text. */
export function mapOf(value: unknown): ReadonlyMap<string, string> {
  const pairs = at(value, 1);
  if (at(value, 0) !== 'map' || !Array.isArray(pairs)) return new Map();
  return new Map(pairs.map((pair) => [String(at(pair, 0)), String(at(pair, 1))]));
}

export function isSameUuid(a: unknown, b: unknown): boolean {
  return at(a, 0) === 'uuid' && at(b, 0) === 'uuid' && at(a, 1) === at(b, 1);
}

/** Columns of `Port` for a port that is not shut. */
export function columnsOf({ native, tagged }: PortVlans): OvsdbRow {
  const isTrunk = tagged.length > 0;
  const mode = !isTrunk ? 'access' : native === null ? 'trunk' : 'native-untagged';
  return {
    vlan_mode: mode,
    tag: setOf(native === null ? [] : [native]),
    trunks: setOf(tagged),
    cvlans: setOf([]),
  };
}

/** What the modes mean: ovs-vswitchd.conf.db(5), table Port, "VLAN Configuration". */
export function readingOfPort(port: OvsdbRow): PortReading {
  const [tag = null] = numbersOf(port['tag']);
  const trunks = numbersOf(port['trunks']);
  const [given] = membersOf(port['vlan_mode']);
  const mode = given ?? (tag === null ? 'trunk' : 'access');
  if (membersOf(port['interfaces']).length !== 1) return { foreign: 'it is a bond' };
  if (mode === 'access') {
    return tag === null ? { foreign: 'it has no tag' } : readingOf(tag, []);
  }
  const isKnown = mode === 'trunk' || (mode === 'native-untagged' && tag !== null);
  if (!isKnown) return { foreign: `its mode is ${String(mode)}` };
  if (trunks.length === 0) return { foreign: 'it carries every VLAN' };
  const reading = readingOf(mode === 'trunk' ? null : tag, trunks);
  return 'foreign' in reading || !isShut(reading) ? reading : { foreign: 'it carries nothing' };
}
