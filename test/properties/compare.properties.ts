/** `ocx compare` from a scenario file to a results folder, on a site small enough for a test. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Manifest } from '../../core/metrics/manifest.ts';
import type { Metrics } from '../../core/metrics/results.ts';
import { parseMetrics } from '../../reports/stored/parse.ts';
import { assertOneLine, runCli, temporaryFolder } from '../cli/run.ts';

const SCENARIO = `
name = "tiny"
seed = 3
replications = 2
horizonDays = 10
warmUpDays = 2

[[nodeClass]]
name = "standard"

[[nodeClass]]
name = "legacy"
tpm = false
costPerHour = 0.15

[[organisation]]
name = "hpc-a"
kind = "hpc"
nodes = { standard = 4, legacy = 2 }
strategy = "reciprocal"
[organisation.workload]
model = "lublin"
procs = 6
load = 1.3

[[organisation]]
name = "hpc-b"
kind = "hpc"
nodes = { standard = 3 }
securityLevel = "attested"
[organisation.workload]
model = "lublin"
procs = 3
load = 0.5

[[organisation]]
name = "testbed"
kind = "testbed"
nodes = { standard = 3, legacy = 1 }
[organisation.workload]
model = "testbed-surges"

[[variant]]
name = "market"

[[variant]]
name = "foreman"
set = { "provisioning.method" = "foreman" }
`;

/** For runs in which only the way to the results matters. */
const SHORT = ['search.enabled=false', 'horizonDays=4', 'warmUpDays=1', 'variant=[]'];

function scenarioFolder(t: ExecutionContext, text = SCENARIO): string {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'tiny.toml'), text);
  return folder;
}

function settings(list: readonly string[]): string[] {
  return list.flatMap((setting) => ['--set', setting]);
}

/** Relative path → hash of the contents, of everything in a folder. */
function contentsOf(folder: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const hash = entry.isFile()
      ? createHash('sha256').update(readFileSync(path)).digest('hex')
      : '';
    found[path.slice(folder.length + 1)] = hash;
  }
  return found;
}

test('the main job: files, figures, journals, and the same bytes with any number of workers', async (t) => {
  const workingDirectory = scenarioFolder(t);
  const compare = (...more: string[]) =>
    runCli(['compare', 'tiny.toml', '--json', '--quiet', ...more], { workingDirectory });
  const first = await compare('--jobs', '1', '--journal', '--out', 'one');
  t.is(first.exitCode, 0, first.stderr);
  const out = join(workingDirectory, 'one');
  const text = readFileSync(join(out, 'metrics.json'), 'utf8');
  t.deepEqual(JSON.parse(first.stdout), JSON.parse(text));
  assertContract(t, parseMetrics(text, 'metrics.json'));
  assertFiles(t, out);
  await assertJournals(t, out);

  // Again, with more workers, over the older results, and with a gate that cannot be met: results
  // are the same. Whatever stands beside them or in the index, the index is made anew.
  writeFileSync(join(workingDirectory, 'index.json'), '{"runs": 7');
  mkdirSync(join(workingDirectory, 'extension'));
  writeFileSync(join(workingDirectory, 'extension', 'manifest.json'), '{"name": "extension"}');
  const gate = ['--set', 'gates.minimumExtraNodeHours=1e9'];
  const again = await compare('--jobs', '2', '--out', 'one', ...gate);
  t.is(again.exitCode, 1);
  t.regex(again.stderr, /^RESULT_GATE: extra demand met is [^\n]+\n$/);
  t.is(readFileSync(join(out, 'metrics.json'), 'utf8'), text);
  t.false(readdirSync(out).some((name) => name.startsWith('journal-')));
  const index = JSON.parse(readFileSync(join(workingDirectory, 'index.json'), 'utf8')) as {
    runs: { folder: string }[];
  };
  t.deepEqual(
    index.runs.map((run) => run.folder),
    ['one'],
  );
  const all = ['extension', 'index.json', 'one', 'tiny.toml'];
  t.deepEqual(readdirSync(workingDirectory).sort(), all);
});

