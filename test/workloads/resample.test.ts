import test from 'ava';
import fc from 'fast-check';
import { emptyJobTable, type JobTable } from '../../core/demand/jobs.ts';
import type { Demand, NodeNeedSeries } from '../../core/demand/demand.ts';
import { randomStream } from '../../core/kernel/random.ts';
import { DAY_MS, HOUR_MS, WEEK_MS } from '../../core/kernel/units.ts';
import { jobsOnNodes } from '../../workloads/nodes.ts';
import {
  lowerBound,
  planResampling,
  resampleJobs,
  resampleNeeds,
} from '../../workloads/resample.ts';
import { shiftDemand } from '../../workloads/shift.ts';
import { refusal } from './files.ts';

const stream = (purpose: string) =>
  randomStream({ seed: 1, replication: 0, entity: 'test', purpose });

/** One job an hour, which starts on the log's clock at `startHour`. */
function hourlyJobs(hours: number, startHour = 0): JobTable {
  const jobs = emptyJobTable(hours);
  for (let i = 0; i < hours; i++) {
    jobs.jobNumber[i] = i + 1;
    jobs.submitSeconds[i] = (startHour + i) * 3_600;
    jobs.runSeconds[i] = 1e6;
    jobs.processors[i] = (i % 7) + 1;
  }
  return jobs;
}

function span(weeks: number, firstMondayDays = 0) {
  return { startMs: 0, endMs: weeks * WEEK_MS, firstMondayMs: firstMondayDays * DAY_MS };
}

test('a trace that is long enough gives a window from a Monday', (t) => {
  for (let seed = 0; seed < 50; seed++) {
    const plan = planResampling(span(20, 3), 8 * WEEK_MS, stream(`${seed}`));
    t.is(plan.mode, 'window');
    t.is(plan.blocks.length, 1);
    const { fromMs, toMs, lengthMs } = plan.blocks[0]!;
    t.is((fromMs - 3 * DAY_MS) % WEEK_MS, 0);
    t.true(fromMs >= 0 && fromMs + lengthMs <= 20 * WEEK_MS);
    t.is(toMs, 0);
  }
});

test('ten weeks are resampled in weeks, fewer in days of the same weekday', (t) => {
  const weeks = planResampling(span(12), 30 * WEEK_MS, stream('a'));
  t.is(weeks.mode, 'weeks');
  t.regex(weeks.treatment, /conditional on 12 weeks/);
  t.true(weeks.blocks.every((block) => block.fromMs % WEEK_MS === block.toMs % WEEK_MS));
  const days = planResampling(span(4, 2), 30 * WEEK_MS, stream('b'));
  t.is(days.mode, 'days');
  t.true(
    days.blocks.every((block) => (block.fromMs - 2 * DAY_MS - block.toMs) % WEEK_MS === 0),
    'every day stands on its own weekday',
  );
});

test('all days and weeks of the trace are drawn', (t) => {
  const days = planResampling(span(4), 100 * WEEK_MS, stream('c'));
  t.is(new Set(days.blocks.map((block) => block.fromMs)).size, 28);
  const weeks = planResampling(span(12), 200 * WEEK_MS, stream('d'));
  t.is(new Set(weeks.blocks.map((block) => block.fromMs)).size, 12);
});

test('blocks cover the horizon once, whatever its length', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 * 24 }),
      fc.constantFrom('weeks' as const, 'days' as const),
      (hours, mode) => {
        const plan = planResampling(span(11, 4), hours * HOUR_MS, stream('e'), mode);
        let at = 0;
        for (const block of plan.blocks) {
          t.is(block.toMs, at);
          at += block.lengthMs;
        }
        t.is(at, hours * HOUR_MS);
      },
    ),
  );
});

test('a trace that is too short is refused', (t) => {
  const short = { startMs: 0, endMs: 3 * DAY_MS, firstMondayMs: 0 };
  refusal(t, () => planResampling(short, WEEK_MS, stream('f')), 'INPUT_TRACE_SHORT');
  refusal(t, () => planResampling(short, WEEK_MS, stream('f'), 'weeks'), 'INPUT_TRACE_SHORT');
  refusal(
    t,
    () => planResampling(span(3), 4 * WEEK_MS, stream('f'), 'window'),
    'INPUT_TRACE_SHORT',
  );
});

