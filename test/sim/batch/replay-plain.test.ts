import test from 'ava';
import { replayJobs } from '../../../sim/clusters/batch/replay.ts';
import type { ReplayOptions } from '../../../sim/clusters/batch/replay.ts';
import { DEFAULT_PRIORITY } from '../../../sim/clusters/batch/replay-fair-share.ts';
import type { PrioritySettings } from '../../../sim/clusters/batch/replay-fair-share.ts';
import { ReplayMachine } from '../../../sim/clusters/batch/replay-machine.ts';
import { PlainReplay } from '../../../sim/clusters/batch/replay-plain.ts';
import { EstimatePolicy } from '../../../sim/clusters/batch/replay-policy.ts';
import {
  CORRECTION_SECONDS,
  PredictionPolicy,
} from '../../../sim/clusters/batch/replay-prediction.ts';
import { PYSS_VARIANT } from '../../../sim/clusters/batch/replay-variant.ts';
import type { EasyVariant } from '../../../sim/clusters/batch/replay-variant.ts';
import { bruteForcePlain } from './brute-force-plain.ts';
import type { PlainFault, PlainRule, UserJob } from './brute-force-plain.ts';
import { smallLog, smallRandom } from './brute-force.ts';
import { tableOf } from './tables.ts';

const PRIORITIES: readonly PrioritySettings[] = [
  { ...DEFAULT_PRIORITY, windowSeconds: 8, windows: 3 },
  { ...DEFAULT_PRIORITY, windowSeconds: 5, windows: 2, fairShare: 0.25, expansion: 4 },
  { ...DEFAULT_PRIORITY, queueTime: 64, processors: 2, fairShare: 0.5, windowSeconds: 4 },
];

const VARIANTS: readonly EasyVariant[] = [
  PYSS_VARIANT,
  { pass: 'event', elapsed: 'busy', extra: true },
  { pass: 'event', elapsed: 'free', extra: false },
  { pass: 'instant', elapsed: 'free', extra: true },
  { pass: 'instant', elapsed: 'busy', extra: false },
  { pass: 5, elapsed: 'free', extra: true },
];

/** Small logs of three users; every second one in half minutes, so that predictions get corrected. */
function userLog(seed: number): { jobs: UserJob[]; processors: number } {
  const { jobs, processors } = smallLog(seed);
  const random = smallRandom(seed + 1_000_000);
  const unit = seed % 2 === 0 ? 1 : 30;
  return {
    processors,
    jobs: jobs.map((job) => ({
      ...job,
      submit: job.submit * unit,
      run: job.run * unit,
      estimate: job.estimate * unit,
      user: random(3),
    })),
  };
}

function replayStarts(
  jobs: readonly UserJob[],
  options: ReplayOptions & { readonly variant: EasyVariant },
): number[] {
  const table = tableOf(jobs);
  for (const [row, { user }] of jobs.entries()) table.user[row] = user;
  return [...replayJobs(table, options).startSeconds];
}

/** Seeds in [0, count) on which the two schedules differ. */
function differences(rule: PlainRule, count: number, fault: PlainFault = 'none'): number[] {
  const different: number[] = [];
  for (let seed = 0; seed < count; seed++) {
    const { jobs, processors } = userLog(seed);
    const variant = VARIANTS[Math.floor(seed / 2) % VARIANTS.length]!;
    const priority = PRIORITIES[seed % PRIORITIES.length]!;
    const brute = { jobs, processors, rule, variant, priority, steps: CORRECTION_SECONDS, fault };
    const starts = replayStarts(jobs, {
      processors,
      scheduler: rule,
      variant,
      ...(rule === 'maui' ? { priority } : {}),
    });
    if (bruteForcePlain(brute).some((start, job) => start !== starts[job])) different.push(seed);
  }
  return different;
}

const LOGS = 1_500;

for (const rule of ['easy', 'easy-sjbf', 'easy++', 'maui'] as const) {
  test(`${rule} in all variants has the schedule of brute force on ${LOGS} small logs`, (t) => {
    t.deepEqual(differences(rule, LOGS).slice(0, 5), []);
  });
}

test('the comparison finds every planted mistake', (t) => {
  const planted: [PlainRule, PlainFault][] = [
    ['easy++', 'first-two-jobs'],
    ['easy++', 'predicts-anew'],
    ['easy++', 'pass-every-second'],
    ['maui', 'no-decay'],
    ['maui', 'everybody-counts'],
    ['maui', 'pass-every-second'],
  ];
  for (const [rule, fault] of planted) {
    const found = differences(rule, 600, fault).length;
    // The same target for all moves all priorities alike.
    if (fault === 'everybody-counts') t.is(found, 0, 'targets alike change no order');
    else t.true(found > 0, `${rule} ${fault}`);
  }
});

