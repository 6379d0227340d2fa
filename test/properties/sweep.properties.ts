/** `ocx sweep` from an experiment file to a results folder, killed and resumed on the way. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { SweepResults } from '../../core/metrics/sweep/results.ts';
import { assertOneLine, runCli, temporaryFolder } from '../cli/run.ts';
import { TINY_SCENARIO } from '../cli/tiny-scenario.ts';

const EXPERIMENT = `
name = "probe"
question = "Does the mechanism matter?"
scenario = "tiny.toml"
replications = 2

[[axis]]
key = "market.mechanism"
values = ["exchange-threshold", "fcfs-pool"]

[[axis]]
name = "load"
[[axis.level]]
name = "low"
set = { "organisation.hpc-a.workload.load" = 0.4 }
[[axis.level]]
name = "high"

[[measure]]
name = "utilisation"
path = "variants.market.utilisation"
unit = "share"

[[measure]]
name = "price"
path = "variants.market.market.meanPrice.standard"
unit = "credits per node-hour"

[[mark]]
name = "high load keeps more nodes busy"
measure = "utilisation"
at = { load = "high" }
relativeTo = { load = "low" }
comparison = ">"
threshold = 1

[[mark]]
name = "nobody can meet this"
measure = "utilisation"
comparison = ">="
threshold = 2
`;

function experimentFolder(t: ExecutionContext, text = EXPERIMENT): string {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'tiny.toml'), TINY_SCENARIO);
  writeFileSync(join(folder, 'probe.toml'), text);
  return folder;
}

/** What must be the same however the work was done; the manifest holds the time it took. */
function resultsOf(folder: string): Record<string, string> {
  const names = ['sweep.json', 'sweep.csv', 'report.html', 'figures/sweep.svg'];
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

/** Starts a sweep as a process of its own and kills it once a cell is done. */
async function killedSweep(workingDirectory: string, out: string): Promise<string[]> {
  const child = spawn(
    process.execPath,
    [resolve('cli/main.ts'), 'sweep', 'probe.toml', '--quiet', '--jobs', '2', '--out', out],
    {
      cwd: workingDirectory,
      env: { ...process.env, INIT_CWD: workingDirectory },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let said = '';
  child.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise((resolveEnd) => child.on('exit', resolveEnd));
  const cells = join(workingDirectory, out, 'cells');
  const done = () =>
    existsSync(cells) ? readdirSync(cells).filter((name) => name.endsWith('.zst')) : [];
  while (done().length === 0) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`the sweep ended by itself: ${child.exitCode} ${child.signalCode} ${said}`);
    }
    await new Promise((wait) => setTimeout(wait, 5));
  }
  child.kill('SIGKILL');
  await ended;
  return done();
}

test('a sweep gives the same bytes with one worker, with two, and killed and resumed', async (t) => {
  const workingDirectory = experimentFolder(t);
  const sweep = (...more: string[]) =>
    runCli(['sweep', 'probe.toml', '--json', '--quiet', ...more], { workingDirectory });
  const one = await sweep('--jobs', '1', '--out', 'one');
  t.is(one.exitCode, 0, one.stderr);
  const wanted = resultsOf(join(workingDirectory, 'one'));
  t.deepEqual(JSON.parse(one.stdout), JSON.parse(wanted['sweep.json']!));
  assertResults(t, JSON.parse(one.stdout) as SweepResults);

  const two = await sweep('--jobs', '2', '--out', 'two');
  t.is(two.exitCode, 0, two.stderr);
  t.deepEqual(resultsOf(join(workingDirectory, 'two')), wanted);

  const kept = await killedSweep(workingDirectory, 'killed');
  t.true(kept.length > 0 && kept.length < 8, `${kept.length} cells were done before the kill`);
  const killed = join(workingDirectory, 'killed');
  t.false(existsSync(join(killed, 'sweep.json')));
  const writtenAt = (name: string) => statSync(join(killed, 'cells', name)).mtimeMs;
  const before = kept.map(writtenAt);
  // A half-written cell, and one that a crash of the disk has cut short, are done again.
  writeFileSync(join(killed, 'cells', '.0003-1.json.zst.abc.tmp'), 'half');
  writeFileSync(
    join(killed, 'cells', '0003-0.json.zst'),
    readFileSync(join(killed, 'cells', kept[0]!)).subarray(0, 99),
  );
  assertOneLine(t, await sweep('--out', 'killed'), 'INPUT_SWEEP_UNFINISHED: the folder holds');
  const resumed = await sweep('--resume', '--jobs', '1', '--out', 'killed');
  t.is(resumed.exitCode, 0, resumed.stderr);
  t.deepEqual(resultsOf(killed), wanted);
  t.deepEqual(kept.map(writtenAt), before);
  t.deepEqual(
    readdirSync(join(killed, 'cells')).sort(),
    readdirSync(join(workingDirectory, 'one', 'cells')).sort(),
  );

  // The report is made again from sweep.json alone, and says the same.
  const again = await runCli(['report', 'killed', '--out', 'again'], { workingDirectory });
  t.is(again.exitCode, 0, again.stderr);
  const page = (folder: string) =>
    readFileSync(join(workingDirectory, folder, 'report.html'), 'utf8');
  t.is(page('again'), page('killed'));

  // Nothing is left to do, but the marks are judged anew; only with --gate do they count.
  const gated = await sweep('--resume', '--gate', '--out', 'killed');
  t.is(gated.exitCode, 1);
  t.is(gated.stderr, 'RESULT_MARK: "nobody can meet this": fail\n');
});

