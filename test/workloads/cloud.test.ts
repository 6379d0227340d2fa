import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import type { NodeNeedSeries } from '../../core/demand/demand.ts';
import { randomStream } from '../../core/kernel/random.ts';
import { DAY_MS, HOUR_MS } from '../../core/kernel/units.ts';
import { FLAVOURS } from '../../workloads/cloud/flavours.ts';
import {
  AZURE_SURVIVAL,
  binBounds,
  binOfSeconds,
  kaplanMeier,
  LAST_BIN,
  Lifetimes,
  secondsInBin,
  tailMeanFor,
} from '../../workloads/cloud/lifetimes.ts';
import { MachineLives, rowsByTime } from '../../workloads/cloud/machine-lives.ts';
import {
  capacityOf,
  dominantResource,
  dominantShare,
  unitsOf,
} from '../../workloads/cloud/node-class.ts';
import { packLives, type RealPacking } from '../../workloads/cloud/packed-need.ts';
import { needSink, NodeFold } from '../../workloads/cloud/packing.ts';
import {
  quantileInterval,
  survivalCurve,
  survivalQuantile,
} from '../../workloads/cloud/survival.ts';
import {
  parseDurations,
  parseFlavours,
  readAzureTrace,
} from '../../workloads/formats/azure-files.ts';
import {
  BATCH_SIZES,
  BATCHES_MEAN,
  BATCHES_VARIANCE,
  batchesInBin,
  batchSize,
  meanBatchSize,
  MIXING_SHAPE,
  residualShape,
  weekdayFactors,
  WEEKDAY_RATIO,
} from '../../workloads/models/azure-batches.ts';
import { mean, variance } from '../../workloads/statistics.ts';
import { loadDemand } from '../../workloads/source.ts';
import { refusal, testFolder } from './files.ts';

const stream = (purpose: string) =>
  randomStream({ seed: 5, replication: 0, entity: 'cloud', purpose });

const FLAVOUR_LINES = '300 g,|,b,m,|\n600 a,|\n1200 b,b,|,o,|\n';
const DURATION_LINES = '300 U15,|,U0,C46,|\n600 U1,|\n1200 C2,U3,|,U4,|\n';

test('a stream of flavours is read into batches', (t) => {
  const stream = parseFlavours('f', FLAVOUR_LINES);
  t.deepEqual([...stream.batchSeconds], [300, 300, 600, 1200, 1200]);
  t.deepEqual([...stream.batchStart], [0, 1, 3, 4, 6, 7]);
  t.is([...stream.flavour].map((index) => FLAVOURS[index]!.letter).join(''), 'gbmabbo');
  t.deepEqual([stream.startSeconds, stream.endSeconds], [300, 1500]);
  const carriage = parseFlavours('f', FLAVOUR_LINES.replaceAll('\n', '\r\n'));
  t.deepEqual(carriage, stream);
});

test('lifetimes are read beside their flavours', (t) => {
  const durations = parseDurations('d', DURATION_LINES, parseFlavours('f', FLAVOUR_LINES));
  t.deepEqual([...durations], [15, 0, 146, 1, 102, 3, 4]);
});

test('a damaged stream is refused with line and column', (t) => {
  for (const [text, line, column] of [
    ['300 g,|\n600 q,|\n', 2, 5],
    ['300 gg,|\n', 1, 5],
    ['300 g1,|\n', 1, 5],
    ['300 g\n', 1, 5],
    ['300 g,|,|\n', 1, 9],
    ['301 g,|\n', 1, 1],
    ['x g,|\n', 1, 1],
    ['300 g,|\n300 g,|\n', 2, 1],
    ['600 g,|\n300 g,|\n', 2, 1],
    ['99999999999 g,|\n', 1, 1],
    ['', 1, 1],
  ] as const) {
    const error = refusal(t, () => parseFlavours('f', text), 'INPUT_AZURE');
    t.deepEqual([error.place?.line, error.place?.column], [line, column], text);
  }
});

