import test from 'ava';
import { DAY_MS } from '../../../core/kernel/units.ts';
import { JOB_STATE } from '../../../sim/clusters/batch/batch-jobs.ts';
import { BatchCluster } from '../../../sim/clusters/batch/cluster.ts';
import type { BatchClusterOptions } from '../../../sim/clusters/batch/cluster.ts';
import { replayJobs } from '../../../sim/clusters/batch/replay.ts';
import { SCHEDULERS } from '../../../sim/clusters/batch/scheduler.ts';
import { smallLog } from './brute-force.ts';
import type { SmallJob } from './brute-force.ts';
import { tableOf } from './tables.ts';

const S = 1_000;

function cluster(
  jobs: readonly SmallJob[],
  nodes: number,
  options: Partial<BatchClusterOptions> = {},
): BatchCluster {
  return new BatchCluster(tableOf(jobs), {
    scheduler: 'easy',
    homeNodes: { own: nodes },
    checkpointMs: 10 * S,
    restartMs: 5 * S,
    segmentMinimumMs: 30 * S,
    ...options,
  });
}

function runOut(batch: BatchCluster): void {
  while (!batch.isResolved()) {
    const nextMs = batch.nextEventMs();
    if (nextMs === Infinity) throw new Error('the cluster waits for ever');
    batch.advance(nextMs);
  }
}

const job = (submit: number, processors: number, run: number, estimate = run): SmallJob => ({
  submit,
  processors,
  run,
  estimate,
});
const everything = () => true;

for (const scheduler of SCHEDULERS) {
  test(`${scheduler}: with own nodes alone the history is that of a replay`, (t) => {
    let different = 0;
    for (let seed = 50_000; seed < 51_500; seed++) {
      const { jobs, processors } = smallLog(seed);
      const table = tableOf(jobs);
      // In half minutes, predictions that were too short get corrected.
      if (seed % 2 === 1) {
        for (const column of ['submitSeconds', 'runSeconds', 'estimateSeconds'] as const) {
          table[column].forEach((seconds, row) => (table[column][row] = 30 * seconds));
        }
      }
      const clairvoyant = seed % 3 === 0;
      const { startSeconds } = replayJobs(table, { processors, scheduler, clairvoyant });
      // Classes only say which nodes are filled first; here they must make no difference.
      const few = seed % 2 === 0 ? 0 : Math.floor(processors / 2);
      const batch = new BatchCluster(table, {
        scheduler,
        clairvoyant,
        homeNodes: { few, many: processors - few },
        abandons: false,
      });
      runOut(batch);
      if (jobs.some((_, row) => batch.jobs.firstStartMs[row] !== startSeconds[row]! * S)) {
        different += 1;
      }
    }
    t.is(different, 0);
  });
}

test('maui: what a stopped job has used counts against its user, and no more than that', (t) => {
  const table = tableOf([job(0, 1, 100), job(0, 1, 100), job(0, 1, 50)]);
  table.user.set([1, 1, 0]);
  const batch = new BatchCluster(table, {
    scheduler: 'maui',
    priority: { queueTime: 0, fairShare: 1 },
    homeNodes: { own: 1 },
  });
  batch.advance(0);
  batch.addNodes('lease', 1, 60 * S);
  t.is(batch.runningJobs, 2);
  batch.advance(10 * S);
  batch.removeGroup('lease', 'kill');
  runOut(batch);
  // Used by then: 100 s of user 1, 10 s of user 0, whose job goes first again.
  t.deepEqual(
    Array.from(batch.jobs.endMs, (endMs) => endMs / S),
    [100, 250, 150],
  );
});

test('a job may use borrowed nodes only if it ends before they must be given up', (t) => {
  const batch = cluster([job(0, 2, 100), job(0, 2, 100), job(0, 2, 40)], 2);
  batch.advance(0);
  t.is(batch.runningJobs, 1);
  batch.addNodes('lease', 2, 60 * S);
  t.deepEqual([...batch.queuedRows()], [1]);
  t.is(batch.jobs.firstStartMs[2], 0);
  runOut(batch);
  t.deepEqual([...batch.jobs.firstStartMs], [0, 100 * S, 0]);
  t.is(batch.lostNodeMs, 0);
  t.deepEqual(batch.nodes('lease'), { nodes: 0, free: 0 });
});

