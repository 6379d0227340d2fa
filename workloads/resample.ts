/**
 * Makes a trace as long as an experiment needs, aligned by local hour of the week.
 *
 * A trace at least as long as the horizon gives a window that starts on a random Monday. A shorter
 * one is resampled: in blocks of a week if it has ten full weeks, else in days drawn from those of
 * the same weekday. What is found then is conditional on the weeks that the trace has.
 */
import { emptyJobTable, type JobTable } from '../core/demand/jobs.ts';
import type { NodeNeedSeries } from '../core/demand/demand.ts';
import { OcxError } from '../core/kernel/errors.ts';
import type { RandomStream } from '../core/kernel/random.ts';
import { DAY_MS, WEEK_MS } from '../core/kernel/units.ts';

export type ResampleMode = 'auto' | 'window' | 'weeks' | 'days';

/** Fewest full weeks for resampling in blocks of a week. */
export const MINIMUM_WEEKS = 10;

/** A stretch of the trace that stands at a place of the experiment. */
export interface Block {
  /** Where it starts in the trace and in the experiment, ms, and how long it is. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly lengthMs: number;
}

export interface ResamplePlan {
  /** In order; together they cover [0, horizon). */
  readonly blocks: readonly Block[];
  readonly mode: Exclude<ResampleMode, 'auto'>;
  /** One sentence for the manifest. */
  readonly treatment: string;
}

/** The times of a trace that can be used: local Monday 00:00s, and its first and last instant. */
export interface TraceSpan {
  readonly startMs: number;
  readonly endMs: number;
  /** The first Monday 00:00 local at or after the start, on the trace's clock. */
  readonly firstMondayMs: number;
  /** Local minus trace time at an instant of the trace; left out: always the same. */
  offsetMs?(traceMs: number): number;
}

/** The instant at which local clocks show what they would without daylight saving time. */
function atLocalTime(span: TraceSpan, traceMs: number): number {
  if (span.offsetMs === undefined) return traceMs;
  return traceMs + span.offsetMs(span.firstMondayMs) - span.offsetMs(traceMs);
}

/**
 * Chooses the blocks of one replication.
 *
 * @param mode `auto` as this module's head says; the others where the user wants it
 * @throws OcxError INPUT_TRACE_SHORT where the trace is too short for the mode
 */
export function planResampling(
  span: TraceSpan,
  horizonMs: number,
  stream: RandomStream,
  mode: ResampleMode = 'auto',
): ResamplePlan {
  const weeks = Math.max(0, Math.floor((span.endMs - span.firstMondayMs) / WEEK_MS));
  const neededWeeks = Math.ceil(horizonMs / WEEK_MS);
  const chosen = mode === 'auto' ? automaticMode(weeks, neededWeeks) : mode;
  if (chosen === 'window') return windowPlan(span, weeks, horizonMs, stream);
  if (chosen === 'weeks') return weekPlan(span, weeks, horizonMs, stream);
  return dayPlan(span, horizonMs, stream);
}

function automaticMode(weeks: number, neededWeeks: number): Exclude<ResampleMode, 'auto'> {
  if (weeks >= neededWeeks) return 'window';
  return weeks >= MINIMUM_WEEKS ? 'weeks' : 'days';
}

function windowPlan(
  span: TraceSpan,
  weeks: number,
  horizonMs: number,
  stream: RandomStream,
): ResamplePlan {
  const last = Math.floor((span.endMs - span.firstMondayMs - horizonMs) / WEEK_MS);
  if (last < 0) throw tooShort(span, horizonMs);
  const week = stream.integer(last + 1);
  const fromMs = atLocalTime(span, span.firstMondayMs + week * WEEK_MS);
  return {
    blocks: [{ fromMs, toMs: 0, lengthMs: horizonMs }],
    mode: 'window',
    treatment: `a window from week ${week + 1}, drawn from ${weeks} weeks`,
  };
}

function weekPlan(
  span: TraceSpan,
  weeks: number,
  horizonMs: number,
  stream: RandomStream,
): ResamplePlan {
  if (weeks < 1) throw tooShort(span, WEEK_MS);
  const blocks: Block[] = [];
  for (let toMs = 0; toMs < horizonMs; toMs += WEEK_MS) {
    const monday = span.firstMondayMs + stream.integer(weeks) * WEEK_MS;
    const fromMs = atLocalTime(span, monday);
    blocks.push({ fromMs, toMs, lengthMs: Math.min(WEEK_MS, horizonMs - toMs) });
  }
  const treatment = `resampled in blocks of a week, conditional on ${weeks} weeks`;
  return { blocks, mode: 'weeks', treatment };
}