test('lifetimes that do not belong to the flavours are refused', (t) => {
  const flavours = parseFlavours('f', FLAVOUR_LINES);
  for (const text of [
    '300 U15,|\n',
    DURATION_LINES.replace('U0,C46', 'U0'),
    DURATION_LINES.replace('U0,C46', 'U0,|,C46'),
    DURATION_LINES.replace('U4', 'U47'),
    DURATION_LINES.replace('U4', 'X4'),
    DURATION_LINES.replace('U4', 'U'),
    `${DURATION_LINES}1500 U1,|\n`,
  ]) {
    refusal(t, () => parseDurations('d', text, flavours), 'INPUT_AZURE');
  }
});

test('the bins are those of the data', (t) => {
  for (const [seconds, bin] of [
    [0, 0],
    [300, 1],
    [3600, 12],
    [3900, 13],
    [7200, 13],
    [7500, 14],
    [86_400, 35],
    [86_700, 36],
    [864_000, 44],
    [864_300, 45],
    [1_728_000, 45],
    [1_728_300, 46],
  ] as const) {
    t.is(binOfSeconds(seconds), bin, `${seconds}`);
  }
  for (let bin = 0; bin <= LAST_BIN; bin++) {
    for (let draw = 0; draw < 50; draw++) {
      t.is(binOfSeconds(secondsInBin(bin, stream(`${bin} ${draw}`))), bin);
    }
    const [low, high] = binBounds(bin);
    t.true(low <= high);
  }
});

test('Kaplan–Meier agrees with a hand-worked example', (t) => {
  // 10 machines: bin 0: 2 deaths, 1 censored; bin 1: 3 deaths; bin 2: 1 death, 3 censored.
  const survival = kaplanMeier([2, 3, 1], [1, 0, 3]);
  const expected = [8 / 10, (8 / 10) * (4 / 7), (8 / 10) * (4 / 7) * (3 / 4)];
  survival.forEach((value, bin) => t.true(Math.abs(value - expected[bin]!) < 1e-12));
});

test('sampled lifetimes follow the survival curve and its mean', (t) => {
  const lifetimes = new Lifetimes(AZURE_SURVIVAL, tailMeanFor(AZURE_SURVIVAL, 52 * 3600));
  t.true(Math.abs(lifetimes.meanSeconds - 52 * 3600) < 1);
  const draws = 200_000;
  const source = stream('lifetimes');
  const beyond = new Float64Array(LAST_BIN + 1);
  let sum = 0;
  for (let i = 0; i < draws; i++) {
    const seconds = lifetimes.at(source.uniform(), source);
    sum += seconds;
    const bin = seconds > 302_400 ? LAST_BIN + 1 : binOfSeconds(seconds);
    for (let b = 0; b < Math.min(bin, LAST_BIN + 1); b++) beyond[b]! += 1;
  }
  AZURE_SURVIVAL.forEach((value, bin) => {
    const found = beyond[bin]! / draws;
    t.true(Math.abs(found - value) < 0.005, `bin ${bin}: ${found} ≠ ${value}`);
  });
  t.true(Math.abs(sum / draws / lifetimes.meanSeconds - 1) < 0.05);
});

test('what still ran outlives the bin it was in', (t) => {
  const lifetimes = new Lifetimes(AZURE_SURVIVAL, 86_400);
  const source = stream('beyond');
  for (let bin = 0; bin < 47; bin++) {
    for (let draw = 0; draw < 20; draw++) {
      const seconds = lifetimes.beyondBin(bin, source);
      t.true(seconds >= (bin > LAST_BIN ? 302_400 : binBounds(bin)[1]), `bin ${bin}: ${seconds}`);
    }
  }
});