test('a part of a sweep is the same cells, and is gone on with as the whole', async (t) => {
  const workingDirectory = experimentFolder(t);
  const sweep = async (...more: string[]) => {
    const words = ['sweep', 'probe.toml', '--json', '--quiet', '--jobs', '1', ...more];
    const { exitCode, stdout, stderr } = await runCli(words, { workingDirectory });
    t.is(exitCode, 0, stderr);
    return JSON.parse(stdout) as SweepResults;
  };
  const small = ['--set', 'horizonDays=1.5'];
  const cellsIn = (folder: string) =>
    readdirSync(join(workingDirectory, folder, 'cells')).filter((name) => name.endsWith('.zst'));
  const writtenAt = (name: string) =>
    statSync(join(workingDirectory, 'part', 'cells', name)).mtimeMs;

  const whole = await sweep('--out', 'whole', ...small, '--replications', '3');
  const part = await sweep('--out', 'part', ...small, '--only', 'load=high');
  t.deepEqual(part.axes[1], { name: 'load', levels: ['high'] });
  t.deepEqual(part.changes, ['--only', 'load=high', ...small]);
  t.is(part.marks[0]!.verdict, 'not measured', 'there is no cell of low load to compare with');
  const kept = cellsIn('part').sort();
  t.deepEqual(
    kept,
    ['0001-0', '0001-1', '0003-0', '0003-1'].map((name) => `${name}.json.zst`),
  );
  const before = kept.map(writtenAt);

  // More levels, then more replications: what is done stays, and it comes to the same.
  await sweep('--out', 'part', ...small, '--resume');
  t.is(cellsIn('part').length, 8);
  t.deepEqual(await sweep('--out', 'part', ...small, '--resume', '--replications', '3'), whole);
  t.deepEqual(kept.map(writtenAt), before);
  t.deepEqual(
    resultsOf(join(workingDirectory, 'part')),
    resultsOf(join(workingDirectory, 'whole')),
  );

  // Other settings are other cells.
  await sweep('--out', 'part', '--resume', '--only', 'load=high');
  t.true(kept.every((name, index) => writtenAt(name) !== before[index]));
});

for (const [words, start] of [
  ['--only lode=high', 'INPUT_SWEEP_ONLY: --only lode=high: no axis is called "lode"'],
  ['--only load=hihg', 'INPUT_SWEEP_ONLY: --only load=hihg: axis load has no level "hihg"'],
  ['--only high', 'INPUT_SWEEP_ONLY: "high" is not a level of an axis'],
  ['--set market.mechanism=drf', 'INPUT_SWEEP_SET: --set market.mechanism=drf would undo the axis'],
  ['--set organisation.*.workload.load=1', 'INPUT_SWEEP_SET: --set organisation.*.workload.load=1'],
  ['--set organisation={}', 'INPUT_SWEEP_SET: --set organisation={} would undo the axis load'],
  ['--set replications=3', 'INPUT_SWEEP_SET: replications are not a setting of a cell'],
  ['--set horizonDayz=3', 'INPUT_SCENARIO_UNKNOWN_KEY: with mechanism = exchange-threshold'],
  ['--replications 1', "INPUT_USAGE: option '--replications <number>' argument '1' is invalid"],
] as const) {
  test(`${words} is refused in one line before anything is run`, async (t) => {
    const workingDirectory = experimentFolder(t);
    const argv = ['sweep', 'probe.toml', '--out', 'out', ...words.split(' ')];
    const result = await runCli(argv, { workingDirectory });
    t.is(result.exitCode, 2);
    assertOneLine(t, result, start);
    t.false(existsSync(join(workingDirectory, 'out')));
  });
}

