/**
 * Fits of models against models with known parameters: how often the intervals hold the truth, how
 * often a test rejects the true model, and how often a wrong one, at 1,000 records.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { randomStream } from '../../core/kernel/random.ts';
import { assess, interval95, type ModelPart } from '../../workloads/fit/assessment.ts';
import { hawkesProcess } from '../../workloads/fit/hawkes-process.ts';
import { lublinArrivals } from '../../workloads/fit/lublin-arrivals.ts';
import { lublinRuns } from '../../workloads/fit/lublin-runs.ts';
import { lublinSizes } from '../../workloads/fit/lublin-sizes.ts';
import { runCli, temporaryFolder } from '../cli/run.ts';
import { ARRIVALS_OF_A_DAY, RUNS, SIZES } from '../workloads/lublin-truth.ts';

const stream = (purpose: string, replication: number) =>
  randomStream({ seed: 11, replication, entity: 'fit', purpose });

const JOBS = 1_000;
const ARRIVALS = { ...ARRIVALS_OF_A_DAY, weekendFactor: 0.6 };
const HAWKES = { declarationsPerDay: 0.2, branching: 0.4, excitationDays: 3 };

const SIZE_LIKE = { sizes: new Int32Array(JOBS), processors: 128 };
const someSizes = lublinSizes.simulate(SIZES, SIZE_LIKE, stream('like', 0)).sizes;
const RUN_LIKE = { seconds: [], sizes: someSizes, longestLog: 12 };
const ARRIVAL_LIKE = { seconds: new Float64Array(JOBS), weekdaysKnown: true, longestLog: 13 };
const EVENT_LIKE = { times: new Float64Array(), days: 5_000, wholeDays: true };

interface Known<Sample, Estimate> {
  readonly part: ModelPart<Sample, Estimate>;
  readonly truth: Estimate;
  readonly like: Sample;
  /** Bounds of the parameters, as the fit has them. */
  readonly positive: readonly number[];
}

const REPLICATIONS = 19;

/** Over several samples: shares of intervals that hold, and of tests that reject at 1 in 20. */
function recovery<Sample, Estimate>(
  t: ExecutionContext,
  name: string,
  { part, truth, like, positive }: Known<Sample, Estimate>,
  samples: number,
) {
  const wanted = part.numbers(truth);
  const held = wanted.map(() => 0);
  const rejected = part.tests.map(() => 0);
  for (let i = 0; i < samples; i++) {
    const sample = part.simulate(truth, like, stream(`${name}.data`, i));
    const estimate = part.fit(sample, i % 5 === 0 ? undefined : truth);
    const options = { replications: REPLICATIONS, stream: stream(`${name}.bootstrap`, i) };
    const { standardErrors, tests } = assess(part, sample, estimate, options);
    part.numbers(estimate).forEach((value, k) => {
      const bounds = positive.includes(k) ? ([0, Infinity] as const) : undefined;
      const [low, high] = interval95(value, standardErrors[k]!, bounds)!;
      if (low <= wanted[k]! && wanted[k]! <= high) held[k]! += 1;
    });
    tests.forEach(({ pValue }, k) => {
      if (pValue <= 0.05 + 1e-9) rejected[k]! += 1;
    });
  }
  t.log(`${name}: of ${samples}, held ${held.join(' ')}; rejected ${rejected.join(' ')}`);
  const share = (counts: readonly number[]) =>
    counts.reduce((sum, count) => sum + count, 0) / (counts.length * samples);
  // 19 samples know a standard error to a sixth: 95 % become about 93 %. Parameters of one part
  // err together, so a part's share spreads as that of few independent intervals.
  t.true(share(held) >= 0.86, `${name} holds ${share(held)}`);
  t.true(share(rejected) <= 0.15, `${name} rejects ${share(rejected)}`);
}

test('intervals of job sizes hold the truth', (t) => {
  recovery(t, 'sizes', { part: lublinSizes, truth: SIZES, like: SIZE_LIKE, positive: [] }, 40);
});

