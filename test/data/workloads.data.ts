/**
 * Readers and workloads on real traces, against what was counted in them before. The folder of
 * traces comes from OCX_TRACES.
 */
import { join } from 'node:path';
import test from 'ava';
import { DAY_MS } from '../../core/kernel/units.ts';
import { AZURE_SURVIVAL } from '../../workloads/cloud/lifetimes.ts';
import type { WorkloadContext } from '../../workloads/context.ts';
import type { MachineLives } from '../../workloads/cloud/machine-lives.ts';
import { packLives } from '../../workloads/cloud/packed-need.ts';
import { readAzureTrace } from '../../workloads/formats/azure-files.ts';
import { wholeStream } from '../../workloads/formats/azure-population.ts';
import { readDeadlines } from '../../workloads/formats/deadline-calendar.ts';
import { readFema } from '../../workloads/formats/fema.ts';
import { recogniseFormat } from '../../workloads/formats/registry.ts';
import { cleanSwf } from '../../workloads/formats/swf-cleaning.ts';
import { offeredLoad } from '../../workloads/formats/swf-inspection.ts';
import { readSwf } from '../../workloads/formats/swf.ts';
import { STATES_PER_EVENT } from '../../workloads/emergencies.ts';
import { DEADLINES_BY_MONTH } from '../../workloads/models/testbed-surges.ts';
import {
  BATCH_SIZES,
  BATCHES_MEAN,
  BATCHES_VARIANCE,
} from '../../workloads/models/azure-batches.ts';
import { loadDemand } from '../../workloads/source.ts';
import { mean, quantile, sorted, variance } from '../../workloads/statistics.ts';

const traces = process.env['OCX_TRACES'];
const withTraces = traces === undefined ? test.skip : test;
const path = (name: string) => join(traces ?? '', name);

interface Known {
  readonly file: string;
  readonly jobs: number;
  readonly spanDays: number;
  readonly procs: number;
  readonly load: number | null;
  readonly serial: number;
  /** Run times at 10, 50, 90 and 99 %. */
  readonly run: readonly [number, number, number, number];
  readonly meanWait: number | null;
  readonly header: boolean;
  readonly dropped?: Record<string, number>;
  readonly odd?: Record<string, number>;
}

const LOGS: readonly Known[] = [
  {
    file: 'KTH-SP2-1996-2.1-cln',
    jobs: 27_992,
    spanDays: 332.9,
    procs: 100,
    load: 0.686,
    serial: 0.326,
    run: [14, 805, 26_011, 71_965],
    meanWait: 15_348,
    header: true,
  },
  {
    file: 'CTC-SP2-1996-3.1-cln',
    jobs: 77_222,
    spanDays: 339.1,
    procs: 338,
    load: 0.841,
    serial: 0.42,
    run: [60, 1113, 43_921, 64_841],
    meanWait: 25_540,
    header: true,
    odd: { ranLongerThanRequested: 7_174 },
  },
  {
    file: 'HPC2N-2002-2.2-cln',
    jobs: 202_871,
    spanDays: 1264.4,
    procs: 240,
    load: 0.601,
    serial: 0.421,
    run: [8, 2873, 37_899, 252_224],
    meanWait: 54_108,
    header: true,
    odd: { ranLongerThanRequested: 14_817 },
  },
  {
    file: 'NASA-iPSC-1993-3.1-cln',
    jobs: 18_239,
    spanDays: 92.0,
    procs: 128,
    load: 0.466,
    serial: 0.271,
    run: [14, 86, 1479, 10_931],
    meanWait: null,
    header: true,
  },
  {
    file: 'LLNL-Thunder-2007-1.1-cln',
    jobs: 121_039,
    spanDays: 150.2,
    procs: 4_008,
    load: 0.865,
    serial: 0,
    run: [1, 47, 4324, 43_200],
    meanWait: null,
    header: true,
    dropped: { submitUnknown: 1_190 },
    odd: { runZero: 6_236 },
  },
  {
    file: 'METACENTRUM-2009-2',
    jobs: 103_656,
    spanDays: 172.4,
    procs: 806,
    load: null,
    serial: 0.859,
    run: [8, 1230, 60_363, 247_522],
    meanWait: 29_103,
    header: false,
  },
  {
    file: 'LCG-2005-1',
    jobs: 188_041,
    spanDays: 11.0,
    procs: 24_515,
    load: 0.055,
    serial: 1,
    run: [79, 255, 15_265, 172_800],
    meanWait: null,
    header: true,
  },
];