/** Loaded before everything else: a worker thread ends in the middle of its second cell. */
const DEADLY = `
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';
if (!isMainThread) {
  const zlib = createRequire(import.meta.url)('node:zlib');
  const pack = zlib.zstdCompressSync;
  let packed = 0;
  zlib.zstdCompressSync = (...given) => (++packed === 2 ? process.exit(9) : pack(...given));
  syncBuiltinESMExports();
}
`;

test('a worker that is gone takes its own cell with it, and --resume does what is missing', async (t) => {
  const workingDirectory = experimentFolder(t);
  writeFileSync(join(workingDirectory, 'deadly.mjs'), DEADLY);
  const options = { cwd: workingDirectory, encoding: 'utf8' } as const;
  const argv = ['sweep', 'probe.toml', '--quiet', '--jobs', '2', '--out', 'out'];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [resolve('cli/main.ts'), ...argv],
    {
      ...options,
      env: {
        ...process.env,
        INIT_CWD: workingDirectory,
        NODE_OPTIONS: `--import=${pathToFileURL(join(workingDirectory, 'deadly.mjs')).href}`,
      },
    },
  );
  t.is(status, 3, stderr);
  assertOneLine(t, { exitCode: 3, stdout, stderr }, 'RESOURCE_WORKER: a worker thread has ended');
  const cells = join(workingDirectory, 'out', 'cells');
  const kept = readdirSync(cells).filter((name) => name.endsWith('.zst'));
  t.true(kept.length > 0 && kept.length < 8, `${kept.length} cells were done`);
  const writtenAt = (name: string) => statSync(join(cells, name)).mtimeMs;
  const before = kept.map(writtenAt);
  const resumed = await runCli([...argv, '--resume'], { workingDirectory });
  t.is(resumed.exitCode, 0, resumed.stderr);
  t.is(readdirSync(cells).filter((name) => name.endsWith('.zst')).length, 8);
  t.deepEqual(kept.map(writtenAt), before);
});

const STOPPED = EXPERIMENT.replace('replications = 2\n', '')
  .replace(', "fcfs-pool"', '')
  .replace(
    '[[axis]]',
    `[stopping]
measure = "utilisation"
relative = 0.12
minimumReplications = 3
maximumReplications = 6

[[axis]]`,
  );

test('replications that go on until an interval is narrow are the same whoever makes them', async (t) => {
  const workingDirectory = experimentFolder(t, STOPPED);
  const sweep = async (...more: string[]) => {
    const words = ['sweep', 'probe.toml', '--json', '--quiet', ...more];
    const { exitCode, stdout, stderr } = await runCli(words, { workingDirectory });
    t.is(exitCode, 0, stderr);
    return JSON.parse(stdout) as SweepResults;
  };
  const one = await sweep('--jobs', '1', '--out', 'one');
  const ends = one.cells.map(({ stopped }) => stopped!);
  for (const [index, { replications, by, halfWidth }] of ends.entries()) {
    const [figure] = one.cells[index]!.figures;
    if (figure === undefined || !('mean' in figure)) throw new Error('no figure');
    t.is(figure.n, replications);
    const target = (figure.mean * 0.12) / 1.12;
    t.is(by, halfWidth! <= target ? 'target' : 'maximum');
    t.is(halfWidth, (figure.ci95[1] - figure.ci95[0]) / 2);
    if (by === 'maximum') t.is(replications, 6);
  }
  t.log(ends.map(({ replications, by }) => `${replications} ${by}`).join(', '));
  t.true(new Set(ends.map(({ replications }) => replications)).size > 1, 'cells differ in need');

  await sweep('--jobs', '2', '--out', 'two');
  const wanted = resultsOf(join(workingDirectory, 'one'));
  t.deepEqual(resultsOf(join(workingDirectory, 'two')), wanted);

  const kept = await killedSweep(workingDirectory, 'killed');
  const writtenAt = (name: string) =>
    statSync(join(workingDirectory, 'killed', 'cells', name)).mtimeMs;
  const before = kept.map(writtenAt);
  await sweep('--resume', '--out', 'killed');
  t.deepEqual(resultsOf(join(workingDirectory, 'killed')), wanted);
  t.deepEqual(kept.map(writtenAt), before);

  // So many, whatever the rule says.
  const fixed = await sweep('--replications', '2', '--out', 'fixed');
  t.true(fixed.cells.every((cell) => cell.stopped === undefined) && !fixed.stopping);
});

