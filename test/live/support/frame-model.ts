/**
 * Which frames come out where on a switch that keeps networks apart, by IEEE 802.1Q: a frame
 * belongs to one network or is dropped, and leaves on the ports of that network only.
 */
import type { PortVlans } from '../../../backends/switches/port-vlans.ts';
import type { Wires } from './wires.ts';

/** Node → tags with which the frame comes out there. */
type Reached = Readonly<Record<string, readonly number[]>>;

/** Where switches differ, within the standard. */
export interface Habits {
  /** A frame with a priority and no VLAN is of the untagged network. */
  readonly takesPriorityTags: boolean;
  /** Which ports take their untagged network's frames with its tag as well. */
  readonly takesNativeTagged: 'no' | 'trunks' | 'all';
}

/** Null: it is dropped. Frames with a tag inside a tag always are. */
function networkOf(port: PortVlans, tags: readonly number[], habits: Habits): number | null {
  const { native, tagged } = port;
  if (tags.length === 0) return native;
  const [outer, ...inner] = tags;
  if (inner.length > 0) return null;
  if (outer === 0) return habits.takesPriorityTags ? native : null;
  const { takesNativeTagged } = habits;
  const isTaken =
    takesNativeTagged === 'all' || (takesNativeTagged === 'trunks' && tagged.length > 0);
  const isNative = isTaken && outer === native;
  return isNative || tagged.includes(outer!) ? outer! : null;
}

function reachedBy(
  ports: ReadonlyMap<string, PortVlans>,
  from: string,
  tags: readonly number[],
  habits: Habits,
): Reached {
  const network = networkOf(ports.get(from)!, tags, habits);
  const reached: Record<string, number[]> = {};
  if (network === null) return reached;
  for (const [name, { native, tagged }] of ports) {
    if (name === from) continue;
    if (native === network) reached[name] = [];
    else if (tagged.includes(network)) reached[name] = [network];
  }
  return reached;
}

/** Sends every frame from every node, and says where one came out as it should not, or did not. */
export async function deviations(
  wires: Wires,
  ports: ReadonlyMap<string, PortVlans>,
  frames: readonly (readonly number[])[],
  habits: Habits,
): Promise<string[]> {
  const probes = [...ports.keys()].flatMap((from) => frames.map((tags) => ({ from, tags })));
  const seen = await wires.reachAll(probes);
  return probes.flatMap(({ from, tags }, index) => {
    const expected = JSON.stringify(sorted(reachedBy(ports, from, tags, habits)));
    const found = JSON.stringify(sorted(seen[index]!));
    return found === expected ? [] : [`${from} [${tags.join()}]: ${found}, not ${expected}`];
  });
}

function sorted(reached: Reached): Reached {
  return Object.fromEntries(Object.entries(reached).sort(([a], [b]) => (a < b ? -1 : 1)));
}
