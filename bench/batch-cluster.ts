/**
 * A batch cluster over eight weeks as the market drives it: two outlooks an hour, about 10,000 jobs
 * on 128 nodes at 103 % load, so that there is always a queue.
 */
import { emptyJobTable } from '../core/demand/jobs.ts';
import type { JobTable } from '../core/demand/jobs.ts';
import { HOUR_MS } from '../core/kernel/units.ts';
import { BatchCluster } from '../sim/clusters/batch/cluster.ts';
import { SCHEDULERS } from '../sim/clusters/batch/scheduler.ts';
import type { Scheduler } from '../sim/clusters/batch/scheduler.ts';
import { cpuSeconds } from './benchmark.ts';
import type { Benchmark } from './benchmark.ts';

const JOBS = 10_000;
const HOURS = 8 * 7 * 24;
const ROUNDS = 5;

export const batchCluster: Benchmark = {
  name: 'batch-cluster',
  title: 'Batch cluster: eight weeks, 10,000 jobs, two outlooks an hour',
  run() {
    const jobs = table();
    const figures = SCHEDULERS.map((scheduler) => {
      const times = Array.from({ length: ROUNDS }, () => cpuSeconds(() => drive(jobs, scheduler)));
      const value = 1000 * Math.min(...times);
      const aim = scheduler === 'easy' ? { aim: 100 } : {};
      return { what: scheduler, value, unit: 'CPU-ms', better: 'less', ...aim } as const;
    });
    return { figures, notes: [] };
  },
};

function drive(jobs: JobTable, scheduler: Scheduler): void {
  const cluster = new BatchCluster(jobs, {
    scheduler,
    homeNodes: { legacy: 26, standard: 102 },
    isCheckpointable: (row) => row % 5 === 0,
  });
  for (let hour = 0; hour < HOURS; hour++) {
    const nowMs = hour * HOUR_MS;
    cluster.advance(nowMs);
    cluster.outlook(nowMs + 4 * HOUR_MS);
    cluster.outlook(nowMs + 24 * HOUR_MS).idleNodes('standard', nowMs, nowMs + 6 * HOUR_MS);
  }
}

function table(): JobTable {
  const jobs = emptyJobTable(JOBS);
  let state = 1;
  const uniform = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 4_294_967_296;
  };
  let submit = 0;
  for (let row = 0; row < JOBS; row++) {
    submit += (-Math.log(uniform()) * HOURS * 3600) / JOBS;
    const estimate = 3600 * Math.ceil(-Math.log(uniform()) * 3);
    jobs.jobNumber[row] = row + 1;
    jobs.submitSeconds[row] = Math.floor(submit);
    jobs.estimateSeconds[row] = estimate;
    jobs.runSeconds[row] = 1 + Math.floor(uniform() * estimate);
    const isSerial = uniform() < 0.3;
    jobs.processors[row] = isSerial ? 1 : Math.min(128, Math.ceil(-Math.log(uniform()) * 15));
  }
  return jobs;
}
