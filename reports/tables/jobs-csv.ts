/**
 * `jobs-<organisation>.csv`, with the column names of Evalys (oar-team/evalys, `evalys/jobset.py`),
 * so that its plots can be drawn of a run.
 */
import { renderCsv } from './csv.ts';
import type { Cell } from './csv.ts';
import type { JobRow } from './rows.ts';

export const EVALYS_COLUMNS: readonly string[] = [
  'job_id',
  'workload_name',
  'submission_time',
  'requested_number_of_resources',
  'requested_time',
  'success',
  'starting_time',
  'execution_time',
  'finish_time',
  'waiting_time',
  'turnaround_time',
  'stretch',
  'allocated_resources',
];

export function renderJobsCsv(rows: readonly JobRow[]): string {
  return renderCsv(EVALYS_COLUMNS, rows.map(cellsOf));
}

function cellsOf(row: JobRow): Cell[] {
  const { submissionSeconds, startSeconds, finishSeconds } = row;
  const wait = startSeconds === null ? null : startSeconds - submissionSeconds;
  const ended = startSeconds !== null && finishSeconds !== null;
  const execution = ended ? finishSeconds - startSeconds : null;
  const turnaround = finishSeconds === null ? null : finishSeconds - submissionSeconds;
  // Evalys' stretch is turnaround ÷ execution; a job that ran for no time has none.
  const stretch = execution && turnaround !== null ? turnaround / execution : null;
  return [
    row.jobId,
    row.workloadName,
    submissionSeconds,
    row.requestedNodes,
    row.requestedSeconds,
    row.success,
    startSeconds,
    execution,
    finishSeconds,
    wait,
    turnaround,
    stretch,
    describeIntervals(row.allocatedNodes),
  ];
}

/** `[1, 2, 5, 10, 11]` → `1-2 5 10-11`, as Evalys' interval sets are written. */
export function describeIntervals(nodes: readonly number[]): string {
  const sorted = [...new Set(nodes)].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let first = 0; first < sorted.length;) {
    let last = first;
    while (sorted[last + 1] === sorted[last]! + 1) last += 1;
    parts.push(first === last ? `${sorted[first]}` : `${sorted[first]}-${sorted[last]}`);
    first = last + 1;
  }
  return parts.join(' ');
}

/** A file name for an organisation's jobs that no name can lead out of its folder. */
export function jobsFileName(organisation: string, taken: ReadonlySet<string>): string {
  const safe = organisation.replace(/[^A-Za-z0-9_-]+/g, '_').slice(0, 64) || '_';
  for (let number = 1; ; number++) {
    const name = `jobs-${safe}${number === 1 ? '' : `-${number}`}.csv`;
    // Compared without case: some file systems do not tell `A` from `a`.
    if (!taken.has(name.toLowerCase())) return name;
  }
}