test('the tightest deadline that is long enough is used first, across groups', (t) => {
  const batch = cluster([job(10, 3, 50)], 2);
  batch.advance(0);
  batch.addNodes('long', 2, 1000 * S);
  batch.addNodes('tight', 2, 60 * S);
  batch.addNodes('short', 2, 59 * S);
  batch.advance(10 * S);
  const free = ['own', 'long', 'tight', 'short'].map((group) => batch.nodes(group).free);
  t.deepEqual(free, [2, 1, 0, 2]);
});

test('a job that can be checkpointed starts on nodes that it must leave, and goes on elsewhere', (t) => {
  const segments: [number, number, number][] = [];
  const batch = cluster([job(0, 2, 300), job(1, 2, 200)], 2, {
    isCheckpointable: everything,
    onSegment: (row, fromMs, toMs) => segments.push([row, fromMs / S, toMs / S]),
  });
  batch.advance(S);
  batch.addNodes('lease', 2, 101 * S);
  runOut(batch);
  // 100 s on the lease, the last 10 s of them to write the checkpoint; 5 s to read it.
  t.deepEqual(segments, [
    [1, 1, 101],
    [0, 0, 300],
    [1, 300, 415],
  ]);
  t.is(batch.lostNodeMs, 2 * (10 + 5) * S);
  t.is(batch.jobs.waitMs(1), (415 - 1 - 200) * S);
  t.is(batch.jobs.interruptions[1], 1);
  t.is(batch.busyNodeMs, 2 * (300 + 100 + 115) * S);
});

test('nodes that go too soon to be worth it are not used', (t) => {
  const batch = cluster([job(0, 2, 300), job(1, 2, 200)], 2, { isCheckpointable: everything });
  batch.advance(S);
  batch.addNodes('lease', 2, 30 * S);
  t.is(batch.runningJobs, 1);
});

test('a recalled lease stops rigid jobs at the end of the notice; they begin anew', (t) => {
  const batch = cluster([job(0, 2, 300), job(0, 1, 50), job(0, 1, 20), job(40, 1, 8)], 2);
  batch.advance(0);
  batch.addNodes('lease', 2, 100 * S);
  t.is(batch.runningJobs, 3);
  batch.advance(10 * S);
  batch.bringForward('lease', 45 * S);
  t.is(batch.runningJobs, 3, 'they run on until the notice is over');
  batch.advance(45 * S);
  t.is(batch.jobs.state[2], JOB_STATE.completed);
  t.is(batch.jobs.firstStartMs[3], NaN, 'nothing starts that would run beyond the deadline');
  t.is(batch.jobs.state[1], JOB_STATE.queued);
  t.is(batch.lostNodeMs, 45 * S);
  t.deepEqual(batch.nodes('lease'), { nodes: 0, free: 0 });
  runOut(batch);
  t.is(batch.jobs.endMs[1], 350 * S);
  t.is(batch.jobs.waitMs(1), 300 * S);
  t.is(batch.jobs.keptMs[1], 0);
});

test('when a job is stopped its nodes of other groups are free at once', (t) => {
  const batch = cluster([job(0, 3, 90), job(1, 2, 30)], 2, {
    isCheckpointable: (row) => row === 0,
  });
  batch.advance(0);
  batch.addNodes('lease', 1, 50 * S);
  t.is(batch.runningJobs, 1);
  batch.advance(50 * S);
  t.is(batch.jobs.keptMs[0], 40 * S);
  t.is(batch.jobs.firstStartMs[1], 50 * S);
  t.is(batch.nodes('own').free, 0);
});

