/**
 * The Lublin–Feitelson model against the least and greatest value that 5 seeds of 50,000 jobs gave
 * with the authors' constants in another program; here the mean of 5 seeds must lie between them.
 */
import type { JobTable } from '../../../core/demand/jobs.ts';
import { randomStream, type RandomStream } from '../../../core/kernel/random.ts';
import {
  cycleWeights,
  LublinArrivals,
  type LublinPopulation,
} from '../../../workloads/models/lublin-process.ts';
import { lublinJobs, lublinSetup } from '../../../workloads/models/lublin.ts';
import { mean, quantile, sorted } from '../../../workloads/statistics.ts';
import { around, range, type Figures, type ModelBands } from './bands.ts';

const SEEDS = [1, 2, 3, 4, 5];
const JOBS = 50_000;
const PROCESSORS = 128;

export type JobTypes = 'whole' | 'typed';

/** A model as it is held against the bands: populations, and jobs that are drawn from them. */
export interface LublinUnderTest {
  readonly populations: readonly LublinPopulation[];
  jobs(stream: (purpose: string) => RandomStream, count: number): JobTable;
}

/** The model as it is, on 128 processors, without estimates. */
export function lublinAsItIs(
  jobTypes: JobTypes,
  changed: Partial<LublinPopulation> = {},
): LublinUnderTest {
  const plain = lublinSetup(jobTypes, PROCESSORS, undefined, 1);
  const populations = plain.populations.map((population) => ({ ...population, ...changed }));
  return {
    populations,
    jobs: (stream, count) => lublinJobs({ ...plain, populations }, Infinity, count, stream),
  };
}

/** Means over the seeds. */
export function lublinFigures(model: LublinUnderTest): Figures {
  const all = SEEDS.map((seed) => figuresOf(model, seed));
  const averages = Object.fromEntries(
    Object.keys(all[0]!).map((name) => [name, mean(all.map((each) => each[name]!))]),
  );
  const weights = cycleWeights(model.populations[0]!);
  return {
    ...averages,
    'largest weight of the day': Math.max(...weights),
    'its half hour': weights.indexOf(Math.max(...weights)),
    'smallest weight of the day': Math.min(...weights),
    'its half hour, smallest': weights.indexOf(Math.min(...weights)),
  };
}

function figuresOf(model: LublinUnderTest, seed: number): Figures {
  const stream = (purpose: string) =>
    randomStream({ seed, replication: 0, entity: 'lublin', purpose });
  const jobs = model.jobs(stream, JOBS);
  const run = sorted(jobs.runSeconds);
  const share = (test: (size: number) => boolean) => jobs.processors.filter(test).length / JOBS;
  const spanSeconds = jobs.submitSeconds[JOBS - 1]!;
  let work = 0;
  for (let i = 0; i < JOBS; i++) work += jobs.runSeconds[i]! * jobs.processors[i]!;
  return {
    'mean run time, s': mean(run),
    'median run time, s': quantile(run, 0.5),
    '90 % of run times, s': quantile(run, 0.9),
    'mean processors': mean(jobs.processors),
    'serial jobs': share((size) => size === 1),
    'powers of two': share((size) => (size & (size - 1)) === 0),
    'mean gap, s': spanSeconds / (JOBS - 1),
    'load on 128 processors': work / (PROCESSORS * spanSeconds),
    'batch jobs': batchShare(model.populations, stream, spanSeconds),
  };
}

/** Share of arrivals that are the first population's; 1 where there is one only. */
function batchShare(
  populations: readonly LublinPopulation[],
  stream: (purpose: string) => RandomStream,
  untilSeconds: number,
): number {
  const counts = populations.map((population, index) => {
    const arrivals = new LublinArrivals(population, stream(`arrivals-${index}`));
    let count = 0;
    while (arrivals.next() < untilSeconds) count += 1;
    return count;
  });
  return counts[0]! / counts.reduce((sum, count) => sum + count, 0);
}

const SOURCE =
  'U. Lublin, D. Feitelson, JPDC 63(11), 2003: constants of the authors’ program; least and greatest value of 5 × 50,000 jobs elsewhere';
const DRAWN = '5 × 50,000 jobs, mean of the 5';

export const LUBLIN_WHOLE_BANDS: ModelBands = {
  model: 'Lublin–Feitelson, one population',
  drawn: DRAWN,
  source: SOURCE,
  bands: [
    range('mean run time, s', 4_297, 4_401, 0),
    range('median run time, s', 106, 109, 1),
    range('90 % of run times, s', 14_429, 14_727, 0),
    range('mean processors', 12.04, 12.25, 2),
    range('serial jobs', 0.242, 0.246, 4),
    range('powers of two', 0.868, 0.87, 4),
    range('mean gap, s', 884, 954, 0),
    range('load on 128 processors', 0.69, 0.748, 3),
    around('largest weight of the day', 1.8331, 0.000_05, 4),
    around('its half hour', 27, 0, 0),
    around('smallest weight of the day', 0.1649, 0.000_05, 4),
    around('its half hour, smallest', 10, 0, 0),
  ],
  measure: () => lublinFigures(lublinAsItIs('whole')),
};

export const LUBLIN_TYPED_BANDS: ModelBands = {
  model: 'Lublin–Feitelson, batch and interactive jobs',
  drawn: DRAWN,
  source: SOURCE,
  bands: [
    range('mean run time, s', 1_366, 1_785, 0),
    range('mean processors', 8.78, 9.04, 2),
    range('serial jobs', 0.171, 0.177, 4),
    range('powers of two', 0.86, 0.867, 4),
    range('mean gap, s', 478, 530, 0),
    range('load on 128 processors', 0.373, 0.439, 3),
    range('batch jobs', 0.128, 0.161, 4),
  ],
  measure: () => lublinFigures(lublinAsItIs('typed')),
};
