import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import test from 'ava';
import { parquetReadObjects } from 'hyparquet';
import { assertOneLine, runCli, temporaryFolder } from './run.ts';

const record = (job: number, submit: number, more = '') =>
  `${job} ${submit} 5 60 ${job} -1 -1 ${job} 50 -1 1 3 -1 -1 2 1 -1 -1${more}\n`;

const LOG =
  '; Version: 2.2\n; Computer: Toy\n; MaxNodes: 4 (all)\n; MaxProcs: 8\n; UnixStartTime: 345600\n' +
  `; Note: bell \u0007 \u202e here\n${record(1, 0)}${record(2, 3600)}1 2 3\n${record(3, 90_000)}`;

interface Inspected {
  readonly format: string;
  readonly label: string;
  readonly records: number;
  readonly facts: readonly { name: string; value: unknown }[];
  readonly dropped: Record<string, number>;
  readonly quarantined: readonly unknown[];
  readonly suspicious: Record<string, number>;
  readonly oddities: readonly string[];
  readonly sketches: readonly { values: number[] }[];
}

function traceFolder(t: Parameters<typeof temporaryFolder>[0]): string {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'toy.swf.gz'), gzipSync(LOG));
  return folder;
}

test('inspect prints what a log holds and what is wrong with it', async (t) => {
  const workingDirectory = traceFolder(t);
  const result = await runCli(['trace', 'inspect', 'toy.swf.gz'], { workingDirectory });
  t.is(result.exitCode, 0, result.stderr);
  t.is(result.stderr, '');
  t.regex(result.stdout, /^toy\.swf\.gz/);
  t.regex(result.stdout, /^records +3$/m);
  t.regex(result.stdout, /^span +1\.04167 days$/m);
  t.regex(result.stdout, /^processors +8$/m);
  t.regex(result.stdout, /^fieldCount +1 +set aside$/m);
  t.regex(result.stdout, /^ranLongerThanRequested +3 +kept, odd$/m);
  t.regex(result.stdout, /^fieldCount +9 +5$/m);
  t.regex(result.stdout, /MaxNodes has text after its number: 4 \(all\)/);
  t.regex(result.stdout, /^mon █+ 2$/m);
  t.regex(result.stdout, /^tue █+ 1$/m);
  t.false(/[\u0000-\u0009\u000b-\u001f\u202e]/.test(result.stdout));
});

test('inspect --pack packs machines, and refuses what is no node and what holds none', async (t) => {
  const workingDirectory = traceFolder(t);
  const pods =
    'name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\n' +
    [3, 3, 2].map((cores, i) => `p-${i},${cores}000,1024,0,0,,LS,Running,0,60,0\n`).join('');
  writeFileSync(join(workingDirectory, 'pods.csv'), pods);
  const run = (file: string, node: string) =>
    runCli(['trace', 'inspect', file, '--pack', node], { workingDirectory });
  const { stdout } = await run('pods.csv', '4,8');
  t.regex(stdout, /^packed on +4 cores, 8 GB$/m);
  t.regex(stdout, /^nodes by totals, most +2$/m);
  t.regex(stdout, /^nodes first-fit, over totals +1\.5 times$/m);
  for (const [file, node, message] of [
    ['pods.csv', '4', /^INPUT_USAGE: .*write cores and GB of a node/],
    ['pods.csv', '4,x', /^INPUT_USAGE: .*write cores and GB of a node/],
    ['pods.csv', '1,8', /^INPUT_NODE_SIZE: no machine of the log fits/],
    ['toy.swf.gz', '4,8', /^INPUT_USAGE: .*holds no machines/],
  ] as const) {
    const refused = await run(file, node);
    assertOneLine(t, refused, 'INPUT_');
    t.regex(refused.stderr, message);
  }
});

test('inspect --json prints the same as one object, alone', async (t) => {
  const workingDirectory = traceFolder(t);
  const argv = ['trace', 'inspect', 'toy.swf.gz', '--json', '--procs', '16'];
  const result = await runCli(argv, { workingDirectory });
  t.is(result.exitCode, 0);
  const found = JSON.parse(result.stdout) as Inspected;
  t.is(found.format, 'swf');
  t.is(found.label, 'real');
  t.is(found.records, 3);
  t.deepEqual(found.dropped, { fieldCount: 1 });
  t.deepEqual(found.quarantined, [{ reason: 'fieldCount', line: 9, column: 5 }]);
  t.deepEqual(found.suspicious, { ranLongerThanRequested: 3 });
  const fact = (name: string) => found.facts.find((each) => each.name === name)?.value;
  t.is(fact('processors'), 16);
  // 60 s · (1 + 2 + 3) processors over 16 processors and 90,060 s.
  t.is(fact('offered load'), Number(((60 * 6) / (16 * 90_060)).toPrecision(6)));
  t.is(found.sketches[1]!.values.join(), '2,1,0,0,0,0,0');
});

