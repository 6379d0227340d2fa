import test from 'ava';
import { emptyJobTable } from '../../../core/demand/jobs.ts';
import type { JobTable } from '../../../core/demand/jobs.ts';
import { ExactSum } from '../../../core/kernel/exact-sum.ts';
import { ReplayStream } from '../../../sim/clusters/batch/replay-stream.ts';
import { replayJobs } from '../../../sim/clusters/batch/replay.ts';
import { bruteForce, smallLog, smallRandom } from './brute-force.ts';
import type { Fault, Rule } from './brute-force.ts';
import { tableOf } from './tables.ts';

const LOGS = 10_000;

/** Seeds in [from, to) on which the two schedules differ. */
function differences(scheduler: Rule, from: number, to: number, fault: Fault): number[] {
  const different: number[] = [];
  for (let seed = from; seed < to; seed++) {
    const { jobs, processors } = smallLog(seed);
    const { starts } = bruteForce(jobs, processors, scheduler, fault);
    const { startSeconds } = replayJobs(tableOf(jobs), { processors, scheduler });
    if (starts.some((start, job) => start !== startSeconds[job])) different.push(seed);
  }
  return different;
}

/** Those that go by the estimates of users; `replay-plain.test.ts` has the others. */
const RULES: readonly Rule[] = ['fcfs', 'easy', 'easy-sjbf', 'conservative', 'sjf', 'ljf'];

for (const scheduler of RULES) {
  test(`${scheduler} has the schedule of a brute-force scheduler on ${LOGS} small logs`, (t) => {
    t.deepEqual(differences(scheduler, 0, LOGS, 'none').slice(0, 5), []);
  });
}

test('the comparison finds every planted mistake', (t) => {
  const planted: [Rule, Fault][] = [
    ['fcfs', 'elapsed-not-free'],
    ['easy', 'elapsed-not-free'],
    ['easy', 'shadow-excluded'],
    ['easy', 'extra-ignored'],
    ['easy', 'pass-per-instant'],
    ['easy-sjbf', 'shadow-excluded'],
    ['easy-sjbf', 'unstable-estimates'],
    ['conservative', 'no-compression'],
    ['sjf', 'unstable-estimates'],
    ['ljf', 'unstable-estimates'],
  ];
  for (const [scheduler, fault] of planted) {
    const found = differences(scheduler, 0, 1_500, fault).length;
    if (scheduler === 'fcfs') t.is(found, 0, 'an end is an event: FCFS cannot tell the difference');
    else t.true(found > 0, `${scheduler} ${fault}`);
  }
});

test('no job starts later than its first reservation', (t) => {
  let promises = 0;
  for (const scheduler of ['easy', 'easy-sjbf', 'conservative'] as const) {
    for (let seed = 20_000; seed < 22_000; seed++) {
      const { jobs, processors } = smallLog(seed);
      const { promised } = bruteForce(jobs, processors, scheduler);
      const { startSeconds } = replayJobs(tableOf(jobs), { processors, scheduler });
      for (const [job, start] of promised.entries()) {
        if (start < Infinity) promises += 1;
        if (startSeconds[job]! > start) t.fail(`${scheduler} seed ${seed} job ${job}`);
      }
    }
  }
  t.true(promises > 10_000);
});

test('jobs that cannot run are dropped and counted by reason', (t) => {
  const table = tableOf([
    { submit: 0, processors: 4, run: 10, estimate: 20 },
    { submit: 1, processors: 5, run: 10, estimate: 20 },
    { submit: 2, processors: 1, run: 0, estimate: 20 },
    { submit: 3, processors: 1, run: 10, estimate: -1 },
    { submit: 4, processors: 0, run: 10, estimate: 20 },
    { submit: 5, processors: 4, run: 100, estimate: 20 },
  ]);
  const result = replayJobs(table, { processors: 4, scheduler: 'easy' });
  t.deepEqual(result.dropped, {
    'processors-above-machine': 1,
    'run-not-positive': 1,
    'estimate-not-positive': 1,
    'processors-not-positive': 1,
  });
  t.is(result.jobs, 2);
  t.deepEqual([...result.waitSeconds], [0, NaN, NaN, NaN, NaN, 5]);
  // The last run is cut to its estimate: 10 + 20 seconds of the whole machine.
  t.is(result.makespanSeconds, 30);
  t.is(result.utilisation, 1);
  t.is(result.meanWaitSeconds, 2.5);
  t.is(result.meanBoundedSlowdown, (1 + 25 / 20) / 2);
});

