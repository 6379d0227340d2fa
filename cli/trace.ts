/** `ocx trace inspect|convert|fit|generate`: what is in a trace, canonical forms, synthetic workloads. */
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { ClusterKind } from '../core/agents/view.ts';
import type { Demand } from '../core/demand/demand.ts';
import { OcxError } from '../core/kernel/errors.ts';
import { DAY_MS } from '../core/kernel/units.ts';
import type { NodeClass } from '../workloads/cloud/node-class.ts';
import { csvLines } from '../workloads/column-table.ts';
import type { ColumnTable } from '../workloads/column-table.ts';
import { demandTable } from '../workloads/demand-table.ts';
import { withMember } from '../workloads/formats/archive.ts';
import { HEADER_NOTE } from '../workloads/formats/batch-columns.ts';
import type { Fact, Inspection, TraceFile, TraceOptions } from '../workloads/formats/format.ts';
import { openDcWorkload } from '../workloads/formats/opendc-writer.ts';
import { recogniseFormat, TRACE_FILES } from '../workloads/formats/registry.ts';
import { SYNTHETIC_NOTE } from '../workloads/formats/swf-header.ts';
import { swfText } from '../workloads/formats/swf-writer.ts';
import { fileSha256 } from '../workloads/input.ts';
import { modelNamed, WORKLOAD_MODELS } from '../workloads/models/registry.ts';
import { parquetBytes } from '../workloads/parquet.ts';
import { checkWorkload } from '../workloads/schema.ts';
import { loadDemand } from '../workloads/source.ts';
import { collect, defineCommand, runCommand, wholeNumber } from './command.ts';
import type { CommonOptions, Output } from './command.ts';
import { writeAtomically, writeFolderAtomically, writePiecesAtomically } from './files.ts';
import { barChart, condense } from './terminal/plot.ts';
import { formatTable } from './terminal/table.ts';
import { readWorkload, registerTraceFit } from './trace-fit.ts';

interface FileOptions extends CommonOptions, TraceOptions {
  /** Of an archive. */
  readonly member?: string;
  readonly format?: string;
}

interface ConvertOptions extends FileOptions {
  readonly to: OutputForm | 'opendc';
  readonly out: string;
}

interface GenerateOptions extends CommonOptions {
  readonly out: string;
  readonly seed: number;
  readonly days: number;
  readonly nodes: number;
  readonly replication: number;
  readonly set?: readonly string[];
  readonly workload?: string;
}

type OutputForm = 'csv' | 'parquet' | 'swf';
const OUTPUT_FORMS: readonly OutputForm[] = ['csv', 'parquet', 'swf'];

const MAXIMUM_NODE_SIZE = 1e6;
const MAXIMUM_PROCESSORS = 50_000_000;

