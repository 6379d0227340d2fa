import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import test from 'ava';
import { parse } from 'smol-toml';
import { SCENARIO_TEMPLATE } from '../../cli/scenario-template.ts';
import { assertOneLine, runCli, temporaryFolder } from './run.ts';

interface Checked {
  readonly ok: boolean;
  readonly variants: readonly string[];
  readonly scenario: {
    readonly market: { readonly mechanism: string };
    readonly organisation: readonly { readonly name: string; readonly nodes: object }[];
  };
}

test('a new scenario is valid as it stands', async (t) => {
  const folder = temporaryFolder(t);
  const surroundings = { workingDirectory: folder };
  const made = await runCli(['scenario', 'init', 'mine.toml'], surroundings);
  t.is(made.exitCode, 0, made.stderr);
  const checked = await runCli(['scenario', 'check', 'mine.toml', '--json'], surroundings);
  t.is(checked.exitCode, 0, checked.stderr);
  const { ok, variants, scenario } = JSON.parse(checked.stdout) as Checked;
  t.true(ok);
  t.deepEqual(variants, ['static', 'market', 'first-come']);
  t.is(scenario.market.mechanism, 'exchange-threshold');
  const text = await runCli(['scenario', 'check', 'mine.toml'], surroundings);
  for (const word of ['two-owners is valid', 'hpc-a', 'cloud', 'static', 'fcfs-pool']) {
    t.true(text.stdout.includes(word), word);
  }
});

test('init does not overwrite, unless told to; without a file it prints', async (t) => {
  const folder = temporaryFolder(t);
  const surroundings = { workingDirectory: folder };
  writeFileSync(join(folder, 'mine.toml'), 'mine');
  const refused = await runCli(['scenario', 'init', 'mine.toml'], surroundings);
  assertOneLine(t, refused, 'INPUT_FILE_EXISTS: the file exists already, mine.toml');
  t.is(refused.exitCode, 2);
  t.is(readFileSync(join(folder, 'mine.toml'), 'utf8'), 'mine');
  await runCli(['scenario', 'init', 'mine.toml', '--force'], surroundings);
  t.is(readFileSync(join(folder, 'mine.toml'), 'utf8'), SCENARIO_TEMPLATE);
  t.is((await runCli(['scenario', 'init'], surroundings)).stdout, SCENARIO_TEMPLATE);
  const nowhere = await runCli(['scenario', 'init', 'mine.toml/a.toml'], surroundings);
  assertOneLine(t, nowhere, 'RESOURCE_NOT_WRITABLE');
  t.is(nowhere.exitCode, 3);
  t.deepEqual(readdirSync(folder), ['mine.toml']);
});

test('settings change the scenario before it is checked', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'mine.toml'), SCENARIO_TEMPLATE);
  const argv = ['scenario', 'check', 'mine.toml', '--json'];
  const settings = ['market.mechanism=posted-price', 'organisation.hpc-a.nodes.standard=7'];
  const result = await runCli([...argv, ...settings.flatMap((setting) => ['--set', setting])], {
    workingDirectory: folder,
  });
  const { scenario } = JSON.parse(result.stdout) as Checked;
  t.is(scenario.market.mechanism, 'posted-price');
  t.deepEqual(scenario.organisation[0]!.nodes, { standard: 7 });
});

test('the printed schema accepts the new scenario and refuses an unknown key', async (t) => {
  const printed = await runCli(['scenario', 'schema', '--json']);
  t.is(printed.exitCode, 0, printed.stderr);
  t.is(printed.stdout, (await runCli(['scenario', 'schema'])).stdout);
  const validate = new Ajv({ strict: false }).compile(JSON.parse(printed.stdout) as object);
  const fresh = () => JSON.parse(JSON.stringify(parse(SCENARIO_TEMPLATE))) as object;
  // Defaults are the loader's business; the schema's own required keys are asked for here.
  const filled = new Ajv({ strict: false, useDefaults: true }).compile(
    JSON.parse(printed.stdout) as object,
  );
  const document = fresh();
  t.true(filled(document), JSON.stringify(filled.errors));
  t.true(validate(document), JSON.stringify(validate.errors));
  t.false(validate({ ...document, epochMinutes: 60 }));
});

for (const [change, start] of [
  [['horizonDays = 21', 'horizonDay = 21'], 'INPUT_SCENARIO_UNKNOWN_KEY: unknown key "horizonDay"'],
  [['"fcfs-pool"', '"fcfs-pol"'], 'INPUT_SCENARIO_VALUE: no mechanism is called "fcfs-pol"'],
  [['model = "lublin"', 'model = "lublim"'], 'INPUT_WORKLOAD'],
  [['standard = 64', 'standart = 64'], 'INPUT_SCENARIO_UNKNOWN_CLASS: no node class "standart"'],
  [['standard = 64', 'standard = 0'], 'INPUT_SCENARIO_NO_NODES'],
  [
    ['scheduler = "easy"', 'scheduler = "easy"\npriority = { fairShare = 1 }'],
    'INPUT_SCENARIO_VALUE: easy knows no priorities',
  ],
  [['horizonDays = 21', 'horizonDays = "21 d"'], 'INPUT_SCENARIO_VALUE'],
  [['name = "cloud"', 'name = "hpc-a"'], 'INPUT_SCENARIO_DUPLICATE'],
  [['seed = 1', 'seed = '], 'INPUT_SCENARIO_SYNTAX'],
  [['model = "lublin"', 'trace = "none.swf"\nformat = "swf"'], 'INPUT_FILE_NOT_FOUND'],
] as const) {
  test(`a mistake is one line that names the place: ${change[1]}`, async (t) => {
    const folder = temporaryFolder(t);
    t.true(SCENARIO_TEMPLATE.includes(change[0]));
    writeFileSync(join(folder, 'mine.toml'), SCENARIO_TEMPLATE.replace(change[0], change[1]));
    const result = await runCli(['scenario', 'check', 'mine.toml'], { workingDirectory: folder });
    assertOneLine(t, result, start);
    t.true(result.stderr.includes('mine.toml'), result.stderr);
    t.is(result.exitCode, 2);
  });
}

test('a trace is looked for beside the scenario and in OCX_TRACES', async (t) => {
  const folder = temporaryFolder(t);
  const traces = temporaryFolder(t);
  writeFileSync(join(traces, 'log.swf'), '');
  const text = SCENARIO_TEMPLATE.replace('model = "lublin"', 'trace = "log.swf"\nformat = "swf"');
  writeFileSync(join(folder, 'mine.toml'), text);
  const check = (environment: Record<string, string>) =>
    runCli(['scenario', 'check', 'mine.toml'], { workingDirectory: folder, environment });
  t.is((await check({})).exitCode, 2);
  t.is((await check({ OCX_TRACES: traces })).exitCode, 0);
});