test('an offer drains free nodes first, then by earliest estimated end, then by lowest row', (t) => {
  const batch = cluster([job(0, 2, 80), job(0, 1, 60), job(0, 1, 60), job(0, 1, 90)], 6);
  batch.advance(0);
  const cost = batch.drain('offer', 'own', 4);
  t.deepEqual(cost, { nodes: 0, rows: [], lostNodeMs: 0 });
  t.deepEqual(batch.drained('offer'), { nodes: 4, free: 1 });
  t.deepEqual(batch.nodes('own'), { nodes: 2, free: 0 });
  batch.advance(60 * S);
  t.deepEqual(batch.drained('offer'), { nodes: 4, free: 3 });
  batch.advance(80 * S);
  t.deepEqual(batch.drained('offer'), { nodes: 4, free: 4 });
  t.deepEqual(batch.nodes('own'), { nodes: 2, free: 1 });
  batch.undrain('offer');
  t.deepEqual(batch.nodes('own'), { nodes: 6, free: 5 });
});

test('a node that becomes free takes the place of a drained one that is still busy', (t) => {
  const batch = cluster([job(0, 1, 70), job(0, 1, 10, 100), job(5, 1, 50)], 2);
  batch.advance(0);
  batch.drain('offer', 'own', 1);
  // The node of row 0 was to come first, but row 1 ends early.
  batch.advance(10 * S);
  t.deepEqual(batch.drained('offer'), { nodes: 1, free: 1 });
  t.deepEqual(batch.nodes('own'), { nodes: 1, free: 0 });
  batch.advance(70 * S);
  t.is(batch.jobs.firstStartMs[2], 70 * S);
});

test('until they are handed over, offered nodes take jobs that end in time', (t) => {
  const batch = cluster([job(5, 1, 60), job(5, 1, 55)], 1);
  batch.advance(0);
  batch.drain('offer', 'own', 1, { byMs: 60 * S });
  batch.advance(5 * S);
  t.deepEqual([...batch.jobs.firstStartMs], [NaN, 5 * S]);
  batch.advance(60 * S);
  t.deepEqual(batch.drained('offer'), { nodes: 1, free: 1 });
  t.is(batch.runningJobs, 0);
  batch.undrain('offer');
  t.is(batch.jobs.firstStartMs[0], 60 * S);
});

test('an offer that is called off gives back busy nodes too', (t) => {
  const batch = cluster([job(0, 2, 80), job(1, 1, 10)], 2);
  batch.advance(0);
  batch.drain('offer', 'own', 2);
  t.deepEqual(batch.drained('offer'), { nodes: 2, free: 0 });
  batch.undrain('offer', 1);
  t.deepEqual(batch.nodes('own'), { nodes: 1, free: 0 });
  batch.undrain('offer');
  t.deepEqual(batch.nodes('own'), { nodes: 2, free: 0 });
  runOut(batch);
  t.is(batch.jobs.firstStartMs[1], 80 * S);
});

test('selling busy nodes stops the jobs that lose least, and says what it costs', (t) => {
  const jobs = [job(0, 2, 200), job(0, 2, 300), job(5, 2, 400), job(6, 1, 500)];
  const batch = cluster(jobs, 7, { isCheckpointable: (row) => row !== 2 });
  batch.advance(50 * S);
  const expected = { nodes: 3, rows: [3, 1], lostNodeMs: (1 + 2) * 10 * S };
  t.deepEqual(batch.preemptionCost('own', 3, 'checkpointable'), expected);
  t.deepEqual(batch.drain('sale', 'own', 3, { preemption: 'checkpointable' }), expected);
  t.deepEqual(batch.drained('sale'), { nodes: 3, free: 3 });
  t.is(batch.lostNodeMs, 30 * S);
  t.deepEqual([...batch.queuedRows()], [1, 3]);
  t.is(batch.jobs.keptMs[1], 40 * S);
  t.is(batch.jobs.keptMs[3], 34 * S);
  const rest = batch.preemptionCost('own', 4, 'checkpointable');
  t.deepEqual(rest.rows, [0], 'the rigid job stays');
  t.deepEqual(batch.preemptionCost('own', 4, 'any').rows, [0, 2]);
});

