/** `ocx serve`: runs the live services until it is told to end; `ocx token`: makes a token. */
import type { Command } from 'commander';
import { newToken } from '../backends/http/tokens.ts';
import { OcxError } from '../core/kernel/errors.ts';
import { defineCommand, runCommand, wholeNumber } from './command.ts';
import type { CommonOptions, Output } from './command.ts';
import { waitForSilence } from '../backends/runner/standby.ts';
import type { Store } from '../backends/store/store.ts';
import { JOURNAL, openStore, serveIsolation } from './live-isolation.ts';
import { readServeConfiguration } from './serve-configuration.ts';
import { readVersion } from './version.ts';

interface ServeOptions extends CommonOptions {
  readonly role: string;
  readonly store: string;
  readonly config: string;
  readonly port?: number;
  readonly deadLetters?: string;
  readonly standby?: boolean;
}

export function registerServe(program: Command): void {
  defineCommand(program, 'serve', 'Run a live service until it is told to end.')
    .requiredOption('--role <name>', 'isolation, the one that there is so far')
    .requiredOption('--store <store>', 'sqlite:PATH or postgres://…')
    .requiredOption('--config <file>', 'listening, tokens, devices and site; see docs/deploy.md')
    .option('--dead-letters <file>', 'events that stopped it; else beside the configuration')
    .option('--standby', 'wait until no other process is in charge of the store')
    .option('--port <number>', 'listen there instead; 0: anywhere', wholeNumber(0, 65_535))
    .action((options: ServeOptions) => runCommand(options, (output) => serve(output, options)));
}

/** `ocx token`: a new bearer token, shown once, and the hash that the configuration takes. */
export function registerToken(program: Command): void {
  defineCommand(program, 'token', 'Make a bearer token and its hash.').action(
    (options: CommonOptions) =>
      runCommand(options, (output) => {
        output.result(newToken(), ({ token, sha256 }) => `token  ${token}\nsha256 ${sha256}`);
      }),
  );
}

async function serve(output: Output, options: ServeOptions): Promise<void> {
  if (options.role !== 'isolation') {
    throw new OcxError({
      code: 'INPUT_ROLE',
      message: `there is no live service ${JSON.stringify(options.role)} yet`,
      remedy: 'use --role isolation',
    });
  }
  const file = output.path(options.config);
  const configuration = readServeConfiguration(file);
  if (options.port !== undefined) configuration.listen.port = options.port;
  const store = await openStore(options.store, output.path);
  if (options.standby && !(await isOurTurn(output, store))) {
    await store.close();
    return;
  }
  const served = await serveIsolation({
    ...{ configuration, file, store, version: readVersion() },
    deadLetters: output.path(options.deadLetters ?? `${file}.dead-letters.jsonl`),
    log: (line) => output.quiet || output.streams.stderr.write(line),
  }).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  const { url, epoch, replayed } = served;
  output.result({ role: options.role, url, epoch, replayed }, () => `Isolation answers at ${url}`);
  if (configuration.devices.driver === 'emulated') {
    output.note('The hardware is emulated in memory: it is gone when this process ends.');
  }
  try {
    await Promise.race([toldToEnd(), served.failed]);
  } finally {
    await served.stop();
  }
}

/** False where it is told to end before. */
async function isOurTurn(output: Output, store: Store): Promise<boolean> {
  output.note('Waiting until no other process is in charge of the store.');
  const controller = new AbortController();
  const told = toldToEnd().then(() => controller.abort());
  const isFree = await waitForSilence(store, JOURNAL, controller.signal);
  if (!isFree) await told;
  return isFree;
}

/** Ctrl-C or a supervisor's request. */
function toldToEnd(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