test('every variant of EASY gives other schedules than pyss on some log', (t) => {
  for (const variant of VARIANTS.slice(1)) {
    let other = 0;
    for (let seed = 0; seed < 500; seed++) {
      const { jobs, processors } = userLog(seed);
      const scheduler = 'easy';
      const pyss = replayStarts(jobs, { processors, scheduler, variant: PYSS_VARIANT });
      const starts = replayStarts(jobs, { processors, scheduler, variant });
      if (starts.some((start, job) => start !== pyss[job])) other += 1;
    }
    t.true(other > 0, JSON.stringify(variant));
  }
});

test('the plain replay of EASY is the fast one', (t) => {
  for (let seed = 0; seed < 3_000; seed++) {
    const { jobs, processors } = smallLog(seed);
    const table = tableOf(jobs);
    const scheduler = seed % 2 === 0 ? 'easy' : 'easy-sjbf';
    const { startSeconds } = replayJobs(table, { processors, scheduler });
    const machine = new ReplayMachine(table, processors, false);
    const policy = new EstimatePolicy(machine, scheduler === 'easy-sjbf');
    new PlainReplay(machine, policy, PYSS_VARIANT).run((row) => row + 1);
    if (startSeconds.some((start, row) => start !== machine.startSeconds[row])) {
      t.fail(`seed ${seed}`);
    }
  }
  t.pass();
});

test('predictions by hand: two short runs let the third job of a user slip in', (t) => {
  const job = (
    submit: number,
    processors: number,
    run: number,
    estimate: number,
    user: number,
  ) => ({
    submit,
    processors,
    run,
    estimate,
    user,
  });
  // User 1 asks for 100 s and runs 10 s. At 20 s one processor is free until 60 s.
  const jobs = [
    job(0, 1, 10, 100, 1),
    job(0, 1, 10, 100, 1),
    job(15, 1, 45, 45, 2),
    job(16, 2, 10, 10, 3),
    job(20, 1, 12, 100, 1),
  ];
  const starts = (scheduler: 'easy-sjbf' | 'easy++') =>
    replayStarts(jobs, { processors: 2, scheduler, variant: PYSS_VARIANT });
  t.deepEqual(starts('easy-sjbf'), [0, 0, 15, 60, 70]);
  t.deepEqual(starts('easy++'), [0, 0, 15, 60, 20]);
});

test('a prediction that was too short grows by one step from the first one, up to the estimate', (t) => {
  const table = tableOf([
    { submit: 0, processors: 1, run: 900_000, estimate: 1_000_000 },
    { submit: 0, processors: 1, run: 5, estimate: 5 },
  ]);
  const ended = tableOf([{ submit: 0, processors: 1, run: 10, estimate: 10 }]);
  const machine = new ReplayMachine(table, 1, false);
  const policy = new PredictionPolicy(machine);
  // Two jobs of 10 s have ended before it.
  table.runSeconds[0] = ended.runSeconds[0]!;
  policy.ended(0);
  policy.ended(0);
  table.runSeconds[0] = 900_000;
  policy.submitted(0);
  policy.submitted(1);
  t.is(policy.expected(0), 10);
  t.is(policy.expected(1), 5, 'never more than the estimate');
  const after = [10, 69, 70, 310, 910, 360_009, 360_010];
  t.deepEqual(
    after.map((elapsed) => policy.corrected(0, 0, elapsed)),
    [70, 70, 310, 910, 1_810, 360_010, 1_000_000],
  );
});

test('fair share by hand: who used nothing goes before who used the machine', (t) => {
  const job = (submit: number, user: number) => ({
    submit,
    processors: 1,
    run: 3_600,
    estimate: 3_600,
    user,
  });
  const jobs = [job(0, 1), job(1, 1), job(2, 1), job(3, 2)];
  const starts = (fairShare: number) =>
    replayStarts(jobs, {
      processors: 1,
      scheduler: 'maui',
      variant: PYSS_VARIANT,
      priority: { fairShare },
    });
  t.deepEqual(starts(0), [0, 3_600, 7_200, 10_800]);
  // After the first hour user 1 used all: 100 points more than user 2. After the second both alike.
  t.deepEqual(starts(60), [0, 7_200, 10_800, 3_600]);
});

test('variants and priorities that make no sense are refused', (t) => {
  const table = tableOf([{ submit: 0, processors: 1, run: 1, estimate: 1 }]);
  const refused = (options: Partial<ReplayOptions>) =>
    t.throws(() => replayJobs(table, { processors: 1, scheduler: 'maui', ...options }), {
      code: 'INPUT_ARGUMENT',
    });
  refused({ variant: { pass: 0 } });
  refused({ variant: { pass: NaN } });
  refused({ variant: { elapsed: 'perhaps' as 'free' } });
  refused({ priority: { windows: 0 } });
  refused({ priority: { windows: 1e9 } });
  refused({ priority: { decay: 2 } });
  refused({ priority: { queueTime: Infinity } });
  refused({ scheduler: 'fcfs', variant: { extra: false } });
  refused({ scheduler: 'easy', priority: { fairShare: 1 } });
});