for (const known of LOGS) {
  withTraces(`${known.file} holds what was counted in it`, (t) => {
    const file = path(`hpc/${known.file}.swf.gz`);
    t.is(recogniseFormat(file).name, 'swf');
    const log = readSwf(file, { details: true, processors: 'allocated' });
    const { jobs } = log;
    const aside = Object.values(log.dropped).reduce((sum, count) => sum + count, 0);
    t.is(jobs.count + aside, known.jobs);
    t.deepEqual({ ...log.dropped }, known.dropped ?? {});
    t.is(log.header.maxProcs, known.header ? known.procs : null);
    const spanDays = (jobs.submitSeconds[jobs.count - 1]! - jobs.submitSeconds[0]!) / 86_400;
    t.true(Math.abs(spanDays - known.spanDays) < 0.06, `span ${spanDays}`);
    const near = (found: number, expected: number, what: string, slack = 0.0006) =>
      t.true(Math.abs(found - expected) <= slack, `${what}: ${found} ≠ ${expected}`);
    if (known.load !== null) near(offeredLoad(jobs, known.procs), known.load, 'load');
    const serial = jobs.processors.filter((width) => width === 1).length / jobs.count;
    near(serial, known.serial, 'serial');
    const run = sorted(jobs.runSeconds);
    // Thunder's published quantiles include the records without a submit time.
    const slack = known.dropped ? 0.05 : 0.002;
    [0.1, 0.5, 0.9, 0.99].forEach((share, i) => {
      const expected = known.run[i]!;
      near(quantile(run, share), expected, `run ${share}`, Math.max(1, slack * expected));
    });
    const waits = log.details!.waitSeconds.filter((seconds) => seconds >= 0);
    if (known.meanWait !== null) near(mean(waits), known.meanWait, 'wait', 1);
    const { adjusted } = cleanSwf(log);
    for (const [reason, count] of Object.entries(known.odd ?? {})) t.is(adjusted[reason], count);
  });
}

withTraces('the oracle logs hold every job of their schedules', (t) => {
  for (const [name, jobs, procs] of [
    ['KTH-SP2', 28_481, 100],
    ['SDSC-SP2', 54_006, 128],
  ] as const) {
    const log = readSwf(path(`scheduler-oracle/${name}.input.swf.gz`));
    t.is(log.jobs.count, jobs);
    t.is(log.header.maxProcs, procs);
    t.deepEqual({ ...log.dropped }, {});
  }
});

withTraces('the 21-field dialect and the excerpt of OpenDC are read', (t) => {
  const alea = readSwf(path('formats/alea-wagap-2013-21field.head.swf'));
  t.is(alea.dialect, 'alea');
  t.is(alea.jobs.count, 309);
  // The excerpt is cut in the middle of its last line, after the standard fields.
  t.deepEqual({ ...alea.dropped }, { fieldCount: 1 });
  t.is(readSwf(path('formats/opendc-sample.swf')).jobs.count, 5);
});

withTraces(
  'the Azure stream holds what was counted in it, and gives the published survival',
  (t) => {
    const trace = readAzureTrace(path('cloud/azure-v1.train.txt.gz'));
    const { stream } = trace;
    t.is(trace.files.length, 3);
    t.is(stream.flavour.length, 1_200_998 + 259_159);
    t.is(stream.durationBin.filter((bin) => bin >= 0 && bin < 100).length, 244_842);
    t.is(stream.durationBin.filter((bin) => bin >= 100).length, 14_317);
    t.deepEqual([stream.startSeconds, stream.endSeconds], [300, 2_100_000]);
    AZURE_SURVIVAL.forEach((value, bin) => {
      t.true(Math.abs(trace.pooled[bin]! - value) <= 0.000_06, `bin ${bin}`);
    });
  },
);