test('stopping a job for an offer frees its other nodes for the queue', (t) => {
  const batch = cluster([job(0, 4, 200), job(1, 2, 50)], 4, { isCheckpointable: everything });
  batch.advance(100 * S);
  batch.drain('sale', 'own', 1, { preemption: 'checkpointable' });
  t.is(batch.jobs.firstStartMs[1], 100 * S);
  t.deepEqual(batch.nodes('own'), { nodes: 3, free: 1 });
});

test('a failed node takes the job started last with it, and its checkpoints stay', (t) => {
  const batch = cluster([job(0, 1, 200), job(5, 1, 300)], 2, { isCheckpointable: everything });
  batch.advance(100 * S);
  batch.removeNodes('own', 1, 'kill');
  t.is(batch.jobs.state[1], JOB_STATE.queued);
  t.is(batch.jobs.keptMs[1], 0);
  t.is(batch.lostNodeMs, 95 * S);
  batch.addNodes('own', 1);
  t.is(batch.jobs.state[1], JOB_STATE.running);
  runOut(batch);
  t.is(batch.jobs.endMs[1], 400 * S);
});

for (const scheduler of SCHEDULERS) {
  test(`${scheduler}: a job too large for what is there waits and holds nobody up`, (t) => {
    const batch = cluster([job(0, 4, 50), job(1, 2, 50), job(2, 2, 50)], 2, { scheduler });
    batch.advance(2 * S);
    t.deepEqual([...batch.jobs.firstStartMs], [NaN, S, NaN]);
    batch.advance(60 * S);
    t.is(batch.jobs.firstStartMs[2], 51 * S);
    batch.addNodes('lease', 2, 200 * S);
    batch.advance(101 * S);
    t.is(batch.jobs.firstStartMs[0], 101 * S);
  });

  // The first of these jobs is the shorter one: longest first, it is no longer the first.
  if (scheduler === 'ljf') continue;

  test(`${scheduler}: nodes that are expected back count in the plan`, (t) => {
    const batch = cluster([job(1, 2, 50), job(2, 1, 300)], 2, { scheduler });
    batch.advance(0);
    batch.drain('lent', 'own', 1, { returnMs: 100 * S });
    batch.advance(2 * S);
    // Known to be whole again at 100 s, the cluster keeps its free node from a job of 300 s.
    t.deepEqual([...batch.jobs.firstStartMs], [NaN, NaN]);
    batch.advance(100 * S);
    batch.undrain('lent');
    t.deepEqual([...batch.jobs.firstStartMs], [100 * S, NaN]);
  });

  test(`${scheduler}: nodes that do not come back in time are not counted on any longer`, (t) => {
    const batch = cluster([job(1, 2, 50), job(2, 1, 300)], 2, { scheduler });
    batch.advance(0);
    batch.drain('lent', 'own', 1, { returnMs: 100 * S });
    batch.advance(100 * S);
    t.is(batch.runningJobs, 0);
    batch.advance(101 * S);
    t.is(batch.jobs.firstStartMs[1], 100 * S + 1);
    batch.undrain('lent');
    runOut(batch);
    t.is(batch.jobs.firstStartMs[0], 400 * S + 1);
  });
}

test('a job is met if it completes with a wait no longer than its patience', (t) => {
  const options = { patienceMinimumMs: 50 * S, patienceFactor: 4 };
  const batch = cluster([job(0, 1, 50), job(0, 1, 1), job(0, 1, 1)], 1, options);
  runOut(batch);
  t.deepEqual(
    [...batch.jobs.state],
    [JOB_STATE.completed, JOB_STATE.completed, JOB_STATE.abandoned],
  );
  t.deepEqual(
    [0, 1, 2].map((row) => batch.jobs.isMet(row)),
    [true, true, false],
  );
  t.is(batch.jobs.endMs[2], 50 * S + 1);
  const patient = cluster([job(0, 1, 50), job(0, 1, 1), job(0, 1, 1)], 1, {
    ...options,
    abandons: false,
  });
  runOut(patient);
  t.deepEqual(
    [0, 1, 2].map((row) => patient.jobs.isMet(row)),
    [true, true, false],
  );
  t.is(patient.jobs.endMs[2], 52 * S);
});

