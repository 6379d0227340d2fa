/**
 * How a failure reaches the user: one line `CODE: what, where, what to do` and an exit code.
 */
import { CommanderError } from 'commander';
import { describeRefusal, OcxError } from '../core/kernel/errors.ts';
import type { Refusal } from '../core/kernel/errors.ts';

export const EXIT_DONE = 0;
/** The result is negative: a gate violated, a verification that fails. */
export const EXIT_NEGATIVE = 1;
/** The user's input is wrong. */
export const EXIT_INPUT = 2;
/** A backend or a resource failed. */
export const EXIT_RESOURCE = 3;
/** A bug; as `EX_SOFTWARE` in BSD's sysexits.h. */
export const EXIT_BUG = 70;
/** Ended by Ctrl-C: 128 + SIGINT, as shells count. */
export const EXIT_INTERRUPTED = 130;

export interface Failure {
  /** One line, without the newline. */
  readonly line: string;
  readonly exitCode: number;
  /** What `--debug` adds. */
  readonly stack: string;
}

/** First part of an error code → exit code; what is not listed is a bug. */
const EXIT_CODE_OF_FAMILY: ReadonlyMap<string, number> = new Map([
  ['INPUT', EXIT_INPUT],
  ['NOT', EXIT_INPUT],
  ['DENIED', EXIT_INPUT],
  ['CONFLICT', EXIT_INPUT],
  ['MARKET', EXIT_INPUT],
  ['ATTEST', EXIT_NEGATIVE],
  ['JOURNAL', EXIT_NEGATIVE],
  ['RESULT', EXIT_NEGATIVE],
  ['RESOURCE', EXIT_RESOURCE],
  ['DEVICE', EXIT_RESOURCE],
  ['BACKEND', EXIT_RESOURCE],
]);

/** Codes of the operating system that mean "what you named is not there, or is not a file". */
const WRONG_PATH_CODES: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP']);

/** Codes of the operating system and of workers that mean "out of something". */
const RESOURCE_CODES: ReadonlySet<string> = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOSPC',
  'EDQUOT',
  'EFBIG',
  'EIO',
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'ENAMETOOLONG',
  'ERR_WORKER_OUT_OF_MEMORY',
]);

/** Exit code of a refusal by the family of its code. */
export function exitCodeOf(code: string): number {
  return EXIT_CODE_OF_FAMILY.get(code.split('_', 1)[0]!) ?? EXIT_BUG;
}

/** What anything thrown means to the user. */
export function describeFailure(error: unknown): Failure {
  const stack = error instanceof Error ? describeStack(error) : String(error);
  if (error instanceof CommanderError) return usageFailure(error, stack);
  const refusal = asRefusal(error) ?? systemRefusal(error);
  const exitCode = refusal ? exitCodeOf(refusal.code) : EXIT_BUG;
  if (refusal && exitCode !== EXIT_BUG) {
    return { line: describeRefusal(refusal), exitCode, stack };
  }
  return { line: describeRefusal(bug(error)), exitCode: EXIT_BUG, stack };
}

function asRefusal(error: unknown): Refusal | null {
  return error instanceof OcxError ? error : null;
}

/** The operating system's own errors, where nobody nearer to the cause has named them. */
function systemRefusal(error: unknown): Refusal | null {
  if (!(error instanceof Error) || !('code' in error)) return null;
  const code = String(error.code);
  const path = 'path' in error && typeof error.path === 'string' ? { file: error.path } : {};
  if (WRONG_PATH_CODES.has(code)) {
    const message = code === 'ENOENT' ? 'there is no such file' : 'this is not a readable file';
    return { code: 'INPUT_FILE', message, place: path, remedy: 'check the path' };
  }
  if (RESOURCE_CODES.has(code)) {
    const remedy = 'free the resource or choose another place';
    return {
      code: 'RESOURCE_FAILED',
      message: `the system refused (${code})`,
      place: path,
      remedy,
    };
  }
  return null;
}

function bug(error: unknown): Refusal {
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: 'INTERNAL_ERROR',
    message: message || 'something that cannot happen has happened',
    remedy: 'this is a bug: please report it with the output of the same command with --debug',
  };
}

/** `error: unknown option '--jsn'\n(Did you mean --json?)` becomes one line of our own shape. */
function usageFailure(error: CommanderError, stack: string): Failure {
  const [first = '', ...more] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = more.join(' ').match(/Did you mean (.*)\?/)?.[1];
  const refusal: Refusal = {
    code: 'INPUT_USAGE',
    message: first.replace(/\.$/, ''),
    remedy: suggestion ? `did you mean ${suggestion}?` : 'see --help',
  };
  return { line: describeRefusal(refusal), exitCode: EXIT_INPUT, stack };
}

function describeStack(error: Error): string {
  const own = error.stack ?? String(error);
  return error.cause instanceof Error ? `${own}\nCaused by: ${describeStack(error.cause)}` : own;
}