test('a log without a header is inspected and asks for the processors', async (t) => {
  const workingDirectory = temporaryFolder(t);
  writeFileSync(join(workingDirectory, 'bare'), record(1, 0));
  const result = await runCli(['trace', 'inspect', 'bare'], { workingDirectory });
  t.is(result.exitCode, 0, result.stderr);
  t.regex(result.stdout, /^offered load +unknown$/m);
  t.regex(result.stdout, /give --procs/);
});

test('damaged files are refused in one line with exit code 2', async (t) => {
  const workingDirectory = temporaryFolder(t);
  const files: [string, string | Uint8Array, string][] = [
    ['empty.swf', '', 'INPUT_EMPTY: '],
    ['short.swf.gz', gzipSync(LOG).subarray(0, 40), 'INPUT_TRUNCATED: '],
    ['bomb.swf.gz', gzipSync(Buffer.alloc(4 << 20, ';\n')), 'INPUT_GZIP_BOMB: '],
    ['binary.swf', Buffer.alloc(4096, 1), 'INPUT_BINARY: '],
    ['wide.swf', record(1, 0).replace('60', '1000000000'), 'INPUT_OUT_OF_RANGE: '],
    ['notes.txt', 'hello\n', 'INPUT_FORMAT: '],
    ['header.swf', '; Version: 2.2\n', 'INPUT_NO_ROWS: '],
  ];
  for (const [name, contents, start] of files) {
    writeFileSync(join(workingDirectory, name), contents);
    const result = await runCli(['trace', 'inspect', name], { workingDirectory });
    t.is(result.exitCode, 2, name);
    assertOneLine(t, result, start);
  }
  const missing = await runCli(['trace', 'inspect', 'none.swf'], { workingDirectory });
  t.is(missing.exitCode, 2);
  assertOneLine(t, missing, 'INPUT_FILE_NOT_FOUND: ');
});

test('convert writes canonical CSV, Parquet and SWF with the same rows', async (t) => {
  const workingDirectory = traceFolder(t);
  for (const to of ['csv', 'parquet', 'swf']) {
    const argv = ['trace', 'convert', 'toy.swf.gz', '--to', to, '--out', `out/toy.${to}`, '--json'];
    const result = await runCli(argv, { workingDirectory });
    t.is(result.exitCode, 0, result.stderr);
    const report = JSON.parse(result.stdout) as { rows: number; dropped: unknown };
    t.is(report.rows, 3);
    t.deepEqual(report.dropped, { fieldCount: 1 });
  }
  const lines = readFileSync(join(workingDirectory, 'out/toy.csv'), 'utf8').split('\n');
  t.is(
    lines[0],
    'job,submitSeconds,waitSeconds,runSeconds,requestedSeconds,allocatedProcessors,requestedProcessors,status,user,queue,partition,submitUnixSeconds',
  );
  t.is(lines[3], '3,90000,5,60,50,3,3,1,3,2,1,435600');
  const parquet = readFileSync(join(workingDirectory, 'out/toy.parquet'));
  const rows = await parquetReadObjects({ file: new Uint8Array(parquet).buffer });
  t.deepEqual(
    rows.map((row) => Object.values(row).map(Number).join()),
    lines.slice(1, 4),
  );
  const swf = readFileSync(join(workingDirectory, 'out/toy.swf'), 'utf8');
  t.regex(swf, /^; MaxProcs: 8$/m);
  t.regex(swf, /^3 90000 5 60 3 -1 -1 3 50 -1 1 3 -1 -1 2 1 -1 -1$/m);
  const again = ['trace', 'convert', 'out/toy.swf', '--to', 'swf', '--out', 'out/again.swf'];
  t.is((await runCli(again, { workingDirectory })).exitCode, 0);
  t.is(readFileSync(join(workingDirectory, 'out/again.swf'), 'utf8'), swf);
});