function dayPlan(span: TraceSpan, horizonMs: number, stream: RandomStream): ResamplePlan {
  const mondayBefore = span.firstMondayMs - WEEK_MS;
  const days: number[][] = [[], [], [], [], [], [], []];
  for (let day = 0; ; day++) {
    const fromMs = atLocalTime(span, mondayBefore + day * DAY_MS);
    if (fromMs + DAY_MS > span.endMs) break;
    if (fromMs >= span.startMs) days[day % 7]!.push(fromMs);
  }
  if (days.some((choices) => choices.length === 0)) throw tooShort(span, WEEK_MS);
  const blocks: Block[] = [];
  for (let day = 0; day * DAY_MS < horizonMs; day++) {
    const choices = days[day % 7]!;
    const toMs = day * DAY_MS;
    const lengthMs = Math.min(DAY_MS, horizonMs - toMs);
    blocks.push({ fromMs: choices[stream.integer(choices.length)]!, toMs, lengthMs });
  }
  const count = days.reduce((sum, choices) => sum + choices.length, 0);
  const weeks = (count / 7).toFixed(1);
  const treatment = `resampled in weekday-stratified days, conditional on ${weeks} weeks`;
  return { blocks, mode: 'days', treatment };
}

function tooShort(span: TraceSpan, neededMs: number): OcxError {
  const days = ((span.endMs - span.startMs) / DAY_MS).toFixed(1);
  return new OcxError({
    code: 'INPUT_TRACE_SHORT',
    message: `the trace covers ${days} days; this needs ${(neededMs / DAY_MS).toFixed(1)} from a Monday`,
    remedy: 'choose another resampling (resample = "days"), a shorter horizon or a longer trace',
  });
}

/** The jobs submitted in the plan's blocks; a job runs on beyond the end of its block. */
export function resampleJobs(jobs: JobTable, plan: ResamplePlan): JobTable {
  const ranges = plan.blocks.map((block) => ({
    block,
    from: lowerBound(jobs.submitSeconds, block.fromMs / 1000),
    to: lowerBound(jobs.submitSeconds, (block.fromMs + block.lengthMs) / 1000),
  }));
  const count = ranges.reduce((sum, range) => sum + range.to - range.from, 0);
  const sample = emptyJobTable(count);
  let at = 0;
  for (const { block, from, to } of ranges) {
    const shift = (block.toMs - block.fromMs) / 1000;
    sample.jobNumber.set(jobs.jobNumber.subarray(from, to), at);
    sample.runSeconds.set(jobs.runSeconds.subarray(from, to), at);
    sample.estimateSeconds.set(jobs.estimateSeconds.subarray(from, to), at);
    sample.processors.set(jobs.processors.subarray(from, to), at);
    sample.user.set(jobs.user.subarray(from, to), at);
    for (let i = from; i < to; i++) sample.submitSeconds[at++] = jobs.submitSeconds[i]! + shift;
  }
  return sample;
}

/** The needs in the plan's blocks; the trace's last need holds until its end. */
export function resampleNeeds(needs: NodeNeedSeries, plan: ResamplePlan): NodeNeedSeries {
  const times: number[] = [];
  const nodes: number[] = [];
  const push = (timeMs: number, need: number) => {
    if (nodes.length > 0 && nodes[nodes.length - 1] === need) return;
    times.push(timeMs);
    nodes.push(need);
  };
  for (const block of plan.blocks) {
    const shift = block.toMs - block.fromMs;
    // The need that holds where the block starts.
    const first = Math.max(0, lowerBound(needs.timeMs, block.fromMs + 1) - 1);
    push(block.toMs, needs.nodes[first]!);
    for (let i = first + 1; i < needs.timeMs.length; i++) {
      if (needs.timeMs[i]! >= block.fromMs + block.lengthMs) break;
      push(needs.timeMs[i]! + shift, needs.nodes[i]!);
    }
  }
  return { timeMs: Float64Array.from(times), nodes: Float64Array.from(nodes) };
}

/** Index of the first value ≥ `bound` in an ascending column. */
export function lowerBound(column: Float64Array, bound: number): number {
  let low = 0;
  let high = column.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (column[middle]! < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