test('patience is at least a day and four times the request, unless set otherwise', (t) => {
  const { jobs } = cluster([job(0, 1, 1), job(0, 1, 1, 86_400)], 1);
  t.deepEqual([...jobs.patienceMs], [DAY_MS, 4 * DAY_MS]);
});

test('the outlook says what stays idle and who cannot start in time', (t) => {
  const jobs = [job(0, 3, 100), job(1, 2, 50), job(2, 4, 10), job(3, 1, 20)];
  for (const scheduler of ['easy', 'conservative'] as const) {
    const batch = cluster(jobs, 4, { scheduler });
    batch.advance(3 * S);
    // Row 3 starts at once; row 1 follows row 0, row 2 follows row 1.
    t.deepEqual([...batch.jobs.firstStartMs], [0, NaN, NaN, 3 * S]);
    t.deepEqual(batch.outlook(100 * S).lateRows, [1, 2]);
    t.deepEqual(batch.outlook(101 * S).lateRows, [2]);
    t.deepEqual(batch.outlook(1000 * S).lateRows, []);
    const outlook = batch.outlook(1000 * S);
    const idle = (from: number, to: number) => outlook.idleNodes('own', from * S, to * S);
    t.deepEqual(
      [idle(3, 23), idle(23, 100), idle(100, 150), idle(150, 160), idle(160, 1000)],
      [0, 1, 2, 0, 4],
    );
    t.is(idle(23, 155), 0);
    t.is(outlook.idleNodes('nothing', 0, S), 0);
  }
});

test('under FCFS the outlook lets nobody overtake', (t) => {
  const jobs = [job(0, 3, 100), job(1, 2, 50), job(3, 1, 20)];
  const batch = cluster(jobs, 4, { scheduler: 'fcfs' });
  batch.advance(3 * S);
  t.deepEqual(batch.outlook(100 * S).lateRows, [1, 2]);
  t.is(batch.outlook(200 * S).idleNodes('own', 3 * S, 100 * S), 1);
});

test('operations that make no sense are bugs and change nothing', (t) => {
  const batch = cluster([job(0, 1, 100)], 2);
  batch.advance(10 * S);
  const bug = { code: 'INVARIANT_VIOLATED' };
  t.throws(() => batch.advance(9 * S), bug);
  t.throws(() => batch.addNodes('lease', 0, 100 * S), bug);
  t.throws(() => batch.addNodes('lease', 1.5, 100 * S), bug);
  t.throws(() => batch.addNodes('lease', 1, 10 * S), bug);
  t.throws(() => batch.removeNodes('own', 3, 'kill'), bug);
  t.throws(() => batch.removeNodes('nobody', 1, 'kill'), bug);
  t.throws(() => batch.drain('offer', 'own', 3), bug);
  t.throws(() => batch.drain('offer', '__proto__', 1), bug);
  t.throws(() => batch.undrain('offer'), bug);
  t.throws(() => batch.bringForward('own', 20 * S), bug);
  t.deepEqual(batch.nodes('own'), { nodes: 2, free: 1 });
  t.is([...batch.groups()].length, 1);
  batch.removeGroup('nobody', 'kill');
});

test('jobs without nodes, run time or estimate are dropped and counted', (t) => {
  const batch = cluster([job(0, 0, 1), job(1, 1, 0, 5), job(2, 1, 5, 0), job(3, 1, 5)], 1);
  t.deepEqual(batch.jobs.dropped, { 'nodes-not-positive': 1, 'run-not-positive': 2 });
  runOut(batch);
  t.is(batch.jobs.endMs[3], 8 * S);
  t.is(batch.nextEventMs() === Infinity || batch.nextEventMs() > DAY_MS, true);
});