test('names in CSV are quoted and cannot become formulas', async (t) => {
  const workingDirectory = temporaryFolder(t);
  const header =
    'conference,category,kind,deadline_local,timezone,deadline_unix\n' +
    '"=HYPERLINK(""x"")",DS,full,2024-01-01,AoE,\n"A, B",DS,full,2024-01-02,UTC,\n';
  writeFileSync(join(workingDirectory, 'deadlines.csv'), header);
  const argv = ['trace', 'convert', 'deadlines.csv', '--to', 'csv', '--out', 'out.csv'];
  t.is((await runCli(argv, { workingDirectory })).exitCode, 0);
  const lines = readFileSync(join(workingDirectory, 'out.csv'), 'utf8').split('\n');
  t.is(lines[1], `"'=HYPERLINK(""x"")",DS,full,2024-01-01T12:00:00Z`);
  t.is(lines[2], '"A, B",DS,full,2024-01-02T00:00:00Z');
  const swf = await runCli([...argv.slice(0, 4), 'swf', '--out', 'out.swf'], { workingDirectory });
  t.is(swf.exitCode, 2);
  assertOneLine(t, swf, 'INPUT_USAGE: ');
  t.false(existsSync(join(workingDirectory, 'out.swf')));
});

test('generate makes the same bytes for the same seed, and what inspect calls synthetic', async (t) => {
  const workingDirectory = temporaryFolder(t);
  const generate = (out: string, ...more: string[]) =>
    runCli(['trace', 'generate', 'lublin', '--out', out, '--days', '7', ...more], {
      workingDirectory,
    });
  const load = ['--set', 'load=0.5', '--set', 'jobTypes=typed'];
  t.is((await generate('a.swf', '--seed', '3', ...load)).exitCode, 0);
  t.is((await generate('b.swf.gz', '--seed', '3', ...load)).exitCode, 0);
  t.is((await generate('c.swf', '--seed', '4', ...load)).exitCode, 0);
  const bytes = (name: string) => readFileSync(join(workingDirectory, name));
  t.deepEqual(gunzipSync(bytes('b.swf.gz')), bytes('a.swf'));
  t.notDeepEqual(bytes('c.swf'), bytes('a.swf'));
  const argv = ['trace', 'inspect', 'a.swf', '--json'];
  const found = JSON.parse((await runCli(argv, { workingDirectory })).stdout) as Inspected;
  t.is(found.label, 'synthetic');
  t.deepEqual(found.dropped, {});
  t.true(found.records > 500);
});

test('every model writes CSV and Parquet', async (t) => {
  const workingDirectory = temporaryFolder(t);
  for (const model of ['lublin', 'azure-batches', 'testbed-surges', 'hawkes', 'daily-cycle']) {
    for (const form of ['csv', 'parquet']) {
      const out = `${model}.${form}`;
      const argv = ['trace', 'generate', model, '--out', out, '--days', '7', '--quiet'];
      const result = await runCli(argv, { workingDirectory });
      t.is(result.exitCode, 0, result.stderr);
      t.is(result.stderr, '');
    }
    const lines = readFileSync(join(workingDirectory, `${model}.csv`), 'utf8')
      .trimEnd()
      .split('\n');
    const file = new Uint8Array(readFileSync(join(workingDirectory, `${model}.parquet`))).buffer;
    t.is((await parquetReadObjects({ file })).length, lines.length - 1, model);
    if (model !== 'lublin') continue;
    for (const [form, label] of [
      ['parquet', 'synthetic'],
      ['csv', 'derived'],
    ] as const) {
      const argv = ['trace', 'inspect', `${model}.${form}`, '--json'];
      const found = JSON.parse((await runCli(argv, { workingDirectory })).stdout) as Inspected;
      t.is(found.label, label);
      t.is(found.records, lines.length - 1);
    }
  }
});

test('what generate cannot do is refused in one line, and nothing is written', async (t) => {
  const workingDirectory = temporaryFolder(t);
  for (const [argv, start] of [
    [['lubin', '--out', 'a.csv'], 'INPUT_WORKLOAD_MODEL: '],
    [['lublin', '--out', 'a.csv', '--set', 'laod=1'], 'INPUT_UNKNOWN_KEY: '],
    [['lublin', '--out', 'a.csv', '--set', 'load'], 'INPUT_USAGE: '],
    [['lublin', '--out', 'a.csv', '--set', 'load=-1'], 'INPUT_WORKLOAD: '],
    [['lublin', '--out', 'a.xls'], 'INPUT_USAGE: '],
    [['hawkes', '--out', 'a.swf'], 'INPUT_USAGE: '],
    [['lublin', '--out', 'a.csv', '--nodes', '0'], 'INPUT_USAGE: '],
    [['lublin'], 'INPUT_USAGE: '],
  ] as const) {
    const result = await runCli(['trace', 'generate', ...argv], { workingDirectory });
    t.is(result.exitCode, 2, argv.join(' '));
    assertOneLine(t, result, start);
  }
  t.deepEqual(readdirSync(workingDirectory), []);
});

