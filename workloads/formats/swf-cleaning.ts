/**
 * Cleaning policies for logs of the Standard Workload Format. All are off unless asked for; every
 * record that a policy drops or changes is counted by reason.
 */
import { emptyJobTable, type JobTable } from '../../core/demand/jobs.ts';
import { invariant } from '../../core/kernel/errors.ts';
import type { SwfLog } from './swf.ts';

export interface SwfPolicy {
  /** Jobs in several records (status 2, 3, 4): fold them into one job. */
  readonly multipleRecords: 'keep' | 'merge';
  /** Jobs that were cancelled before they started (run ≤ 0, status 5). */
  readonly neverStarted: 'keep' | 'drop';
  /** Jobs whose run time is unknown (−1). */
  readonly unknownRun: 'keep' | 'drop';
  /** Jobs that ran for 0 s: `second` makes it 1 s. */
  readonly zeroRun: 'keep' | 'drop' | 'second';
  /** Jobs with neither allocated nor requested processors. */
  readonly unknownProcessors: 'keep' | 'drop';
  /** Jobs without an estimate: `run` takes the run time for it. */
  readonly missingEstimate: 'keep' | 'run' | 'drop';
  /** Jobs that ran longer than requested: `cap` the run, or `extend` the estimate. */
  readonly overrun: 'keep' | 'cap' | 'extend';
}

/** What of a log is cleaned. */
type Rows = Pick<SwfLog, 'jobs' | 'details'>;

/** Every record as it stands. */
export const KEEP_POLICY: SwfPolicy = {
  multipleRecords: 'keep',
  neverStarted: 'keep',
  unknownRun: 'keep',
  zeroRun: 'keep',
  unknownProcessors: 'keep',
  missingEstimate: 'keep',
  overrun: 'keep',
};

/** What simulated clusters run. */
export const SIMULATION_POLICY: SwfPolicy = {
  multipleRecords: 'merge',
  neverStarted: 'drop',
  unknownRun: 'drop',
  zeroRun: 'second',
  unknownProcessors: 'drop',
  missingEstimate: 'run',
  overrun: 'extend',
};

/** What cleaning looks at: a log, or some rows of one. */
export type CleanableRows = Pick<SwfLog, 'jobs' | 'details'>;

export interface CleanedLog {
  /** In (submit, file) order. */
  readonly jobs: JobTable;
  /** Records dropped by the policy, by reason; what reading dropped is in the log. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Records that were kept but changed (or, with `keep`, are odd), by reason. */
  readonly adjusted: Readonly<Record<string, number>>;
}

/**
 * Applies a policy to a log that was read with details.
 *
 * @throws never for what a log holds
 */
export function cleanSwf(log: Rows, policy: SwfPolicy = KEEP_POLICY): CleanedLog {
  invariant(log.details !== null, 'cleaning needs a log that was read with details');
  const dropped = new Counter();
  const adjusted = new Counter();
  const run = log.jobs.runSeconds.slice();
  const estimate = log.jobs.estimateSeconds.slice();
  const keep = new Uint8Array(log.jobs.count).fill(1);
  mergeRecords(log, policy, run, keep, dropped, adjusted);
  for (let i = 0; i < keep.length; i++) {
    if (keep[i] === 0) continue;
    const reason = dropReason(log, policy, i, run[i]!);
    if (reason !== null) {
      keep[i] = 0;
      dropped.add(reason);
      continue;
    }
    adjust(policy, i, run, estimate, adjusted, keep, dropped);
  }
  return {
    jobs: select(log.jobs, keep, run, estimate),
    dropped: dropped.all,
    adjusted: adjusted.all,
  };
}

/** Whether a row is one part of a job in several: SWF's status 2, 3 or 4. */
export function isPartial(status: number): boolean {
  return status >= 2 && status <= 4;
}

class Counter {
  readonly all: Record<string, number> = Object.create(null);