test('a fold of machines is the sum at every instant, packed', (t) => {
  const machine = fc.record({
    start: fc.integer({ min: -20, max: 40 }),
    length: fc.integer({ min: 0, max: 40 }),
    cores: fc.integer({ min: 1, max: 16 }),
    memory: fc.integer({ min: 1, max: 64 }),
  });
  const packing = { coresPerNode: 32, memoryPerNodeGb: 128, packingFactor: 0.8 };
  fc.assert(
    fc.property(fc.array(machine, { maxLength: 30 }), (machines) => {
      const bins = 36;
      const fold = new NodeFold(bins * 300_000);
      for (const { start, length, cores, memory } of machines) {
        fold.add(start * 300_000, (start + length) * 300_000, cores, memory);
      }
      const series = fold.series(packing, 5);
      t.is(series.timeMs[0], 0);
      let at = 0;
      for (let bin = 0; bin < bins; bin++) {
        const alive = machines.filter(({ start, length }) => start <= bin && bin < start + length);
        const cores = alive.reduce((sum, each) => sum + each.cores, 0);
        const memory = alive.reduce((sum, each) => sum + each.memory, 0);
        const need = Math.ceil(Math.max(cores / 32, memory / 128) / 0.8 - 1e-9);
        while (at + 1 < series.timeMs.length && series.timeMs[at + 1]! <= bin * 300_000) at += 1;
        t.is(series.nodes[at], need, `bin ${bin}`);
      }
    }),
    { numRuns: 100 },
  );
});

/** Nodes of so many cores for machines that are all there at once; memory is plenty. */
function nodesAtOnce(packing: RealPacking, coresPerNode: number, cores: readonly number[]): number {
  const lives = new MachineLives();
  for (const each of cores) lives.add(0, 300_000, each, 1);
  const node = { cores: coresPerNode, memoryGb: 1_000 };
  return packLives(lives, node, packing, { horizonMs: 300_000, stepMs: 300_000 }).mostNodes;
}

const times = (count: number, cores: number) => new Array<number>(count).fill(cores);

test('the worst cases of the textbooks: 10 nodes for 6 by first fit, 11 for 9 by decreasing size', (t) => {
  // 1/7 + ε, 1/3 + ε, 1/2 + ε in this order (Johnson et al., SIAM J. Comput. 3(4), 1974).
  const ascending = [...times(6, 181), ...times(6, 421), ...times(6, 631)];
  t.is(nodesAtOnce('first-fit', 1_260, ascending), 10);
  t.is(nodesAtOnce('best-fit', 1_260, ascending), 10);
  t.is(nodesAtOnce('first-fit-decreasing', 1_260, ascending), 6);
  // 1/2 + ε, 1/4 + 2ε, 1/4 + ε, 1/4 − 2ε: a node is full with 1, 3 and 4, or two of 2 and of 4.
  const quarters = [...times(6, 201), ...times(6, 102), ...times(6, 101), ...times(12, 98)];
  t.is(nodesAtOnce('first-fit-decreasing', 400, quarters), 11);
  t.is(nodesAtOnce('repacked', 400, quarters), 11);
  const inOrder = [0, 1, 2, 3, 4, 5].flatMap(() => [201, 101, 98]);
  t.is(
    nodesAtOnce('first-fit', 400, [...inOrder, ...times(3, 102).flatMap(() => [102, 102, 98, 98])]),
    9,
  );
});

test('the dominant resource is that of the worked example of DRF', (t) => {
  // 9 CPUs and 18 GB; A asks for 1 and 4, B for 3 and 1 (Ghodsi et al., NSDI 2011, section 4.1).
  const node = capacityOf({ cores: 9, memoryGb: 18, gpus: 0 });
  const [a, b] = [unitsOf(1, 4, 0), unitsOf(3, 1, 0)];
  t.deepEqual([dominantShare(a, node), dominantShare(b, node)], [4 / 18, 3 / 9]);
  t.deepEqual([dominantResource(a, node), dominantResource(b, node)], [1, 0]);
});

