/**
 * Where a command reads its surroundings from and writes to: the process, or a test.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

export interface TextSink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface Streams {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Folder that relative paths are taken from. */
  readonly workingDirectory: string;
}

/** One run of `main`. */
export interface Invocation {
  readonly streams: Streams;
  exitCode: number;
}

/** The run that the current asynchronous call chain belongs to. */
export const currentInvocation = new AsyncLocalStorage<Invocation>();

/** npm runs scripts in the project's folder; `INIT_CWD` is where the user stands. */
export function processStreams(): Streams {
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    environment: process.env,
    workingDirectory: process.env['INIT_CWD'] || process.cwd(),
  };
}
