/** Programs of the operating system that are run to their end, with a bound on time and output. */
import { execFile } from 'node:child_process';
import { OcxError } from '../../core/kernel/errors.ts';

export interface ProgramOptions {
  /** Default 60,000. */
  readonly timeoutMs?: number;
  readonly environment?: Readonly<Record<string, string>>;
  readonly folder?: string;
  readonly input?: string;
}

const TIMEOUT_MS = 60_000;
const MOST_OUTPUT_BYTES = 64 * 1024 * 1024;
const LONGEST_REASON = 300;

/**
 * What the program printed on its standard output.
 * @throws BACKEND_PROGRAM_MISSING, BACKEND_PROGRAM
 */
export async function runProgram(
  name: string,
  parameters: readonly string[],
  options: ProgramOptions = {},
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = execFile(
    name,
    parameters,
    {
      timeout: options.timeoutMs ?? TIMEOUT_MS,
      maxBuffer: MOST_OUTPUT_BYTES,
      killSignal: 'SIGKILL',
      env: { ...process.env, LC_ALL: 'C', ...options.environment },
      ...(options.folder === undefined ? {} : { cwd: options.folder }),
    },
    (error, stdout, stderr) => {
      if (error) reject(failed(name, parameters, error, stderr));
      else resolve(stdout);
    },
  );
  // A program that ends without reading its input is no failure of ours.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(options.input ?? '');
  return promise;
}

function failed(
  name: string,
  parameters: readonly string[],
  error: Error & { readonly code?: unknown; readonly killed?: boolean },
  stderr: string,
): OcxError {
  if (error.code === 'ENOENT') {
    return new OcxError({
      code: 'BACKEND_PROGRAM_MISSING',
      message: `the program ${name} is not installed`,
      remedy: 'install the Debian package that has it',
    });
  }
  const said = stderr.trim().split('\n').at(-1) ?? '';
  const why = error.killed ? 'it did not end in time' : said || error.message;
  const what = `${name} ${parameters.slice(0, 3).join(' ')}`;
  return new OcxError(
    { code: 'BACKEND_PROGRAM', message: `${what}: ${why.slice(0, LONGEST_REASON)}` },
    { cause: error },
  );
}
