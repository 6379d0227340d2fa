/** One test a trace format: three quarters of all inputs, evenly over the formats. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestFn } from 'ava';
import { fuzz, INPUTS } from './fuzzing.ts';
import { traceReaders } from './trace-readers.ts';

const SHARE = 0.75;

export function fuzzTraces(test: TestFn, isMine: (index: number) => boolean): void {
  // In memory, where the machine has such a place: a million files are written.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'ocx-fuzz-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const readers = traceReaders(join(folder, 'trace.txt'));
  const others = readers.flatMap(({ samples }) => [samples[0]!]);
  const inputs = Math.ceil((INPUTS * SHARE) / readers.length);
  for (const reader of readers.filter((_, index) => isMine(index))) {
    test.serial(`${reader.name}: whatever is damaged, read or refused`, (t) => {
      const fuzzed = fuzz(reader, inputs, others);
      t.true(fuzzed.accepted > 0 && fuzzed.accepted < inputs, 'neither all nor nothing');
      t.log(`${inputs} inputs, ${fuzzed.accepted} read, slowest ${fuzzed.slowestMs.toFixed(0)} ms`);
    });
  }
}