test('intervals of run times hold the truth', (t) => {
  const known = { part: lublinRuns, truth: RUNS, like: RUN_LIKE, positive: [0, 1, 2, 3] };
  recovery(t, 'runs', known, 20);
});

test('intervals of arrivals hold the truth', (t) => {
  const positive = [0, 1, 2, 3, 4];
  recovery(
    t,
    'arrivals',
    { part: lublinArrivals, truth: ARRIVALS, like: ARRIVAL_LIKE, positive },
    16,
  );
});

test('intervals of a Hawkes process hold the truth', (t) => {
  const known = { part: hawkesProcess, truth: HAWKES, like: EVENT_LIKE, positive: [0, 2] };
  recovery(t, 'hawkes', known, 30);
});

/** Share of samples of `truth` in which a test rejects `wrong`. */
function power<Sample, Estimate>(
  { part, like }: Pick<Known<Sample, Estimate>, 'part' | 'like'>,
  truth: Estimate,
  wrong: Estimate,
  at: number,
): number {
  const samples = 20;
  let rejected = 0;
  for (let i = 0; i < samples; i++) {
    const sample = part.simulate(truth, like, stream('power.data', i));
    const options = { replications: 19, stream: stream('power', i), estimated: false };
    if (assess(part, sample, wrong, options).tests[at]!.pValue <= 0.05 + 1e-9) rejected += 1;
  }
  return rejected / samples;
}

test('wrong parameters are rejected at 1,000 records, true ones are not', (t) => {
  const sizes = { part: lublinSizes, like: SIZE_LIKE };
  const runs = { part: lublinRuns, like: RUN_LIKE };
  const arrivals = { part: lublinArrivals, like: ARRIVAL_LIKE };
  const events = { part: hawkesProcess, like: EVENT_LIKE };
  const powers = {
    'serial 0.244 → 0.32': power(sizes, SIZES, { ...SIZES, serial: 0.32 }, 0),
    'powerOfTwo 0.576 → 0.46': power(sizes, SIZES, { ...SIZES, powerOfTwo: 0.46 }, 0),
    'uMed 4.5 → 4': power(sizes, SIZES, { ...SIZES, uMed: 4 }, 0),
    'a1 4.2 → 5': power(runs, RUNS, { ...RUNS, a1: 5 }, 0),
    'a2 312 → 340': power(runs, RUNS, { ...RUNS, a2: 340 }, 0),
    'pb 0.78 → 0.68': power(runs, RUNS, { ...RUNS, pb: 0.68 }, 0),
    'barr 0.487 → 0.53': power(arrivals, ARRIVALS, { ...ARRIVALS, barr: 0.53 }, 0),
    'branching 0.4 → 0': power(events, HAWKES, { ...HAWKES, branching: 0.001 }, 0),
  };
  for (const [name, share] of Object.entries(powers)) {
    t.log(`${name}: rejected in ${100 * share} % of samples`);
    t.true(share >= 0.8, name);
  }
  t.true(power(runs, RUNS, RUNS, 0) <= 0.2);
  t.true(power(sizes, SIZES, SIZES, 0) <= 0.2);
});

test('models of another form are rejected, their parameters fitted', (t) => {
  const rejects = <Sample, Estimate>(
    part: ModelPart<Sample, Estimate>,
    sample: Sample,
    at: number,
  ) => {
    const options = { replications: 19, stream: stream('form', 0) };
    return assess(part, sample, part.fit(sample), options).tests[at]!.pValue <= 0.05 + 1e-9;
  };
  const draws = stream('forms', 0);
  const some = (count: number, draw: () => number) => Float64Array.from({ length: count }, draw);
  // Sizes that are multiples of five, run times all of one of three lengths, arrivals in bursts,
  // events that keep their distance.
  const fives = some(JOBS, () => 5 * (1 + draws.integer(20)));
  t.true(rejects(lublinSizes, { sizes: fives, processors: 128 }, 0));
  const lengths = some(JOBS, () => [60, 3_600, 36_000][draws.integer(3)]! + draws.integer(9));
  t.true(rejects(lublinRuns, { ...RUN_LIKE, seconds: lengths }, 0));
  const starts = lublinArrivals.simulate(ARRIVALS, ARRIVAL_LIKE, draws).seconds;
  const bursts = Float64Array.from(
    [...starts].flatMap((at) => [at, at + 2, at + 4, at + 6]),
  ).sort();
  t.true(rejects(lublinArrivals, { ...ARRIVAL_LIKE, seconds: bursts }, 3));
  const spaced = some(1_000, () => 0).map((_, i) => 5 * i + 2 * draws.uniform());
  t.true(rejects(hawkesProcess, { ...EVENT_LIKE, times: spaced }, 0));
});

