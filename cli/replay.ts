/** `ocx replay LOG`: one log through one batch scheduler. */
import { basename } from 'node:path';
import { Option } from 'commander';
import type { Command } from 'commander';
import type { JobTable } from '../core/demand/jobs.ts';
import { OcxError } from '../core/kernel/errors.ts';
import type { ReplayFigures } from '../sim/clusters/batch/replay-figures.ts';
import { replayJobs } from '../sim/clusters/batch/replay.ts';
import type { ReplayResult } from '../sim/clusters/batch/replay.ts';
import { SCHEDULERS } from '../sim/clusters/batch/scheduler.ts';
import type { Scheduler } from '../sim/clusters/batch/scheduler.ts';
import { cleanSwf, KEEP_POLICY, SIMULATION_POLICY } from '../workloads/formats/swf-cleaning.ts';
import type { SwfPolicy } from '../workloads/formats/swf-cleaning.ts';
import { machineProcessors, readSwf } from '../workloads/formats/swf.ts';
import { collect, defineCommand, runCommand, wholeNumber } from './command.ts';
import type { CommonOptions, Output } from './command.ts';
import { writeAtomically } from './files.ts';
import { addCounts, replayInPieces } from './replay-pieces.ts';
import type { ReplayedLog } from './replay-pieces.ts';
import { scheduleFile } from './replay-schedule.ts';
import { variantOf, withVariantOptions } from './replay-variant.ts';
import type { VariantOptions } from './replay-variant.ts';
import { formatTable } from './terminal/table.ts';

interface ReplayOptions extends CommonOptions, VariantOptions {
  readonly scheduler: Scheduler;
  readonly clairvoyant?: boolean;
  readonly procs?: number;
  readonly waits?: string;
  readonly schedule?: string;
  readonly clean?: readonly string[];
  readonly stream?: boolean;
}

/** What each cleaning policy can be; the first is the default. */
const POLICY_CHOICES: { readonly [Key in keyof SwfPolicy]: readonly SwfPolicy[Key][] } = {
  multipleRecords: ['keep', 'merge'],
  neverStarted: ['keep', 'drop'],
  unknownRun: ['keep', 'drop'],
  zeroRun: ['keep', 'drop', 'second'],
  unknownProcessors: ['keep', 'drop'],
  missingEstimate: ['keep', 'run', 'drop'],
  overrun: ['keep', 'cap', 'extend'],
};

const MAXIMUM_PROCESSORS = 2_147_483_647;

export function registerReplay(program: Command): void {
  const policies = Object.entries(POLICY_CHOICES)
    .map(([name, choices]) => `${name}=${choices.join('|')}`)
    .join(', ');
  const command = defineCommand(
    program,
    'replay <log>',
    'Run one SWF log through one batch scheduler.',
  );
  command
    .addOption(
      new Option('--scheduler <name>', 'how jobs are scheduled')
        .choices(SCHEDULERS)
        .makeOptionMandatory(),
    )
    .option('--clairvoyant', 'the scheduler knows the run times')
    .option(
      '--procs <number>',
      'processors of the machine, where the log does not say it',
      wholeNumber(1, MAXIMUM_PROCESSORS),
    )
    .option('--waits <csv>', 'write the wait of every job to this file')
    .option(
      '--schedule <file>',
      'write the schedule: .swf, a table as .csv, or OpenDC-like tasks as .parquet',
    )
    .option(
      '--clean <policy>',
      `clean the log first; "simulation" or any of: ${policies}`,
      collect,
    );
  command.option(
    '--stream',
    'hold only jobs that wait or run: for logs of any length, nearly in order of submission',
  );
  withVariantOptions(command).action((log: string, options: ReplayOptions) =>
    runCommand(options, (output) => replay(output, log, options)),
  );
}

async function replay(output: Output, logPath: string, options: ReplayOptions): Promise<void> {
  const policy = options.clean && parsePolicies(options.clean);
  const { figures, dropped } = options.stream
    ? await replayInPieces(output, logPath, { ...options, policy }, requireJobs)
    : replayWhole(output, logPath, options, policy);
  const summary: ReplayFigures = {
    jobs: figures.jobs,
    dropped,
    meanWaitSeconds: figures.meanWaitSeconds,
    meanBoundedSlowdown: figures.meanBoundedSlowdown,
    utilisation: figures.utilisation,
    makespanSeconds: figures.makespanSeconds,
  };
  output.result(summary, describeSummary);
}

