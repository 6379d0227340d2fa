/**
 * Fits of models: the optimiser and the distances against closed forms, each part of a model
 * against samples of it, and planted wrong parameters. How often intervals hold the truth takes
 * longer: test/properties/fit.properties.ts.
 */
import test from 'ava';
import { randomStream } from '../../core/kernel/random.ts';
import { assess } from '../../workloads/fit/assessment.ts';
import { batchArrivals, countMasses } from '../../workloads/fit/batch-arrivals.ts';
import { fitBatches, survivalErrors } from '../../workloads/fit/batch-fit.ts';
import { batchShares, batchSizes } from '../../workloads/fit/batch-sizes.ts';
import type { MachineTrace } from '../../workloads/fit/machine-trace.ts';
import {
  distributionPair,
  fittedParameter,
  LEAST_RECORDS,
} from '../../workloads/fit/disclosure.ts';
import {
  autocorrelation,
  largestDifference,
  pooledChiSquare,
  rankCorrelation,
  sampleDistance,
  twoSampleDistance,
} from '../../workloads/fit/distances.ts';
import { pooledStates } from '../../workloads/fit/event-fit.ts';
import {
  hawkesLogLikelihood,
  hawkesProcess,
  hawkesResiduals,
} from '../../workloads/fit/hawkes-process.ts';
import { cellOfSeconds, gammaMasses, gammaOf, logCells } from '../../workloads/fit/log-cells.ts';
import { flatGaps, lublinArrivals } from '../../workloads/fit/lublin-arrivals.ts';
import { lublinRuns, runLogLikelihood } from '../../workloads/fit/lublin-runs.ts';
import { lublinSizes, sizeLogLikelihood, sizeShares } from '../../workloads/fit/lublin-sizes.ts';
import { restartedMinimum, simplexMinimum, smoothMinimum } from '../../workloads/fit/optimum.ts';
import {
  binOfSeconds,
  Lifetimes,
  LAST_BIN,
  AZURE_SURVIVAL,
} from '../../workloads/cloud/lifetimes.ts';
import { batchFlavours } from '../../workloads/cloud/population.ts';
import {
  AZURE_ARRIVALS,
  BATCH_SIZES,
  batchSize,
  meanBatchSize,
} from '../../workloads/models/azure-batches.ts';
import { gammaDistribution } from '../../workloads/sampling.ts';
import { ARRIVALS_OF_A_DAY, RUNS, SIZES } from './lublin-truth.ts';

const stream = (purpose: string, seed = 1) =>
  randomStream({ seed, replication: 0, entity: 'fit', purpose });

const ARRIVALS = { ...ARRIVALS_OF_A_DAY, weekendFactor: 0.5 };
const JOBS = 1_000;

const sizesOf = (seed: number, count = JOBS) =>
  lublinSizes.simulate(
    SIZES,
    { sizes: new Int32Array(count), processors: 128 },
    stream('sizes', seed),
  );
const runsOf = (seed: number, count = JOBS) =>
  lublinRuns.simulate(
    RUNS,
    { seconds: [], sizes: sizesOf(seed, count).sizes, longestLog: 12 },
    stream('runs', seed),
  );
const arrivalsOf = (seed: number, count = JOBS) =>
  lublinArrivals.simulate(
    ARRIVALS,
    { seconds: new Float64Array(count), weekdaysKnown: true, longestLog: 13 },
    stream('arrivals', seed),
  );

test('minima of functions with known ones are found', (t) => {
  const rosenbrock = ([x, y]: readonly number[]) =>
    100 * (y! - x! * x!) * (y! - x! * x!) + (1 - x!) * (1 - x!);
  // Powell's singular function: flat at its minimum, 0 at 0.
  const powell = ([a, b, c, d]: readonly number[]) =>
    (a! + 10 * b!) ** 2 + 5 * (c! - d!) ** 2 + (b! - 2 * c!) ** 4 + 10 * (a! - d!) ** 4;
  const bowl = ([x, y]: readonly number[]) => (x! - 3) ** 2 + 50 * (y! + 1) ** 2 + x! * y!;
  const near = (found: readonly number[], wanted: readonly number[], within: number) =>
    found.forEach((x, i) => t.true(Math.abs(x - wanted[i]!) < within, `${found}`));
  near(restartedMinimum(rosenbrock, [-1.2, 1]).at, [1, 1], 1e-3);
  t.true(restartedMinimum(powell, [3, -1, 0, 1]).value < 1e-6);
  near(smoothMinimum(rosenbrock, [-1.2, 1], 200).at, [1, 1], 1e-3);
  // Where both derivatives are 0: 2(x − 3) + y = 0, 100(y + 1) + x = 0.
  near(smoothMinimum(bowl, [0, 0]).at, [700 / 199, -206 / 199], 1e-3);
  // Walls that have no value are kept off.
  const walled = ([x]: readonly number[]) => (x! < 1 ? Infinity : x!);
  near(simplexMinimum(walled, [4]).at, [1], 1e-3);
});

