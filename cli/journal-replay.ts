/** Running the events of a journal through the service that it is of. */
import { canonicalJson } from '../core/kernel/canonical-json.ts';
import { OcxError } from '../core/kernel/errors.ts';
import type { Refusal } from '../core/kernel/errors.ts';
import { replayJournal } from '../core/kernel/journal.ts';
import type { JournalRecord } from '../core/kernel/journal.ts';
import type { ServiceEffect, ServiceEvent, Step } from '../core/kernel/service.ts';
import { sha256 } from './journal-file.ts';
import type { JournalFile } from './journal-file.ts';
import type { AnyService } from './services.ts';

/** A line that is no record is a finding about the journal, not a failure of the command. */
export function asDifference(check: () => Refusal | null): Refusal | null {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof OcxError) || error.code !== 'JOURNAL_BROKEN') throw error;
    const { code, message, place } = error;
    return { code, message, ...(place ? { place } : {}) };
  }
}

export interface ReplayRun {
  readonly events: number;
  readonly stateHash: string;
  readonly difference: Refusal | null;
}

/** Replays through the core; `full` holds a second run beside it whose states must agree. */
export function runEvents(
  service: AnyService,
  configuration: unknown,
  records: Iterable<JournalRecord>,
  full: boolean,
): ReplayRun {
  let events = 0;
  let state = service.initial(structuredClone(configuration));
  let second = service.initial(structuredClone(configuration));
  const observed: AnyService = {
    name: service.name,
    initial: () => state,
    step(before, event) {
      const copy = full ? structuredClone(event) : event;
      const step = stepOrBreak(service, before, event, events + 1);
      state = step.state;
      events += 1;
      if (full) {
        second = service.step(second, copy).state;
        if (hashOf(state) !== hashOf(second)) {
          throw brokenAt(events, 'two runs have other states after it');
        }
      }
      return step;
    },
  };
  const difference = asDifference(
    () => replayJournal(observed, configuration, records, sha256).difference,
  );
  return { events, stateHash: hashOf(state), difference };
}

/** A journal may hold anything: an event that stops the core is a finding about the journal. */
export function stepOrBreak(
  service: AnyService,
  state: unknown,
  event: ServiceEvent,
  number: number,
): Step<unknown, ServiceEffect> {
  try {
    return service.step(state, event);
  } catch (error) {
    throw brokenAt(number, `it stops the core (${String(error)})`, error);
  }
}

/** Event `number` is in line `number + 1`: the genesis stands before it. */
export function brokenAt(number: number, message: string, cause?: unknown): OcxError {
  return new OcxError(
    { code: 'JOURNAL_BROKEN', message: `event ${number}: ${message}`, place: { line: number + 1 } },
    { cause },
  );
}

function hashOf(state: unknown): string {
  return sha256(canonicalJson(state));
}

/** The records after the genesis, as far as the chain holds. */
export function* eventsOf(file: JournalFile, sound: number): Generator<JournalRecord> {
  let read = 0;
  for (const record of file.records()) {
    read += 1;
    if (read > sound) return;
    if (read > 1) yield record;
  }
}