const SCREEN = EXPERIMENT.replace(', "fcfs-pool"', ', "drf", "fcfs-pool"').replace(
  '[[axis]]',
  `[screen]
design = "plackett-burman"
foldover = false

[[axis]]
name = "interval"
key = "market.epochMinutes"
values = [60, 120]

[[axis]]`,
);

test('a screen runs a few cells, at the ends of the axes, and says what matters', async (t) => {
  const workingDirectory = experimentFolder(t, SCREEN);
  const run = await runCli(
    ['sweep', 'probe.toml', '--json', '--quiet', '--jobs', '1', '--out', 'out'],
    { workingDirectory },
  );
  t.is(run.exitCode, 0, run.stderr);
  const results = JSON.parse(run.stdout) as SweepResults;
  t.is(results.cells.length, 4, 'of twelve');
  t.deepEqual(results.axes[1], { name: 'mechanism', levels: ['exchange-threshold', 'fcfs-pool'] });
  const [utilisation] = results.variance!;
  if (utilisation === undefined || !('terms' in utilisation)) throw new Error('not analysed');
  const names = utilisation.terms.map(({ axes }) => axes.join());
  t.deepEqual(names, ['interval', 'mechanism', 'load']);
  const [first] = [...utilisation.terms].sort((a, b) => b.share - a.share);
  t.deepEqual(first!.axes, ['load']);
  t.true(first!.effect!.mean > 0 && first!.share > 0.5);
  t.true(existsSync(join(workingDirectory, 'out', 'variance.csv')));
});

function assertResults(t: ExecutionContext, results: SweepResults): void {
  t.is(results.schema, 'ocx-sweep/1');
  t.deepEqual(
    results.cells.map(({ levels }) => Object.values(levels).join(' ')),
    ['exchange-threshold low', 'exchange-threshold high', 'fcfs-pool low', 'fcfs-pool high'],
  );
  const [utilisation, price] = results.cells[1]!.figures;
  t.true('mean' in utilisation! && utilisation.mean > 0.3 && utilisation.n === 2);
  t.true(price !== undefined);
  t.deepEqual(
    results.marks.map(({ verdict }) => verdict),
    ['pass', 'fail'],
  );
  t.is(results.marks[0]!.cells.length, 2);
  // Relative to itself, a cell of low load is 1 and does not pass.
  t.deepEqual(
    results.marks[0]!.elsewhere.map(({ value, verdict }) => [value, verdict]),
    [
      [1, 'fail'],
      [1, 'fail'],
    ],
  );
}