test('an output that cannot be written is a resource failure and leaves nothing behind', async (t) => {
  const workingDirectory = traceFolder(t);
  const argv = ['trace', 'convert', 'toy.swf.gz', '--to', 'csv', '--out', 'toy.swf.gz/a.csv'];
  const result = await runCli(argv, { workingDirectory });
  t.is(result.exitCode, 3);
  assertOneLine(t, result, 'RESOURCE_NOT_WRITABLE: ');
  t.deepEqual(readdirSync(workingDirectory), ['toy.swf.gz']);
});

test('prices below zero, and such of a fraction of a cent, are drawn', async (t) => {
  const workingDirectory = temporaryFolder(t);
  const hour = (at: number, price: number) => `2021-03-27,0${at}:00,0${at + 1}:00,${price}\n`;
  const header = 'date,time_from,time_to,price_eur_mwh\n';
  const text = header + hour(0, -50) + hour(1, 0.004) + hour(2, 30.5);
  writeFileSync(join(workingDirectory, 'prices.csv'), text);
  const { stdout, exitCode } = await runCli(['trace', 'inspect', 'prices.csv'], {
    workingDirectory,
  });
  t.is(exitCode, 0);
  t.regex(stdout, /^2021-03-27T00:00:00 +-50$/m);
  t.regex(stdout, /^2021-03-27T01:00:00 +0\.004$/m);
  t.regex(stdout, /^2021-03-27T02:00:00 █{48} 30\.5$/m);
});

test('fit refuses in one line what it cannot fit, and writes nothing', async (t) => {
  const workingDirectory = traceFolder(t);
  writeFileSync(join(workingDirectory, 'occupied.txt'), '');
  writeFileSync(join(workingDirectory, 'prices.csv'), 'a,b\n1,2\n');
  const cases = [
    [['toy.swf.gz'], /^INPUT_TRACE_SHORT: 3 jobs can be used, and a fit needs 200/],
    [['toy.swf.gz', '--out', '.'], /^INPUT_OUT_IN_USE/],
    [['toy.swf.gz', '--model', 'daily-cycle'], /^INPUT_USAGE.*lublin/s],
    [['prices.csv', '--format', 'needs-csv'], /^INPUT_WORKLOAD_KIND.*format needs-csv/],
    [['toy.swf.gz', '--replications', '5'], /^INPUT_USAGE.*from 19/s],
  ] as const;
  for (const [argv, message] of cases) {
    const result = await runCli(['trace', 'fit', ...argv], { workingDirectory });
    t.is(result.exitCode, 2, argv.join(' '));
    assertOneLine(t, result, 'INPUT_');
    t.regex(result.stderr, message);
  }
  t.deepEqual(readdirSync(workingDirectory).sort(), ['occupied.txt', 'prices.csv', 'toy.swf.gz']);
});

test('generate takes settings inside of tables, and tables from a file', async (t) => {
  const workingDirectory = temporaryFolder(t);
  const table = 'sizes = { serial = 0.9, powerOfTwo = 0.1 }';
  writeFileSync(join(workingDirectory, 'm.toml'), `workload = { model = "lublin", ${table} }\n`);
  const made = async (...argv: string[]) => {
    const all = ['trace', 'generate', 'lublin', '--days', '7', '--out', 'x.csv', ...argv];
    const result = await runCli(all, { workingDirectory });
    if (result.exitCode !== 0) return result.stderr;
    return readFileSync(join(workingDirectory, 'x.csv'), 'utf8');
  };
  const settings = ['--set', 'sizes.serial=0.9', '--set', 'sizes.powerOfTwo=0.1'];
  t.is(await made('--workload', 'm.toml'), await made(...settings));
  t.not(await made('--workload', 'm.toml'), await made());
  t.not(await made('--workload', 'm.toml', '--set', 'sizes.uMed=2'), await made(...settings));
  t.regex(await made('--workload', 'none.toml'), /^INPUT_FILE_NOT_FOUND/);
  t.regex(await made('--set', 'sizes.serial.x=1'), /^INPUT_WORKLOAD: must be number/);
  t.regex(await made('--set', '__proto__.x=1'), /^INPUT_USAGE/);
});
