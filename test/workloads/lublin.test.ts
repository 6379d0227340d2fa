/**
 * The Lublin–Feitelson model against what the authors' constants gave elsewhere: 5 seeds of 50,000
 * jobs each, least and greatest value a figure.
 */
import test from 'ava';
import { emptyJobTable } from '../../core/demand/jobs.ts';
import { randomStream } from '../../core/kernel/random.ts';
import { DEFAULT_ESTIMATES, estimateJobs } from '../../workloads/models/estimates.ts';
import {
  cycleWeights,
  LUBLIN_WHOLE,
  lublinRunSeconds,
  lublinSize,
  meanGapSeconds,
  meanWork,
  onMachine,
} from '../../workloads/models/lublin-process.ts';
import { lublinJobs, lublinSetup, type LublinSetup } from '../../workloads/models/lublin.ts';
import { gammaDistribution } from '../../workloads/sampling.ts';
import { mean, quantile, sorted } from '../../workloads/statistics.ts';

const SEEDS = [1, 2, 3, 4, 5];
const JOBS = 50_000;

type Figures = Record<string, number>;

function figures(setup: LublinSetup, seed: number): Figures {
  const jobs = lublinJobs(setup, Infinity, JOBS, (purpose) =>
    randomStream({ seed, replication: 0, entity: 'lublin', purpose }),
  );
  const run = sorted(jobs.runSeconds);
  const share = (test: (size: number) => boolean) => jobs.processors.filter(test).length / JOBS;
  const span = jobs.submitSeconds[JOBS - 1]!;
  let work = 0;
  for (let i = 0; i < JOBS; i++) work += jobs.runSeconds[i]! * jobs.processors[i]!;
  return {
    meanRun: mean(run),
    medianRun: quantile(run, 0.5),
    run90: quantile(run, 0.9),
    meanNodes: mean(jobs.processors),
    serial: share((size) => size === 1),
    powerOfTwo: share((size) => (size & (size - 1)) === 0),
    interArrival: span / (JOBS - 1),
    load: work / (setup.processors * span),
  };
}

function averages(setup: LublinSetup): Figures {
  const all = SEEDS.map((seed) => figures(setup, seed));
  return Object.fromEntries(
    Object.keys(all[0]!).map((key) => [key, mean(all.map((each) => each[key]!))]),
  );
}

/** Figures outside their bands, each widened by half its width: other seeds than the bands'. */
function outside(found: Figures, bands: Readonly<Record<string, readonly [number, number]>>) {
  return Object.entries(bands).filter(([key, [low, high]]) => {
    const slack = (high - low) / 2;
    return !(found[key]! >= low - slack && found[key]! <= high + slack);
  });
}

const WHOLE_BANDS = {
  meanRun: [4297, 4401],
  medianRun: [106, 109],
  run90: [14_429, 14_727],
  meanNodes: [12.04, 12.25],
  serial: [0.242, 0.246],
  powerOfTwo: [0.868, 0.87],
  interArrival: [884, 954],
  load: [0.69, 0.748],
} as const;

const TYPED_BANDS = {
  meanRun: [1366, 1785],
  meanNodes: [8.78, 9.04],
  serial: [0.171, 0.177],
  powerOfTwo: [0.86, 0.867],
  interArrival: [478, 530],
  load: [0.373, 0.439],
} as const;

test('one population stays within the acceptance bands', (t) => {
  t.deepEqual(outside(averages(lublinSetup('whole', 128, undefined, 1)), WHOLE_BANDS), []);
});

test('batch and interactive jobs stay within the acceptance bands', (t) => {
  t.deepEqual(outside(averages(lublinSetup('typed', 128, undefined, 1)), TYPED_BANDS), []);
});

test('a planted wrong constant leaves the bands', (t) => {
  const setup = lublinSetup('whole', 128, undefined, 1);
  const wrong = { ...LUBLIN_WHOLE, pb: 0.75 };
  const found = outside(averages({ ...setup, populations: [wrong] }), WHOLE_BANDS);
  t.true(found.some(([key]) => key === 'meanRun'));
});

