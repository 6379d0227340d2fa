/**
 * One log through one batch scheduler on a machine that does not change: processors are counted,
 * nodes have no identity. The rules are those of the simulator pyss as used by Gaussier, Glesser,
 * Reis & Trystram (SC'15), whose published waits serve as oracle:
 *
 * - Jobs with more processors than the machine, without run time or without estimate are dropped;
 *   the run time is cut to the estimate.
 * - The queue is in (submit, row) order.
 * - At equal times submissions come before terminations, terminations in order of starting, and
 *   one scheduling pass follows every single event.
 * - A processor whose *estimated* end is now counts as free already.
 */
import type { JobTable } from '../../../core/demand/jobs.ts';
import { OcxError } from '../../../core/kernel/errors.ts';
import { ReplayConservative } from './replay-conservative.ts';
import { ReplayEasy } from './replay-easy.ts';
import { FigureCounter } from './replay-figures.ts';
import type { ReplayFigures } from './replay-figures.ts';
import { ReplayFcfs } from './replay-fcfs.ts';
import { ReplayMachine, runSeconds } from './replay-machine.ts';
import type { ReplayScheduler } from './replay-machine.ts';
import { checkPriority, DEFAULT_PRIORITY, FairSharePolicy } from './replay-fair-share.ts';
import type { PrioritySettings } from './replay-fair-share.ts';
import { PlainReplay } from './replay-plain.ts';
import { EstimatePolicy } from './replay-policy.ts';
import type { ReplayPolicy } from './replay-policy.ts';
import { PredictionPolicy } from './replay-prediction.ts';
import { checkVariant, isPyssVariant, PYSS_VARIANT } from './replay-variant.ts';
import type { EasyVariant } from './replay-variant.ts';
import { queueOrder, SCHEDULERS } from './scheduler.ts';
import type { Scheduler } from './scheduler.ts';

export interface ReplayOptions {
  /** Processors of the machine; integer ≥ 1. */
  readonly processors: number;
  readonly scheduler: Scheduler;
  /** In what EASY differs from that of pyss; for the schedulers with one reservation. */
  readonly variant?: Partial<EasyVariant>;
  /** For `maui`. */
  readonly priority?: Partial<PrioritySettings>;
  /** The scheduler knows the run times: estimate := run time, after the run was cut. */
  readonly clairvoyant?: boolean;
}

export interface ReplayResult extends ReplayFigures {
  /** By row of the table, seconds; NaN where the job was dropped. */
  readonly startSeconds: Float64Array;
  readonly waitSeconds: Float64Array;
}

/**
 * Rows must be in (submit, file) order, as a `JobTable` promises.
 *
 * @throws OcxError INPUT_ARGUMENT for options that make no sense, INPUT_UNSORTED for rows out of
 *   order
 */
export function replayJobs(table: JobTable, options: ReplayOptions): ReplayResult {
  checkOptions(options);
  const { scheduler, processors } = options;
  const variant = { ...PYSS_VARIANT, ...options.variant };
  const order = queueOrder(scheduler);
  const machine = new ReplayMachine(table, processors, options.clairvoyant ?? false, order);
  const dropped: Record<string, number> = {};
  const policy = createPolicy(machine, options, variant);
  if (policy) {
    new PlainReplay(machine, policy, variant).run((row) => nextRow(machine, row, dropped));
  } else {
    advance(
      machine,
      createScheduler(machine, scheduler),
      nextRow(machine, -1, dropped),
      true,
      (row) => nextRow(machine, row, dropped),
    );
  }
  return summarise(machine, dropped);
}

/** @throws OcxError INPUT_ARGUMENT for options that make no sense */
export function checkOptions(options: ReplayOptions): void {
  const { processors, scheduler } = options;
  if (!Number.isInteger(processors) || processors < 1 || processors > 0x7fffffff) {
    throw new OcxError({
      code: 'INPUT_ARGUMENT',
      message: `a machine cannot have ${processors} processors`,
      remedy: 'give a whole number from 1 to 2147483647',
    });
  }
  if (!SCHEDULERS.includes(scheduler)) {
    throw new OcxError({
      code: 'INPUT_ARGUMENT',
      message: `there is no scheduler ${JSON.stringify(scheduler)}`,
      remedy: `choose one of ${SCHEDULERS.join(', ')}`,
    });
  }
  checkVariants(options);
}

/** Schedulers that have a reservation for one job, and so variants. */
const ONE_RESERVATION: readonly Scheduler[] = ['easy', 'easy-sjbf', 'easy++', 'maui'];

function checkVariants({ scheduler, variant, priority }: ReplayOptions): void {
  checkVariant({ ...PYSS_VARIANT, ...variant });
  checkPriority({ ...DEFAULT_PRIORITY, ...priority });
  const isVaried = variant !== undefined && !isPyssVariant({ ...PYSS_VARIANT, ...variant });
  if (isVaried && !ONE_RESERVATION.includes(scheduler)) {
    throw new OcxError({
      code: 'INPUT_ARGUMENT',
      message: `${scheduler} has no variants`,
      remedy: `vary one of ${ONE_RESERVATION.join(', ')}`,
    });
  }
  if (priority !== undefined && Object.keys(priority).length > 0 && scheduler !== 'maui') {
    throw new OcxError({
      code: 'INPUT_ARGUMENT',
      message: `${scheduler} knows no priorities`,
      remedy: 'they are for maui',
    });
  }
}