test('a clairvoyant scheduler goes by run times cut to the estimate', (t) => {
  const jobs = [
    { submit: 0, processors: 1, run: 5, estimate: 50 },
    { submit: 0, processors: 2, run: 5, estimate: 5 },
    { submit: 0, processors: 1, run: 5, estimate: 50 },
  ];
  const starts = (clairvoyant: boolean) => [
    ...replayJobs(tableOf(jobs), { processors: 2, scheduler: 'easy', clairvoyant }).startSeconds,
  ];
  t.deepEqual(starts(false), [0, 5, 0]);
  t.deepEqual(starts(true), [0, 5, 0]);
  const longer = [...jobs.slice(0, 2), { submit: 0, processors: 1, run: 6, estimate: 50 }];
  const result = replayJobs(tableOf(longer), {
    processors: 2,
    scheduler: 'easy',
    clairvoyant: true,
  });
  t.deepEqual([...result.startSeconds], [0, 5, 10]);
});

test('an empty log has no waits, and zeros for figures', (t) => {
  const { meanWaitSeconds, meanBoundedSlowdown, utilisation, makespanSeconds, jobs } = replayJobs(
    emptyJobTable(0),
    { processors: 1, scheduler: 'fcfs' },
  );
  const figures = [meanWaitSeconds, meanBoundedSlowdown, utilisation, makespanSeconds, jobs];
  t.deepEqual(figures, [0, 0, 0, 0, 0]);
});

test('options and tables that make no sense are refused', (t) => {
  const table = tableOf([{ submit: 0, processors: 1, run: 1, estimate: 1 }]);
  for (const processors of [0, -1, 1.5, NaN, 2 ** 31]) {
    const refused = () => replayJobs(table, { processors, scheduler: 'easy' });
    t.throws(refused, { code: 'INPUT_ARGUMENT' });
  }
  const misspelt = { processors: 1, scheduler: 'esay' as Rule };
  t.throws(() => replayJobs(table, misspelt), { code: 'INPUT_ARGUMENT' });
  const unsorted = tableOf([
    { submit: 5, processors: 1, run: 1, estimate: 1 },
    { submit: 4, processors: 1, run: 1, estimate: 1 },
  ]);
  const options = { processors: 1, scheduler: 'easy' } as const;
  t.throws(() => replayJobs(unsorted, options), { code: 'INPUT_UNSORTED' });
});

test('a queue of thousands does not slow the schedulers down out of proportion', (t) => {
  const log = (count: number) => {
    let state = 7;
    const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 4294967296;
    return tableOf(
      Array.from({ length: count }, (_, row) => {
        const estimate = 3600 * Math.ceil(8 * random());
        const run = 1 + Math.floor(estimate * random());
        return { submit: row, processors: 1 + Math.floor(64 * random()), run, estimate };
      }),
    );
  };
  for (const scheduler of ['fcfs', 'easy', 'easy-sjbf'] as const) {
    const seconds = [5_000, 40_000].map((count) => {
      const table = log(count);
      const before = process.cpuUsage();
      replayJobs(table, { processors: 64, scheduler });
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1e6;
    });
    // Everybody waits at once, so a scan of the whole queue at each event would take 64 times.
    t.true(seconds[1]! < 0.1 + 24 * seconds[0]!, `${scheduler}: ${seconds.join(' s, ')} s`);
  }
});

/** Rows [from, to) of a table. */
function piece(table: JobTable, from: number, to: number): JobTable {
  return {
    count: to - from,
    jobNumber: table.jobNumber.subarray(from, to),
    submitSeconds: table.submitSeconds.subarray(from, to),
    runSeconds: table.runSeconds.subarray(from, to),
    estimateSeconds: table.estimateSeconds.subarray(from, to),
    processors: table.processors.subarray(from, to),
    user: table.user.subarray(from, to),
  };
}

/** What differs between a replay of the whole table and one in pieces; null for nothing. */
function streamDifference(
  table: JobTable,
  processors: number,
  scheduler: Rule,
  draw: (exclusiveEnd: number) => number,
  longest: number,
): string | null {
  const { startSeconds: _, waitSeconds, ...figures } = replayJobs(table, { processors, scheduler });
  const expected: string[] = [];
  for (let row = 0; row < table.count; row++) {
    if (waitSeconds[row]! >= 0) expected.push(`${table.jobNumber[row]} ${waitSeconds[row]}`);
  }
  for (const isHandedOn of [true, false]) {
    const found: string[] = [];
    const stream = new ReplayStream({
      processors,
      scheduler,
      windowRows: 2 + draw(3),
      ...(isHandedOn && {
        rows(jobs, starts, from, to) {
          for (let row = from; row < to; row++) {
            found.push(`${jobs.jobNumber[row]} ${starts[row]! - jobs.submitSeconds[row]!}`);
          }
        },
      }),
    });
    for (let row = 0; row < table.count;) {
      const next = Math.min(table.count, row + 1 + draw(longest));
      stream.feed(piece(table, row, next));
      row = next;
    }
    const streamed = stream.finish();
    if (JSON.stringify(streamed) !== JSON.stringify(figures)) return 'figures';
    if (isHandedOn && found.join() !== expected.join()) return 'waits';
  }
  return null;
}

