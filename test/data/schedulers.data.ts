/**
 * The batch schedulers on real logs: every published wait (Gaussier, Glesser, Reis & Trystram,
 * SC'15), and the cluster whose nodes may change against the replay where they do not.
 */
import { join } from 'node:path';
import test from 'ava';
import {
  AFTER_THREE_WEEKS,
  oracleJobs,
  PUBLISHED_SCHEDULES,
  publishedWaits,
} from '../../bench/validation/oracles.ts';
import { BatchCluster } from '../../sim/clusters/batch/cluster.ts';
import { replayJobs } from '../../sim/clusters/batch/replay.ts';
import { boundedSlowdown } from '../../sim/clusters/batch/replay-figures.ts';
import { ReplayMachine, runSeconds } from '../../sim/clusters/batch/replay-machine.ts';
import { PlainReplay } from '../../sim/clusters/batch/replay-plain.ts';
import { EstimatePolicy } from '../../sim/clusters/batch/replay-policy.ts';
import { PYSS_VARIANT } from '../../sim/clusters/batch/replay-variant.ts';
import { SCHEDULERS } from '../../sim/clusters/batch/scheduler.ts';

const traces = process.env['OCX_TRACES'];
const oracle = join(traces ?? '', 'scheduler-oracle');
const withTraces = traces === undefined ? test.skip : test;

const jobsOf = (log: string) => oracleJobs(oracle, log);

for (const published of PUBLISHED_SCHEDULES) {
  const { log, processors, scheduler, clairvoyant, meanWait, meanSlowdown, column } = published;
  const name = `${log} ${scheduler}${clairvoyant ? ' clairvoyant' : ''}`;
  withTraces(`${name}: no wait differs from the published schedule`, (t) => {
    const result = replayJobs(jobsOf(log), { processors, scheduler, clairvoyant });
    const expected = publishedWaits(oracle, log, column);
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
      const expected = publishedWaits(oracle, 'KTH-SP2', scheduler === 'easy' ? 2 : 3);
      const waits = machine.startSeconds.map((start, row) => start - jobs.submitSeconds[row]!);
      t.is(expected.filter((wait, row) => wait !== waits[row]).length, 0);
    },
  );
}

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
  const expected = publishedWaits(oracle, 'KTH-SP2', 1);
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