/** What the plain replay goes by; null for what has a replay of its own. */
function createPolicy(
  machine: ReplayMachine,
  { scheduler, priority }: ReplayOptions,
  variant: EasyVariant,
): ReplayPolicy | null {
  if (scheduler === 'easy++') return new PredictionPolicy(machine);
  if (scheduler === 'maui') {
    return new FairSharePolicy(machine, { ...DEFAULT_PRIORITY, ...priority });
  }
  if (isPyssVariant(variant)) return null;
  return new EstimatePolicy(machine, scheduler === 'easy-sjbf');
}

/** What replays a scheduler event by event. @throws INVARIANT_VIOLATED for those that are replayed plainly */
export function createScheduler(machine: ReplayMachine, scheduler: Scheduler): ReplayScheduler {
  switch (scheduler) {
    case 'fcfs':
    case 'sjf':
    case 'ljf':
      return new ReplayFcfs(machine);
    case 'easy':
      return new ReplayEasy(machine, 'submission');
    case 'easy-sjbf':
      return new ReplayEasy(machine, 'estimate');
    case 'conservative':
      return new ReplayConservative(machine);
    case 'easy++':
    case 'maui':
      throw new OcxError({
        code: 'INVARIANT_VIOLATED',
        message: `${scheduler} has no replay of its own`,
      });
  }
}

/**
 * Lets events happen in the order of time, up to the last submission of the table or, at the end of
 * the log, until nothing runs any more. What comes after a submission is not known before the next
 * one is.
 *
 * @param first the first row that was not submitted yet; `table.count` for none
 * @param isEnd no further rows will come
 * @param next the row that comes after one
 */
export function advance(
  machine: ReplayMachine,
  scheduler: ReplayScheduler,
  first: number,
  isEnd: boolean,
  next: (row: number) => number,
): void {
  const { table, terminations } = machine;
  let row = first;
  for (;;) {
    if (row >= table.count && !isEnd) return;
    const submit = row < table.count ? table.submitSeconds[row]! : Infinity;
    const end = terminations.peekTime();
    const now = Math.min(submit, end, scheduler.nextStart());
    if (now === Infinity) return;
    machine.now = now;
    machine.releaseElapsed();
    if (submit === now) {
      scheduler.submit(row, table.processors[row]!, machine.estimate(row));
      row = next(row);
    } else if (end === now) {
      const job = terminations.pop();
      const estimatedEnd = machine.startSeconds[job]! + machine.estimate(job);
      if (estimatedEnd > now) {
        machine.releaseEarly(job, estimatedEnd);
        scheduler.releasedEarly(table.processors[job]!, estimatedEnd);
      }
      scheduler.pass();
    } else scheduler.startDue();
  }
}

/** The next row that can run; the others on the way are counted. */
function nextRow(machine: ReplayMachine, row: number, dropped: Record<string, number>): number {
  const { table, startSeconds } = machine;
  const submits = table.submitSeconds;
  for (let next = row + 1; next < table.count; next++) {
    if (!(submits[next]! >= (next > 0 ? submits[next - 1]! : -Infinity))) {
      throw new OcxError({
        code: 'INPUT_UNSORTED',
        message: `job ${table.jobNumber[next]} was submitted before the job in the row above it`,
        place: { line: next + 1 },
        remedy: 'sort the table by submission time',
      });
    }
    const reason = dropReason(table, next, machine.processors);
    if (reason === null) return next;
    dropped[reason] = (dropped[reason] ?? 0) + 1;
    startSeconds[next] = NaN;
  }
  return table.count;
}

/** Why a job cannot run; null where it can. */
export function dropReason(table: JobTable, row: number, processors: number): string | null {
  const size = table.processors[row]!;
  if (size <= 0) return 'processors-not-positive';
  if (size > processors) return 'processors-above-machine';
  if (!(table.runSeconds[row]! > 0)) return 'run-not-positive';
  if (!(table.estimateSeconds[row]! > 0)) return 'estimate-not-positive';
  return null;
}

function summarise(machine: ReplayMachine, dropped: Record<string, number>): ReplayResult {
  const { table, startSeconds, processors } = machine;
  const waitSeconds = new Float64Array(table.count);
  const counter = new FigureCounter(processors);
  for (let row = 0; row < table.count; row++) {
    const start = startSeconds[row]!;
    const submit = table.submitSeconds[row]!;
    waitSeconds[row] = start - submit;
    if (Number.isNaN(start)) continue;
    counter.count(submit, start, runSeconds(table, row), table.processors[row]!);
  }
  return { ...counter.figures(dropped), startSeconds, waitSeconds };
}
