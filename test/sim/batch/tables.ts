/** Small job tables for tests. */
import { emptyJobTable } from '../../../core/demand/jobs.ts';
import type { JobTable } from '../../../core/demand/jobs.ts';
import type { SmallJob } from './brute-force.ts';

export function tableOf(jobs: readonly SmallJob[]): JobTable {
  const table = emptyJobTable(jobs.length);
  for (const [row, job] of jobs.entries()) {
    table.jobNumber[row] = row + 1;
    table.submitSeconds[row] = job.submit;
    table.runSeconds[row] = job.run;
    table.estimateSeconds[row] = job.estimate;
    table.processors[row] = job.processors;
  }
  return table;
}
