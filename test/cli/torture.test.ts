/** `ocx torture`: seeds that hold, planted bugs that do not. */
import test from 'ava';
import { assertOneLine, runCli } from './run.ts';

interface Tortured {
  readonly seeds: number;
  readonly faults: number;
  readonly failing: readonly { readonly seed: number; readonly digest: string }[];
}

test('seeds hold, in one thread and in two, with the same counts', async (t) => {
  const run = (jobs: string) => runCli(['torture', '--seeds', '1..24', '--jobs', jobs, '--json']);
  const one = await run('1');
  t.is(one.exitCode, 0, one.stderr);
  const result = JSON.parse(one.stdout) as Tortured;
  t.is(result.seeds, 24);
  t.true(result.faults > 24);
  t.deepEqual(result.failing, []);
  t.is((await run('2')).stdout, one.stdout);
});

test('a planted bug is found, and the command that shows it again does', async (t) => {
  const found = await runCli(['torture', '--seeds', '1..60', '--plant', 'free-on-error', '--json']);
  t.is(found.exitCode, 1);
  const { failing } = JSON.parse(found.stdout) as Tortured;
  const again = /^RESULT_INVARIANT: .*run it again with: ocx (.*)$/m.exec(found.stderr)?.[1];
  t.is(again, `torture --seeds ${failing[0]!.seed} --plant free-on-error`);
  const repeated = await runCli([...again!.split(' '), '--json']);
  t.is(repeated.exitCode, 1);
  t.is((JSON.parse(repeated.stdout) as Tortured).failing[0]!.digest, failing[0]!.digest);
});

test('one node of one seed can be followed; wrong words are told in one line', async (t) => {
  const followed = await runCli(['torture', '--seeds', '3', '--trace', 'a1']);
  t.is(followed.exitCode, 0);
  t.regex(followed.stdout, /PowerOff/);
  assertOneLine(t, await runCli(['torture', '--plant', 'nothing']), 'INPUT_ARGUMENT: no planted');
  const range = await runCli(['torture', '--seeds', '5..1']);
  t.is(range.exitCode, 2);
});