test('machines stay where they are: what leaves does not empty the nodes of what stays', (t) => {
  const lives = new MachineLives();
  for (let i = 0; i < 8; i++) lives.add(0, i % 4 === 0 ? 900_000 : 300_000, 1, 1);
  lives.add(100, 100, 1, 1);
  lives.add(0, 900_000, 5, 1);
  const node = { cores: 4, memoryGb: 100 };
  const window = { horizonMs: 900_000, stepMs: 300_000 };
  const placed = packLives(lives, node, 'first-fit', window);
  t.deepEqual([[...placed.series.timeMs], [...placed.series.nodes]], [[0], [2]]);
  t.deepEqual([placed.nodeMs, placed.boundMs, placed.mostBound], [1_800_000, 1_200_000, 2]);
  t.deepEqual([placed.placed, placed.fitsNoNode, placed.livesNoTime], [8, 1, 1]);
  const anew = packLives(lives, node, 'repacked', window);
  t.deepEqual(
    [[...anew.series.timeMs], [...anew.series.nodes]],
    [
      [0, 300_000],
      [2, 1],
    ],
  );
});

test('rows come by time with and without fractions, equal times as they stand', (t) => {
  for (const unit of [1, 0.5, 2 ** 40]) {
    const column = Float64Array.from([3, 1, 2, 1, 3], (time) => time * unit);
    t.deepEqual([...rowsByTime(column, 5)], [1, 3, 2, 0, 4], `${unit}`);
  }
});

test('a need by packing says in the manifest how full nodes are and what fits none', (t) => {
  const table = { coresPerNode: 4, memoryPerNodeGb: 100, packingFactor: 0.85, stepMinutes: 5 };
  const sink = needSink({ ...table, packing: 'first-fit' }, 600_000);
  sink.add(0, 600_000, 3, 1, 0, 2);
  sink.add(0, 600_000, 40, 1);
  const { needs, words, fill, fitsNoNode } = sink.finish();
  t.deepEqual([...needs.nodes], [2]);
  t.deepEqual([fill, fitsNoNode], [0.75, 1]);
  t.is(
    words,
    'packed first-fit: mean 2 nodes, 75 % full, 1 times the least, 1 machines that fit no node set aside',
  );
});

test('Kaplan–Meier and Greenwood have the published figures of the 6-MP trial', (t) => {
  // Weeks of remission of 21 patients, + still in remission (Freireich et al., Blood 21(6), 1963).
  const weeks = '6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+'.split(' ');
  const curve = survivalCurve({
    entryAge: weeks.map(() => 0),
    exitAge: weeks.map((week) => parseInt(week, 10)),
    ended: weeks.map((week) => (week.endsWith('+') ? 0 : 1)),
  });
  t.deepEqual(curve.age, [6, 7, 10, 13, 16, 22, 23]);
  const digits = (values: readonly number[]) => values.map((value) => value.toFixed(3));
  const alive = ['0.857', '0.807', '0.753', '0.690', '0.627', '0.538', '0.448'];
  t.deepEqual(digits(curve.alive), alive);
  const error = ['0.076', '0.087', '0.096', '0.107', '0.114', '0.128', '0.135'];
  t.deepEqual(digits(curve.error), error);
  t.is(survivalQuantile(curve, 0.5), 23);
  t.deepEqual(quantileInterval(curve, 0.5), [13, NaN]);
});

test('a life is at risk from the age at which it came into sight', (t) => {
  // At age 2 three are at risk, the one that came just then is not; at 4 two are, at 5 one.
  const lives = { entryAge: [0, 1, 0, 2], exitAge: [2, 4, 3, 5], ended: [1, 1, 0, 1] };
  const curve = survivalCurve(lives);
  t.deepEqual(curve.age, [2, 4, 5]);
  t.deepEqual(
    curve.alive.map((share) => share.toFixed(6)),
    [2 / 3, 1 / 3, 0].map((share) => share.toFixed(6)),
  );
});

