/**
 * Jobs and machines as OpenDC reads workloads (its documentation, "Workload"; names and types as in
 * the traces of its repository): a table of tasks and one of fragments, times in milliseconds.
 */
import { OcxError } from '../../core/kernel/errors.ts';
import type { ColumnTable } from '../column-table.ts';

/** No trace says how fast its processors are: each counts as so many MHz, and is used whole. */
export const OPENDC_MHZ = 1_000;

export interface OpenDcWorkload {
  readonly tasks: ColumnTable;
  readonly fragments: ColumnTable;
  /** Records that are no task, by reason. */
  readonly leftOut: Readonly<Record<string, number>>;
  /** What was assumed or not written, in words. */
  readonly notRepresented: readonly string[];
}

interface Task {
  /** Where the record stands in the table. */
  readonly row: number;
  readonly submitSeconds: number;
  readonly runSeconds: number;
  readonly cores: number;
  /** MB; −1 where unknown. */
  readonly memory: number;
}

const MILLISECONDS = 1_000;
const MAXIMUM_INT32 = 2_147_483_647;
const MB_PER_GB = 1_024;

/**
 * The workload in canonical columns of jobs or machines.
 *
 * @throws OcxError INPUT_USAGE where the table holds neither, or shares in place of sizes;
 * INPUT_NO_ROWS where no record is a task
 */
export function openDcWorkload(table: ColumnTable, file: string): OpenDcWorkload {
  const columns = new Map(table.columns.map(({ name, values }) => [name, values]));
  const number = (name: string, row: number) => Number(columns.get(name)?.[row] ?? -1);
  const isJobs = columns.has('job') && columns.has('runSeconds');
  if (!isJobs && !(columns.has('cores') && columns.has('startSeconds')))
    throw noTasks(file, columns);
  const submit = columns.has('submitUnixSeconds') ? 'submitUnixSeconds' : 'submitSeconds';
  const taskAt = (row: number): Task =>
    isJobs
      ? {
          row,
          submitSeconds: number(submit, row),
          runSeconds: number('runSeconds', row),
          cores: widthOf(number('allocatedProcessors', row), number('requestedProcessors', row)),
          memory: number('memoryMib', row),
        }
      : {
          row,
          submitSeconds: number('startSeconds', row),
          runSeconds: number('endSeconds', row) - number('startSeconds', row),
          cores: number('cores', row),
          memory: number('memoryGb', row) * MB_PER_GB,
        };
  const leftOut: Record<string, number> = {};
  const tasks = Array.from({ length: table.rows }, (_, row) => taskAt(row)).filter((task) => {
    const reason =
      task.cores <= 0 ? 'processorsUnknown' : task.runSeconds <= 0 ? 'noRunTime' : null;
    if (reason !== null) leftOut[reason] = (leftOut[reason] ?? 0) + 1;
    return reason === null;
  });
  if (tasks.length === 0) throw nothingLeft(file);
  return {
    ...tablesOf(tasks, isJobs ? columns.get('job') : undefined),
    leftOut,
    notRepresented: [
      ...(table.notRepresented ?? []),
      isJobs
        ? 'all but submission, run, processors and memory of jobs'
        : 'all but start, end, cores and memory of machines',
      `speed is assumed: ${OPENDC_MHZ} MHz a processor, used whole in one fragment a task`,
      ...(tasks.some(({ memory }) => memory < 0) ? ['unknown memory is written as 0'] : []),
    ],
  };
}

function widthOf(allocated: number, requested: number): number {
  return allocated > 0 ? allocated : requested;
}

function tablesOf(tasks: readonly Task[], jobNumbers: ArrayLike<unknown> | undefined) {
  const ids = idsOf(tasks, jobNumbers);
  const duration = tasks.map(({ runSeconds }) => Math.round(runSeconds * MILLISECONDS));
  const capacity = tasks.map(({ cores }) => cores * OPENDC_MHZ);
  return {
    tasks: {
      rows: tasks.length,
      columns: [
        { name: 'id', type: 'INT32', values: ids },
        {
          name: 'submission_time',
          type: 'INT64',
          values: tasks.map(({ submitSeconds }) => Math.round(submitSeconds * MILLISECONDS)),
        },
        { name: 'duration', type: 'INT64', values: duration },
        { name: 'cpu_count', type: 'INT32', values: tasks.map(({ cores }) => Math.ceil(cores)) },
        { name: 'cpu_capacity', type: 'DOUBLE', values: capacity },
        {
          name: 'mem_capacity',
          type: 'INT64',
          values: tasks.map(({ memory }) => Math.max(0, Math.round(memory))),
        },
      ],
    },
    fragments: {
      rows: tasks.length,
      columns: [
        { name: 'id', type: 'INT32', values: ids },
        { name: 'duration', type: 'INT64', values: duration },
        { name: 'cpu_usage', type: 'DOUBLE', values: capacity },
      ],
    },
  } satisfies { tasks: ColumnTable; fragments: ColumnTable };
}

/** Job numbers where all are different and fit, else 1, 2, 3 … */
function idsOf(tasks: readonly Task[], jobNumbers: ArrayLike<unknown> | undefined): Int32Array {
  const numbers = tasks.map(({ row }) => Number(jobNumbers?.[row] ?? NaN));
  const fits = numbers.every((id) => Number.isInteger(id) && id >= 0 && id <= MAXIMUM_INT32);
  if (fits && new Set(numbers).size === numbers.length) return Int32Array.from(numbers);
  return Int32Array.from(numbers, (_, index) => index + 1);
}

function noTasks(file: string, columns: ReadonlyMap<string, unknown>): OcxError {
  const shares = columns.has('coresShare');
  return new OcxError({
    code: 'INPUT_USAGE',
    message: shares
      ? 'sizes in the trace are shares of a machine, OpenDC needs processors'
      : 'the trace holds neither jobs nor machines, so it cannot become a workload of OpenDC',
    place: { file },
    remedy: 'use --to csv or --to parquet',
  });
}

function nothingLeft(file: string): OcxError {
  return new OcxError({
    code: 'INPUT_NO_ROWS',
    message: 'no record has both processors and a run time',
    place: { file },
    remedy: 'check that this is the right file and format',
  });
}