  add(reason: string): void {
    this.all[reason] = (this.all[reason] ?? 0) + 1;
  }
}

function dropReason(log: Rows, policy: SwfPolicy, i: number, run: number): string | null {
  const status = log.details!.status[i]!;
  if (run <= 0 && status === 5 && policy.neverStarted === 'drop') return 'neverStarted';
  if (run < 0 && policy.unknownRun === 'drop') return 'runUnknown';
  if (run === 0 && policy.zeroRun === 'drop') return 'runZero';
  if (log.jobs.processors[i]! <= 0 && policy.unknownProcessors === 'drop') {
    return 'processorsUnknown';
  }
  return null;
}

function adjust(
  policy: SwfPolicy,
  i: number,
  run: Float64Array,
  estimate: Float64Array,
  adjusted: Counter,
  keep: Uint8Array,
  dropped: Counter,
): void {
  if (run[i] === 0) {
    adjusted.add('runZero');
    if (policy.zeroRun === 'second') run[i] = 1;
  }
  if (estimate[i]! <= 0) {
    if (policy.missingEstimate === 'drop') {
      keep[i] = 0;
      dropped.add('estimateMissing');
      return;
    }
    adjusted.add('estimateMissing');
    if (policy.missingEstimate === 'run') estimate[i] = run[i]!;
  } else if (run[i]! > estimate[i]!) {
    adjusted.add('ranLongerThanRequested');
    if (policy.overrun === 'cap') run[i] = estimate[i]!;
    if (policy.overrun === 'extend') estimate[i] = run[i]!;
  }
}

/**
 * A job in several parts has either a summary record (any status but 2–4) beside its parts, which
 * then counts alone, or only parts: then the first one stands for all, with the sum of run times.
 */
function mergeRecords(
  log: Rows,
  policy: SwfPolicy,
  run: Float64Array,
  keep: Uint8Array,
  dropped: Counter,
  adjusted: Counter,
): void {
  const status = log.details!.status;
  const first = new Map<number, number>();
  const partial = (i: number) => isPartial(status[i]!);
  for (let i = 0; i < keep.length; i++) {
    if (partial(i)) first.set(log.jobs.jobNumber[i]!, -1);
  }
  if (first.size === 0) return;
  if (policy.multipleRecords === 'keep') {
    for (let i = 0; i < keep.length; i++) if (partial(i)) adjusted.add('partialRecord');
    return;
  }
  for (let i = 0; i < keep.length; i++) {
    if (!partial(i) && first.has(log.jobs.jobNumber[i]!)) first.set(log.jobs.jobNumber[i]!, -2);
  }
  for (let i = 0; i < keep.length; i++) {
    if (!partial(i)) continue;
    const number = log.jobs.jobNumber[i]!;
    const standsFor = first.get(number)!;
    if (standsFor === -1) {
      first.set(number, i);
      run[i] = Math.max(0, run[i]!);
      adjusted.add('mergedJob');
      continue;
    }
    keep[i] = 0;
    dropped.add(standsFor === -2 ? 'partOfSummarisedJob' : 'mergedIntoFirstRecord');
    if (standsFor >= 0) run[standsFor]! += Math.max(0, run[i]!);
  }
}

function select(
  jobs: JobTable,
  keep: Uint8Array,
  run: Float64Array,
  estimate: Float64Array,
): JobTable {
  let count = 0;
  for (const kept of keep) count += kept;
  const selected = emptyJobTable(count);
  for (let i = 0, to = 0; i < keep.length; i++) {
    if (keep[i] === 0) continue;
    selected.jobNumber[to] = jobs.jobNumber[i]!;
    selected.submitSeconds[to] = jobs.submitSeconds[i]!;
    selected.runSeconds[to] = run[i]!;
    selected.estimateSeconds[to] = estimate[i]!;
    selected.processors[to] = jobs.processors[i]!;
    selected.user[to] = jobs.user[i]!;
    to += 1;
  }
  return selected;
}