export function registerTrace(program: Command): void {
  const trace = program.command('trace').description('Look into traces, convert and make them.');
  const formats = TRACE_FILES.map((format) => format.name);
  const withFile = (command: Command) =>
    command
      .addOption(
        new Option('--format <name>', 'format of the file; default: recognised').choices(formats),
      )
      .option(
        '--procs <number>',
        'processors of the machine, where the file does not say it',
        wholeNumber(1, MAXIMUM_PROCESSORS),
      )
      .option('--time-zone <name>', 'zone of local times without one, e.g. Europe/Stockholm')
      .option(
        '--columns <pairs>',
        'which column holds what, for --format csv, e.g. submit=Submitted,run=Seconds',
        columnPairs,
      );
  const member = () => new Option('--member <name>', 'file to read of an archive of several');
  withFile(
    defineCommand(trace, 'inspect <file>', 'Print what a trace holds and what is wrong with it.'),
  )
    .addOption(member())
    .option(
      '--pack <cores,GB[,GPUs]>',
      'also pack machines of a cloud on such nodes, in every way, and count the nodes',
      nodeClass,
    )
    .action((file: string, options: FileOptions) =>
      runCommand(options, (output) =>
        withFileOf(output, file, options, (path) => inspect(output, path, file, options)),
      ),
    );
  withFile(defineCommand(trace, 'convert <file>', 'Write a trace in a canonical form.'))
    .addOption(member())
    .addOption(
      new Option('--to <form>', 'what to write; opendc: a folder of two tables')
        .choices([...OUTPUT_FORMS, 'opendc'])
        .makeOptionMandatory(),
    )
    .requiredOption('--out <file>', 'where to write it')
    .action((file: string, options: ConvertOptions) =>
      runCommand(options, (output) =>
        withFileOf(output, file, options, (path) => convert(output, path, file, options)),
      ),
    );
  registerTraceFit(trace, withFile, formatOf);
  defineCommand(trace, 'generate <model>', `Make a synthetic workload: ${modelNames()}.`)
    .requiredOption('--out <file>', 'where to write it: .swf, .csv or .parquet, text also as .gz')
    .option('--seed <number>', 'seed', wholeNumber(0, Number.MAX_SAFE_INTEGER), 1)
    .option('--days <number>', 'length', wholeNumber(1, 36_500), 56)
    .option('--nodes <number>', 'size of the cluster', wholeNumber(1, 1_000_000), 128)
    .option('--replication <number>', 'which replication', wholeNumber(0, 1_000_000_000), 0)
    .option('--set <key=value>', 'a setting of the model, e.g. load=0.7; several times', collect)
    .option('--workload <file>', 'settings as `ocx trace fit` writes them, a TOML table')
    .action((model: string, options: GenerateOptions) =>
      runCommand(options, (output) => generate(output, model, options)),
    );
}

/** `submit=Submitted,run=Seconds` → `{submit: 'Submitted', run: 'Seconds'}`. */
function columnPairs(text: string): Record<string, string> {
  const pairs: Record<string, string> = Object.create(null);
  for (const pair of text.split(',')) {
    const equals = pair.indexOf('=');
    if (equals < 1 || equals === pair.length - 1) {
      throw new InvalidArgumentError('write it as field=column, several with commas between them');
    }
    pairs[pair.slice(0, equals).trim()] = pair.slice(equals + 1).trim();
  }
  return pairs;
}

/** `32,256` or `96,512,8`. */
function nodeClass(text: string): NodeClass {
  const numbers = text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  const [cores = NaN, memoryGb = NaN, gpus] = numbers;
  const areSizes = [cores, memoryGb].every((size) => size > 0 && size <= MAXIMUM_NODE_SIZE);
  const areGpus = gpus === undefined || (gpus >= 0 && gpus <= MAXIMUM_NODE_SIZE);
  if (!areSizes || !areGpus || numbers.length > 3) {
    throw new InvalidArgumentError('write cores and GB of a node, as in 32,256 or 96,512,8');
  }
  return { cores, memoryGb, ...(gpus === undefined ? {} : { gpus }) };
}

function modelNames(): string {
  return WORKLOAD_MODELS.map((model) => model.name).join(', ');
}

/** The file itself, or the member of an archive that was asked for. */
function withFileOf(
  output: Output,
  file: string,
  { member }: FileOptions,
  use: (path: string) => void | Promise<void>,
): void | Promise<void> {
  const path = output.path(file);
  return member === undefined ? use(path) : withMember(path, member, use);
}

function formatOf(path: string, options: FileOptions): TraceFile {
  return TRACE_FILES.find(({ name }) => name === options.format) ?? recogniseFormat(path);
}

/** What `inspect --json` prints. */
interface InspectionReport extends Inspection {
  readonly file: string;
  readonly sha256: string;
}

function inspect(output: Output, path: string, file: string, options: FileOptions): void {
  const format = formatOf(path, options);
  if (options.pack !== undefined && format.packs !== true) {
    throw new OcxError({
      code: 'INPUT_USAGE',
      message: `a trace of format ${format.name} holds no machines that could be packed`,
      place: { file },
      remedy: 'leave --pack out',
    });
  }
  const inspection = format.inspect(path, options);
  const report: InspectionReport = { file, sha256: fileSha256(path), ...inspection };
  output.result(report, (value) => describeInspection(value, format.title));
}