/** What the contract of `metrics.json` says beyond the schema that `parseMetrics` checks. */
function assertContract(t: ExecutionContext, metrics: Metrics): void {
  t.is(metrics.schema, 'ocx-metrics/1');
  t.is(metrics.scenario, 'tiny');
  t.is(metrics.seed, 3);
  t.is(metrics.replications, 2);
  t.is(metrics.invariantViolations, 0);
  t.is(metrics.ledgerImbalance, 0);
  t.deepEqual(
    metrics.variants.map(({ name, mechanism, provisioning }) => [name, mechanism, provisioning]),
    [
      ['static', 'static', 'bmi'],
      ['market', 'exchange-threshold', 'bmi'],
      ['foreman', 'exchange-threshold', 'foreman'],
    ],
  );
  const hardware = metrics.hardwareReduction!;
  t.is(hardware.installedNodes, 13);
  t.is(hardware.saving && 'n' in hardware.saving && hardware.saving.n, 2);
  t.true(hardware.workBound.mean > 0);
  t.true(hardware.intervalBound.mean > 0);
  t.true(hardware.requiredMarketNodes.mean >= hardware.workBound.mean);
  t.true(hardware.requiredMarketNodes.mean >= hardware.intervalBound.mean);
  const extra = metrics.extraDemandMet;
  t.is(extra.variant, 'market');
  t.true(extra.optimumNodeHours.mean >= extra.nodeHours.mean);
  t.deepEqual(Object.keys(extra.organisations), ['hpc-a', 'hpc-b', 'testbed']);
  const sum = Object.values(extra.organisations).reduce((all, one) => all + one.nodeHours.mean, 0);
  t.true(Math.abs(sum - extra.nodeHours.mean) < 1e-6);
  const effect = metrics.provisioningEffect!;
  t.true(Math.abs(effect.bmi.mean - effect.foreman.mean - effect.difference.mean) < 1e-6);
  t.deepEqual(Object.keys(effect.kinds), ['hpc', 'testbed']);
  const { sensitive } = metrics.security!;
  t.true(
    Math.abs(sensitive.market.mean - sensitive.static.mean - sensitive.difference.mean) < 1e-6,
  );
  const { market } = metrics.variants[1]!;
  t.true(market!.tradedNodeHours.mean > 0, 'something was traded');
}

function assertFiles(t: ExecutionContext, out: string): void {
  const names = readdirSync(out);
  for (const name of [
    'report.html',
    'metrics.csv',
    'leases.csv',
    'prices.csv',
    'manifest.json',
    'ro-crate-metadata.json',
  ]) {
    t.true(names.includes(name), name);
  }
  t.true(readdirSync(join(out, 'figures')).length > 0);
  t.true(readdirSync(join(out, 'tables')).length > 0);
  const jobs = readFileSync(join(out, 'jobs-hpc-a.csv'), 'utf8').trimEnd().split('\n');
  const workloads = new Set(jobs.slice(1).map((line) => line.split(',')[1]));
  t.deepEqual([...workloads].sort(), ['foreman/0', 'market/0', 'static/0']);
  t.false(names.includes('jobs-testbed.csv'), 'only batch clusters have jobs');
  // Static partition cannot lose a job to the market: what started ran as long as it says.
  for (const line of jobs.slice(1).filter((row) => row.split(',')[1] === 'static/0')) {
    const [, , submit, , , , start, , finish] = line.split(',').map(Number);
    if (start) t.true(start >= submit! && (!finish || finish >= start), line);
  }
  const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')) as Manifest;
  t.is(manifest.command, 'ocx compare tiny.toml --journal');
  t.deepEqual(
    manifest.inputs.map(({ organisation, label }) => [organisation, label]),
    [
      ['hpc-a', 'synthetic'],
      ['hpc-b', 'synthetic'],
      ['testbed', 'synthetic'],
    ],
  );
}

async function assertJournals(t: ExecutionContext, out: string): Promise<void> {
  const journals = readdirSync(out).filter((name) => name.startsWith('journal-'));
  t.deepEqual(journals.sort(), [
    'journal-attestation.jsonl.zst',
    'journal-isolation.jsonl.zst',
    'journal-market.jsonl.zst',
    'journal-orchestrator-hpc-a.jsonl.zst',
    'journal-orchestrator-hpc-b.jsonl.zst',
    'journal-orchestrator-testbed.jsonl.zst',
    'journal-provisioning.jsonl.zst',
  ]);
  let solved = 0;
  for (const name of journals) {
    const verified = await runCli(['journal', 'verify', join(out, name), '--json']);
    t.is(verified.exitCode, 0, verified.stderr);
    const { rounds } = JSON.parse(verified.stdout) as {
      rounds: { solved: number; same: number } | null;
    };
    if (rounds) t.is(rounds.same, rounds.solved);
    solved += rounds?.solved ?? 0;
    const replayed = await runCli(['journal', 'replay', join(out, name)]);
    t.is(replayed.exitCode, 0, replayed.stderr);
  }
  t.true(solved > 0, 'rounds were solved again');
}