test('a replay in pieces has the waits and the figures of the whole log', (t) => {
  for (const scheduler of RULES) {
    for (let seed = 40_000; seed < 40_300; seed++) {
      const { jobs, processors } = smallLog(seed);
      const table = tableOf(jobs);
      // Some that cannot run.
      if (seed % 3 === 0) table.processors[0] = processors + 1;
      if (seed % 5 === 0) table.runSeconds[table.count - 1] = 0;
      const difference = streamDifference(table, processors, scheduler, smallRandom(seed), 4);
      t.is(difference, null, `${scheduler}, seed ${seed}`);
    }
  }
});

/** Jobs that come twice as fast as they are served in every other thousand, and hardly in the rest. */
function wavingLog(count: number): JobTable {
  const draw = smallRandom(count);
  let submit = 0;
  return tableOf(
    Array.from({ length: count }, (_, row) => {
      submit += draw(row % 1_000 < 500 ? 40 : 400);
      const estimate = 10 + draw(590);
      return { submit, processors: 1 + draw(16), run: 1 + draw(estimate), estimate };
    }),
  );
}

test('a long log in pieces passes through a window that only its queue makes wide', (t) => {
  const rows = RULES.map((scheduler) => {
    const log = wavingLog(6_000);
    t.is(streamDifference(log, 100, scheduler, smallRandom(7), 900), null, scheduler);
    const stream = new ReplayStream({ processors: 100, scheduler, windowRows: 2 });
    stream.feed(log);
    const early = stream.windowRows;
    const last = log.submitSeconds[log.count - 1]!;
    for (let round = 1; round <= 3; round++) {
      const later = wavingLog(6_000);
      for (let row = 0; row < later.count; row++) later.submitSeconds[row]! += round * last;
      stream.feed(later);
    }
    stream.finish();
    return [early, stream.windowRows];
  });
  for (const [early, late] of rows) t.true(late! <= 2 * early! && late! < 3_000, rows.join('; '));
});

test('what cannot be replayed in pieces is refused', (t) => {
  const table = tableOf([
    { submit: 5, processors: 1, run: 1, estimate: 1 },
    { submit: 4, processors: 1, run: 1, estimate: 1 },
  ]);
  const options = { processors: 1, scheduler: 'easy' } as const;
  t.throws(() => new ReplayStream(options).feed(table), { code: 'INPUT_UNSORTED' });
  const stream = new ReplayStream(options);
  stream.feed(piece(table, 0, 1));
  t.throws(() => stream.feed(piece(table, 1, 2)), { code: 'INPUT_UNSORTED' });
  for (const scheduler of ['easy++', 'maui'] as const) {
    t.throws(() => new ReplayStream({ ...options, scheduler }), { code: 'INPUT_ARGUMENT' });
  }
  const variant = { pass: 'instant' } as const;
  t.throws(() => new ReplayStream({ ...options, variant }), { code: 'INPUT_ARGUMENT' });
  t.is(new ReplayStream(options).finish().jobs, 0);
});

test('a sum is that of whole numbers in all orders of its terms', (t) => {
  const draw = smallRandom(3);
  const SCALE = 2 ** 80;
  for (let round = 0; round < 2_000; round++) {
    // Terms of all magnitudes, some that cancel, some half-way between two doubles.
    const terms = Array.from({ length: 1 + draw(12) }, () => {
      const term = (1 + draw(2 ** 26) * 2 ** -26) * 2 ** (draw(100) - 50);
      return draw(3) === 0 ? -term : term;
    });
    if (draw(2) === 0) terms.push(1, 2 ** -53, draw(2) === 0 ? 2 ** -70 : -(2 ** -70));
    let whole = 0n;
    for (const term of terms) whole += BigInt(term * SCALE);
    const expected = Number(whole) / SCALE;
    for (const order of [terms, terms.toReversed(), terms.toSorted((a, b) => a - b)]) {
      const sum = new ExactSum();
      for (const term of order) sum.add(term);
      if (sum.value !== expected) t.fail(`${order.join(' + ')} = ${expected}, not ${sum.value}`);
    }
  }
  t.is(new ExactSum().value, 0);
});