function describeInspection(report: InspectionReport, title: string): string {
  const facts = [
    ['format', title],
    ['label', report.label],
    ['records', String(report.records)],
    ...report.facts.map((fact) => [fact.name, describeFact(fact)]),
    ['sha256', report.sha256],
  ];
  const wrong = [
    ...Object.entries(report.dropped).map(([reason, count]) => [reason, count, 'set aside']),
    ...Object.entries(report.suspicious).map(([reason, count]) => [reason, count, 'kept, odd']),
  ];
  const blocks = [
    formatTable([{ head: basename(report.file) }, { head: '', maximumWidth: 80 }], facts),
    wrong.length === 0
      ? 'No record is damaged or odd.'
      : formatTable(
          [
            { head: 'what is wrong' },
            { head: 'records', align: 'right' },
            { head: 'how it is read' },
          ],
          wrong,
        ),
  ];
  if (report.quarantined.length > 0) blocks.push(describePlaces(report));
  if (report.oddities.length > 0) {
    blocks.push(
      formatTable(
        [{ head: 'about the file', maximumWidth: 96 }],
        report.oddities.map((odd) => [odd]),
      ),
    );
  }
  for (const sketch of report.sketches) {
    const bars = sketchBars(sketch.labels, sketch.values);
    const chart = barChart(bars, { width: 48, format: shortNumber });
    blocks.push(`${sketch.title} (${sketch.unit})\n${chart}`);
  }
  return blocks.join('\n\n');
}

/** All that are kept are in `--json`. */
const SHOWN_PLACES = 5;

function describePlaces(report: InspectionReport): string {
  const rows = report.quarantined
    .slice(0, SHOWN_PLACES)
    .map(({ reason, line, column }) => [reason, line, column]);
  return formatTable(
    [
      { head: 'first set aside' },
      { head: 'line', align: 'right' },
      { head: 'column', align: 'right' },
    ],
    rows,
  );
}

function describeFact({ value, unit }: Fact): string {
  if (value === null) return 'unknown';
  return unit === undefined ? String(value) : `${value} ${unit}`;
}

