/** `ocx report RUN_DIR…`: rebuilds reports from stored results, of a run or a sweep; several runs side by side. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import type { Command } from 'commander';
import { OcxError } from '../core/kernel/errors.ts';
import { renderComparison } from '../reports/comparison/write.ts';
import type { ComparedRun } from '../reports/comparison/runs.ts';
import { parseManifest, parseMetrics, parseSweep } from '../reports/stored/parse.ts';
import { renderHeadlineTable } from '../reports/tables/terminal.ts';
import { renderSweepOverview } from '../reports/sweep/overview.ts';
import { renderSweep } from '../reports/sweep/write.ts';
import { renderReport } from '../reports/write.ts';
import { defineCommand, runCommand } from './command.ts';
import type { CommonOptions, Output } from './command.ts';
import { readInputText, writeAtomically } from './files.ts';

interface ReportOptions extends CommonOptions {
  readonly out?: string;
}

const METRICS_FILE = 'metrics.json';
const SWEEP_FILE = 'sweep.json';
const COMPARISON_FOLDER = 'comparison';

interface StoredRun extends ComparedRun {
  readonly folder: string;
}

/** What `--json` prints. */
interface ReportResult {
  readonly folder: string;
  readonly runs: readonly string[];
  /** Relative to the folder, in the order of their names. */
  readonly files: readonly string[];
}

export function registerReport(program: Command): void {
  defineCommand(
    program,
    'report <folders...>',
    'Rebuild the report of a run from its stored results; several runs side by side.',
  )
    .option('--out <folder>', 'where it goes (default: the run; several: comparison/ beside it)')
    .action((folders: readonly string[], options: ReportOptions) =>
      runCommand(options, (output) => report(output, folders, options)),
    );
}

async function report(
  output: Output,
  folders: readonly string[],
  options: ReportOptions,
): Promise<void> {
  const paths = folders.map((folder) => output.path(folder));
  if (paths.every((path) => existsSync(join(path, SWEEP_FILE)))) {
    return reportSweeps(output, paths, options);
  }
  const runs = readRuns(output, folders);
  const [first] = runs;
  const single = runs.length === 1;
  const beside = single ? first!.folder : join(dirname(first!.folder), COMPARISON_FOLDER);
  const target = options.out === undefined ? beside : output.path(options.out);
  if (target !== first!.folder) checkFolder(target);
  const files = single
    ? await renderReport(first!.metrics, first!.manifest)
    : await renderComparison(runs);
  for (const [path, text] of files) writeAtomically(join(target, path), text);
  const read = runs.map(({ folder }) => folder);
  const result: ReportResult = { folder: target, runs: read, files: [...files.keys()].sort() };
  output.result(result, () => describe(output, target, single ? first! : null));
}

/** One sweep's own report, or the pass marks of several side by side. */
async function reportSweeps(
  output: Output,
  folders: readonly string[],
  options: ReportOptions,
): Promise<void> {
  const sweeps = folders.map((folder) => {
    const file = join(folder, SWEEP_FILE);
    return parseSweep(readInputText(file), file);
  });
  const [folder] = folders;
  const beside = folders.length === 1 ? folder! : join(dirname(folder!), COMPARISON_FOLDER);
  const target = options.out === undefined ? beside : output.path(options.out);
  if (target !== folder) checkFolder(target);
  const files = sweeps.length === 1 ? await renderSweep(sweeps[0]!) : renderSweepOverview(sweeps);
  for (const [path, text] of files) writeAtomically(join(target, path), text);
  const result: ReportResult = { folder: target, runs: folders, files: [...files.keys()].sort() };
  output.result(result, () => describe(output, target, null));
}

/** Empty, or a report alone: neither another run nor somebody's own files are ever replaced. */
function checkFolder(folder: string): void {
  if (!existsSync(folder)) return;
  const names = new Set(readdirSync(folder));
  const ours = names.has('metrics.csv') || names.has('comparison.csv') || names.has('sweep.csv');
  if (names.size === 0 || (ours && !names.has(METRICS_FILE) && !names.has(SWEEP_FILE))) return;
  throw new OcxError({
    code: 'INPUT_OUT_IN_USE',
    message: 'the folder holds something else than a report',
    place: { file: folder },
    remedy: 'choose a new or empty folder with --out',
  });
}

/** An earlier comparison that stands among the runs, as with `results/*`, is none of them. */
function readRuns(output: Output, folders: readonly string[]): StoredRun[] {
  const given = folders.filter((folder) => {
    if (folders.length === 1) return true;
    const path = output.path(folder);
    const isRun = !existsSync(join(path, 'comparison.csv')) || existsSync(join(path, METRICS_FILE));
    if (!isRun) output.note(`left out: ${folder} holds a comparison, not a run`);
    return isRun;
  });
  const paths = given.map((folder) => output.path(folder));
  const names = distinctNames(given, paths);
  const runs = paths.map((path, index) => readRun(path, names[index]!));
  if (runs.length > 0) return runs;
  throw new OcxError({
    code: 'INPUT_NO_RUN',
    message: 'none of the folders holds a run',
    remedy: 'give folders that `ocx compare` has written',
  });
}

function readRun(folder: string, name: string): StoredRun {
  const metricsFile = join(folder, METRICS_FILE);
  const manifestFile = join(folder, 'manifest.json');
  return {
    folder,
    name,
    metrics: parseMetrics(readInputText(metricsFile), metricsFile),
    manifest: parseManifest(readInputText(manifestFile), manifestFile),
  };
}

/** Folder names where they tell the runs apart, else the paths as they were given. */
function distinctNames(given: readonly string[], paths: readonly string[]): readonly string[] {
  const names = paths.map((path) => basename(path));
  if (new Set(names).size === names.length) return names;
  if (new Set(given).size === given.length) return given;
  return given.map((name, index) => `${name} (${index + 1})`);
}

function describe(output: Output, folder: string, run: ComparedRun | null): string {
  const { stdout, workingDirectory } = output.streams;
  const where = relative(workingDirectory, join(folder, 'report.html'));
  const table =
    run &&
    renderHeadlineTable(run.metrics, {
      width: stdout.columns ?? 100,
      colour: stdout.isTTY === true,
    });
  return `${table === null ? '' : `${table}\n`}report: ${where}`;
}
