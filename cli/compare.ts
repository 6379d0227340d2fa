/** `ocx compare SCENARIO`: the main job. Static partition against the market, and its report. */

import { join, relative } from 'node:path';
import type { Command } from 'commander';
import { OcxError } from '../core/kernel/errors.ts';
import { measureMechanisms } from '../core/metrics/mechanism-properties.ts';
import type { Metrics } from '../core/metrics/results.ts';
import { isEstimate } from '../core/metrics/estimate.ts';
import { MOST_REPLICATIONS } from '../core/metrics/statistics/sequential.ts';
import type { LoadedScenario } from '../sim/scenario/load.ts';
import type { Gates } from '../sim/scenario/schema.ts';
import { gather, mainVariant } from '../sim/experiment/gather.ts';
import type { Gathered } from '../sim/experiment/gather.ts';
import { planTasks } from '../sim/experiment/task.ts';
import type { Task, TaskResult } from '../sim/experiment/task.ts';
import { renderHeadlineTable } from '../reports/tables/terminal.ts';
import { loadComparison, siteProfile } from './compose.ts';
import type { ComparisonSource } from './compose.ts';
import { collect, defineCommand, runCommand, wholeNumber } from './command.ts';
import type { CommonOptions, Output } from './command.ts';
import { recordRun } from './journal-run.ts';
import { makeManifest } from './manifest.ts';
import { defaultWorkers, executeTasks } from './pool.ts';
import { halfWidthOf, replicateToPrecision, stoppingRule, taskKey } from './precision.ts';
import type { HalfWidth } from './precision.ts';
import { readInputText } from './files.ts';
import { checkResultsFolder, writeResults } from './results.ts';

interface CompareOptions extends CommonOptions {
  readonly out?: string;
  readonly seed?: number;
  readonly replications?: number;
  readonly halfWidth?: HalfWidth;
  readonly maximumReplications?: number;
  readonly jobs?: number;
  readonly set?: readonly string[];
  readonly journal?: boolean;
}

export function registerCompare(program: Command): void {
  defineCommand(
    program,
    'compare <scenario>',
    'Compare static partition with a market: four metrics, with intervals, and a report.',
  )
    .option('--out <folder>', 'where results go (default: results/<scenario>-<seed>)')
    .option('--seed <number>', 'another seed', wholeNumber(0, Number.MAX_SAFE_INTEGER))
    .option('--replications <number>', 'another number of replications', wholeNumber(1, 10_000))
    .option(
      '--half-width <target>',
      'replicate until the interval of the extra demand met is this narrow: node-hours, or 5%',
      halfWidthOf,
    )
    .option(
      '--maximum-replications <number>',
      `with --half-width: where it stops in any case (default: ${MOST_REPLICATIONS})`,
      wholeNumber(2, 10_000),
    )
    .option('--jobs <number>', 'worker threads (default: one a processor)', wholeNumber(1, 1024))
    .option('--set <key.path=value>', 'change a value of the scenario; may be repeated', collect)
    .option('--journal', 'write the journals of the main market variant’s first replication')
    .action((file: string, options: CompareOptions) =>
      runCommand(options, (output) => compare(output, file, options)),
    );
}

async function compare(output: Output, file: string, given: CompareOptions): Promise<void> {
  const startedAt = new Date();
  const { options, source, loaded, workers, folder, results } = await runAll(output, file, given);
  const { scenario } = loaded;
  const used = loaded.variants.map((variant) => variant.scenario.market.mechanism);
  const profile = siteProfile(scenario, source);
  const gathered = gather(loaded, results, profile, measureMechanisms(used));
  const manifest = makeManifest({
    startedAt,
    workers,
    scenario,
    file: source.file,
    command: commandOf(file, options),
    sources: gathered.sources,
  });
  const journals = options.journal ? await journalsOf(source, loaded, gathered) : undefined;
  if (journals?.size === 0) output.note('no journals: the main variant has no market');
  await writeResults(folder, gathered, manifest, journals);
  output.result(gathered.metrics, (metrics) =>
    [
      renderHeadlineTable(metrics, {
        width: output.streams.stdout.columns ?? 100,
        colour: output.streams.stdout.isTTY === true,
      }),
      '',
      `report: ${relative(output.streams.workingDirectory, join(folder, 'report.html'))}`,
    ].join('\n'),
  );
  judge(output, gathered.metrics, scenario.gates);
}