/** What is wrong with a placement: a sweep over all events, with sums of its own. */
function sweepFaults(lives: MachineLives, nodeOf: Int32Array, node: readonly number[]): string[] {
  const faults: string[] = [];
  const rows = Array.from({ length: lives.count }, (_, row) => row);
  const living = rows.filter((row) => lives.endMs[row]! > lives.startMs[row]!);
  if (living.length !== nodeOf.filter((at) => at >= 0).length) faults.push('not all are placed');
  const starts = [...living].sort((a, b) => lives.startMs[a]! - lives.startMs[b]!);
  const ends = [...living].sort((a, b) => lives.endMs[a]! - lives.endMs[b]!);
  const used = new Map<number, number[]>();
  const change = (row: number, sign: number) => {
    const sums = used.get(nodeOf[row]!) ?? [0, 0, 0];
    lives.sizes.units[lives.size[row]!]!.forEach((amount, i) => (sums[i]! += sign * amount));
    used.set(nodeOf[row]!, sums);
    if (sums.some((sum, i) => sum > node[i]! || sum < 0)) faults.push(`node ${nodeOf[row]}`);
  };
  let left = 0;
  for (const row of starts) {
    while (lives.endMs[ends[left]!]! <= lives.startMs[row]!) change(ends[left++]!, -1);
    if (nodeOf[row]! < 0) faults.push(`row ${row} is nowhere`);
    else change(row, 1);
  }
  return faults;
}

withTraces(
  'the whole Azure stream needs some 2 % more nodes than totals say, and no node is too full',
  (t) => {
    const { lives, horizonMs } = wholeStream(readAzureTrace(path('cloud/azure-v1.train.txt.gz')));
    const window = { horizonMs, stepMs: 3_600_000 };
    const node = { cores: 32, memoryGb: 256 };
    const units = [32_000, 262_144, 0];
    for (const [packing, from, to] of [
      ['first-fit', 1.01, 1.025],
      ['best-fit', 1.01, 1.02],
      ['repacked', 1, 1.001],
    ] as const) {
      const packed = packLives(lives, node, packing, window);
      // What the file has is fixed; lifetimes that it does not have are drawn.
      const over = packed.nodeMs / packed.boundMs;
      t.true(over >= from && over <= to, `${packing} ${over}`);
      t.is(packed.placed + packed.livesNoTime, lives.count);
      if (packing === 'repacked') continue;
      t.deepEqual(sweepFaults(lives, packed.nodeOf, units), []);
      const planted = packed.nodeOf.map((at) => (at === 7 ? 8 : at));
      t.true(sweepFaults(lives, planted, units).length > 0);
    }
  },
);

withTraces(
  'the batches of the training part have the mean, variance and sizes of the model',
  (t) => {
    const { stream } = readAzureTrace(path('cloud/azure-v1.train.txt.gz'));
    const end = 1_800_000;
    const perBin = new Float64Array(5_999);
    const sizes: number[] = [];
    stream.batchSeconds.forEach((second, batch) => {
      if (second >= end) return;
      perBin[second / 300 - 1]! += 1;
      sizes.push(stream.batchStart[batch + 1]! - stream.batchStart[batch]!);
    });
    t.true(Math.abs(mean(perBin) - BATCHES_MEAN) < 0.01, `${mean(perBin)}`);
    t.true(Math.abs(variance(perBin) - BATCHES_VARIANCE) < 0.1, `${variance(perBin)}`);
    t.is(
      sizes.reduce((a, b) => Math.max(a, b)),
      788,
    );
    for (const [size, cumulative] of BATCH_SIZES.slice(0, -1)) {
      const found = sizes.filter((value) => value <= size).length / sizes.length;
      t.true(Math.abs(found - cumulative) < 0.0002, `≤ ${size}: ${found}`);
    }
  },
);

