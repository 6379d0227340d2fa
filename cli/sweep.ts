/** `ocx sweep EXPERIMENT`: one comparison a cell of an experiment, and the marks held against them. */
import { join, relative } from 'node:path';
import { Option, type Command } from 'commander';
import { OcxError } from '../core/kernel/errors.ts';
import type { SweepResults } from '../core/metrics/sweep/results.ts';
import { checkFigurePath } from '../reports/stored/key-path.ts';
import { renderSweepTable } from '../reports/sweep/terminal.ts';
import { loadExperiment } from '../sim/experiment/sweep/experiment.ts';
import type { Experiment } from '../sim/experiment/sweep/experiment.ts';
import { partOf } from '../sim/experiment/sweep/part.ts';
import type { PartOptions } from '../sim/experiment/sweep/part.ts';
import { screenCells } from '../sim/experiment/sweep/screen.ts';
import {
  ExperimentSchema,
  LARGEST_REPLICATIONS,
  LEAST_REPLICATIONS,
} from '../sim/experiment/sweep/schema.ts';
import { nearestRemedy } from '../sim/scenario/nearest.ts';
import { collect, defineCommand, runCommand, wholeNumber } from './command.ts';
import type { CommonOptions, Output } from './command.ts';
import { readInputText } from './files.ts';
import { defaultWorkers } from './pool.ts';
import { cellKeys, cellPerformer, cellSources, inCell, loadCell } from './sweep/cells.ts';
import type { CellSource, CellUnit } from './sweep/cells.ts';
import { localEngine } from './sweep/engine.ts';
import type { SweepEngine } from './sweep/engine.ts';
import {
  isDone,
  openSweepFolder,
  readCell,
  removeCell,
  removeResults,
  writeCell,
} from './sweep/folder.ts';
import { slurmEngine, unitsOfTask } from './sweep/slurm-engine.ts';
import { experimentVocabulary } from './vocabulary.ts';
import { figureOfCell, gatherSweep } from './sweep/gather.ts';
import { replicateCells } from './sweep/replications.ts';
import { sourcesVersion } from './manifest.ts';
import { writeSweep } from './sweep/results.ts';

interface SweepOptions extends CommonOptions, PartOptions {
  readonly resume?: boolean;
  readonly jobs?: number;
  readonly engine: 'local' | 'slurm';
  readonly cellsPerTask?: number;
  readonly sbatch?: readonly string[];
  readonly taskList?: string;
  readonly task?: number;
  readonly out?: string;
  readonly gate?: boolean;
  readonly schema?: boolean;
}

export function registerSweep(program: Command): void {
  defineCommand(
    program,
    'sweep [experiment]',
    'Compare in every cell of an experiment: all combinations of the levels of its axes.',
  )
    .option('--out <folder>', 'where results go (default: results/sweep-<experiment>)')
    .option('--only <axis=level>', 'only cells of this level; may be repeated', collect)
    .option('--set <key.path=value>', 'change every cell’s scenario; may be repeated', collect)
    .option(
      '--replications <number>',
      'so many in every cell, whatever the experiment says',
      wholeNumber(LEAST_REPLICATIONS, LARGEST_REPLICATIONS),
    )
    .option('--resume', 'go on with a sweep that was stopped or killed: only cells not yet done')
    .option('--jobs <number>', 'worker threads (default: one a processor)', wholeNumber(1, 1024))
    .addOption(
      new Option('--engine <name>', 'who does the cells: threads here, or jobs of this site')
        .choices(['local', 'slurm'])
        .default('local'),
    )
    .option('--cells-per-task <number>', 'slurm: cells that one job does', wholeNumber(1, 100_000))
    .option('--sbatch <option>', 'slurm: option for sbatch; may be given again', collect)
    .addOption(new Option('--task-list <name>').hideHelp())
    .addOption(new Option('--task <number>').argParser(wholeNumber(0, 10_000_000)).hideHelp())
    .option('--gate', 'exit code 1 where a pass mark fails or could not be measured')
    .option('--schema', 'print the JSON Schema of experiments')
    .action((file: string | undefined, options: SweepOptions) =>
      runCommand(options, (output) => {
        if (options.schema !== true) return sweep(output, file, options);
        output.result(ExperimentSchema, (schema) => JSON.stringify(schema, null, 2));
      }),
    );
}

