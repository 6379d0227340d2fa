/** What `ipmitool` prints, read strictly: null for what is not understood. */
import type { BootReading } from '../protocol.ts';

/** `Chassis Power is on`. */
export function parsePower(output: string): 'on' | 'off' | null {
  const found = /^Chassis Power is (on|off)\s*$/m.exec(output)?.[1];
  return found === 'on' || found === 'off' ? found : null;
}

/** Boot device selectors of boot flags (IPMI 2.0, table 28-14). */
const SELECTORS: ReadonlyMap<number, BootReading> = new Map([
  [0, 'none'],
  [1, 'network'],
  [2, 'disk'],
  [5, 'media'],
]);
const PERSISTENT = 0x40;

/**
 * The boot flags, from their bytes and not from the words. The valid bit is not looked at: some BMCs
 * never set it, and boot from the device all the same.
 */
export function parseBoot(output: string): BootReading | null {
  const data = /^\s*Boot parameter data: ([0-9a-fA-F]{4,})\s*$/m.exec(output)?.[1];
  if (data === undefined) return null;
  const [flags, selection] = Buffer.from(data, 'hex');
  const device = SELECTORS.get((selection! >> 2) & 0xf) ?? 'other';
  return device !== 'none' && (flags! & PERSISTENT) !== 0 ? 'other' : device;
}

/** `Name : value` lines; the first of a name counts. */
export function parseFields(output: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of output.split('\n')) {
    const found = /^\s*([^:]{1,60}?)\s*: (.{1,200}?)\s*$/.exec(line);
    if (found && !fields.has(found[1]!)) fields.set(found[1]!, found[2]!);
  }
  return fields;
}

export interface IpmiUser {
  readonly id: string;
  readonly name: string;
  /** Allowed to send messages, which is what a session is for. */
  readonly hasAccess: boolean;
}

/** `ipmitool -c user list`: id, name, callin, link authentication, IPMI messaging, privilege. */
export function parseUsers(output: string): IpmiUser[] | null {
  const users: IpmiUser[] = [];
  for (const line of output.split('\n')) {
    if (line.trim() === '') continue;
    const found = /^(\d{1,3}),(.{0,64}?),(?:true|false),(?:true|false),(true|false),[^,]*$/.exec(
      line,
    );
    if (!found) return null;
    users.push({ id: found[1]!, name: found[2]!.trim(), hasAccess: found[3] === 'true' });
  }
  return users;
}
