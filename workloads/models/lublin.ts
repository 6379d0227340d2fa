/** The Lublin–Feitelson model as demand of a batch cluster. */
import { Type } from 'typebox';
import { emptyJobTable, type JobTable } from '../../core/demand/jobs.ts';
import { OcxError } from '../../core/kernel/errors.ts';
import { SECOND_MS } from '../../core/kernel/units.ts';
import { cached } from '../cache.ts';
import { workloadStream, type LoadedDemand, type WorkloadContext } from '../context.ts';
import { positive, share, shiftHours, type Filled } from '../fields.ts';
import { jobsOnNodes } from '../nodes.ts';
import { significant } from '../statistics.ts';
import { DEFAULT_ESTIMATES, estimateJobs } from './estimates.ts';
import { lublinTables, populationOf, type LublinTables } from './lublin-parameters.ts';
import {
  LUBLIN_BATCH,
  LUBLIN_INTERACTIVE,
  LUBLIN_WHOLE,
  LublinArrivals,
  lublinRunSeconds,
  lublinSize,
  meanGapSeconds,
  meanWork,
  onMachine,
  type LublinPopulation,
} from './lublin-process.ts';
import type { WorkloadModel } from './model.ts';

const schema = Type.Object(
  {
    model: Type.Literal('lublin'),
    jobTypes: Type.Optional(
      Type.Enum(['whole', 'typed'], {
        default: 'whole',
        description: 'one population, or batch and interactive jobs apart',
      }),
    ),
    load: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 100,
        description:
          "expected work over the machine's capacity; left out: the model's own rate of arrivals",
      }),
    ),
    coresPerNode: positive('processors of the model that make one node', 1, 100_000),
    procs: Type.Optional(
      Type.Integer({
        minimum: 2,
        maximum: 50_000_000,
        description: 'processors of the machine; left out: coresPerNode × nodes of the cluster',
      }),
    ),
    weekendFactor: positive('arrivals at weekends over working days (the model has none)', 1, 100),
    popularEstimates: share(
      'share of estimates that are round values [mem]',
      DEFAULT_ESTIMATES.popularShare,
    ),
    exactEstimates: share(
      'share of jobs that use up their estimate [mem]',
      DEFAULT_ESTIMATES.exactShare,
    ),
    ...lublinTables,
    shiftHours,
  },
  {
    additionalProperties: false,
    description:
      'batch jobs after Lublin & Feitelson (2003) with estimates after Tsafrir et al. (2005)',
  },
);

type LublinTable = Filled<typeof schema, 'load' | 'procs' | keyof LublinTables> & LublinTables;

export const lublinModel: WorkloadModel = {
  name: 'lublin',
  title: 'batch jobs (Lublin & Feitelson 2003)',
  kinds: ['hpc', 'htc'],
  schema,
  generate,
};

/** What is drawn: jobs on processors, without estimates. */
export interface LublinSetup {
  readonly populations: readonly LublinPopulation[];
  readonly processors: number;
  /** Factor on the rate of arrivals. */
  readonly pace: number;
  readonly weekendFactor: number;
}

/**
 * Populations and pace for a machine and, if given, a load.
 *
 * @param whole what stands for the whole workload
 */
export function lublinSetup(
  jobTypes: 'whole' | 'typed',
  processors: number,
  load: number | undefined,
  weekendFactor: number,
  whole: LublinPopulation = LUBLIN_WHOLE,
): LublinSetup {
  const plain = jobTypes === 'whole' ? [whole] : [LUBLIN_BATCH, LUBLIN_INTERACTIVE];
  const populations = plain.map((population) => onMachine(population, processors));
  const pace = load === undefined ? 1 : load / naturalLoad(populations, processors);
  return { populations, processors, pace, weekendFactor };
}

/** Expected load of populations on a machine, at their own rate of arrivals. */
export function naturalLoad(populations: readonly LublinPopulation[], processors: number): number {
  return cached(`lublin load ${JSON.stringify([populations, processors])}`, () =>
    populations.reduce(
      (sum, population) =>
        sum + meanWork(population, processors) / (meanGapSeconds(population) * processors),
      0,
    ),
  );
}

