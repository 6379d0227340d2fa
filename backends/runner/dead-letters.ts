/** Where an event goes that the reducer could not take: a file of JSON lines beside the store. */
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import type { ServiceEvent } from '../../core/kernel/service.ts';

/** Writes the event and what was thrown, on the disk before it returns. */
export function writeDeadLetter(path: string, event: ServiceEvent, error: unknown): void {
  const thrown = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const file = openSync(path, 'a', 0o600);
  try {
    writeSync(file, `${JSON.stringify({ event, thrown })}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