test('distances are what they are by hand', (t) => {
  // Pools of expected 5 or more: 3 + 3 | 6 | 4 joins the last one.
  t.is(pooledChiSquare([5, 4, 3, 4], [3, 3, 6, 4]), 9 / 6 + 9 / 10);
  t.is(largestDifference([2, 2, 0], [1, 1, 2]), 0.5);
  t.is(twoSampleDistance(Float64Array.of(1, 2, 2, 3), Float64Array.of(2, 4)), 0.5);
  t.is(
    sampleDistance(Float64Array.of(0.1, 0.2, 0.9), (x) => x),
    2 / 3 - 0.2,
  );
  // Spearman 1904 with ties: ranks 1.5 1.5 3 against 1 2 3.
  t.true(Math.abs(rankCorrelation([4, 4, 9], [1, 2, 3]) - Math.sqrt(0.75)) < 1e-12);
  t.true(Math.abs(autocorrelation([1, -1, 1, -1], 1) + 0.75) < 1e-12);
});

test('masses of a gamma in cells are those of its distribution function', (t) => {
  for (const [mean, deviation] of [
    [3.9, 1.9],
    [9.4, 0.53],
    [7, 0.06],
    [0.8, 2],
  ] as const) {
    const { shape, scale } = gammaOf(mean, deviation);
    const cells = logCells(12.3);
    const masses = gammaMasses(cells, shape, scale);
    masses.forEach((mass, i) => {
      const [from, to] = [cells.logEdges[i]!, cells.logEdges[i + 1]!];
      const exact = gammaDistribution(to, shape, scale) - gammaDistribution(from, shape, scale);
      t.true(Math.abs(mass - exact) < 2e-5, `${mean} ${deviation} ${i}`);
    });
    for (const seconds of [1, 39, 40, 41, 1_000, 200_000]) {
      const cell = cellOfSeconds(cells, seconds);
      t.true(cells.edges[cell]! <= seconds && seconds < cells.edges[cell + 1]!);
    }
  }
});

test('shares of all sizes are one in all, and those of a large sample', (t) => {
  for (const processors of [128, 100, 37]) {
    const uHi = Math.log2(processors);
    const estimate = { ...SIZES, uMed: uHi - 2.5, uHi };
    const shares = sizeShares(estimate, processors);
    t.true(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-9);
    const like = { sizes: new Int32Array(20_000), processors };
    const { sizes } = lublinSizes.simulate(estimate, like, stream('many'));
    for (const size of [1, 2, 3, 8, 16, processors]) {
      const found = Array.prototype.filter.call(sizes, (each) => each === size).length / 20_000;
      t.true(Math.abs(found - shares[size]!) < 0.015, `${size} of ${processors}`);
    }
  }
});

test('a fit is at least as likely as the truth, and near it', (t) => {
  const sizes = sizesOf(3);
  const fittedSizes = lublinSizes.fit(sizes);
  t.true(sizeLogLikelihood(sizes, fittedSizes) >= sizeLogLikelihood(sizes, SIZES));
  t.true(Math.abs(fittedSizes.uMed - SIZES.uMed) < 0.3);
  const runs = runsOf(3);
  const fittedRuns = lublinRuns.fit(runs);
  t.true(runLogLikelihood(runs, fittedRuns) >= runLogLikelihood(runs, RUNS));
  t.true(Math.abs(fittedRuns.a1 * fittedRuns.b1 - RUNS.a1 * RUNS.b1) < 0.3);
  t.true(Math.abs(fittedRuns.a2 * fittedRuns.b2 - RUNS.a2 * RUNS.b2) < 0.1);
  // Gains over the truth are chi-square of six, halved: never as large as twenty.
  t.true(runLogLikelihood(runs, fittedRuns) - runLogLikelihood(runs, RUNS) < 20);
});