test('batches have the published sizes', (t) => {
  const draws = 300_000;
  const source = stream('sizes');
  const sizes = Float64Array.from({ length: draws }, () => batchSize(source));
  for (const [size, cumulative] of BATCH_SIZES) {
    const found = sizes.filter((value) => value <= size).length / draws;
    t.true(Math.abs(found - cumulative) < 0.003, `≤ ${size}: ${found}`);
  }
  t.true(Math.abs(meanBatchSize() / 3.79 - 1) < 0.002, `mean ${meanBatchSize()}`);
  t.true(Math.abs(mean(sizes) / meanBatchSize() - 1) < 0.03);
});

test('batches in 300 s have the published mean and variance', (t) => {
  t.true(Math.abs(MIXING_SHAPE - 11.26) < 0.01);
  const flat = stream('flat');
  // One bin again and again: its cycle factor is a constant that the scale takes out.
  const once = batchFactor();
  const counts = Float64Array.from({ length: 40_000 }, () =>
    batchesInBin(0, 1 / once, MIXING_SHAPE, weekdayFactors(WEEKDAY_RATIO), flat),
  );
  t.true(Math.abs(mean(counts) / BATCHES_MEAN - 1) < 0.02, `${mean(counts)}`);
  t.true(Math.abs(variance(counts) / BATCHES_VARIANCE - 1) < 0.05, `${variance(counts)}`);
});

/** Expected factor of bin 0: its hour and its weekday. */
function batchFactor(): number {
  const draws = 4_000;
  const source = stream('factor');
  let sum = 0;
  for (let i = 0; i < draws; i++) {
    sum += batchesInBin(0, 100, Infinity, weekdayFactors(WEEKDAY_RATIO), source);
  }
  return sum / draws / (100 * BATCHES_MEAN);
}

test('with the cycles on, the overall mean and variance stay the published ones', (t) => {
  const source = stream('cycles');
  const shape = residualShape(WEEKDAY_RATIO);
  t.true(shape > MIXING_SHAPE);
  const weekdays = weekdayFactors(WEEKDAY_RATIO);
  const counts = Float64Array.from({ length: 2016 * 20 }, (_, bin) =>
    batchesInBin(bin, 1, shape, weekdays, source),
  );
  t.true(Math.abs(mean(counts) / BATCHES_MEAN - 1) < 0.02, `${mean(counts)}`);
  t.true(Math.abs(variance(counts) / BATCHES_VARIANCE - 1) < 0.06, `${variance(counts)}`);
  t.true(Math.abs(weekdays[0]! / weekdays[6]! - WEEKDAY_RATIO) < 1e-9);
});

function meanNeed(needs: NodeNeedSeries, fromMs: number, toMs: number): number {
  let sum = 0;
  needs.nodes.forEach((need, i) => {
    const start = Math.max(fromMs, needs.timeMs[i]!);
    const end = Math.min(toMs, needs.timeMs[i + 1] ?? toMs);
    if (end > start) sum += need * (end - start);
  });
  return sum / (toMs - fromMs);
}

const CONTEXT = {
  kind: 'cloud',
  organisation: 'cloud',
  seed: 1,
  replication: 0,
  horizonMs: 28 * DAY_MS,
  warmUpMs: 0,
  nodes: 400,
  scenarioFolder: '.',
  tracesFolder: undefined,
} as const;

test('the model starts in equilibrium: its first week needs as much as its last', (t) => {
  const first: number[] = [];
  const last: number[] = [];
  for (let replication = 0; replication < 12; replication++) {
    const { demand } = loadDemand(
      { model: 'azure-batches', load: 0.5 },
      { ...CONTEXT, replication },
    );
    if (demand.kind !== 'cloud') continue;
    first.push(meanNeed(demand.needs, 0, 7 * DAY_MS));
    last.push(meanNeed(demand.needs, 21 * DAY_MS, 28 * DAY_MS));
  }
  t.is(first.length, 12);
  t.true(Math.abs(mean(first) / 200 - 1) < 0.06, `${mean(first)}`);
  t.true(Math.abs(mean(last) / 200 - 1) < 0.06, `${mean(last)}`);
});