test('the daily cycle has the published extremes', (t) => {
  const weights = cycleWeights(LUBLIN_WHOLE);
  t.is(weights.indexOf(Math.max(...weights)), 27);
  t.is(weights.indexOf(Math.min(...weights)), 10);
  t.is(Math.max(...weights).toFixed(4), '1.8331');
  t.is(Math.min(...weights).toFixed(4), '0.1649');
});

test('the expected work of a job is what sampling gives, on machines of any size', (t) => {
  const stream = randomStream({ seed: 3, replication: 0, entity: 'lublin', purpose: 'work' });
  for (const processors of [100, 128, 300]) {
    const population = onMachine(LUBLIN_WHOLE, processors);
    let sum = 0;
    const draws = 200_000;
    for (let i = 0; i < draws; i++) {
      const size = lublinSize(population, processors, stream);
      t.true(size >= 1 && size <= processors);
      sum += size * lublinRunSeconds(population, size, stream);
    }
    const ratio = sum / draws / meanWork(population, processors);
    t.true(Math.abs(ratio - 1) < 0.05, `${processors} processors: ${ratio}`);
  }
});

test('a load that is asked for comes out, with and without a quiet weekend', (t) => {
  for (const weekendFactor of [1, 0.4]) {
    const setup = lublinSetup('whole', 200, 0.6, weekendFactor);
    const loads = SEEDS.map((seed) => figures(setup, seed)['load']!);
    t.true(Math.abs(mean(loads) - 0.6) < 0.03, `${loads}`);
  }
  t.true(Math.abs(meanGapSeconds(LUBLIN_WHOLE) - 911.3) < 0.1);
});

test('a quiet weekend is quiet', (t) => {
  const setup = lublinSetup('whole', 128, undefined, 0.25);
  const jobs = lublinJobs(setup, 400 * 7 * 86_400, Infinity, (purpose) =>
    randomStream({ seed: 1, replication: 0, entity: 'lublin', purpose }),
  );
  const weekend = jobs.submitSeconds.filter((at) => at % 604_800 >= 5 * 86_400).length;
  const ratio = weekend / 2 / ((jobs.count - weekend) / 5);
  t.true(Math.abs(ratio - 0.25) < 0.025, `${ratio}`);
});

test('estimates are never below the run time and mostly popular', (t) => {
  const jobs = emptyJobTable(20_000);
  const stream = randomStream({ seed: 1, replication: 0, entity: 'lublin', purpose: 'estimates' });
  for (let i = 0; i < jobs.count; i++) {
    jobs.runSeconds[i] = 1 + Math.floor(Math.exp(stream.uniform() * 12));
  }
  estimateJobs(jobs, DEFAULT_ESTIMATES, stream);
  const popular = new Set(DEFAULT_ESTIMATES.popularSeconds);
  let rounded = 0;
  for (let i = 0; i < jobs.count; i++) {
    t.true(jobs.estimateSeconds[i]! >= jobs.runSeconds[i]!);
    if (popular.has(jobs.estimateSeconds[i]!)) rounded += 1;
  }
  t.true(rounded / jobs.count > 0.88 && rounded / jobs.count < 0.96, `${rounded}`);
});

test('the gamma distribution function agrees with its closed form for whole shapes', (t) => {
  for (const shape of [1, 2, 5, 40]) {
    for (const x of [0.1, 1, shape, 3 * shape]) {
      // P(X ≤ x) = 1 − Σ_{k<shape} e^{−x} x^k / k!.
      let term = Math.exp(-x);
      let tail = 0;
      for (let k = 0; k < shape; k++) {
        tail += term;
        term *= x / (k + 1);
      }
      t.true(Math.abs(gammaDistribution(x, shape, 1) - (1 - tail)) < 1e-12, `${shape} ${x}`);
    }
  }
});