withTraces('FEMA declarations merge into the events that the model draws from', (t) => {
  const file = path('emergency/fema-web-disaster-declarations-to-2015.csv.gz');
  t.is(recogniseFormat(file).name, 'fema');
  const record = readFema(file);
  t.is(record.rows, 3_734);
  t.is(record.declarationTypes.get('Major Disaster'), 2_245);
  t.is(record.declarationTypes.get('Emergency'), 373);
  t.deepEqual({ ...record.dropped }, {});
  const [from, to] = [Date.UTC(2000, 0, 1), Date.UTC(2016, 0, 1)];
  const events = record.events.filter(({ beginMs }) => beginMs >= from && beginMs < to);
  // The model's table was counted on a later edition of the record: one event more.
  t.is(events.length, 675);
  const counts = new Map<number, number>();
  for (const { states } of events) counts.set(states, (counts.get(states) ?? 0) + 1);
  for (const [states, count] of STATES_PER_EVENT) {
    t.true(Math.abs(counts.get(states)! - count) <= 1, `${states} states: ${counts.get(states)}`);
  }
  const largest = events.reduce((a, b) => (b.states > a.states ? b : a));
  t.regex(largest.name, /KATRINA EVACUATION/);
});

withTraces('the calendar has the deadlines that the model draws from', (t) => {
  const calendar = readDeadlines(path('testbed/cs-deadlines.csv'));
  t.is(calendar.rows, 1_452);
  t.deepEqual({ ...calendar.dropped }, {});
  t.is(calendar.contradicting, 0, 'zones and UNIX times agree in every row');
  const systems = calendar.deadlines.filter(
    ({ kind, category }) => kind === 'full' && category === 'DS',
  );
  t.is(systems.length, 262);
  t.is(
    DEADLINES_BY_MONTH.reduce((sum, count) => sum + count, 0),
    261,
  );
});

const CONTEXTS: Readonly<Record<string, readonly [WorkloadContext['kind'], number, object]>> = {
  'KTH on its own nodes': ['hpc', 100, { trace: 'hpc/KTH-SP2-1996-2.1-cln.swf.gz', format: 'swf' }],
  'HPC2N on dual-processor nodes': [
    'hpc',
    120,
    { trace: 'hpc/HPC2N-2002-2.2-cln.swf.gz', format: 'swf', coresPerNode: 2 },
  ],
  'METACENTRUM without a header': [
    'htc',
    101,
    {
      trace: 'hpc/METACENTRUM-2009-2.swf.gz',
      format: 'swf',
      coresPerNode: 8,
      procs: 806,
      fitToCluster: true,
    },
  ],
  'the Azure stream': ['cloud', 100, { trace: 'cloud/azure-v1.train.txt.gz', format: 'azure-v1' }],
  'the calendar': ['testbed', 100, { trace: 'testbed/cs-deadlines.csv', format: 'deadlines' }],
  FEMA: [
    'government',
    100,
    { trace: 'emergency/fema-web-disaster-declarations-to-2015.csv.gz', format: 'fema' },
  ],
};

for (const [name, [kind, nodes, table]] of Object.entries(CONTEXTS)) {
  withTraces(`${name}: eight weeks of demand, the same for the same seed`, (t) => {
    const context: WorkloadContext = {
      kind,
      organisation: 'a',
      seed: 1,
      replication: 0,
      horizonMs: 56 * DAY_MS,
      warmUpMs: 7 * DAY_MS,
      nodes,
      scenarioFolder: '.',
      tracesFolder: traces,
    };
    const workload = table as Record<string, unknown>;
    const loaded = loadDemand(workload, context);
    t.deepEqual(loadDemand(workload, context), loaded);
    t.regex(loaded.sources[0]!.sha256!, /^[0-9a-f]{64}$/);
    if (loaded.demand.kind === 'batch') {
      const { jobs } = loaded.demand;
      t.true(jobs.count > 1_000);
      t.true(jobs.submitSeconds[jobs.count - 1]! < 56 * 86_400);
      t.true(jobs.submitSeconds.every((at, i) => i === 0 || at >= jobs.submitSeconds[i - 1]!));
    }
  });
}

withTraces('a wrong scan would be seen: one field further, the load is another', (t) => {
  const log = readSwf(path('hpc/KTH-SP2-1996-2.1-cln.swf.gz'));
  const wrong = { ...log.jobs, runSeconds: log.jobs.estimateSeconds };
  t.true(Math.abs(offeredLoad(wrong, 100) - 0.686) > 0.05);
});
