/** `ocx trace fit`: a model with the parameters of a trace, and how well it stands for it. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Option } from 'commander';
import type { Command } from 'commander';
import type { ModelFit } from '../core/demand/model-fit.ts';
import { OcxError } from '../core/kernel/errors.ts';
import { describeP } from '../reports/fit/page.ts';
import { renderModelToml } from '../reports/fit/model-toml.ts';
import { renderFit } from '../reports/fit/write.ts';
import { describePlain } from '../reports/text/number.ts';
import { parseDocument } from '../sim/scenario/document.ts';
import { fitterFor, MODEL_FITTERS } from '../workloads/fit/registry.ts';
import type { TraceFile, TraceOptions } from '../workloads/formats/format.ts';
import { defineCommand, runCommand, wholeNumber } from './command.ts';
import type { CommonOptions, Output } from './command.ts';
import { readInputText, requireWritable, writeFolderAtomically } from './files.ts';
import { formatTable } from './terminal/table.ts';

interface FitCommandOptions extends CommonOptions, TraceOptions {
  readonly model?: string;
  readonly out?: string;
  readonly name: string;
  readonly seed: number;
  readonly replications: number;
}

/**
 * Adds the command.
 *
 * @param trace the command `ocx trace`
 * @param withFile adds the options that say how a trace is read
 * @param formatOf the format of a file, given or recognised
 */
export function registerTraceFit(
  trace: Command,
  withFile: (command: Command) => Command,
  formatOf: (path: string, options: CommonOptions) => TraceFile,
): void {
  const models = MODEL_FITTERS.map(({ model }) => model);
  const what = MODEL_FITTERS.map(({ model, traces }) => `${model} to ${traces}`).join(', ');
  withFile(defineCommand(trace, 'fit <file>', `Fit a model to a trace: ${what}.`))
    .addOption(new Option('--model <name>', 'which model; default: by the format').choices(models))
    .option('--out <folder>', 'where to write model.toml, fit.json, fit.html and figures')
    .option('--name <text>', 'what to call the trace in them; its file name is kept out', 'a trace')
    .option('--seed <number>', 'seed', wholeNumber(0, Number.MAX_SAFE_INTEGER), 1)
    .option(
      '--replications <number>',
      'simulated samples for errors and p-values',
      wholeNumber(19, 10_000),
      99,
    )
    .action((file: string, options: FitCommandOptions) =>
      runCommand(options, (output) => fit(output, file, options, formatOf)),
    );
}

async function fit(
  output: Output,
  file: string,
  options: FitCommandOptions,
  formatOf: (path: string, options: CommonOptions) => TraceFile,
): Promise<void> {
  const path = output.path(file);
  const folder = options.out === undefined ? null : output.path(options.out);
  if (folder !== null) checkFitFolder(folder, options.out!);
  const format = formatOf(path, options);
  const fitter = fitterFor(format, options.model);
  const total = fitter.parts * options.replications;
  const progress = output.progress('simulated samples', total);
  let done = 0;
  let result: ModelFit;
  try {
    const { name, seed, replications } = options;
    const advance = () => progress.update((done += 1));
    result = fitter.fit(format, path, options, { name, seed, replications, advance });
  } finally {
    progress.finish();
  }
  if (folder !== null) {
    const files = await renderFit(result);
    await writeFolderAtomically(folder, (temporary) => {
      for (const [name, contents] of files) {
        mkdirSync(dirname(join(temporary, name)), { recursive: true });
        writeFileSync(join(temporary, name), contents);
      }
    });
    output.note(
      `${options.out}: ${[...files.keys()].filter((name) => !name.includes('/')).join(', ')}`,
    );
  }
  output.result(result, describeFit);
}

/** Found at once, not after the work: a place that cannot be written, or that is not a fit's. */
function checkFitFolder(folder: string, given: string): void {
  const old = existsSync(folder) ? readdirSync(folder) : [];
  if (old.length > 0 && !old.includes('fit.json')) {
    throw new OcxError({
      code: 'INPUT_OUT_IN_USE',
      message: 'the folder holds something that is no fit of ours',
      place: { file: given },
      remedy: 'choose a new or empty folder with --out',
    });
  }
  requireWritable(folder);
}

function describeFit(result: ModelFit): string {
  const number = (value: number | null) => (value === null ? '' : describePlain(value));
  const right = 'right' as const;
  // Elements of lists, as the hours of a day, are in fit.json and fit.html.
  const single = result.parameters.filter(({ key }) => !key.includes('['));
  const parameters = formatTable(
    [
      { head: 'parameter' },
      { head: 'value', align: right },
      { head: '95 % from', align: right },
      { head: 'to', align: right },
      { head: 'without a fit', align: right },
    ],
    single.map(({ key, value, interval95, published }) => [
      key,
      number(value),
      number(interval95?.[0] ?? null),
      number(interval95?.[1] ?? null),
      number(published),
    ]),
  );
  const tests = formatTable(
    [
      { head: 'test', maximumWidth: 48 },
      { head: 'statistic' },
      { head: 'distance', align: right },
      { head: 'p-value', align: right },
    ],
    result.tests.map(({ name, statistic, value, pValue, replications }) => [
      name,
      statistic,
      describePlain(Number(value.toPrecision(4))),
      describeP(pValue, replications),
    ]),
  );
  const figures = formatTable(
    [
      { head: 'figure', maximumWidth: 52 },
      { head: 'unit' },
      { head: 'trace', align: right },
      { head: 'model', align: right },
    ],
    result.comparison.map(({ name, unit, trace, model }) => [
      name,
      unit,
      number(trace),
      number(model),
    ]),
  );
  const limits = result.limits.map((limit) => `- ${limit}`).join('\n');
  return [renderModelToml(result), parameters, tests, figures, limits].join('\n\n');
}

/**
 * The workload table of a TOML or JSON file: its table `workload`, or the whole file.
 *
 * @param model that the table has to be of
 * @throws OcxError INPUT_WORKLOAD…, INPUT_FILE_…
 */
export function readWorkload(output: Output, file: string, model: string): Record<string, unknown> {
  const whole = parseDocument(readInputText(output.path(file)), file, {
    code: 'INPUT_WORKLOAD',
    noun: 'workload',
    start: 'give a model.toml that ocx trace fit has written',
    describe: 'docs/MODELS.md',
  });
  const inner = whole['workload'];
  const table = (typeof inner === 'object' && inner !== null ? inner : whole) as typeof whole;
  if (table['model'] === model) return table;
  throw new OcxError({
    code: 'INPUT_WORKLOAD',
    message: `the table is not of the model ${model}`,
    place: { file },
    remedy: 'name the model that the file is of',
  });
}