test('--set, --seed and --replications change the scenario, tables in arrays by name', async (t) => {
  const workingDirectory = scenarioFolder(t);
  const changes = [
    ...SHORT,
    'organisation.hpc-a.nodes.standard=6',
    'nodeClass.legacy.costPerHour=0.5',
    'market.mechanism=posted-price',
  ];
  const options = ['--seed', '11', '--replications', '3', '--jobs', '1', '--quiet'];
  const result = await runCli(['compare', 'tiny.toml', ...options, ...settings(changes)], {
    workingDirectory,
  });
  t.is(result.exitCode, 0, result.stderr);
  t.is(result.stderr, '');
  t.regex(result.stdout, /report: results\/tiny-11\/report\.html\n$/);
  const out = join(workingDirectory, 'results', 'tiny-11');
  const metrics = parseMetrics(readFileSync(join(out, 'metrics.json'), 'utf8'), 'metrics.json');
  t.is(metrics.seed, 11);
  t.is(metrics.extraDemandMet.nodeHours.n, 3);
  t.is(metrics.variants[1]!.mechanism, 'posted-price');
  t.is(metrics.variants[0]!.organisations[0]!.installedNodes, 8);
  const { scenario, command } = JSON.parse(
    readFileSync(join(out, 'manifest.json'), 'utf8'),
  ) as Manifest & { scenario: { nodeClass: { costPerHour: number }[] } };
  t.is(scenario.nodeClass[1]!.costPerHour, 0.5);
  t.true(command.includes('--set organisation.hpc-a.nodes.standard=6'), command);
});

const TRACE = (file: string) => `organisation.hpc-a.workload={trace="${file}",format="swf"}`;

const BAD: readonly {
  title: string;
  argv?: readonly string[];
  set?: readonly string[];
  text?: string;
  code: string;
  exitCode?: number;
  says: RegExp;
}[] = [
  {
    title: 'an unknown key',
    text: SCENARIO.replace('warmUpDays', 'warmupDays'),
    code: 'INPUT_SCENARIO_UNKNOWN_KEY',
    says: /warmUpDays/,
  },
  {
    title: 'a misspelt mechanism',
    set: ['market.mechanism=exchange-treshold'],
    code: 'INPUT_SCENARIO_VALUE',
    says: /exchange-threshold/,
  },
  {
    title: 'a mechanism that is not there, in one variant',
    set: ['variant=[{name="market",set={"market.mechanism"="magic"}}]'],
    code: 'INPUT_SCENARIO_VALUE',
    says: /magic/,
  },
  {
    title: 'no nodes',
    set: ['organisation.hpc-b.nodes.standard=0'],
    code: 'INPUT_SCENARIO_NO_NODES',
    says: /organisation\.hpc-b\.nodes/,
  },
  {
    title: 'two organisations of one name',
    text: SCENARIO.replace('"hpc-b"', '"hpc-a"'),
    code: 'INPUT_SCENARIO_DUPLICATE',
    says: /hpc-a/,
  },
  {
    title: 'a wrong unit',
    set: ['market.epochMinutes=1h'],
    code: 'INPUT_SCENARIO_VALUE',
    says: /Minutes/,
  },
  {
    title: '10⁹ nodes',
    set: ['organisation.hpc-a.nodes.standard=1000000000'],
    code: 'INPUT_SCENARIO_VALUE',
    says: /1000000000/,
  },
  {
    title: 'a million nodes, and more of another class',
    set: ['organisation.hpc-a.nodes.standard=1000000'],
    code: 'INPUT_SCENARIO_VALUE',
    says: /1000009 nodes/,
  },
  {
    title: 'rounds without any time between them',
    set: ['market.epochMinutes=0.000001'],
    code: 'INPUT_SCENARIO_VALUE',
    says: /epochMinutes/,
  },
  {
    title: '10⁹ days',
    set: ['horizonDays=1000000000'],
    code: 'INPUT_SCENARIO_VALUE',
    says: /horizonDays/,
  },
  {
    title: 'a search of a variant that is not there',
    set: ['search.variant=mrket'],
    code: 'INPUT_SCENARIO_VALUE',
    says: /search\.variant.*market/,
  },
  {
    title: 'a sensitivity to what does not exist',
    set: ['sensitivity=[{parameter="market.epochMinuts",values=[30]}]'],
    code: 'INPUT_SCENARIO_UNKNOWN_KEY',
    says: /epochMinutes/,
  },
  {
    title: 'a setting that leads nowhere',
    set: ['organisation.hpc-z.nodes.standard=3'],
    code: 'INPUT_SETTING',
    says: /hpc-z/,
  },
  {
    title: 'one replication',
    argv: ['--replications', '1'],
    code: 'INPUT_SCENARIO_VALUE',
    says: /at least two replications/,
  },
  {
    title: 'a place that cannot be written',
    argv: ['--out', 'tiny.toml/results'],
    code: 'RESOURCE_NOT_WRITABLE',
    exitCode: 3,
    says: /results/,
  },
  {
    title: 'a file in the place of the folder',
    argv: ['--out', 'tiny.toml'],
    code: 'INPUT_OUT_IN_USE',
    says: /--out/,
  },
  {
    title: 'a folder with somebody’s files',
    argv: ['--out', 'mine'],
    code: 'INPUT_OUT_IN_USE',
    says: /--out/,
  },
  {
    title: 'a folder with another program’s manifest',
    argv: ['--out', 'extension'],
    code: 'INPUT_OUT_IN_USE',
    says: /--out/,
  },
  {
    title: 'older results with somebody’s notes among them',
    argv: ['--out', 'noted'],
    code: 'INPUT_OUT_IN_USE',
    says: /--out/,
  },
  {
    title: 'a trace that is not there',
    set: [TRACE('missing.swf')],
    code: 'INPUT_',
    says: /missing\.swf/,
  },
  { title: 'an empty trace', set: [TRACE('empty.swf')], code: 'INPUT_', says: /empty\.swf/ },
  { title: 'a binary trace', set: [TRACE('binary.swf')], code: 'INPUT_', says: /binary\.swf/ },
  { title: 'a cut-off trace', set: [TRACE('cut.swf.gz')], code: 'INPUT_', says: /cut\.swf\.gz/ },
];