function replayWhole(
  output: Output,
  logPath: string,
  options: ReplayOptions,
  policy: SwfPolicy | undefined,
): ReplayedLog {
  const log = readSwf(output.path(logPath), { details: policy !== undefined });
  const cleaned = policy ? cleanSwf(log, policy) : { jobs: log.jobs, dropped: {} };
  const result = replayJobs(cleaned.jobs, {
    processors: machineProcessors(log, options.procs),
    scheduler: options.scheduler,
    clairvoyant: options.clairvoyant === true,
    ...variantOf(options),
  });
  requireJobs(result, log.jobs.count, logPath);
  if (options.waits !== undefined) {
    writeAtomically(output.path(options.waits), waitsCsv(cleaned.jobs, result));
  }
  if (options.schedule !== undefined) {
    const description = {
      scheduler: options.scheduler,
      processors: machineProcessors(log, options.procs),
      log: basename(logPath),
      unixStartSeconds: log.header.unixStartSeconds,
    };
    const contents = scheduleFile(options.schedule, cleaned.jobs, result, description);
    writeAtomically(output.path(options.schedule), contents);
  }
  return { figures: result, dropped: addCounts(log.dropped, cleaned.dropped, result.dropped) };
}

/** @throws INPUT_NO_JOBS where nothing ran */
function requireJobs({ jobs, dropped }: ReplayFigures, records: number, logPath: string): void {
  if (jobs > 0) return;
  throw new OcxError({
    code: 'INPUT_NO_JOBS',
    message: `none of the log's ${records} jobs can run (${describeCounts(dropped)})`,
    place: { file: logPath },
    remedy: 'check --procs, or clean the log with --clean simulation',
  });
}

function describeSummary(summary: ReplayFigures): string {
  const rows: [string, string][] = [
    ['jobs', String(summary.jobs)],
    ['mean wait', `${summary.meanWaitSeconds.toFixed(1)} s`],
    ['mean bounded slowdown', summary.meanBoundedSlowdown.toFixed(3)],
    ['utilisation', `${(100 * summary.utilisation).toFixed(2)} %`],
    ['makespan', `${summary.makespanSeconds} s`],
    ['dropped', describeCounts(summary.dropped) || 'none'],
  ];
  return formatTable([{ head: 'figure' }, { head: 'value', align: 'right' }], rows);
}

/**
 * `job,wait` in (submit, job number) order; dropped jobs are left out. Waits are written as the
 * shortest decimals that read back as the same number.
 */
function waitsCsv(jobs: JobTable, result: ReplayResult): Buffer {
  const rows = rowsInOrder(jobs);
  const pieces: Buffer[] = [Buffer.from('job,wait\n')];
  const piece: string[] = [];
  const flush = () => {
    pieces.push(Buffer.from(piece.join('')));
    piece.length = 0;
  };
  for (const row of rows) {
    const wait = result.waitSeconds[row]!;
    if (Number.isNaN(wait)) continue;
    piece.push(`${jobs.jobNumber[row]},${wait}\n`);
    // One text of all rows could be longer than a string may be.
    if (piece.length === 100_000) flush();
  }
  flush();
  return Buffer.concat(pieces);
}

function rowsInOrder(jobs: JobTable): Uint32Array {
  const rows = Uint32Array.from({ length: jobs.count }, (_, row) => row);
  return rows.sort(
    (a, b) =>
      jobs.submitSeconds[a]! - jobs.submitSeconds[b]! ||
      jobs.jobNumber[a]! - jobs.jobNumber[b]! ||
      a - b,
  );
}

/** @throws INPUT_USAGE for a policy or a choice that does not exist */
function parsePolicies(texts: readonly string[]): SwfPolicy {
  let policy: SwfPolicy = KEEP_POLICY;
  for (const text of texts) {
    if (text === 'simulation') {
      policy = SIMULATION_POLICY;
      continue;
    }
    const [name = '', choice = ''] = text.split('=');
    const choices: readonly string[] | undefined = Object.hasOwn(POLICY_CHOICES, name)
      ? POLICY_CHOICES[name as keyof SwfPolicy]
      : undefined;
    if (!choices?.includes(choice)) {
      const known = choices ?? ['simulation', ...Object.keys(POLICY_CHOICES)];
      throw new OcxError({
        code: 'INPUT_USAGE',
        message: `${JSON.stringify(text)} is no cleaning policy`,
        remedy: `choose ${choices ? `${name}=` : ''}one of ${known.join(', ')}`,
      });
    }
    policy = { ...policy, [name]: choice };
  }
  return policy;
}

function describeCounts(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([reason, count]) => `${count} ${reason}`)
    .join(', ');
}
