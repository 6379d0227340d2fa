/** Runs a command line inside the test's own process. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { main } from '../../cli/main.ts';
import type { Registration } from '../../cli/main.ts';

export interface CliResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliSurroundings {
  readonly workingDirectory?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly registrations?: readonly Registration[];
}

export async function runCli(
  argv: readonly string[],
  { workingDirectory = '.', environment = {}, registrations }: CliSurroundings = {},
): Promise<CliResult> {
  let stdout = '';
  let stderr = '';
  const streams = {
    stdout: { write: (text: string) => (stdout += text) },
    stderr: { write: (text: string) => (stderr += text) },
    environment,
    workingDirectory,
  };
  const exitCode = registrations
    ? await main(argv, streams, registrations)
    : await main(argv, streams);
  return { exitCode, stdout, stderr };
}

/** A folder of the test's own, removed after it. */
export function temporaryFolder(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'ocx-test-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** One line, no stack trace: what every failure looks like. */
export function assertOneLine(t: ExecutionContext, result: CliResult, start: string): void {
  t.is(result.stdout, '');
  t.regex(result.stderr, /^[A-Z][A-Z_]+: [^\n]+\n$/);
  t.true(result.stderr.startsWith(start), result.stderr);
}
