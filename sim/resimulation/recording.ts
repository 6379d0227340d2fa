/** What a live service has left behind, as the resimulation reads it. */
import { canonicalJson } from '../../core/kernel/canonical-json.ts';
import type { Service, ServiceEffect, ServiceEvent } from '../../core/kernel/service.ts';

/** A service whose types nobody here knows: events and effects are only carried. */
export type AnyService = Service<unknown, unknown, ServiceEvent, ServiceEffect>;

export interface Recording {
  /** Name of this instance of the service: that of its journal. */
  readonly instance: string;
  readonly service: AnyService;
  readonly configuration: unknown;
  /** All of its journal after the genesis, in order; event `i` stands in record `i + 2`. */
  readonly events: readonly ServiceEvent[];
  /** Hashes of their records, where they are known. */
  readonly hashes?: readonly string[];
}

/** Number in the journal of the event at a place of a recording. */
export function recordNumber(index: number): number {
  return index + 2;
}

/** One text for one event, whenever it happens. */
export function textOf(event: object): string {
  const { timeMs: _, ...rest } = event as { timeMs?: number };
  return canonicalJson(rest);
}