/** A log with all that must not leave the house. */
function secretLog(lines: string): string {
  const header = [
    '; Computer: Zwickelberg',
    '; Installation: Amt Quastenflosser',
    '; UnixStartTime: 1104537600',
    '; TimeZoneString: Europe/Vienna',
    '; MaxNodes: 128',
    '; MaxProcs: 128',
    '; Queue: 7 geheimschlange',
    '; Note: asked by Aloisia Krautwurst',
  ];
  return `${header.join('\n')}\n${lines}`;
}

test('a fit publishes parameters and no record, and its table makes the load again', async (t) => {
  const workingDirectory = temporaryFolder(t);
  const cli = async (...argv: string[]) => {
    const result = await runCli(argv, { workingDirectory });
    t.is(result.exitCode, 0, result.stderr);
    return result.stdout;
  };
  await cli('trace', 'generate', 'lublin', '--days', '40', '--out', 'plain.swf');
  const plain = readFileSync(join(workingDirectory, 'plain.swf'), 'utf8');
  const records = plain.split('\n').filter((line) => /^\d/.test(line));
  const users = records.map((line, i) => {
    const fields = line.split(' ');
    fields[11] = String(900_000 + (i % 37));
    return fields.join(' ');
  });
  writeFileSync(join(workingDirectory, 'zwickelberg.swf'), secretLog(`${users.join('\n')}\n`));
  const fit = (out: string) =>
    cli('trace', 'fit', 'zwickelberg.swf', '--out', out, '--replications', '19', '--quiet');
  t.is(await fit('first'), await fit('second'));
  const files = ['model.toml', 'fit.json', 'fit.html'].concat(
    readdirSync(join(workingDirectory, 'first/figures')).map((name) => `figures/${name}`),
  );
  t.is(files.length, 3 + 2 * (3 * 2 + 2));
  const long = new Set(
    records.flatMap((line) => line.split(' ').filter((field) => /^\d{5,}$/.test(field))),
  );
  t.true(long.size > 500);
  for (const name of files) {
    const text = readFileSync(join(workingDirectory, 'first', name), 'utf8');
    t.is(text, readFileSync(join(workingDirectory, 'second', name), 'utf8'), name);
    t.notRegex(text, /zwickel|quasten|geheim|aloisia|krautwurst|9000\d\d|1104537600|2005/i, name);
    // Whole numbers of records, submission times and long run times, stand nowhere.
    const numbers = text.match(/(?<![\d.#])\d{5,}(?![\d.])/g) ?? [];
    const rounded = (number: string) => /^[1-9]\d{0,2}0+$/.test(number);
    t.deepEqual(
      numbers.filter((number) => long.has(number) && !rounded(number)),
      [],
      name,
    );
  }
  const found = JSON.parse(readFileSync(join(workingDirectory, 'first/fit.json'), 'utf8'));
  const load = found.comparison.find(({ name }: { name: string }) => name === 'offered load');
  t.true(Math.abs(load.model / load.trace - 1) < 0.15, JSON.stringify(load));
  const model = ['--workload', 'first/model.toml', '--days', '40', '--out', 'again.csv'];
  t.regex(await cli('trace', 'generate', 'lublin', ...model), /constants as given/);
});
