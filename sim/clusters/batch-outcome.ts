/** What a batch cluster made of its jobs: the cohort released in the measured window. */
import type { JobColumns } from '../../core/metrics/outcome.ts';
import { JOB_STATE } from './batch/batch-jobs.ts';
import type { BatchJobs } from './batch/batch-jobs.ts';
import type { BatchCluster } from './batch/cluster.ts';
import type { BatchSetup } from './batch-owner.ts';
import type { ClusterOutcome, MetDemand } from './cluster.ts';
import { HourlyNodeTime } from './window.ts';

/** Shorter runs do not inflate the slowdown (bounded slowdown; Feitelson et al. 1997). */
const SLOWDOWN_BOUND_MS = 10_000;

interface Columns {
  readonly releaseMs: number[];
  readonly dueMs: number[];
  readonly nodeMs: number[];
}

export function batchOutcome(
  setup: BatchSetup,
  cluster: BatchCluster,
  busy: HourlyNodeTime,
  valueOf: (row: number) => number,
): ClusterOutcome {
  const { jobs } = cluster;
  const demand: Columns = { releaseMs: [], dueMs: [], nodeMs: [] };
  const met: Columns = { releaseMs: [], dueMs: [], nodeMs: [] };
  const demandHours = new HourlyNodeTime(setup.window);
  let value = 0;
  let completed = 0;
  let waitMs = 0;
  let slowdown = 0;
  for (let row = 0; row < jobs.count; row++) {
    if (jobs.state[row] === JOB_STATE.dropped) continue;
    const submitMs = jobs.submitMs[row]!;
    demandHours.add(submitMs, submitMs + jobs.runMs[row]!, jobs.nodes[row]!);
    if (submitMs < setup.window.startMs || submitMs >= setup.window.endMs) continue;
    put(demand, jobs, row);
    if (jobs.state[row] === JOB_STATE.completed) {
      const wait = jobs.waitMs(row);
      const run = Math.max(jobs.runMs[row]!, SLOWDOWN_BOUND_MS);
      completed += 1;
      waitMs += wait;
      slowdown += Math.max(1, (wait + jobs.runMs[row]!) / run);
    }
    if (!jobs.isMet(row)) continue;
    put(met, jobs, row);
    value += valueOf(row);
  }
  return {
    demandNodeMs: total(demand),
    metNodeMs: total(met),
    valueMillicredits: value,
    lostNodeMs: cluster.lostNodeMs,
    demandHours: demandHours.hours,
    busyHours: busy.hours,
    demand,
    met,
    ownMeasures: {
      jobs: demand.nodeMs.length,
      jobsMetShare: demand.nodeMs.length > 0 ? met.nodeMs.length / demand.nodeMs.length : null,
      meanWaitSeconds: completed > 0 ? waitMs / completed / 1000 : null,
      meanBoundedSlowdown: completed > 0 ? slowdown / completed : null,
    },
    jobs: jobColumns(jobs),
  };
}

/** All jobs but those that could run nowhere, the warm-up's included. */
function jobColumns(jobs: BatchJobs): JobColumns {
  const rows: number[] = [];
  for (let row = 0; row < jobs.count; row++) {
    if (jobs.state[row] !== JOB_STATE.dropped) rows.push(row);
  }
  return {
    jobNumber: Float64Array.from(rows, (row) => jobs.jobNumber[row]!),
    submitMs: Float64Array.from(rows, (row) => jobs.submitMs[row]!),
    requestedNodes: Int32Array.from(rows, (row) => jobs.nodes[row]!),
    requestedMs: Float64Array.from(rows, (row) => jobs.estimateMs[row]!),
    startMs: Float64Array.from(rows, (row) => jobs.firstStartMs[row]!),
    finishMs: Float64Array.from(rows, (row) =>
      jobs.state[row] === JOB_STATE.completed ? jobs.endMs[row]! : NaN,
    ),
    met: Uint8Array.from(rows, (row) => Number(jobs.isMet(row))),
  };
}

/** A job is due when it would end after all of its patience. */
function put(columns: Columns, jobs: BatchJobs, row: number): void {
  const submitMs = jobs.submitMs[row]!;
  columns.releaseMs.push(submitMs);
  columns.dueMs.push(submitMs + jobs.patienceMs[row]! + jobs.runMs[row]!);
  columns.nodeMs.push(jobs.nodeMs(row));
}

function total({ nodeMs }: MetDemand): number {
  return nodeMs.reduce((sum, amount) => sum + amount, 0);
}
