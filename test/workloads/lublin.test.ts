/** The Lublin–Feitelson model within its bands, at loads that are asked for, on other machines. */
import test from 'ava';
import { outside } from '../../bench/validation/models/bands.ts';
import {
  LUBLIN_TYPED_BANDS,
  LUBLIN_WHOLE_BANDS,
  lublinAsItIs,
  lublinFigures,
} from '../../bench/validation/models/lublin.ts';
import { emptyJobTable } from '../../core/demand/jobs.ts';
import { randomStream } from '../../core/kernel/random.ts';
import { DEFAULT_ESTIMATES, estimateJobs } from '../../workloads/models/estimates.ts';
import {
  LUBLIN_WHOLE,
  lublinRunSeconds,
  lublinSize,
  meanGapSeconds,
  meanWork,
  onMachine,
} from '../../workloads/models/lublin-process.ts';
import { lublinJobs, lublinSetup, type LublinSetup } from '../../workloads/models/lublin.ts';
import { gammaDistribution } from '../../workloads/sampling.ts';
import { mean } from '../../workloads/statistics.ts';

const SEEDS = [1, 2, 3, 4, 5];
const JOBS = 50_000;

/** Work of so many jobs over what the machine could do until the last of them arrives. */
function loadOf(setup: LublinSetup, seed: number): number {
  const jobs = lublinJobs(setup, Infinity, JOBS, (purpose) =>
    randomStream({ seed, replication: 0, entity: 'lublin', purpose }),
  );
  let work = 0;
  for (let i = 0; i < JOBS; i++) work += jobs.runSeconds[i]! * jobs.processors[i]!;
  return work / (setup.processors * jobs.submitSeconds[JOBS - 1]!);
}

for (const { model, bands, measure } of [LUBLIN_WHOLE_BANDS, LUBLIN_TYPED_BANDS]) {
  test(`${model}: within the acceptance bands`, (t) => {
    t.deepEqual(outside(bands, measure()), []);
  });
}

test('a planted wrong constant leaves the bands', (t) => {
  const found = lublinFigures(lublinAsItIs('whole', { pb: 0.75 }));
  t.true(outside(LUBLIN_WHOLE_BANDS.bands, found).includes('mean run time, s'));
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
    const loads = SEEDS.map((seed) => loadOf(setup, seed));
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
