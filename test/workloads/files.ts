/** Temporary files for tests of readers. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { OcxError } from '../../core/kernel/errors.ts';
import { WEEK_MS } from '../../core/kernel/units.ts';
import type { WorkloadContext } from '../../workloads/context.ts';

/** A folder of the test's own, removed after it. */
export function testFolder(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'ocx-workloads-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A file with these contents in a folder of its own. */
export function testFile(
  t: ExecutionContext,
  contents: string | Uint8Array,
  name = 'trace.swf',
): string {
  const path = join(testFolder(t), name);
  writeFileSync(path, contents);
  return path;
}

/** Runs what must be refused; gives the error. */
export function refusal(t: ExecutionContext, run: () => unknown, code: string): OcxError {
  const error = t.throws(run, { instanceOf: OcxError });
  t.is(error.code, code, error.message);
  t.false(/\n/.test(error.message), 'one line');
  return error;
}

/** A record of 18 fields; the ones not given are −1. */
export function record(fields: Readonly<Record<number, string | number>>): string {
  return Array.from({ length: 18 }, (_, index) => fields[index + 1] ?? -1).join(' ');
}

/** A week of a batch cluster of 64 nodes. */
export function batchContext(): WorkloadContext {
  return {
    kind: 'hpc',
    organisation: 'hpc-a',
    seed: 1,
    replication: 0,
    horizonMs: WEEK_MS,
    warmUpMs: 0,
    nodes: 64,
    scenarioFolder: '/',
    tracesFolder: undefined,
  };
}
