/**
 * The schedule of a replay as a file: the Standard Workload Format, one tidy line a job, or tasks as
 * in the output of OpenDC.
 */
import type { JobTable } from '../core/demand/jobs.ts';
import { emptyJobTable } from '../core/demand/jobs.ts';
import { runSeconds } from '../sim/clusters/batch/replay-machine.ts';
import { boundedSlowdown } from '../sim/clusters/batch/replay-figures.ts';
import type { ReplayResult } from '../sim/clusters/batch/replay.ts';
import type { ColumnTable } from '../workloads/column-table.ts';
import type { SwfDetails } from '../workloads/formats/swf-columns.ts';
import { swfText } from '../workloads/formats/swf-writer.ts';
import { parquetBytes } from '../workloads/parquet.ts';

/** Columns of the tidy form; times in seconds. */
export const SCHEDULE_COLUMNS = [
  'job',
  'user',
  'scheduler',
  'submit',
  'start',
  'end',
  'wait',
  'run',
  'estimate',
  'processors',
  'bounded_slowdown',
] as const;

export interface ScheduleOptions {
  readonly scheduler: string;
  readonly processors: number;
  /** Name of the log. */
  readonly log: string;
  /** Where its time 0 is, seconds since 1970. */
  readonly unixStartSeconds: number | null;
}

/** What ran, in the order of the log; dropped jobs are left out. In the form that the name says. */
export function scheduleFile(
  path: string,
  jobs: JobTable,
  result: ReplayResult,
  options: ScheduleOptions,
): Uint8Array {
  if (/\.parquet$/i.test(path)) return parquetBytes(openDcTasks(jobs, result, options));
  const pieces = /\.swf$/i.test(path)
    ? scheduleSwf(jobs, result, options)
    : scheduleCsv(jobs, result, options);
  return Buffer.concat([...pieces].map((piece) => Buffer.from(piece)));
}

/**
 * Columns of `task.parquet` in the output of OpenDC, as its sources name and type them, that a
 * schedule can fill: one row a task, at its end. Milliseconds; the machine has no hosts.
 */
function openDcTasks(
  jobs: JobTable,
  result: ReplayResult,
  { unixStartSeconds }: ScheduleOptions,
): ColumnTable {
  const rows = rowsThatRan(jobs, result);
  const milliseconds = (seconds: (row: number) => number, from = unixStartSeconds ?? 0) =>
    rows.map((row) => Math.round((from + seconds(row)) * 1_000));
  const start = (row: number) => result.startSeconds[row]!;
  const end = (row: number) => start(row) + runSeconds(jobs, row);
  const names = rows.map((row) => String(jobs.jobNumber[row]!));
  return {
    rows: rows.length,
    columns: [
      { name: 'timestamp', type: 'INT64', values: milliseconds(end, 0) },
      { name: 'timestamp_absolute', type: 'INT64', values: milliseconds(end) },
      { name: 'task_id', type: 'STRING', values: names },
      { name: 'task_name', type: 'STRING', values: names },
      { name: 'cpu_count', type: 'INT32', values: rows.map((row) => jobs.processors[row]!) },
      {
        name: 'submission_time',
        type: 'INT64',
        values: milliseconds((row) => jobs.submitSeconds[row]!),
      },
      { name: 'schedule_time', type: 'INT64', values: milliseconds(start) },
      { name: 'finish_time', type: 'INT64', values: milliseconds(end) },
    ],
  };
}

/** Run times are those of the replay: cut to the estimate. */
function scheduleSwf(
  jobs: JobTable,
  result: ReplayResult,
  { scheduler, processors, log }: ScheduleOptions,
): Iterable<string> {
  const rows = rowsThatRan(jobs, result);
  const table = emptyJobTable(rows.length);
  const pick = <Column extends Float64Array | Int32Array>(to: Column, from: Column) => {
    for (const [at, row] of rows.entries()) to[at] = from[row]!;
  };
  pick(table.jobNumber, jobs.jobNumber);
  pick(table.submitSeconds, jobs.submitSeconds);
  pick(table.estimateSeconds, jobs.estimateSeconds);
  pick(table.processors, jobs.processors);
  pick(table.user, jobs.user);
  for (const [at, row] of rows.entries()) table.runSeconds[at] = runSeconds(jobs, row);
  const unknown = new Int32Array(rows.length).fill(-1);
  const details: SwfDetails = {
    waitSeconds: Float64Array.from(rows, (row) => result.waitSeconds[row]!),
    allocated: table.processors,
    requested: table.processors,
    status: new Int8Array(rows.length).fill(1),
    queue: unknown,
    partition: unknown,
  };
  const header = [
    ['Version', '2.2'],
    ['Note', `Simulated: the schedule of ${scheduler} for ${log}, not what the machine did`],
    ['MaxJobs', rows.length],
    ['MaxRecords', rows.length],
    ['MaxProcs', processors],
  ] as const;
  return swfText(table, header, details);
}

function* scheduleCsv(
  jobs: JobTable,
  result: ReplayResult,
  { scheduler }: ScheduleOptions,
): Generator<string> {
  yield SCHEDULE_HEAD;
  for (const row of rowsThatRan(jobs, result)) {
    yield scheduleLine(jobs, row, result.startSeconds[row]!, scheduler);
  }
}

/** The first line of the tidy form. */
export const SCHEDULE_HEAD = `${SCHEDULE_COLUMNS.join(',')}\n`;

/** The line of one job in the tidy form. */
export function scheduleLine(
  jobs: JobTable,
  row: number,
  startSeconds: number,
  scheduler: string,
): string {
  const wait = startSeconds - jobs.submitSeconds[row]!;
  const run = runSeconds(jobs, row);
  const cells = [
    jobs.jobNumber[row]!,
    jobs.user[row]!,
    scheduler,
    jobs.submitSeconds[row]!,
    startSeconds,
    startSeconds + run,
    wait,
    run,
    jobs.estimateSeconds[row]!,
    jobs.processors[row]!,
    boundedSlowdown(wait, run),
  ];
  return `${cells.join(',')}\n`;
}

function rowsThatRan(jobs: JobTable, result: ReplayResult): number[] {
  const rows: number[] = [];
  for (let row = 0; row < jobs.count; row++) {
    if (!Number.isNaN(result.startSeconds[row]!)) rows.push(row);
  }
  return rows;
}
