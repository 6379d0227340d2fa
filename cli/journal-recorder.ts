/** Records the journal of one service as it runs, to be written as one compressed file at the end. */
import { zstdCompressSync } from 'node:zlib';
import { genesis } from '../core/kernel/genesis.ts';
import { journalWriter, STATE_HASH_INTERVAL } from '../core/kernel/journal.ts';
import type { JournalRecord } from '../core/kernel/journal.ts';
import type { ServiceEffect, ServiceEvent } from '../core/kernel/service.ts';
import { sha256 } from './journal-file.ts';

export interface JournalRecorder {
  /** One event with what it led to and the state after it. */
  append(event: ServiceEvent, effects: readonly ServiceEffect[], state: unknown): void;
  /** The whole journal, compressed; nothing may be appended after this. */
  finish(): Buffer;
}

export interface JournalStart {
  /** Name of the service, as in `Service.name`. */
  readonly service: string;
  /** Plain JSON data. */
  readonly configuration: unknown;
  /** Of this program. */
  readonly version: string;
  readonly timeMs: number;
  /** Before the first event. */
  readonly state: unknown;
}

/** Text that becomes one zstd frame. */
const FRAME_CHARACTERS = 4 << 20;

interface Pending {
  readonly event: ServiceEvent;
  readonly effects: readonly ServiceEffect[];
  readonly state: unknown;
}

export function recordJournal(start: JournalStart): JournalRecorder {
  const writer = journalWriter<unknown, ServiceEvent, ServiceEffect>(sha256);
  const frames: Buffer[] = [];
  let lines: string[] = [];
  let characters = 0;
  let seq = 0;
  // The last record has the hash of the state, and which one that is only the end will show.
  let pending: Pending = {
    event: genesis(
      start.service,
      structuredClone(start.configuration),
      start.version,
      start.timeMs,
    ),
    effects: [],
    state: start.state,
  };
  const write = (record: JournalRecord) => {
    const line = `${JSON.stringify(record)}\n`;
    lines.push(line);
    characters += line.length;
    if (characters >= FRAME_CHARACTERS) flush();
  };
  const flush = () => {
    if (lines.length > 0) frames.push(zstdCompressSync(lines.join('')));
    lines = [];
    characters = 0;
  };
  return {
    append(event, effects, state) {
      write(writer.append(pending.event, pending.effects, pending.state));
      seq += 1;
      // Services change their state in place, and the world may use its events and effects again:
      // what is written only with the next event is kept as it is now.
      const hashed = (seq + 1) % STATE_HASH_INTERVAL === 0;
      pending = {
        event: structuredClone(event),
        effects: structuredClone(effects),
        state: hashed ? structuredClone(state) : state,
      };
    },
    finish() {
      write(writer.append(pending.event, pending.effects, pending.state, true));
      flush();
      return Buffer.concat(frames);
    },
  };
}