test('what a sample says nothing of is left alone and has no interval', (t) => {
  const sizes = new Int32Array(JOBS).fill(1);
  const { seconds } = lublinRuns.simulate(
    RUNS,
    { seconds: [], sizes, longestLog: 12 },
    stream('s'),
  );
  t.is(lublinRuns.fit({ seconds, sizes, longestLog: 12 }).pa, 0);
  t.is(lublinSizes.fit({ sizes, processors: 128 }).serial, 1);
  t.is(fittedParameter('x', '', 0.8, 1e-17, null).interval95, null);
  t.deepEqual(fittedParameter('x', '', 2, 1, null, [0, 3]).interval95, [0.040036, 3]);
});

test('on the flat clock the mean gap of arrivals is kept and the cycle is gone', (t) => {
  const arrivals = arrivalsOf(4, 4_000);
  const fitted = lublinArrivals.fit(arrivals);
  const gaps = flatGaps(arrivals, fitted);
  const { seconds } = arrivals;
  const span = seconds[seconds.length - 1]! - seconds[0]!;
  const flat = gaps.reduce((sum, gap) => sum + gap, 0);
  // Over whole weeks both clocks agree; at the ends a part of a week is left.
  t.true(Math.abs(flat / span - 1) < 0.2);
  t.true(Math.abs(fitted.aarr * fitted.barr - ARRIVALS.aarr * ARRIVALS.barr) < 0.3);
  t.true(fitted.weekendFactor < 0.9);
});

test('a planted wrong parameter is rejected, the right ones are not', (t) => {
  const options = (purpose: string) => ({
    replications: 39,
    stream: stream(purpose),
    estimated: false,
  });
  const pValue = <S, E>(
    part: Parameters<typeof assess<S, E>>[0],
    sample: S,
    estimate: E,
    at: number,
  ) => assess(part, sample, estimate, options('test')).tests[at]!.pValue;
  t.true(pValue(lublinSizes, sizesOf(5), SIZES, 0) > 0.05);
  t.true(pValue(lublinRuns, runsOf(5), RUNS, 0) > 0.05);
  t.true(pValue(lublinArrivals, arrivalsOf(5), ARRIVALS, 0) > 0.05);
  t.is(pValue(lublinSizes, sizesOf(5), { ...SIZES, uMed: 3.5 }, 0), 1 / 40);
  t.is(pValue(lublinSizes, sizesOf(5), { ...SIZES, powerOfTwo: 0.45 }, 0), 1 / 40);
  t.is(pValue(lublinRuns, runsOf(5), { ...RUNS, a1: 5.5 }, 0), 1 / 40);
  t.is(pValue(lublinRuns, runsOf(5), { ...RUNS, pb: 0.6 }, 0), 1 / 40);
  t.is(pValue(lublinArrivals, arrivalsOf(5), { ...ARRIVALS, barr: 0.6 }, 0), 1 / 40);
  t.is(pValue(lublinArrivals, arrivalsOf(5, 4_000), { ...ARRIVALS, anum: 4 }, 1), 1 / 40);
});

test('what is published rests on several records each', (t) => {
  const words = { name: 'x', title: 'X', unit: 's', logarithmic: true };
  const values = Float64Array.from({ length: 300 }, (_, i) => Math.floor(Math.exp(i / 30)));
  const odd = Float64Array.of(...values, 987_654).sort();
  const pair = distributionPair(words, odd, values);
  let before = 0;
  for (const { x, trace } of pair.points) {
    const below = odd.filter((value) => value <= x).length;
    t.true(below === before || below - before >= LEAST_RECORDS, `${x}`);
    t.true(below === odd.length || odd.length - below >= LEAST_RECORDS, `${x}`);
    t.true(Math.abs(trace - below / odd.length) < 1e-3);
    before = below;
  }
  t.false(JSON.stringify(pair).includes('98765'));
  t.true(pair.quantiles.every(({ probability }) => probability >= 0.02 && probability <= 0.98));
});