/** A made-up stream of two weeks with its development part, in a folder. */
function streamFolder(t: Parameters<typeof testFolder>[0]): string {
  const folder = testFolder(t);
  const lines = (from: number, to: number, token: (second: number) => string) => {
    const all: string[] = [];
    for (let second = from; second < to; second += 300) all.push(`${second} ${token(second)}`);
    return `${all.join('\n')}\n`;
  };
  const day = 86_400;
  const busy = (second: number) => second % day >= day / 2;
  const flavours = (second: number) => (busy(second) ? 'b,b,|,m,m,|' : 'b,|');
  const durations = (second: number) => (busy(second) ? 'U12,U14,|,U20,C20,|' : 'U3,|');
  writeFileSync(join(folder, 'x-v1.train.txt'), lines(0, 12 * day, flavours));
  writeFileSync(join(folder, 'x-v1.dev.txt'), lines(12 * day, 15 * day, flavours));
  const partner = `x-v1.dev.c${15 * day}.txt`;
  writeFileSync(join(folder, partner), lines(12 * day, 15 * day, durations));
  return folder;
}

test('a trace finds its further parts and lifetimes by their names', (t) => {
  const folder = streamFolder(t);
  const trace = readAzureTrace(join(folder, 'x-v1.train.txt'));
  t.is(trace.files.length, 3);
  t.is(trace.stream.endSeconds, 15 * 86_400);
  t.is(trace.lifetimesFrom, 'file');
  t.is(readAzureTrace(join(folder, 'x-v1.dev.txt')).files.length, 2);
  writeFileSync(join(folder, 'y-v1.train.txt'), FLAVOUR_LINES);
  const alone = readAzureTrace(join(folder, 'y-v1.train.txt'));
  t.is(alone.lifetimesFrom, 'constants');
  t.deepEqual(alone.pooled, AZURE_SURVIVAL);
});

test('a stream becomes node needs of the load asked for, the same for the same seed', (t) => {
  const folder = streamFolder(t);
  const context = { ...CONTEXT, scenarioFolder: folder, nodes: 100, horizonMs: 21 * DAY_MS };
  const table = { trace: 'x-v1.train.txt', format: 'azure-v1', load: 0.6, tailMeanDays: 1 };
  const loaded = loadDemand(table, context);
  t.deepEqual(loadDemand(table, context), loaded);
  t.notDeepEqual(loadDemand(table, { ...context, replication: 1 }).demand, loaded.demand);
  const { demand, sources } = loaded;
  if (demand.kind !== 'cloud') return t.fail();
  t.is(demand.needs.timeMs[0], 0);
  const means = Array.from({ length: 12 }, (_, replication) => {
    const { demand: each } = loadDemand(table, { ...context, replication });
    return each.kind === 'cloud' ? meanNeed(each.needs, 0, 21 * DAY_MS) : NaN;
  });
  t.true(Math.abs(mean(means) / 60 - 1) < 0.03, `${mean(means)}`);
  const night = meanNeed(demand.needs, 7 * DAY_MS + 6 * HOUR_MS, 7 * DAY_MS + 8 * HOUR_MS);
  const evening = meanNeed(demand.needs, 7 * DAY_MS + 20 * HOUR_MS, 7 * DAY_MS + 22 * HOUR_MS);
  t.true(evening > night);
  t.is(sources.length, 3);
  t.is(sources[0]!.name, 'x-v1.train.txt');
  t.is(sources[0]!.label, 'derived');
  t.regex(sources[0]!.treatment, /weekday-stratified days, conditional on 2\.1 weeks/);
  t.regex(sources[0]!.sha256!, /^[0-9a-f]{64}$/);
});
