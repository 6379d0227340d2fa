/**
 * `ocx replay` against the published per-job waits of two logs (Gaussier, Glesser, Reis & Trystram,
 * SC'15): not one may differ. With `--stream` the same bytes come out.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import test from 'ava';
import { runCli, temporaryFolder } from '../cli/run.ts';

const traces = process.env['OCX_TRACES'];
const oracle = join(traces ?? '', 'scheduler-oracle');
const withTraces = traces === undefined ? test.skip : test;

const SCHEDULES: readonly [column: number, options: readonly string[]][] = [
  [1, ['--scheduler', 'easy']],
  [2, ['--scheduler', 'easy', '--clairvoyant']],
  [3, ['--scheduler', 'easy-sjbf', '--clairvoyant']],
];

for (const log of ['KTH-SP2', 'SDSC-SP2']) {
  for (const [column, options] of SCHEDULES) {
    withTraces(`ocx replay gives every published wait: ${log} ${options.join(' ')}`, async (t) => {
      const folder = temporaryFolder(t);
      const input = join(oracle, `${log}.input.swf.gz`);
      t.true(existsSync(input), 'the folder of OCX_TRACES has the oracle logs');
      const argv = ['replay', input, ...options, '--json', '--waits'];
      const result = await runCli([...argv, 'waits.csv'], { workingDirectory: folder });
      t.is(result.exitCode, 0, result.stderr);
      const piecewise = [...argv, 'stream.csv', '--stream'];
      const streamed = await runCli(piecewise, { workingDirectory: folder });
      t.is(streamed.stdout, result.stdout);
      const bytes = (name: string) => readFileSync(join(folder, name));
      t.true(bytes('stream.csv').equals(bytes('waits.csv')));
      const published = gunzipSync(readFileSync(join(oracle, `${log}.waits.csv.gz`))).toString();
      const expected = published
        .trimEnd()
        .split('\n')
        .slice(1)
        .map((line) => line.split(','))
        .map((fields) => `${fields[0]},${Number(fields[column])}`);
      const found = readFileSync(join(folder, 'waits.csv'), 'utf8').trimEnd().split('\n').slice(1);
      t.is(found.length, expected.length);
      t.is(found.filter((line, row) => line !== expected[row]).length, 0);
    });
  }
}
