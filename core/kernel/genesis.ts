/**
 * The first record of every journal: which service it is of, and the configuration that the
 * service started with. It stands in the hash chain like any other record, so that a journal is
 * complete in itself and its configuration cannot be changed afterwards. It has no effects, and the
 * service never sees it.
 */
import type { JournalRecord } from './journal.ts';
import type { ServiceEvent } from './service.ts';
import type { TimeMs } from './units.ts';

export interface Genesis<Configuration = unknown> extends ServiceEvent {
  readonly kind: 'Genesis';
  /** Name of the service, as in `Service.name`. */
  readonly service: string;
  /** Of the program that wrote the journal. */
  readonly version: string;
  /** Plain JSON data. */
  readonly configuration: Configuration;
}

/** The event to append before any other, with no effects and the service's initial state. */
export function genesis<Configuration>(
  service: string,
  configuration: Configuration,
  version: string,
  timeMs: TimeMs,
): Genesis<Configuration> {
  return { kind: 'Genesis', timeMs, service, version, configuration };
}

/** The genesis in the first record of a journal; null where another event stands there. */
export function readGenesis(record: JournalRecord): Genesis | null {
  const event = record.event as Partial<Genesis>;
  const complete =
    record.seq === 1 &&
    event.kind === 'Genesis' &&
    typeof event.service === 'string' &&
    event.configuration !== undefined;
  return complete ? (event as Genesis) : null;
}
