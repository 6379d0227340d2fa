#!/usr/bin/env node
/**
 * The program `ocx`. Commands are listed here, one file each; `main` runs one command line
 * against given streams and answers with the exit code, so that tests need no process of their own.
 */
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError } from 'commander';
import { reportFailure } from './command.ts';
import { describeFailure, EXIT_DONE, EXIT_INPUT } from './failure.ts';
import { currentInvocation, processStreams } from './streams.ts';
import type { Invocation, Streams } from './streams.ts';
import { readVersion } from './version.ts';

/** Codes with which commander says that it has printed what was asked for. */
const DISPLAYED: ReadonlySet<string> = new Set(['commander.helpDisplayed', 'commander.version']);

/** Adds one command, or a family of them, to the program. */
export type Registration = (program: Command) => void;

/**
 * The commands, in the order of the help. Each one is a file with a `registerX(program)`; only the
 * one that was asked for is loaded, because some bring large packages with them.
 */
const COMMANDS: ReadonlyMap<string, () => Promise<Registration>> = new Map([
  ['compare', async () => (await import('./compare.ts')).registerCompare],
  ['sweep', async () => (await import('./sweep.ts')).registerSweep],
  ['report', async () => (await import('./report.ts')).registerReport],
  ['scenario', async () => (await import('./scenario.ts')).registerScenario],
  ['replay', async () => (await import('./replay.ts')).registerReplay],
  ['clear', async () => (await import('./clear.ts')).registerClear],
  ['trace', async () => (await import('./trace.ts')).registerTrace],
  ['serve', async () => (await import('./serve.ts')).registerServe],
  ['devices', async () => (await import('./devices.ts')).registerDevices],
  ['airlock', async () => (await import('./airlock.ts')).registerAirlock],
  ['attestation', async () => (await import('./attestation.ts')).registerAttestation],
  ['token', async () => (await import('./serve.ts')).registerToken],
  ['org', async () => (await import('./org.ts')).registerOrg],
  ['node', async () => (await import('./node.ts')).registerNode],
  ['network', async () => (await import('./network.ts')).registerNetwork],
  ['image', async () => (await import('./image.ts')).registerImage],
  ['disk', async () => (await import('./image.ts')).registerDisk],
  ['lease', async () => (await import('./lease.ts')).registerLease],
  ['rack', async () => (await import('./rack.ts')).registerRack],
  ['market', async () => (await import('./market.ts')).registerMarket],
  ['offer', async () => (await import('./offer.ts')).registerOffer],
  ['agent', async () => (await import('./agent.ts')).registerAgent],
  ['bid', async () => (await import('./bid.ts')).registerBid],
  ['torture', async () => (await import('./torture.ts')).registerTorture],
  ['journal', async () => (await import('./journal.ts')).registerJournal],
]);

/** All commands where the first word is none: for help, and to suggest what was meant. */
async function loadCommands(argv: readonly string[]): Promise<readonly Registration[]> {
  const named = COMMANDS.get(argv[0] ?? '');
  const wanted = argv[0] === '--version' ? [] : named ? [named] : [...COMMANDS.values()];
  return Promise.all(wanted.map((load) => load()));
}

function createProgram(streams: Streams, registrations: readonly Registration[]): Command {
  const program = new Command('ocx')
    .description('Open Cloud eXchange: bare-metal nodes, traded between clusters.')
    .version(readVersion(), '--version', 'print the version')
    .helpOption('--help', 'print help')
    .configureOutput({
      writeOut: (text) => streams.stdout.write(text),
      writeErr: (text) => streams.stderr.write(text),
      // Errors are told by us, as one line.
      outputError: () => {},
      getOutHelpWidth: () => Math.min(streams.stdout.columns ?? 100, 100),
    })
    .showSuggestionAfterError()
    .exitOverride();
  for (const register of registrations) register(program);
  return program;
}

/**
 * Runs one command line.
 *
 * @param argv the arguments after `ocx`
 * @returns the exit code: 0 done · 1 negative result · 2 wrong input · 3 resource failed · 70 bug
 */
export async function main(
  argv: readonly string[],
  streams: Streams = processStreams(),
  registrations?: readonly Registration[],
): Promise<number> {
  const invocation: Invocation = { streams, exitCode: EXIT_DONE };
  await currentInvocation.run(invocation, async () => {
    try {
      const commands = registrations ?? (await loadCommands(argv));
      await createProgram(streams, commands).parseAsync(argv, { from: 'user' });
    } catch (error) {
      if (error instanceof CommanderError && DISPLAYED.has(error.code)) return;
      if (error instanceof CommanderError && error.code === 'commander.help') {
        // A command is missing: commander has printed the help on standard error.
        invocation.exitCode = EXIT_INPUT;
        return;
      }
      reportFailure(invocation, error, argv.includes('--debug'));
    }
  });
  return invocation.exitCode;
}

/** The whole of a process: what main() cannot answer for itself. */
async function runProcess(): Promise<void> {
  // A reader that went away, as in `ocx … | head`, is no failure; nothing more is printed to it.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
  const fail = (error: unknown) => {
    const failure = describeFailure(error);
    const stack = process.argv.includes('--debug') ? `${failure.stack}\n` : '';
    process.stderr.write(`${failure.line}\n${stack}`);
    process.exit(failure.exitCode);
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  process.exitCode = await main(process.argv.slice(2));
}

const started = process.argv[1];
if (started && realpathSync(started) === fileURLToPath(import.meta.url)) await runProcess();