for (const [what, text, start] of [
  [
    'an unknown key',
    EXPERIMENT.replace('replications =', 'replicatons ='),
    'INPUT_EXPERIMENT_UNKNOWN_KEY: unknown key "replicatons", probe.toml replicatons, did you mean "replications"?',
  ],
  ['a wrong syntax', `${EXPERIMENT}\n[[`, 'INPUT_EXPERIMENT_SYNTAX: '],
  ['nothing', '\n', 'INPUT_EXPERIMENT_EMPTY: the experiment is empty'],
  [
    'a mechanism that nobody knows',
    EXPERIMENT.replace('"fcfs-pool"', '"fcfs-pol"'),
    'INPUT_SCENARIO_VALUE: with mechanism = fcfs-pol, load = low: no mechanism is called "fcfs-pol"',
  ],
  [
    'a setting that leads nowhere',
    EXPERIMENT.replace('organisation.hpc-a', 'organisation.hpc-z'),
    'INPUT_SETTING: with mechanism = exchange-threshold, load = low: ',
  ],
  [
    'a measure that no results have',
    EXPERIMENT.replace('market.utilisation', 'market.utilization'),
    'INPUT_EXPERIMENT_MEASURE: "utilization" of variants.market.utilization leads to no figure',
  ],
  [
    'a mark at a level that no axis has',
    EXPERIMENT.replace('load = "high"', 'load = "hihg"'),
    'INPUT_EXPERIMENT_VALUE: axis load has no level "hihg"',
  ],
  [
    'a mark on a measure that is not taken',
    EXPERIMENT.replace('measure = "utilisation"', 'measure = "utilistion"'),
    'INPUT_EXPERIMENT_VALUE: no measure is called "utilistion"',
  ],
  [
    'a scenario that is not there',
    EXPERIMENT.replace('tiny.toml', 'none.toml'),
    'INPUT_FILE_NOT_FOUND: ',
  ],
  [
    'a level that stands twice',
    EXPERIMENT.replace('"fcfs-pool"', '"exchange-threshold"'),
    'INPUT_EXPERIMENT_DUPLICATE: ',
  ],
  [
    'an axis with both values and levels',
    EXPERIMENT.replace('name = "load"', 'name = "load"\nvalues = [1]'),
    'INPUT_EXPERIMENT_VALUE: an axis has either',
  ],
  [
    'a screening design that nobody knows',
    SCREEN.replace('plackett-burman', 'placket-burman'),
    'INPUT_EXPERIMENT_VALUE: "placket-burman" must be one of plackett-burman',
  ],
  [
    'a screen of a single axis',
    `${EXPERIMENT.slice(0, EXPERIMENT.indexOf('[[axis]]\nname'))}
    [[measure]]\nname = "x"\npath = "variants.market.utilisation"
    [screen]\ndesign = "plackett-burman"`,
    'INPUT_EXPERIMENT_SCREEN: a screening design needs 2 to 15 axes with two levels or more, not 1',
  ],
  [
    'a stopping rule on a measure that is not taken',
    STOPPED.replace('measure = "utilisation"', 'measure = "utilization"'),
    'INPUT_EXPERIMENT_STOPPING: no measure is called "utilization", probe.toml stopping.measure',
  ],
  [
    'a stopping rule without a target',
    STOPPED.replace('relative = 0.12', ''),
    'INPUT_EXPERIMENT_STOPPING: the target is either',
  ],
  [
    'a stopping rule with two targets',
    STOPPED.replace('relative = 0.12', 'relative = 0.1\nhalfWidth = 1'),
    'INPUT_EXPERIMENT_STOPPING: the target is either',
  ],
  [
    'a stopping rule with a target of nothing',
    STOPPED.replace('relative = 0.12', 'relative = 0'),
    'INPUT_EXPERIMENT_VALUE: 0 must be > 0, probe.toml stopping.relative',
  ],
  [
    'fewer replications at most than at least',
    STOPPED.replace('maximumReplications = 6', 'maximumReplications = 2'),
    'INPUT_EXPERIMENT_STOPPING: 2 replications at most are fewer than 3 at least',
  ],
  [
    'a stopping rule beside a number of replications',
    STOPPED.replace('scenario =', 'replications = 5\nscenario ='),
    'INPUT_EXPERIMENT_STOPPING: the rule of [stopping] says how many',
  ],
  [
    'more cells than anybody can wait for',
    EXPERIMENT.replace('replications = 2', 'replications = 10000').replace(
      '"fcfs-pool"',
      Array.from({ length: 20 }, (_, index) => `"m${index}"`).join(','),
    ),
    'INPUT_EXPERIMENT_VALUE: the axes make 42 cells',
  ],
] as const) {
  test(`${what} is refused in one line before anything is run`, async (t) => {
    const workingDirectory = experimentFolder(t, text);
    const result = await runCli(['sweep', 'probe.toml', '--out', 'out'], { workingDirectory });
    t.is(result.exitCode, 2);
    assertOneLine(t, result, start);
    t.false(existsSync(join(workingDirectory, 'out')));
  });
}

test('what is somebody’s own or another experiment’s is never replaced', async (t) => {
  const workingDirectory = experimentFolder(t);
  const own = await runCli(['sweep', 'probe.toml', '--out', '.'], { workingDirectory });
  t.is(own.exitCode, 2);
  assertOneLine(t, own, 'INPUT_OUT_IN_USE: the folder holds something that is not a sweep');
});

test('the schema of experiments is printed', async (t) => {
  const { exitCode, stdout } = await runCli(['sweep', '--schema']);
  t.is(exitCode, 0);
  const schema = JSON.parse(stdout) as { properties: Record<string, unknown> };
  t.true(['axis', 'measure', 'mark', 'question'].every((key) => key in schema.properties));
  assertOneLine(t, await runCli(['sweep']), 'INPUT_ARGUMENT: no experiment is given');
});