test('resampled jobs stand in order at the same hour of the week and run on', (t) => {
  const jobs = hourlyJobs(24 * 7 * 12);
  const plan = planResampling(span(12), 20 * WEEK_MS, stream('g'));
  const sample = resampleJobs(jobs, plan);
  t.is(sample.count, 24 * 7 * 20);
  for (let i = 0; i < sample.count; i++) {
    t.is(sample.submitSeconds[i], i * 3_600);
    t.is((sample.jobNumber[i]! - 1) % 168, i % 168);
  }
  t.true(sample.runSeconds.every((run) => run === 1e6));
});

test('a resampled need holds over the border of its block', (t) => {
  const needs: NodeNeedSeries = {
    timeMs: Float64Array.of(0, 36 * HOUR_MS, 8 * DAY_MS),
    nodes: Float64Array.of(3, 5, 9),
  };
  const blocks = [
    { fromMs: 2 * DAY_MS, toMs: 0, lengthMs: DAY_MS },
    { fromMs: DAY_MS, toMs: DAY_MS, lengthMs: DAY_MS },
    { fromMs: 0, toMs: 2 * DAY_MS, lengthMs: DAY_MS },
  ];
  const sample = resampleNeeds(needs, { blocks, mode: 'days', treatment: '' });
  t.deepEqual([...sample.timeMs], [0, DAY_MS, DAY_MS + 12 * HOUR_MS, 2 * DAY_MS]);
  t.deepEqual([...sample.nodes], [5, 3, 5, 3]);
});

test('lowerBound finds what a scan finds', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 20 })),
      fc.integer({ min: -1, max: 21 }),
      (a, b) => {
        const column = Float64Array.from(a).sort();
        const found = column.findIndex((value) => value >= b);
        t.is(lowerBound(column, b), found < 0 ? column.length : found);
      },
    ),
  );
});

test('processors become whole nodes, and wide jobs are counted', (t) => {
  const jobs = emptyJobTable(5);
  jobs.processors.set([1, 4, 5, 17, 40]);
  const dropped = jobsOnNodes(jobs, 4, 8);
  t.deepEqual([...dropped.jobs.processors], [1, 1, 2, 5]);
  t.deepEqual([dropped.widerDropped, dropped.widerCapped], [1, 0]);
  const capped = jobsOnNodes(jobs, 4, 8, 'cap');
  t.deepEqual([...capped.jobs.processors], [1, 1, 2, 5, 8]);
  t.deepEqual([capped.widerDropped, capped.widerCapped], [0, 1]);
  const fitted = jobsOnNodes(jobs, 4, 8, 'drop', 0.5);
  t.deepEqual([...fitted.jobs.processors], [1, 1, 1, 2, 5]);
  t.deepEqual([...jobsOnNodes(jobs, 0.1, 4000).jobs.processors], [10, 40, 50, 170, 400]);
  refusal(t, () => jobsOnNodes(jobs, 0, 8), 'INPUT_CORES_PER_NODE');
});

test('shifting moves jobs round the end and loses none', (t) => {
  const jobs = hourlyJobs(168);
  const demand: Demand = { kind: 'batch', jobs };
  const shifted = shiftDemand(demand, 5 * HOUR_MS, WEEK_MS);
  t.true(shifted.kind === 'batch');
  if (shifted.kind !== 'batch') return;
  t.deepEqual([...shifted.jobs.submitSeconds], [...jobs.submitSeconds]);
  t.is(shifted.jobs.jobNumber[5], 1);
  t.is(shifted.jobs.jobNumber[0], 164);
});

test('a shifted series is the series at the time before, round the end', (t) => {
  const valueAt = (needs: NodeNeedSeries, at: number) => {
    let index = 0;
    while (index + 1 < needs.timeMs.length && needs.timeMs[index + 1]! <= at) index += 1;
    return needs.nodes[index]!;
  };
  const series = fc.array(fc.tuple(fc.integer({ min: 1, max: 99 }), fc.nat(9)), { maxLength: 8 });
  fc.assert(
    fc.property(series, fc.integer({ min: -250, max: 250 }), (changes, shift) => {
      const points = new Map<number, number>([[0, 1], ...changes]);
      const times = [...points.keys()].sort((a, b) => a - b);
      const needs = {
        timeMs: Float64Array.from(times),
        nodes: Float64Array.from(times, (time) => points.get(time)!),
      };
      const shifted = shiftDemand({ kind: 'cloud', needs }, shift, 100);
      if (shifted.kind !== 'cloud') return;
      t.is(shifted.needs.timeMs[0], 0);
      for (let at = 0; at < 100; at++) {
        const before = (((at - shift) % 100) + 100) % 100;
        t.is(valueAt(shifted.needs, at), valueAt(needs, before), `at ${at}`);
      }
    }),
    { numRuns: 200 },
  );
});
