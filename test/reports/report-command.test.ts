import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Metrics } from '../../core/metrics/results.ts';
import { renderReport } from '../../reports/write.ts';
import { renderComparison } from '../../reports/comparison/write.ts';
import { assertOneLine, runCli, temporaryFolder } from '../cli/run.ts';
import { exampleManifest, exampleMetrics } from './example-metrics.ts';
import { all, layoutFaults, parseHtml, parseXml } from './svg.ts';

const metrics = exampleMetrics({ hours: 48 });

/** A results folder as `ocx compare` leaves it, as far as a report needs it. */
function storeRun(t: ExecutionContext, name: string, results: Metrics = metrics): string {
  const folder = join(temporaryFolder(t), name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'metrics.json'), JSON.stringify(results));
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(exampleManifest()));
  return folder;
}

test('a report is rebuilt where the run is, the same as when it was first written', async (t) => {
  const folder = storeRun(t, 'run');
  writeFileSync(join(folder, 'leases.csv'), 'kept');
  const result = await runCli(['report', folder]);
  t.is(result.exitCode, 0, result.stderr);
  t.regex(result.stdout, /Hardware saved/);
  const expected = await renderReport(metrics, exampleManifest());
  for (const [path, text] of expected) {
    t.is(readFileSync(join(folder, path), 'utf8'), text, path);
  }
  t.is(readFileSync(join(folder, 'leases.csv'), 'utf8'), 'kept');
  t.deepEqual(
    readdirSync(folder, { recursive: true }).filter((name) => String(name).endsWith('.tmp')),
    [],
  );
});

test('with --out nothing is written beside the run; --json lists what was written', async (t) => {
  const folder = storeRun(t, 'run');
  const out = join(temporaryFolder(t), 'deep', 'report');
  const result = await runCli(['report', folder, '--out', out, '--json']);
  t.is(result.exitCode, 0, result.stderr);
  const printed = JSON.parse(result.stdout) as { folder: string; files: string[] };
  t.is(printed.folder, out);
  t.true(printed.files.includes('report.html'));
  t.true(printed.files.every((file) => existsSync(join(out, file))));
  t.deepEqual(readdirSync(folder).sort(), ['manifest.json', 'metrics.json']);
});

test('several runs stand side by side', async (t) => {
  const first = storeRun(t, 'first');
  const second = storeRun(t, 'second', exampleMetrics({ hours: 48, gain: -1 }));
  const out = join(temporaryFolder(t), 'both');
  const result = await runCli(['report', first, second, '--out', out]);
  t.is(result.exitCode, 0, result.stderr);
  const page = readFileSync(join(out, 'report.html'), 'utf8');
  const text = parseHtml(page).documentElement.textContent;
  for (const words of ['2 runs side by side', 'first', 'second', 'more hardware, not less']) {
    t.true(text.includes(words), words);
  }
  t.regex(
    readFileSync(join(out, 'comparison.csv'), 'utf8'),
    /^run,question,figure,mean,lo,hi,n,unit\n/,
  );
});

test('runs of the same name are told apart, and pictures of a comparison are sound', async (t) => {
  const folders = [storeRun(t, 'run'), storeRun(t, 'run')];
  const out = join(temporaryFolder(t), 'both');
  t.is((await runCli(['report', ...folders, '--out', out])).exitCode, 0);
  const page = parseHtml(readFileSync(join(out, 'report.html'), 'utf8'));
  const [heads] = all(page, 'thead');
  t.is(new Set(all(heads!, 'th').map((head) => head.textContent)).size, 3);

  const files = await renderComparison([
    { name: '<b>a</b>', metrics, manifest: exampleManifest() },
    {
      name: 'a run whose name is longer than there is room for in a picture',
      metrics: { ...metrics, hardwareReduction: null },
      manifest: exampleManifest(),
    },
  ]);
  for (const [path, text] of files) {
    if (!path.endsWith('.svg')) continue;
    t.deepEqual(layoutFaults(parseXml(text).documentElement), [], path);
  }
  t.is(all(parseHtml(files.get('report.html')!), 'b').length, 0);
});

test('an earlier comparison among the folders is left out, with a note', async (t) => {
  const parent = temporaryFolder(t);
  const names = ['a', 'b'].map((name) => join(parent, name));
  for (const folder of names) {
    mkdirSync(folder);
    writeFileSync(join(folder, 'metrics.json'), JSON.stringify(metrics));
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify(exampleManifest()));
  }
  t.is((await runCli(['report', ...names])).exitCode, 0);
  const earlier = join(parent, 'comparison');
  t.true(existsSync(join(earlier, 'report.html')));
  const again = await runCli(['report', ...names, earlier]);
  t.is(again.exitCode, 0, again.stderr);
  t.regex(again.stderr, /left out: .*comparison holds a comparison/);
  assertOneLine(t, await runCli(['report', earlier]), 'INPUT_FILE_NOT_FOUND: ');
});

test('what is not a run is refused in one line, and nothing is written', async (t) => {
  const empty = temporaryFolder(t);
  assertOneLine(t, await runCli(['report', empty]), 'INPUT_FILE_NOT_FOUND: ');
  assertOneLine(t, await runCli(['report', join(empty, 'missing')]), 'INPUT_FILE_NOT_FOUND: ');
  for (const [file, text] of [
    ['metrics.json', '{'],
    ['metrics.json', '{"schema":"somebody-else/1"}'],
    ['metrics.json', '\u0000\u0001binary'],
    ['manifest.json', '[]'],
  ] as const) {
    const folder = storeRun(t, 'run');
    writeFileSync(join(folder, file), text);
    const result = await runCli(['report', folder]);
    t.is(result.exitCode, 2);
    assertOneLine(t, result, file === 'metrics.json' ? 'INPUT_METRICS: ' : 'INPUT_MANIFEST: ');
    t.deepEqual(readdirSync(folder).sort(), ['manifest.json', 'metrics.json']);
  }
});

test('one bad run among several spoils nothing that is there', async (t) => {
  const good = storeRun(t, 'good');
  const out = join(temporaryFolder(t), 'both');
  const result = await runCli(['report', good, temporaryFolder(t), '--out', out]);
  t.is(result.exitCode, 2);
  t.false(existsSync(out));
});

test('a folder with other people’s files is not written into', async (t) => {
  const folder = storeRun(t, 'run');
  const out = temporaryFolder(t);
  writeFileSync(join(out, 'report.html'), 'mine');
  const result = await runCli(['report', folder, '--out', out]);
  t.is(result.exitCode, 2);
  assertOneLine(t, result, 'INPUT_OUT_IN_USE: ');
  t.is(readFileSync(join(out, 'report.html'), 'utf8'), 'mine');
});
