import test from 'ava';
import { JOB_STATE } from '../../../sim/clusters/batch/batch-jobs.ts';
import { BatchCluster } from '../../../sim/clusters/batch/cluster.ts';
import type { Scheduler } from '../../../sim/clusters/batch/scheduler.ts';
import { smallLog } from './brute-force.ts';
import type { SmallJob } from './brute-force.ts';
import { tableOf } from './tables.ts';

const S = 1_000;

/** All jobs come at once and run for as long as they say. */
function cluster(jobs: readonly SmallJob[], nodes: number, scheduler: Scheduler): BatchCluster {
  const table = tableOf(jobs.map((job) => ({ ...job, submit: 0, estimate: job.run })));
  const batch = new BatchCluster(table, { scheduler, homeNodes: { own: nodes }, abandons: false });
  batch.advance(0);
  return batch;
}

const job = (processors: number, run: number): SmallJob => ({
  submit: 0,
  processors,
  run,
  estimate: run,
});

test('what is given away moves the jobs that were to run there, and no others', (t) => {
  // Two nodes are free now; the wide job waits for all four, and the last one for the wide one.
  const batch = cluster([job(2, 100), job(4, 50), job(2, 10)], 4, 'fcfs');
  const given = { homeId: 'own', nodes: 2, fromMs: 0, toMs: 300 * S };
  t.deepEqual(batch.shifts(given), [
    { row: 1, beforeMs: 100 * S, afterMs: 300 * S },
    { row: 2, beforeMs: 150 * S, afterMs: 350 * S },
  ]);
  t.deepEqual(batch.shifts({ ...given, toMs: 100 * S }), []);
  t.is(batch.shifts({ ...given, nodes: 3 }), null, 'a job runs on the third');
  t.is(batch.shifts({ ...given, homeId: 'other' }), null);
});

test('asking what would be changes nothing', (t) => {
  const jobs = [job(2, 100), job(4, 50), job(2, 10)];
  const asked = cluster(jobs, 4, 'easy');
  asked.shifts({ homeId: 'own', nodes: 2, fromMs: 0, toMs: 300 * S });
  t.deepEqual(startsOf(asked), startsOf(cluster(jobs, 4, 'easy')));
});

// Conservative backfilling keeps to such a plan, so that a cluster which really gives its nodes
// away is the oracle.
test('both schedules are what conservative backfilling then does', (t) => {
  let moved = 0;
  for (let seed = 0; seed < 400; seed++) {
    const { jobs, processors } = smallLog(seed);
    const batch = cluster(jobs, processors, 'conservative');
    const free = batch.nodes('own').free;
    if (free === 0 || batch.queuedJobs === 0) continue;
    const nodes = 1 + (seed % free);
    const toMs = (10 + (seed % 50)) * S;
    const shifts = batch.shifts({ homeId: 'own', nodes, fromMs: 0, toMs })!;
    const before = startsOf(cluster(jobs, processors, 'conservative'));
    const giving = cluster(jobs, processors, 'conservative');
    const queued = [...giving.queuedRows()];
    giving.drain('given', 'own', nodes, { returnMs: toMs });
    giving.advance(toMs);
    giving.undrain('given');
    const after = startsOf(giving);
    const expected = queued
      .filter((row) => after[row]! > before[row]!)
      .map((row) => ({ row, beforeMs: before[row]!, afterMs: after[row]! }));
    t.deepEqual(shifts, expected, `seed ${seed}`);
    moved += shifts.length;
  }
  t.true(moved > 50, `${moved} jobs were moved`);
});

/** First starts of all jobs that can run. */
function startsOf(batch: BatchCluster): number[] {
  while (!batch.isResolved()) batch.advance(batch.nextEventMs());
  return Array.from(batch.jobs.firstStartMs, (start, row) =>
    batch.jobs.state[row] === JOB_STATE.dropped ? Infinity : start,
  );
}

test('nodes promised for later do short work until then, and are there in time', (t) => {
  const batch = cluster([job(4, 100), job(2, 50), job(2, 400), job(4, 10)], 4, 'easy');
  batch.drain('promise', 'own', 2, { byMs: 200 * S, returnMs: 300 * S });
  batch.advance(199 * S);
  t.is(batch.jobs.state[1], JOB_STATE.completed, 'the short job ran before the window');
  batch.advance(200 * S);
  t.deepEqual(batch.fulfil('promise'), { nodes: 0, rows: [], lostNodeMs: 0 });
  t.deepEqual(batch.drained('promise'), { nodes: 2, free: 2 });
});

test('a promise is kept although work runs on the nodes: it is stopped', (t) => {
  const batch = cluster([job(4, 1_000)], 4, 'easy');
  batch.drain('promise', 'own', 2, { byMs: 200 * S });
  batch.advance(200 * S);
  t.deepEqual(batch.fulfil('promise').rows, [0]);
  t.deepEqual(batch.drained('promise'), { nodes: 2, free: 2 });
});
