/** What a port carries, as switches think of it: one untagged VLAN at most, and tagged ones. */
import type { Attachment } from '../../core/allocator/state.ts';

const NATIVE = 'vlan/native';

/** IEEE 802.1Q: 0 and 4095 are reserved. 1 is what most switches have on every port by default. */
export const FIRST_VLAN = 2;
export const LAST_VLAN = 4094;

export interface PortVlans {
  readonly native: number | null;
  /** Ascending, without the native one. */
  readonly tagged: readonly number[];
}

/** What was found on a port. */
export type PortReading =
  | PortVlans
  /** It is in a state that no driver leaves it in; what it is. */
  | { readonly foreign: string };

export const SHUT: PortVlans = Object.freeze({ native: null, tagged: Object.freeze([]) });

export function isShut({ native, tagged }: PortVlans): boolean {
  return native === null && tagged.length === 0;
}

export function isForeign(reading: PortReading): reading is { readonly foreign: string } {
  return 'foreign' in reading;
}

/** A sentence where the attachments cannot be had on one port. */
export function portVlansOf(attachments: readonly Attachment[]): PortVlans | string {
  let native: number | null = null;
  const tagged = new Set<number>();
  for (const { networkId, channel } of attachments) {
    if (!isVlan(networkId)) return `there is no VLAN ${networkId}`;
    if (networkId === native || tagged.has(networkId)) return `network ${networkId} is there twice`;
    if (channel === NATIVE) {
      if (native !== null) return 'two networks are native';
      native = networkId;
    } else if (channel === `vlan/${networkId}`) tagged.add(networkId);
    else return `network ${networkId} cannot be on channel ${channel}`;
  }
  return { native, tagged: [...tagged].sort((a, b) => a - b) };
}

export function attachmentsOf({ native, tagged }: PortVlans): Attachment[] {
  const untagged = native === null ? [] : [{ networkId: native, channel: NATIVE }];
  return [...untagged, ...tagged.map((id) => ({ networkId: id, channel: `vlan/${id}` }))];
}

export function isSamePort(a: PortVlans, b: PortVlans): boolean {
  return (
    a.native === b.native &&
    a.tagged.length === b.tagged.length &&
    a.tagged.every((id, index) => id === b.tagged[index])
  );
}

/** An id that a network can have. */
export function isVlan(id: unknown): id is number {
  return Number.isSafeInteger(id) && (id as number) >= FIRST_VLAN && (id as number) <= LAST_VLAN;
}

/** As a reading has it; foreign where an id is none that a network can have. */
export function readingOf(native: number | null, tagged: Iterable<number>): PortReading {
  const ids = [...new Set(tagged)].sort((a, b) => a - b);
  const odd = [native ?? FIRST_VLAN, ...ids].find((id) => !isVlan(id));
  if (odd !== undefined) return { foreign: `it carries VLAN ${odd}` };
  return { native, tagged: ids.filter((id) => id !== native) };
}