/** Everything that is to be run, replicated until it is precise enough where that was asked for. */
async function runAll(output: Output, file: string, given: CompareOptions) {
  const asked = sourceOf(output, file, given);
  const first = loadComparison(asked);
  const { name, seed } = first.scenario;
  requireReplications(first.scenario.replications, asked.file);
  if (given.journal) requireWholeRun(first, asked.file);
  const folder = output.path(given.out ?? join('results', `${name}-${seed}`));
  checkResultsFolder(folder);
  const most = given.jobs ?? defaultWorkers();
  const execute = async (tasks: readonly Task[], from: ComparisonSource, of: LoadedScenario) => {
    const progress = output.progress(name, tasks.length);
    const workers = Math.min(most, tasks.length);
    const done = (count: number) => progress.update(count);
    return executeTasks(from, of, tasks, workers, done).finally(() => progress.finish());
  };
  let options = given;
  let reused: ReadonlyMap<string, TaskResult> = new Map();
  if (given.halfWidth) {
    const rule = stoppingRule(
      given.halfWidth,
      given.replications,
      first.scenario.replications,
      given.maximumReplications,
    );
    const precision = await replicateToPrecision(first, rule, (tasks) =>
      execute(tasks, asked, first),
    );
    const { replications, reached, halfWidth } = precision;
    const width = `half-width ${halfWidth.toPrecision(3)} node-hours`;
    output.note(
      `${replications} replications: ${width}${reached ? '' : ', not what was asked for'}`,
    );
    options = { ...given, replications };
    reused = precision.results;
  }
  const source = sourceOf(output, file, options);
  const loaded = loadComparison(source);
  const tasks = planTasks(loaded);
  const missing = tasks.filter((task) => !reused.has(taskKey(task)));
  const fresh = await execute(missing, source, loaded);
  const made = new Map(missing.map((task, index) => [taskKey(task), fresh[index]!]));
  const results = tasks.map((task) => reused.get(taskKey(task)) ?? made.get(taskKey(task))!);
  return { options, source, loaded, folder, results, workers: Math.min(most, tasks.length) };
}

/** Of the first replication of the variant that the headline speaks of. */
function journalsOf(
  source: ComparisonSource,
  loaded: LoadedScenario,
  { metrics, runs }: Gathered,
): Promise<Map<string, Uint8Array>> {
  const { variant } = metrics.extraDemandMet;
  return recordRun(
    source,
    loaded,
    runs.find((run) => run.variant === variant && run.replication === 0)!,
  );
}

function sourceOf(output: Output, file: string, options: CompareOptions): ComparisonSource {
  const path = output.path(file);
  const settings = [...(options.set ?? [])];
  if (options.seed !== undefined) settings.push(`seed=${options.seed}`);
  if (options.replications !== undefined) settings.push(`replications=${options.replications}`);
  return {
    file: path,
    text: readInputText(path),
    settings,
    tracesFolder: output.streams.environment['OCX_TRACES'],
  };
}

/** The command that makes the same results again, with nothing of this machine in it. */
function commandOf(file: string, options: CompareOptions): string {
  const words = ['ocx', 'compare', file];
  if (options.seed !== undefined) words.push('--seed', String(options.seed));
  if (options.replications !== undefined) {
    words.push('--replications', String(options.replications));
  }
  for (const setting of options.set ?? []) words.push('--set', setting);
  if (options.journal) words.push('--journal');
  return words.map(quoted).join(' ');
}

function quoted(word: string): string {
  return /^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** One replication has no interval, and a figure without one is not printed. */
function requireReplications(replications: number, file: string): void {
  if (replications >= 2) return;
  throw new OcxError({
    code: 'INPUT_SCENARIO_VALUE',
    message: 'an interval needs at least two replications',
    place: { file, keyPath: 'replications' },
    remedy: 'give five or more for figures that are to be used',
  });
}

/** A journal begins at the beginning, which a variant that goes on from another's run has not. */
function requireWholeRun({ scenario, variants }: LoadedScenario, file: string): void {
  const main = mainVariant(scenario, variants);
  const { fork } = variants.find(({ name }) => name === main)!;
  if (!fork) return;
  throw new OcxError({
    code: 'INPUT_ARGUMENT',
    message: `${main} goes on from the run of ${fork.from}: it has no journal of its own`,
    place: { file, keyPath: `variant.${main}.from` },
    remedy: `leave out --journal, or name another variant in search.variant`,
  });
}

/** Exit code 1: an invariant broke, money leaked, or a gate of the scenario is not met. */
function judge(output: Output, metrics: Metrics, gates: Gates): void {
  if (metrics.invariantViolations > 0 || metrics.ledgerImbalance !== 0) {
    output.negative({
      code: 'RESULT_INVARIANT',
      message: `${metrics.invariantViolations} invariant violations, ledger off by ${metrics.ledgerImbalance}`,
      remedy: 'this is a bug: do not use these results',
    });
    return;
  }
  const saving = metrics.hardwareReduction?.saving;
  const failed = (what: string, value: number, least: number) =>
    output.negative({
      code: 'RESULT_GATE',
      message: `${what} is ${value}, the scenario's gate asks for ${least}`,
    });
  if (gates.minimumSaving !== undefined && saving && isEstimate(saving)) {
    if (saving.mean < gates.minimumSaving) failed('the saving', saving.mean, gates.minimumSaving);
  }
  const extra = metrics.extraDemandMet.nodeHours.mean;
  const least = gates.minimumExtraNodeHours;
  if (least !== undefined && extra < least) failed('extra demand met', extra, least);
}