/** Factor on each weekday's arrivals, Monday first, mean 1. */
export function weekdayArrivals(weekendFactor: number): number[] {
  const workday = 7 / (5 + 2 * weekendFactor);
  const weekend = workday * weekendFactor;
  return [workday, workday, workday, workday, workday, weekend, weekend];
}

/** Jobs until a time or a count, whichever comes first, ascending by submission. */
export function lublinJobs(
  setup: LublinSetup,
  untilSeconds: number,
  maximumJobs: number,
  stream: (purpose: string) => ReturnType<typeof workloadStream>,
): JobTable {
  const factors = weekdayArrivals(setup.weekendFactor);
  const sources = setup.populations.map((population, index) => ({
    population,
    arrivals: new LublinArrivals(population, stream(`arrivals-${index}`), setup.pace, factors),
    shapes: stream(`jobs-${index}`),
    next: 0,
  }));
  for (const source of sources) source.next = source.arrivals.next();
  const submit: number[] = [];
  const run: number[] = [];
  const size: number[] = [];
  while (submit.length < maximumJobs) {
    // Two populations: the earlier arrival is the next job, ties to the first.
    const source = sources.reduce((a, b) => (b.next < a.next ? b : a));
    const submitSeconds = Math.floor(source.next);
    if (submitSeconds >= untilSeconds) break;
    const processors = lublinSize(source.population, setup.processors, source.shapes);
    submit.push(submitSeconds);
    size.push(processors);
    run.push(lublinRunSeconds(source.population, processors, source.shapes));
    source.next = source.arrivals.next();
  }
  const jobs = emptyJobTable(submit.length);
  jobs.jobNumber.set(submit.map((_, index) => index + 1));
  jobs.submitSeconds.set(submit);
  jobs.runSeconds.set(run);
  jobs.estimateSeconds.set(run);
  jobs.processors.set(size);
  return jobs;
}

function generate(table: LublinTable, context: WorkloadContext): LoadedDemand {
  const processors = Math.max(2, table.procs ?? Math.round(table.coresPerNode * context.nodes));
  const jobTypes = table.jobTypes as 'whole' | 'typed';
  const given = table.sizes ?? table.runs ?? table.arrivals;
  if (given !== undefined && jobTypes === 'typed') throw untyped();
  const whole = given === undefined ? LUBLIN_WHOLE : populationOf(table);
  const setup = lublinSetup(jobTypes, processors, table.load, table.weekendFactor, whole);
  const jobs = lublinJobs(setup, context.horizonMs / SECOND_MS, Infinity, (purpose) =>
    workloadStream(context, purpose),
  );
  // A job of 0 s is one that failed at once; a scheduler still has to place it.
  for (let i = 0; i < jobs.count; i++) jobs.runSeconds[i] = Math.max(1, jobs.runSeconds[i]!);
  const estimates = {
    ...DEFAULT_ESTIMATES,
    popularShare: table.popularEstimates,
    exactShare: table.exactEstimates,
  };
  estimateJobs(jobs, estimates, workloadStream(context, 'estimates'));
  const onNodes = jobsOnNodes(jobs, table.coresPerNode, context.nodes, 'cap');
  const rate = table.load === undefined ? "the model's own rate" : `load ${table.load}`;
  const treatment =
    `${jobTypes === 'whole' ? 'one population' : 'batch and interactive jobs'} on ` +
    `${processors} processors, ${rate} (pace ${significant(setup.pace)})` +
    (given === undefined ? '' : '; constants as given, not the published ones');
  return {
    demand: { kind: 'batch', jobs: onNodes.jobs },
    sources: [
      {
        name: 'lublin',
        label: 'synthetic',
        sha256: null,
        treatment,
        droppedRecords: onNodes.widerCapped > 0 ? { cappedToCluster: onNodes.widerCapped } : {},
      },
    ],
  };
}

function untyped(): OcxError {
  return new OcxError({
    code: 'INPUT_WORKLOAD',
    message: 'sizes, runs and arrivals describe one population, and jobTypes asks for two',
    place: { keyPath: 'workload.jobTypes' },
    remedy: 'leave out jobTypes, or the tables',
  });
}
