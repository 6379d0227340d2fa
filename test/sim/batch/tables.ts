/** Small job tables for tests. */
import { emptyJobTable } from '../../../core/demand/jobs.ts';
import type { JobTable } from '../../../core/demand/jobs.ts';
import type { SmallJob } from './brute-force.ts';

/** Three users take turns, irregularly enough that fair share and predictions differ. */
const USERS = [0, 1, 0, 2, 1, 0, 0, 2];

export function tableOf(jobs: readonly SmallJob[]): JobTable {
  const table = emptyJobTable(jobs.length);
  for (const [row, job] of jobs.entries()) {
    table.jobNumber[row] = row + 1;
    table.submitSeconds[row] = job.submit;
    table.runSeconds[row] = job.run;
    table.estimateSeconds[row] = job.estimate;
    table.processors[row] = job.processors;
    table.user[row] = USERS[row % USERS.length]!;
  }
  return table;
}