async function sweep(
  output: Output,
  file: string | undefined,
  options: SweepOptions,
): Promise<void> {
  const startedAt = new Date();
  if (file === undefined) {
    throw new OcxError({
      code: 'INPUT_ARGUMENT',
      message: 'no experiment is given',
      remedy: 'name its file; experiments/ holds some',
    });
  }
  const grid = readGrid(output, file, options);
  const { experiment, sources } = grid;
  const folder = output.path(options.out ?? join('results', `sweep-${experiment.name}`));
  if (options.taskList !== undefined) return doTask(options, folder, grid);
  // Everything is checked before the first cell is begun.
  const units = sources.map((_, cell) => unitsOfCell(grid, cell));
  openSweepFolder(folder, experiment.name, options.resume === true);
  const workers = Math.min(options.jobs ?? defaultWorkers(), units.flat().length);
  const engine = options.engine === 'local' ? localEngine(workers) : slurm(output, options);
  const read = (unit: CellUnit) => readCell(folder, unit);
  const deciding = experiment.measures.find(({ name }) => name === experiment.stopping?.measure);
  const replicated = await replicateCells(
    units,
    experiment.stopping,
    (wave) => doCells(output, grid, wave, output.path(file), folder, engine),
    (cell, own) => figureOfCell(sources[cell]!, own, deciding!, read),
  );
  const gathered = gatherSweep(experiment, sources, replicated, read);
  await writeSweep(folder, gathered, { startedAt, workers, file, experiment, sources });
  output.result(gathered.results, (results) =>
    [
      renderSweepTable(results, output.streams.stdout.columns ?? 100),
      '',
      `report: ${relative(output.streams.workingDirectory, join(folder, 'report.html'))}`,
    ].join('\n'),
  );
  judge(output, gathered.results, options.gate === true);
}

/** An experiment's cells, not yet looked into. */
interface Grid {
  readonly experiment: Experiment;
  readonly sources: readonly CellSource[];
  /** Of the program. */
  readonly version: string;
}

function readGrid(output: Output, given: string, part: PartOptions): Grid {
  const file = output.path(given);
  const whole = loadExperiment(readInputText(file), given, experimentVocabulary);
  const experiment = screenCells(partOf(whole, part));
  for (const { name, path } of experiment.measures) checkMeasure(name, path, given);
  const tracesFolder = output.streams.environment['OCX_TRACES'];
  const sources = cellSources(experiment, file, tracesFolder);
  return { experiment, sources, version: sourcesVersion() };
}

/** By replication; the cell's scenario is checked. */
function unitsOfCell({ experiment, sources, version }: Grid, cell: number): CellUnit[] {
  try {
    const key = cellKeys(loadCell(sources[cell]!), version);
    return Array.from({ length: experiment.replications }, (_, replication): CellUnit => ({
      cell,
      number: experiment.cells[cell]!.number,
      replication,
      key: key(replication),
    }));
  } catch (error) {
    throw inCell(error, experiment.cells[cell]!);
  }
}

function checkMeasure(name: string, path: string, file: string): void {
  const wrong = checkFigurePath(path);
  if (!wrong) return;
  throw new OcxError({
    code: 'INPUT_EXPERIMENT_MEASURE',
    message: `${JSON.stringify(wrong.word)} of ${path} leads to no figure of metrics.json`,
    place: { file, keyPath: `measure.${name}.path` },
    remedy: nearestRemedy(wrong.word, wrong.known),
  });
}

async function doCells(
  output: Output,
  { experiment, sources }: Grid,
  all: readonly CellUnit[],
  file: string,
  folder: string,
  engine: SweepEngine,
): Promise<void> {
  const left = all.filter((unit) => !isDone(folder, unit));
  if (left.length > 0) removeResults(folder);
  for (const unit of left) removeCell(folder, unit);
  const before = all.length - left.length;
  if (before > 0) output.note(`${before} of ${all.length} were done already`);
  const progress = output.progress(experiment.name, all.length);
  let done = before;
  const finished = () => progress.update(++done);
  await engine({ output, experiment, file, sources, units: left, folder, finished }).finally(() =>
    progress.finish(),
  );
}

function slurm(output: Output, options: SweepOptions): SweepEngine {
  return slurmEngine({
    cellsPerTask: options.cellsPerTask ?? null,
    sbatch: options.sbatch ?? [],
    tracesFolder: output.streams.environment['OCX_TRACES'],
  });
}

/** One job of an array: its cells, one after the other; nothing is gathered. */
async function doTask({ taskList, task }: SweepOptions, folder: string, grid: Grid): Promise<void> {
  const mine = unitsOfTask(folder, taskList!, task ?? 0, (wanted) => {
    const cell = grid.experiment.cells.findIndex(({ number }) => number === wanted);
    return cell >= 0 ? unitsOfCell(grid, cell) : [];
  });
  const perform = await cellPerformer(grid.sources);
  for (const unit of mine) {
    // After a requeue the cells of the first attempt stand there.
    if (!isDone(folder, unit)) writeCell(folder, unit, perform(unit));
  }
}

/** Exit code 1: something broke, or with `--gate` a mark is not passed. */
function judge(output: Output, results: SweepResults, gate: boolean): void {
  const broken = results.cells.filter(
    (cell) => cell.invariantViolations > 0 || cell.ledgerImbalance !== 0,
  );
  if (broken.length > 0) {
    output.negative({
      code: 'RESULT_INVARIANT',
      message: `${broken.length} of ${results.cells.length} cells break an invariant, first ${JSON.stringify(broken[0]!.levels)}`,
      remedy: 'this is a bug: do not use these results',
    });
    return;
  }
  if (!gate) return;
  for (const { name, verdict } of results.marks) {
    if (verdict === 'pass') continue;
    output.negative({ code: 'RESULT_MARK', message: `${JSON.stringify(name)}: ${verdict}` });
  }
}
