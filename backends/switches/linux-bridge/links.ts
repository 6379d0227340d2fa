/** Network interfaces as `ip -json link` shows them. */
import type { Outcome } from '../../../core/kernel/service.ts';
import { at } from '../../bmc/redfish/bounded-json.ts';
import { nothing } from '../../devices/failure.ts';
import type { Host } from './host.ts';

export interface Link {
  /** Bridge that it is on; null: on none. */
  readonly master: string | null;
  readonly isUp: boolean;
  /** Of a bridge: it keeps VLANs apart, and puts no port into one unasked. */
  readonly isFiltering: boolean;
}

/** Null: there is no such interface. */
export async function readLink(
  host: Host,
  name: string,
  signal: AbortSignal,
): Promise<Outcome<Link | null>> {
  const shown = await host.run('ip', ['-json', '-details', 'link', 'show', 'dev', name], signal);
  if (shown.status !== 'ok') {
    const isAbsent = shown.error.message.includes('does not exist');
    if (isAbsent) return { status: 'ok', value: null };
    return nothing(shown.error.code, shown.error.message);
  }
  const link = at(parsed(shown.value), 0);
  const flags = at(link, 'flags');
  if (!Array.isArray(flags)) return nothing('DEVICE_GARBAGE', 'ip does not show a link');
  const details = ['linkinfo', 'info_data'] as const;
  const master = at(link, 'master');
  return {
    status: 'ok',
    value: {
      master: typeof master === 'string' ? master : null,
      isUp: flags.includes('UP'),
      isFiltering:
        at(link, ...details, 'vlan_filtering') === 1 &&
        at(link, ...details, 'vlan_default_pvid') === 0,
    },
  };
}

/** Undefined for what is no JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
