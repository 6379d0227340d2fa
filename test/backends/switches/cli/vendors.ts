/**
 * What the emulated switches share: ports with VLANs in a running and a startup configuration, and
 * a lock. What they print follows their makers' documents, as the grammars cite them.
 */
import type { PortReading } from '../../../../backends/switches/port-vlans.ts';
import type { Session, Vendor } from './cli-emulator.ts';

export interface EmulatedPort {
  isUp: boolean;
  mode: string;
  isLayer2: boolean;
  /** Untagged VLAN; null: none. */
  native: number | null;
  tagged: Set<number>;
}

export type Ports = Map<string, EmulatedPort>;

export function copyPorts(ports: Ports): Ports {
  return structuredClone(ports);
}

export abstract class EmulatedSwitch implements Vendor {
  running: Ports;
  startup: Ports;
  /** Who is in the configuration alone; `other`: somebody else. */
  owner: Session | 'other' | null = null;
  readonly names: readonly string[];

  constructor(names: readonly string[]) {
    this.names = names;
    this.running = new Map(names.map((name) => [name, this.fresh()]));
    this.startup = copyPorts(this.running);
  }

  abstract fresh(): EmulatedPort;
  abstract prompt(session: Session): string;
  abstract obey(line: string, session: Session): string;
  abstract plantForeign(portId: string): void;

  leave(session: Session): void {
    if (this.owner === session) this.owner = null;
  }

  restart(): void {
    this.running = copyPorts(this.startup);
    this.owner = null;
  }

  actual(portId: string): PortReading {
    const { isUp, mode, native, tagged } = this.running.get(portId)!;
    if (!isUp) return { native: null, tagged: [] };
    const ids = [...tagged].filter((id) => id !== native).sort((a, b) => a - b);
    if (mode === 'access') return { native, tagged: [] };
    return { native, tagged: ids };
  }
}

/** As switches write them: `101,104-105`. */
export function listText(ids: Iterable<number>): string {
  const parts: [number, number][] = [];
  for (const id of [...ids].sort((a, b) => a - b)) {
    const last = parts.at(-1);
    if (last && last[1] + 1 === id) last[1] = id;
    else parts.push([id, id]);
  }
  return parts.map(([a, b]) => (a === b ? `${a}` : `${a}-${b}`)).join(',');
}

export function listIds(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [first, last = first] = part.split('-').map(Number);
    return Array.from({ length: last! - first! + 1 }, (_, index) => first! + index);
  });
}
