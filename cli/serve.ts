/** `ocx serve`: runs live services until it is told to end; `ocx token`: makes a token. */
import type { Command } from 'commander';
import { newToken } from '../backends/http/tokens.ts';
import { OcxError } from '../core/kernel/errors.ts';
import { defineCommand, runCommand, wholeNumber } from './command.ts';
import type { CommonOptions, Output } from './command.ts';
import { waitForSilence } from '../backends/runner/standby.ts';
import type { Store } from '../backends/store/store.ts';
import { effectLogIn } from './effect-log-file.ts';
import type { Listening, LiveRole, Served } from './live-role.ts';
import { LIVE_ROLES, rolesOf } from './live-roles.ts';
import { openStore, toldToEnd } from './live-service.ts';
import { servePage } from './live-page.ts';
import {
  listeningOf,
  readServeConfiguration,
  tableOf,
  requireDistinctParties,
} from './serve-configuration.ts';
import type { ServeConfiguration } from './serve-configuration.ts';
import { readVersion } from './version.ts';

type NamedService = Served & { readonly role: string };

interface ServeOptions extends CommonOptions {
  readonly role: string;
  readonly store: string;
  readonly config: string;
  readonly port?: number;
  readonly deadLetters?: string;
  readonly standby?: boolean;
}

export function registerServe(program: Command): void {
  defineCommand(program, 'serve', 'Run live services until it is told to end.')
    .requiredOption(
      '--role <names>',
      `all, or some of ${LIVE_ROLES.map(({ name }) => name).join(',')}`,
    )
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
  const roles = rolesOf(options.role);
  const file = output.path(options.config);
  const configuration = readServeConfiguration(file, roles, LIVE_ROLES);
  const requests = roles.map((role) => {
    const table = tableOf(configuration, role);
    requireDistinctParties(table, file);
    return { role, table, listening: listeningOf(table, file, options.port) };
  });
  requireApart(requests);
  const store = await openStore(options.store, output.path);
  const services: NamedService[] = [];
  let pageOf: { stop(): Promise<void> } | null = null;
  try {
    if (options.standby && !(await isOurTurn(output, store, roles))) return;
    for (const { role, table, listening } of requests) {
      const served = await role.serve({
        ...{ configuration, file, table, listening, store, version: readVersion() },
        ...{ tokens: table.tokens, peers: table.peers },
        effectLog: effectLogIn(configuration.effectLogs, file, role.name),
        deadLetters: output.path(options.deadLetters ?? `${file}.dead-letters.jsonl`),
        log: (line) => output.quiet || output.streams.stderr.write(line),
      });
      services.push({ ...served, role: role.name });
    }
    const { page } = configuration;
    if (page) pageOf = await startPage(output, page, file, services);
    tell(output, services);
    if (configuration.devices?.driver === 'emulated') {
      output.note('The hardware is emulated in memory: it is gone when this process ends.');
    }
    await Promise.race([toldToEnd(), ...services.map(({ failed }) => failed)]);
  } finally {
    await pageOf?.stop();
    for (const served of services.toReversed()) await served.stop();
    await store.close();
  }
}

/** @throws INPUT_LISTEN_TWICE where two services would answer at one place */
function requireApart(requests: readonly { role: LiveRole; listening: Listening }[]): void {
  const taken = new Map<string, string>();
  for (const { role, listening } of requests) {
    if ('port' in listening && listening.port === 0) continue;
    const place = 'socket' in listening ? listening.socket : `${listening.host}:${listening.port}`;
    const other = taken.get(place);
    if (other !== undefined) {
      throw new OcxError({
        code: 'INPUT_LISTEN_TWICE',
        message: `${other} and ${role.name} would both listen at ${place}`,
        remedy: `give each a place of its own, [${role.name}.listen]`,
      });
    }
    taken.set(place, role.name);
  }
}

/** @throws INPUT_SERVE_PAGE where nobody says where the isolation service is */
async function startPage(
  output: Output,
  { listen, servers }: NonNullable<ServeConfiguration['page']>,
  file: string,
  services: readonly NamedService[],
): Promise<{ stop(): Promise<void> }> {
  const urlOf = (name: 'isolation' | 'market') =>
    servers[name] ?? services.find(({ role }) => role === name)?.url ?? null;
  const isolation = urlOf('isolation');
  if (isolation === null) {
    throw new OcxError({
      code: 'INPUT_SERVE_PAGE',
      message: 'the page shows an isolation service, and this process is none',
      place: { file, keyPath: 'page.servers.isolation' },
      remedy: 'say where it answers',
    });
  }
  const page = await servePage(listeningOf({ listen }, file), isolation, urlOf('market'));
  output.note(`The page is at ${page.url}`);
  return page;
}

function tell(output: Output, services: readonly NamedService[]): void {
  const told = services.map(({ role, url, epoch, replayed }) => ({ role, url, epoch, replayed }));
  const text = told.map(({ role, url }) => `${capital(role)} answers at ${url}`).join('\n');
  if (told.length === 1) output.result(told[0]!, () => text);
  else output.result({ services: told }, () => text);
}

function capital(word: string): string {
  return word[0]!.toUpperCase() + word.slice(1);
}

/** False where it is told to end before. */
async function isOurTurn(
  output: Output,
  store: Store,
  roles: readonly LiveRole[],
): Promise<boolean> {
  output.note('Waiting until no other process is in charge of the store.');
  const controller = new AbortController();
  const told = toldToEnd().then(() => controller.abort());
  for (const { name } of roles) {
    if (await waitForSilence(store, name, controller.signal)) continue;
    await told;
    return false;
  }
  return true;
}