const HAWKES = { declarationsPerDay: 0.2, branching: 0.4, excitationDays: 3 };
const eventsOf = (seed: number, days: number, wholeDays = false) =>
  hawkesProcess.simulate(HAWKES, { times: new Float64Array(), days, wholeDays }, stream('e', seed));

test("the recursion of Hawkes' likelihood is the double sum, and its residuals its integral", (t) => {
  const sample = eventsOf(1, 400);
  const { times, days } = sample;
  const decay = 1 / HAWKES.excitationDays;
  const base = HAWKES.declarationsPerDay * (1 - HAWKES.branching);
  const excited = (time: number) =>
    times
      .filter((before) => before < time)
      .reduce(
        (sum, before) => sum + HAWKES.branching * decay * Math.exp(decay * (before - time)),
        0,
      );
  // The integral by the trapezium rule between events, where the intensity is smooth.
  const marks = [0, ...times, days];
  const pieces = marks.slice(1).map((to, i) => {
    const from = marks[i]!;
    const steps = 400;
    const width = (to - from) / steps;
    const after = i > 0 ? HAWKES.branching * decay : 0;
    const at = (x: number) =>
      base + excited(from) * Math.exp(decay * (from - x)) + after * Math.exp(decay * (from - x));
    let sum = (at(from) + at(to)) / 2;
    for (let step = 1; step < steps; step++) sum += at(from + step * width);
    return sum * width;
  });
  const logs = Array.from(times, (time) => Math.log(base + excited(time)));
  const add = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
  const brute = add(logs) - add(pieces);
  t.true(times.length > 50);
  t.true(Math.abs(hawkesLogLikelihood(sample, HAWKES) - brute) < 1e-3 * Math.abs(brute));
  hawkesResiduals(sample, HAWKES).forEach((gap, i) => {
    t.true(Math.abs(gap - pieces[i]!) < 1e-3, `${i}`);
  });
});

test('a fitted Hawkes process is as likely as the truth, and a wrong one is rejected', (t) => {
  const sample = eventsOf(2, 4_000);
  const fitted = hawkesProcess.fit(sample);
  t.true(hawkesLogLikelihood(sample, fitted) >= hawkesLogLikelihood(sample, HAWKES));
  t.true(Math.abs(fitted.branching - HAWKES.branching) < 0.15);
  const pValue = (estimate: typeof HAWKES) => {
    const options = { replications: 39, stream: stream('h'), estimated: false };
    return assess(hawkesProcess, sample, estimate, options).tests[0]!.pValue;
  };
  t.true(pValue(HAWKES) > 0.05);
  // A Poisson process of the same rate, and one that excites for months.
  t.is(pValue({ ...HAWKES, branching: 0.001 }), 1 / 40);
  t.is(pValue({ ...HAWKES, branching: 0.8 }), 1 / 40);
});

test('events over many states are counted together where they are few', (t) => {
  const events = [1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 5, 7, 12, 14, 39].map((states) => ({ states }));
  // 39, 14, 12, 7 and 5 are five events over 77 states.
  t.deepEqual(pooledStates(events), [
    [1, 6],
    [2, 5],
    [15, 5],
  ]);
  t.deepEqual(pooledStates(events.slice(4)), [
    [2, 7],
    [15, 5],
  ]);
});

test('counts of batches have the mean and the variance of their mixture', (t) => {
  for (const [expected, shape] of [
    [52.8, 11],
    [3, 0.7],
    [900, Infinity],
  ] as const) {
    const masses = countMasses(expected, shape, 5_000);
    const moment = (power: number) =>
      masses.reduce((sum, mass, n) => sum + mass * (n - expected) ** power, 0);
    t.true(Math.abs(moment(0) - 1) < 1e-6, `${expected}`);
    t.true(Math.abs(moment(1)) < 1e-4 * expected);
    const wanted = expected + (expected * expected) / shape;
    t.true(Math.abs(moment(2) / wanted - 1) < 1e-3);
  }
});

test('shares of sizes of batches are those that are drawn', (t) => {
  const shares = batchShares(BATCH_SIZES);
  const sum = (weight: (size: number) => number) =>
    shares.reduce((total, share, size) => total + share * weight(size), 0);
  t.true(Math.abs(sum(() => 1) - 1) < 1e-12);
  t.true(Math.abs(sum((size) => size) - meanBatchSize()) < 1e-9);
});

