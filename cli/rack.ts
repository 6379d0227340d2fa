/** `ocx rack`: a virtual rack on one Linux machine. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { Option } from 'commander';
import type { Command } from 'commander';
import type { Accelerator } from '../backends/rack/plan.ts';
import { MOST_NODES, MOST_TENANTS } from '../backends/rack/plan.ts';
import type { Rack } from '../backends/rack/rack-file.ts';
import { rackUp } from '../backends/rack/rack.ts';
import {
  installPackages,
  missingPackages,
  packagesMissing,
  requireMachine,
} from '../backends/rack/requirements.ts';
import { rackStatus } from '../backends/rack/status.ts';
import type { RackStatus } from '../backends/rack/status.ts';
import { rackDown } from '../backends/rack/teardown.ts';
import { OcxError } from '../core/kernel/errors.ts';
import { defineCommand, runCommand, wholeNumber } from './command.ts';
import type { CommonOptions, Output } from './command.ts';
import { formatTable } from './terminal/table.ts';

interface FolderOption extends CommonOptions {
  readonly dir: string;
}

interface UpOptions extends FolderOption {
  readonly nodes: number;
  readonly light: number;
  readonly tenants: number;
  readonly accel: Accelerator;
  readonly cache?: string;
  readonly beacons?: boolean;
  readonly yes?: boolean;
}

const COLUMNS = ['node', 'kind', 'power', 'BMC', 'airlock', 'last word'].map((head) => ({ head }));

export function registerRack(program: Command): void {
  const rack = program
    .command('rack')
    .description(
      'A virtual rack on this machine: nodes with BMCs and TPMs, a switch, network boot.',
    );
  const define = (name: string, summary: string) =>
    defineCommand(rack, name, summary).option('--dir <folder>', 'where the rack lives', 'rack');
  define('up', 'Build a rack; as root, on Debian 12.')
    .option('--nodes <number>', 'virtual machines', wholeNumber(0, MOST_NODES), 2)
    .option('--light <number>', 'nodes without a machine', wholeNumber(0, MOST_NODES), 0)
    .option('--tenants <number>', 'places of tenants', wholeNumber(0, MOST_TENANTS), 2)
    .option('--beacons', 'every node sends a frame each 10 ms: a leak between networks shows')
    .option('--cache <folder>', "what outlives the rack; else .cache/ocx in the user's folder")
    .option('--yes', 'install Debian packages that are missing without asking')
    .addOption(
      new Option('--accel <name>', "machines' processor").choices(['tcg', 'kvm']).default('tcg'),
    )
    .action((options: UpOptions) => runCommand(options, (output) => up(output, options)));
  define('status', 'Show what is up.').action((options: FolderOption) =>
    runCommand(options, (output) =>
      output.result(rackStatus(output.path(options.dir)), describeStatus),
    ),
  );
  define('down', 'Take a rack down, whatever state it is in.').action((options: FolderOption) =>
    runCommand(options, async (output) => {
      const taken = await rackDown(output.path(options.dir));
      output.result(taken, ({ processes, namespaces }) =>
        processes + namespaces === 0 && !taken.folder
          ? 'There was nothing to take down.'
          : `Down: ${processes} processes and ${namespaces} namespaces are gone.`,
      );
    }),
  );
}

async function up(output: Output, options: UpOptions): Promise<void> {
  requireMachine(options.accel);
  if (options.nodes + options.light < 1 || options.nodes + options.light > MOST_NODES) {
    throw new OcxError({
      code: 'INPUT_RACK_SIZE',
      message: `a rack has 1 to ${MOST_NODES} nodes`,
      remedy: 'choose --nodes and --light so',
    });
  }
  await requirePackages(output, options.yes === true);
  const rack = await rackUp({
    folder: output.path(options.dir),
    cache: output.path(options.cache ?? join(homedir(), '.cache', 'ocx')),
    machines: options.nodes,
    lightNodes: options.light,
    tenants: options.tenants,
    accelerator: options.accel,
    beacons: options.beacons === true,
    tell: (step) => output.note(`rack: ${step}`),
  });
  output.result(withoutPasswords(rack), () => describeStatus(rackStatus(rack.folder)));
}

/** Asks where somebody can answer. */
async function requirePackages(output: Output, isAgreed: boolean): Promise<void> {
  const missing = missingPackages();
  if (missing.length === 0) return;
  if (!isAgreed && !(await isInstallationWanted(output, missing))) throw packagesMissing(missing);
  output.note(`rack: installing ${missing.join(' ')}`);
  installPackages(missing);
}

async function isInstallationWanted(output: Output, missing: readonly string[]): Promise<boolean> {
  if (!process.stdin.isTTY || !output.streams.stderr.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`Install ${missing.join(' ')} from Debian? [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}

/** They are in rack.json, which only its owner can read. */
function withoutPasswords(rack: Rack): object {
  const nodes = rack.nodes.map((node) => {
    const { bmcPassword: _, ...shown } = node;
    return shown;
  });
  return { ...rack, nodes };
}

function describeStatus({ state, id, folder, processes, nodes }: RackStatus): string {
  const head = `Rack ${id} in ${folder} is ${state}; ${processes} processes.`;
  if (nodes.length === 0) return head;
  const rows = nodes.map(({ nodeId, kind, power, bmc, airlockNetworkId, lastWord }) => [
    ...[nodeId, kind, power, bmc, String(airlockNetworkId), lastWord ?? ''],
  ]);
  return `${head}\n${formatTable(COLUMNS, rows)}`;
}
