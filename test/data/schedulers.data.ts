/**
 * The batch schedulers on real logs: every published wait (Gaussier, Glesser, Reis & Trystram,
 * SC'15), and the cluster whose nodes may change against the replay where they do not.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import test from 'ava';
import { BatchCluster } from '../../sim/clusters/batch/cluster.ts';
import { replayJobs } from '../../sim/clusters/batch/replay.ts';
import { boundedSlowdown } from '../../sim/clusters/batch/replay-figures.ts';
import { ReplayMachine, runSeconds } from '../../sim/clusters/batch/replay-machine.ts';
import { PlainReplay } from '../../sim/clusters/batch/replay-plain.ts';
import { EstimatePolicy } from '../../sim/clusters/batch/replay-policy.ts';
import { PYSS_VARIANT } from '../../sim/clusters/batch/replay-variant.ts';
import { SCHEDULERS } from '../../sim/clusters/batch/scheduler.ts';
import { readSwf } from '../../workloads/formats/swf.ts';

const traces = process.env['OCX_TRACES'];
const oracle = join(traces ?? '', 'scheduler-oracle');
const withTraces = traces === undefined ? test.skip : test;

/** Mean wait in seconds and mean bounded slowdown as published. */
const PUBLISHED = [
  ['KTH-SP2', 100, 'easy', false, '6836.872090', '92.57653973'],
  ['KTH-SP2', 100, 'easy', true, '6327.681612', '71.72238511'],
  ['KTH-SP2', 100, 'easy-sjbf', true, '5436.020751', '49.84771893'],
  ['SDSC-SP2', 128, 'easy', false, '20497.761008', '87.87032419'],
  ['SDSC-SP2', 128, 'easy', true, '17337.105618', '70.47794197'],
  ['SDSC-SP2', 128, 'easy-sjbf', true, '16307.078288', '56.83622127'],
] as const;

const COLUMN = { easy: 1, 'easy-sjbf': 3 } as const;

function jobsOf(log: string) {
  return readSwf(join(oracle, `${log}.input.swf.gz`)).jobs;
}

function publishedWaits(log: string, column: number): number[] {
  const text = gunzipSync(readFileSync(join(oracle, `${log}.waits.csv.gz`))).toString();
  return text
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => Number(line.split(',')[column]));
}

for (const [log, processors, scheduler, clairvoyant, meanWait, meanSlowdown] of PUBLISHED) {
  const name = `${log} ${scheduler}${clairvoyant ? ' clairvoyant' : ''}`;
  withTraces(`${name}: no wait differs from the published schedule`, (t) => {
    const result = replayJobs(jobsOf(log), { processors, scheduler, clairvoyant });
    const column = scheduler === 'easy' && clairvoyant ? 2 : COLUMN[scheduler];
    const expected = publishedWaits(log, column);
    t.is(result.waitSeconds.length, expected.length);
    t.is(expected.filter((wait, row) => wait !== result.waitSeconds[row]).length, 0);
    t.is(result.meanWaitSeconds.toFixed(6), meanWait);
    t.is(result.meanBoundedSlowdown.toFixed(8), meanSlowdown);
    t.deepEqual(result.dropped, {});
  });
}

for (const scheduler of ['easy', 'easy-sjbf'] as const) {
  withTraces(
    `KTH-SP2 ${scheduler} clairvoyant: the plain replay has the published waits too`,
    (t) => {
      const jobs = jobsOf('KTH-SP2');
      const machine = new ReplayMachine(jobs, 100, true);
      const policy = new EstimatePolicy(machine, scheduler === 'easy-sjbf');
      new PlainReplay(machine, policy, PYSS_VARIANT).run((row) => row + 1);
      const expected = publishedWaits('KTH-SP2', scheduler === 'easy' ? 2 : 3);
      const waits = machine.startSeconds.map((start, row) => start - jobs.submitSeconds[row]!);
      t.is(expected.filter((wait, row) => wait !== waits[row]).length, 0);
    },
  );
}

/**
 * Mean time in the system and mean bounded slowdown of the last 27,288 jobs, as in predictsim's
 * `experiments/data/KTH-SP2/sim_analysis_after3w/metrics_complete`, and how near they must be.
 */
const AFTER_THREE_WEEKS = [
  ['easy', 15979.7396657872, 93.936631683096, 1e-12],
  ['easy-sjbf', 15015.7049985342, 70.0967928385907, 1e-12],
  ['easy++', 15359.2982996189, 63.6661792345508, 1e-4],
] as const;

for (const [scheduler, meanTime, meanSlowdown, tolerance] of AFTER_THREE_WEEKS) {
  withTraces(`KTH-SP2 ${scheduler}: the published means after three weeks`, (t) => {
    const jobs = jobsOf('KTH-SP2');
    const { waitSeconds } = replayJobs(jobs, { processors: 100, scheduler });
    const count = 27_288;
    let time = 0;
    let slowdown = 0;
    for (let row = jobs.count - count; row < jobs.count; row++) {
      const run = runSeconds(jobs, row);
      time += (waitSeconds[row]! + run) / count;
      slowdown += boundedSlowdown(waitSeconds[row]!, run) / count;
    }
    t.true(Math.abs(time / meanTime - 1) < tolerance, `${time}`);
    t.true(Math.abs(slowdown / meanSlowdown - 1) < tolerance, `${slowdown}`);
  });
}

/** As in docs/results/validation.md; nothing is published for these. */
const REGRESSION = [
  ['easy', { elapsed: 'busy' }, '6836.84', '92.574'],
  ['easy', { pass: 'instant' }, '6834.59', '92.688'],
  ['easy', { pass: 30 }, '6861.58', '93.599'],
  ['easy', { extra: false }, '8603.75', '102.381'],
  ['easy++', {}, '6236.60', '63.504'],
  ['maui', {}, '5952.16', '61.365'],
  ['sjf', {}, '13333.21', '135.405'],
  ['ljf', {}, '6727413.69', '206312.178'],
] as const;

for (const [scheduler, variant, meanWait, meanSlowdown] of REGRESSION) {
  withTraces(`KTH-SP2 ${scheduler} ${JSON.stringify(variant)}: as the documentation says`, (t) => {
    const result = replayJobs(jobsOf('KTH-SP2'), { processors: 100, scheduler, variant });
    t.is(result.meanWaitSeconds.toFixed(2), meanWait);
    t.is(result.meanBoundedSlowdown.toFixed(3), meanSlowdown);
  });
}

withTraces('a planted mistake in one wait would be seen', (t) => {
  const jobs = jobsOf('KTH-SP2');
  const fewer = replayJobs(jobs, { processors: 101, scheduler: 'easy' });
  const expected = publishedWaits('KTH-SP2', 1);
  t.true(expected.some((wait, row) => wait !== fewer.waitSeconds[row]));
});

for (const scheduler of SCHEDULERS) {
  withTraces(`KTH-SP2 ${scheduler}: a cluster with two classes of nodes is the replay`, (t) => {
    const jobs = jobsOf('KTH-SP2');
    const { startSeconds } = replayJobs(jobs, { processors: 100, scheduler });
    const cluster = new BatchCluster(jobs, {
      scheduler,
      homeNodes: { legacy: 20, standard: 80 },
      abandons: false,
    });
    cluster.advance(1e15);
    t.true(cluster.isResolved());
    const { firstStartMs } = cluster.jobs;
    t.is(firstStartMs.filter((startMs, row) => startMs !== startSeconds[row]! * 1000).length, 0);
  });
}