for (const { title, argv = [], set = [], text, code, exitCode = 2, says } of BAD) {
  test(`${title}: one line, exit code ${exitCode}, nothing written`, async (t) => {
    const workingDirectory = scenarioFolder(t, text);
    for (const name of ['mine', 'extension', 'noted']) mkdirSync(join(workingDirectory, name));
    writeFileSync(join(workingDirectory, 'mine', 'thesis.tex'), 'mine');
    writeFileSync(join(workingDirectory, 'extension', 'manifest.json'), '{"name":"extension"}');
    writeFileSync(join(workingDirectory, 'noted', 'manifest.json'), '{"schema":"ocx-manifest/1"}');
    writeFileSync(join(workingDirectory, 'noted', 'notes.txt'), 'mine');
    writeFileSync(join(workingDirectory, 'empty.swf'), '');
    writeFileSync(join(workingDirectory, 'binary.swf'), Buffer.from([0, 1, 2, 0xff, 0xfe, 0, 10]));
    writeFileSync(join(workingDirectory, 'cut.swf.gz'), Buffer.from('1f8b0800', 'hex'));
    const before = contentsOf(workingDirectory);
    const result = await runCli(
      ['compare', 'tiny.toml', '--jobs', '1', '--quiet', ...argv, ...settings(set)],
      { workingDirectory },
    );
    assertOneLine(t, result, code);
    t.is(result.exitCode, exitCode);
    t.regex(result.stderr, says);
    t.notRegex(result.stderr, /node_modules|\.ts:\d/);
    t.deepEqual(contentsOf(workingDirectory), before);
    t.false(existsSync(join(workingDirectory, 'results')));
  });
}

test('with --half-width it replicates as often as needed, and the result is that of so many', async (t) => {
  const workingDirectory = scenarioFolder(t);
  const compare = (out: string, ...more: string[]) => {
    const argv = ['compare', 'tiny.toml', '--jobs', '1', '--out', out, ...settings(SHORT), ...more];
    return runCli(argv, { workingDirectory });
  };
  const read = (...path: string[]) => readFileSync(join(workingDirectory, ...path), 'utf8');
  const wide = await compare('wide', '--replications', '2', '--half-width', '1000000');
  t.is(wide.exitCode, 0, wide.stderr);
  t.regex(wide.stderr, /2 replications: half-width \S+ node-hours\n/);
  const narrow = ['--half-width', '0.001%', '--maximum-replications', '3'];
  const stopped = await compare('narrow', '--replications', '2', ...narrow);
  t.is(stopped.exitCode, 0, stopped.stderr);
  t.regex(stopped.stderr, /3 replications: .*, not what was asked for/);
  const plain = await compare('plain', '--replications', '3');
  t.is(plain.exitCode, 0, plain.stderr);
  for (const name of ['metrics.json', 'metrics.csv', 'leases.csv', 'jobs-hpc-a.csv']) {
    t.is(read('narrow', name), read('plain', name), name);
  }
  const { command } = JSON.parse(read('narrow', 'manifest.json')) as Manifest;
  t.regex(command, /--replications 3 /);
  t.notRegex(command, /half-width/);
  for (const target of ['0', '-1', 'x', '5 %', '1e400']) {
    const refused = await compare('none', '--half-width', target);
    t.is(refused.exitCode, 2);
    t.regex(refused.stderr, /^INPUT_USAGE/);
  }
});

test('a refusal inside a worker thread is the same one line', async (t) => {
  const workingDirectory = scenarioFolder(t);
  const argv = [
    'compare',
    'tiny.toml',
    '--jobs',
    '2',
    '--quiet',
    ...settings([TRACE('missing.swf')]),
  ];
  const result = await runCli(argv, { workingDirectory });
  assertOneLine(t, result, 'INPUT_');
  t.is(result.exitCode, 2);
  t.deepEqual(readdirSync(workingDirectory), ['tiny.toml']);
});