/** Three digits of what is small, whole numbers of what is not. */
function shortNumber(value: number): string {
  return String(Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
}

const MAXIMUM_BARS = 28;

/** Long series are condensed to their means, under the label that each share begins with. */
function sketchBars(labels: readonly string[], values: readonly number[]) {
  const condensed = condense(values, MAXIMUM_BARS);
  return condensed.map((value, index) => ({
    label: labels[Math.floor((index * values.length) / condensed.length)]!,
    value,
  }));
}

/** What `convert --json` and `generate --json` print. */
interface WrittenReport {
  readonly out: string;
  readonly form: OutputForm | 'opendc';
  readonly rows: number;
  readonly dropped: Readonly<Record<string, number>>;
  /** How the data came about. */
  readonly treatment: string;
  /** What the trace says and the form has no place for. */
  readonly notRepresented: readonly string[];
}

async function convert(
  output: Output,
  path: string,
  file: string,
  options: ConvertOptions,
): Promise<void> {
  const format = formatOf(path, options);
  const report = (
    rows: number,
    dropped: Readonly<Record<string, number>>,
    notRepresented: readonly string[] = [],
  ): WrittenReport => ({
    out: options.out,
    form: options.to,
    rows,
    dropped,
    treatment:
      options.to === 'opendc'
        ? `tasks of ${basename(file)}`
        : `every record of ${basename(file)} as it stands`,
    notRepresented,
  });
  if (options.to === 'swf') {
    if (format.swf === undefined) {
      throw new OcxError({
        code: 'INPUT_USAGE',
        message: `a trace of format ${format.name} holds no jobs, so it cannot become SWF`,
        place: { file },
        remedy: 'use --to csv or --to parquet',
      });
    }
    const { jobs, details, header, dropped, notRepresented } = format.swf(path, options);
    await writeText(output, options.out, swfText(jobs, header, details));
    output.result(report(jobs.count, dropped, notRepresented), describeWritten);
    return;
  }
  const table = format.columns(path, options);
  const { dropped } = format.inspect(path, options);
  if (options.to === 'opendc') {
    const { tasks, fragments, leftOut, notRepresented } = openDcWorkload(table, file);
    await writeFolderAtomically(output.path(options.out), (folder) => {
      writeFileSync(join(folder, 'tasks.parquet'), parquetBytes(tasks));
      writeFileSync(join(folder, 'fragments.parquet'), parquetBytes(fragments));
    });
    output.result(report(tasks.rows, { ...dropped, ...leftOut }, notRepresented), describeWritten);
    return;
  }
  if (options.to === 'csv') await writeText(output, options.out, linesOf(table));
  else write(output, options.out, parquetBytes(table));
  const notes = options.to === 'parquet' ? [] : (table.notes ?? []).map(({ words }) => words);
  const lost = [...(table.notRepresented ?? []), ...notes];
  output.result(report(table.rows, dropped, lost), describeWritten);
}

function describeWritten(report: WrittenReport): string {
  const { out, rows, dropped, treatment, notRepresented } = report;
  const counts = Object.entries(dropped).map(([reason, count]) => `${reason} ${count}`);
  const aside = counts.length === 0 ? '' : `; set aside: ${counts.join(', ')}`;
  const lost = notRepresented.length === 0 ? '' : `; not written: ${notRepresented.join(', ')}`;
  return `${out}: ${rows} rows, ${treatment}${aside}${lost}`;
}

function generate(output: Output, name: string, options: GenerateOptions): void {
  const kind: ClusterKind = modelNamed(name)?.kinds[0] ?? 'hpc';
  const form = formByName(options.out);
  const fitted = options.workload === undefined ? {} : readWorkload(output, options.workload, name);
  const table = withSettings({ ...fitted, model: name }, options.set ?? []);
  // Checked here for messages that name the setting; loading checks again.
  checkWorkload(table, 'generate');
  const { demand, sources } = loadDemand(table, {
    kind,
    organisation: 'generated',
    seed: options.seed,
    replication: options.replication,
    horizonMs: options.days * DAY_MS,
    warmUpMs: 0,
    nodes: options.nodes,
    scenarioFolder: output.path('.'),
    tracesFolder: undefined,
  });
  const source = sources[0]!;
  const treatment = `${name}, seed ${options.seed}: ${source.treatment}`;
  const columns = demandTable(demand);
  if (demand.kind === 'government' && demand.needs.nodes.some((need) => need > 0)) {
    output.note('The background need is not written, only the emergencies.');
  }
  const bytes =
    form === 'swf'
      ? textBytes(syntheticSwf(demand, treatment, options))
      : tableBytes(marked(columns, treatment), form);
  write(output, options.out, bytes);
  const report: WrittenReport = {
    out: options.out,
    form,
    rows: columns.rows,
    dropped: source.droppedRecords,
    treatment,
    notRepresented: [],
  };
  output.result(report, describeWritten);
}

/** With the note that makes a log of the Standard Workload Format synthetic. */
function marked(table: ColumnTable, treatment: string): ColumnTable {
  const lines = [` Note: ${SYNTHETIC_NOTE}: ${treatment}`];
  return {
    ...table,
    notes: [{ key: HEADER_NOTE, value: JSON.stringify(lines), words: lines[0]! }],
  };
}

/** Monday 1970-01-05 00:00 UTC, so that the log is aligned by hour of the week. */
const FIRST_MONDAY_SECONDS = 345_600;

function syntheticSwf(demand: Demand, treatment: string, options: GenerateOptions) {
  if (demand.kind !== 'batch') {
    throw new OcxError({
      code: 'INPUT_USAGE',
      message: 'this model makes no jobs, so it cannot be written as SWF',
      remedy: 'name an output that ends in .csv or .parquet',
    });
  }
  return swfText(demand.jobs, [
    ['Version', '2.2'],
    ['Computer', 'none'],
    ['Note', `${SYNTHETIC_NOTE}: ${treatment}`],
    ['MaxJobs', demand.jobs.count],
    ['MaxRecords', demand.jobs.count],
    ['UnixStartTime', FIRST_MONDAY_SECONDS],
    ['TimeZoneString', 'UTC'],
    ['MaxNodes', options.nodes],
    ['MaxProcs', options.nodes],
  ]);
}

/**
 * Puts `load=0.7` and `runs.a1=4.2` into a table; numbers and booleans by their look, everything
 * else is text.
 */
function withSettings(
  table: Record<string, unknown>,
  texts: readonly string[],
): Record<string, unknown> {
  for (const text of texts) {
    const equals = text.indexOf('=');
    const [path, value] = [text.slice(0, equals), text.slice(equals + 1)];
    const keys = path.split('.');
    if (equals < 1 || keys.some((key) => ['', 'model', 'trace', '__proto__'].includes(key))) {
      throw new OcxError({
        code: 'INPUT_USAGE',
        message: `${JSON.stringify(text)} is no setting of a model`,
        remedy: 'write --set key=value',
      });
    }
    const number = value.trim() === '' ? NaN : Number(value);
    const read =
      value === 'true' ? true : value === 'false' ? false : Number.isNaN(number) ? value : number;
    const last = keys.pop()!;
    let inner = table;
    for (const key of keys) {
      const next = Object.hasOwn(inner, key) ? inner[key] : undefined;
      inner = inner[key] =
        typeof next === 'object' && next !== null ? { ...next } : Object.create(null);
    }
    inner[last] = read;
  }
  return table;
}

function formByName(out: string): OutputForm {
  const ending = /\.([a-z]+)(\.gz)?$/.exec(out);
  const form = OUTPUT_FORMS.find((known) => known === ending?.[1]);
  if (form !== undefined) return form;
  throw new OcxError({
    code: 'INPUT_USAGE',
    message: 'the name of the output does not show what to write',
    place: { file: out },
    remedy: 'let it end in .swf, .csv or .parquet',
  });
}

function tableBytes(table: ColumnTable, form: 'csv' | 'parquet'): Uint8Array {
  return form === 'parquet' ? parquetBytes(table) : textBytes(linesOf(table));
}

function* linesOf(table: ColumnTable): Generator<string> {
  for (const line of csvLines(table)) yield `${line}\n`;
}

/** UTF-8 in pieces: one text of everything could be longer than a string may be. */
function textBytes(pieces: Iterable<string>): Uint8Array {
  const buffers: Buffer[] = [];
  let waiting: string[] = [];
  for (const piece of pieces) {
    waiting.push(piece);
    if (waiting.length < 10_000) continue;
    buffers.push(Buffer.from(waiting.join('')));
    waiting = [];
  }
  buffers.push(Buffer.from(waiting.join('')));
  return Buffer.concat(buffers);
}

/** Text piece by piece: it is never held as a whole, but where it is packed. */
async function writeText(output: Output, out: string, pieces: Iterable<string>): Promise<void> {
  if (out.endsWith('.gz')) return write(output, out, textBytes(pieces));
  await writePiecesAtomically(output.path(out), async (add) => {
    let waiting: string[] = [];
    for (const piece of pieces) {
      waiting.push(piece);
      if (waiting.length < 10_000) continue;
      add(waiting.join(''));
      waiting = [];
    }
    add(waiting.join(''));
  });
}

function write(output: Output, out: string, bytes: Uint8Array): void {
  writeAtomically(output.path(out), out.endsWith('.gz') ? gzipSync(bytes) : bytes);
}
