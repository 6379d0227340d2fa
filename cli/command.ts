/**
 * What all commands share: the options `--json`, `--quiet` and `--debug`, how results are printed,
 * how failures are told, and the exit codes.
 *
 * A command is one file that exports `registerX(program)`:
 *
 *     export function registerClear(program: Command): void {
 *       defineCommand(program, 'clear <case>', 'Clear one market case.')
 *         .option('--mechanism <name>', 'use this mechanism')
 *         .action((file: string, options: ClearOptions) =>
 *           runCommand(options, async (output) => {
 *             const text = readTextFile(output.path(file));
 *             output.result(clearCase(text), (value) => table(value));
 *           }),
 *         );
 *     }
 */
import { resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { describeRefusal, invariant } from '../core/kernel/errors.ts';
import type { Refusal } from '../core/kernel/errors.ts';
import { describeFailure, EXIT_NEGATIVE } from './failure.ts';
import { currentInvocation } from './streams.ts';
import type { Invocation, Streams } from './streams.ts';
import { startProgress } from './terminal/progress.ts';
import type { Progress } from './terminal/progress.ts';

/** Options that every command has. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly debug?: boolean;
}

/** What a command's body talks to the user with. */
export interface Output {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly streams: Streams;
  /** Absolute form of a path that the user gave. */
  path(given: string): string;
  /** The command's result: JSON alone on standard output with `--json`, else what `text` makes. */
  result<Value>(value: Value, text: (value: Value) => string): void;
  /** A line for people beside the result, on standard error; silent with `--quiet`. */
  note(line: string): void;
  /** The work is done and its result is negative: one line on standard error, exit code 1. */
  negative(refusal: Refusal): void;
  /** Progress on standard error, shown only where the work takes longer than two seconds. */
  progress(label: string, total: number): Progress;
}

/**
 * Adds a command with the options that all commands have.
 *
 * @param nameAndArguments e.g. `replay <log>`
 * @param summary one sentence
 */
export function defineCommand(parent: Command, nameAndArguments: string, summary: string): Command {
  return parent
    .command(nameAndArguments)
    .description(summary)
    .option('--json', 'machine-readable result, alone on standard output')
    .option('--quiet', 'no notes and no progress')
    .option('--debug', 'stack traces with errors');
}

/** Runs a command's body: its failures become one line and an exit code. */
export async function runCommand(
  options: CommonOptions,
  body: (output: Output) => void | Promise<void>,
): Promise<void> {
  const invocation = currentInvocation.getStore();
  invariant(invocation !== undefined, 'commands run inside main()');
  const output = createOutput(options, invocation);
  try {
    await body(output);
  } catch (error) {
    reportFailure(invocation, error, options.debug === true);
  }
}

/** Prints the one line of a failure and sets the exit code. */
export function reportFailure(invocation: Invocation, error: unknown, debug: boolean): void {
  const failure = describeFailure(error);
  invocation.streams.stderr.write(`${failure.line}\n${debug ? `${failure.stack}\n` : ''}`);
  invocation.exitCode = failure.exitCode;
}

function createOutput(options: CommonOptions, invocation: Invocation): Output {
  const { streams } = invocation;
  const json = options.json === true;
  const quiet = options.quiet === true;
  return {
    json,
    quiet,
    streams,
    path: (given) => resolve(streams.workingDirectory, given),
    result(value, text) {
      const rendered = json ? JSON.stringify(value, null, 2) : text(value);
      if (rendered !== '')
        streams.stdout.write(rendered.endsWith('\n') ? rendered : `${rendered}\n`);
    },
    note(line) {
      if (!quiet) streams.stderr.write(`${line}\n`);
    },
    negative(refusal) {
      streams.stderr.write(`${describeRefusal(refusal)}\n`);
      invocation.exitCode = EXIT_NEGATIVE;
    },
    progress: (label, total) => startProgress({ stream: streams.stderr, quiet, label, total }),
  };
}

/** Parser of an option that takes a whole number within bounds. */
export function wholeNumber(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^[+-]?\d+$/.test(text) || !Number.isSafeInteger(value)) {
      throw new InvalidArgumentError('It must be a whole number.');
    }
    if (value < minimum || value > maximum) {
      throw new InvalidArgumentError(`It must be from ${minimum} to ${maximum}.`);
    }
    return value;
  };
}

/** Parser of an option that may be given several times. */
export function collect(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}
