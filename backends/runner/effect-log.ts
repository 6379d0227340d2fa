/**
 * Writes down what the world is asked for and answers, as the last thing before a driver: whatever
 * stands in front of it, lanes, retries or filters, shows. Held against the journal by
 * `ocx journal resimulate`.
 *
 * A line is in the file before the driver is asked, so that it outlives a process that is killed; it
 * is not forced onto the disk, and may be lost where the machine itself fails.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import type { AnsweredEffect, EffectLogLine } from '../../core/kernel/effect-log.ts';
import type { Outcome } from '../../core/kernel/service.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import { plainOutcome } from './outcome.ts';

export interface EffectLog {
  write(line: EffectLogLine): void;
}

export interface EffectLogFile extends EffectLog {
  close(): void;
}

/** Goes on with a file that is there. @throws what the file system says */
export function openEffectLog(path: string): EffectLogFile {
  const file = openSync(path, 'a', 0o600);
  return {
    write: (line) => void writeSync(file, `${JSON.stringify(line)}\n`),
    close: () => closeSync(file),
  };
}

/** Has a driver do it between two lines of the log; keeps nothing out and changes nothing. */
export async function carryOutLogged(
  log: EffectLog,
  nowMs: () => TimeMs,
  effect: AnsweredEffect,
  carryOut: () => Promise<Outcome<unknown>>,
): Promise<Outcome<unknown>> {
  const { effectId } = effect;
  log.write({ kind: 'begun', effect, timeMs: nowMs() });
  let outcome: Outcome<unknown> | null = null;
  try {
    outcome = plainOutcome(await carryOut());
    return outcome;
  } finally {
    log.write({ kind: 'ended', effectId, outcome, timeMs: nowMs() });
  }
}