test('errors of survival are those of a binomial share of batches', (t) => {
  // 400 batches of five machines that share their fate: a tenth of them dies in each of the bins.
  const fates = Int16Array.from({ length: 2_000 }, (_, i) => Math.floor(i / 200));
  const batchStart = Uint32Array.from({ length: 401 }, (_, i) => 5 * i);
  const errors = survivalErrors({ batchStart, durationBin: fates }, 400, stream('survival'));
  for (const bin of [0, 4, 8]) {
    const alive = 0.9 - bin / 10;
    const exact = Math.sqrt((alive * (1 - alive)) / 400);
    t.true(Math.abs(errors[bin]! / exact - 1) < 0.15, `${bin} ${errors[bin]} ${exact}`);
  }
});

/** Machines of the model as a trace: ten days of batches at a tenth of Azure's rate. */
function madeMachines(shared: { lifetime: number; flavour: number }): MachineTrace {
  const draws = stream('machines');
  const like = { counts: new Float64Array(2_880), firstBin: 0 };
  const arrivals = { ...AZURE_ARRIVALS, mean: 5.2, variance: 8, weekdayRatio: 1.33 };
  const { counts } = batchArrivals.simulate(arrivals, like, draws);
  const lifetimes = new Lifetimes(AZURE_SURVIVAL, 86_400);
  const [batchSeconds, batchStart]: [number[], number[]] = [[], []];
  const [flavour, durationBin]: [number[], number[]] = [[], []];
  counts.forEach((count, bin) => {
    for (let batch = 0; batch < count; batch++) {
      batchSeconds.push(bin * 300);
      batchStart.push(flavour.length);
      const common = draws.uniform();
      const size = batchSize(draws);
      for (const each of batchFlavours(size, [0.2, 0.5, 0, 0, 0, 0, 0.3], draws, shared.flavour)) {
        const own = draws.uniform() >= shared.lifetime;
        const seconds = lifetimes.at(own ? draws.uniform() : common, draws);
        flavour.push(each);
        durationBin.push(seconds > 302_400 ? 100 + LAST_BIN : binOfSeconds(seconds));
      }
    }
  });
  batchStart.push(flavour.length);
  return {
    format: 'made',
    label: 'synthetic',
    batchSeconds: Float64Array.from(batchSeconds),
    batchStart: Uint32Array.from(batchStart),
    flavour: Uint8Array.from(flavour),
    durationBin: Int16Array.from(durationBin),
    tail: null,
    startSeconds: 0,
    endSeconds: 864_000,
    weekdayAtZero: 0,
    setAside: {},
    assumed: [],
  };
}

test('a model of batches comes back from the machines that it made', (t) => {
  const trace = madeMachines({ lifetime: 0.7, flavour: 0.8 });
  const fit = fitBatches(trace, 'made', { name: 'x', seed: 1, replications: 19 });
  const of = (key: string) => fit.parameters.find((each) => each.key === key)!;
  const holds = (key: string, truth: number) => {
    const [low, high] = of(key).interval95!;
    t.true(low <= truth && truth <= high, `${key} ${low} ${high}`);
  };
  holds('batches.mean', 5.2);
  // Mixing is drawn once a bin, and ten days have two weekend days only.
  t.true(Math.abs(of('weekdayRatio').value - 1.33) < 0.15);
  for (const bin of [0, 3, 12, 24]) holds(`survival[${bin}]`, AZURE_SURVIVAL[bin]!);
  t.true(Math.abs(of('sharedLifetime').value - 0.7) < 0.05);
  t.true(Math.abs(of('sharedFlavour').value - 0.8) < 0.03);
  t.true(fit.tests.every(({ pValue }) => pValue > 0.04));
  // Sizes drawn from a planted other distribution, of which every second batch is single.
  const wrong = BATCH_SIZES.map(
    ([size, share, fall]) => [size, size === 1 ? 0.5 : share, fall!] as const,
  );
  const drawn = stream('wrong');
  const sizes = { sizes: Int32Array.from({ length: 1_000 }, () => batchSize(drawn, wrong)) };
  const options = { replications: 39, stream: stream('batches'), estimated: false };
  t.is(assess(batchSizes, sizes, BATCH_SIZES, options).tests[0]!.pValue, 1 / 40);
});
