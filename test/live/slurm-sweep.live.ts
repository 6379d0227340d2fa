/** `ocx sweep --engine slurm` on a real Slurm of one node: killed at every place, resumed, same bytes. */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { TINY_SCENARIO } from '../cli/tiny-scenario.ts';
import { OneNodeSlurm } from './support/one-node-slurm.ts';

/** Long enough that a kill comes half-way. */
const SCENARIO = TINY_SCENARIO.replace('horizonDays = 2', 'horizonDays = 8');

const EXPERIMENT = `
name = "slurm"
question = "Does it matter where a cell is done?"
scenario = "tiny.toml"
replications = 4

[[axis]]
key = "market.mechanism"
values = ["exchange-threshold", "fcfs-pool", "drf", "easy-pool"]

[[measure]]
name = "utilisation"
path = "variants.market.utilisation"
unit = "share"
`;
const CELLS = 16;

const MAIN = resolve('cli/main.ts');
const RESULTS = ['sweep.json', 'sweep.csv', 'report.html', 'figures/sweep.svg'];

function resultsOf(folder: string): Record<string, string> {
  return Object.fromEntries(
    RESULTS.map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  );
}

/** A Slurm, and a folder with an experiment. */
async function place(t: ExecutionContext): Promise<{ slurm: OneNodeSlurm; home: string }> {
  const slurm = await OneNodeSlurm.start();
  t.teardown(() => slurm.stop());
  const home = mkdtempSync(join(tmpdir(), 'ocx-slurm-sweep-'));
  t.teardown(() => rmSync(home, { recursive: true, force: true }));
  writeFileSync(join(home, 'tiny.toml'), SCENARIO);
  writeFileSync(join(home, 'slurm.toml'), EXPERIMENT);
  return { slurm, home };
}

test.serial('a sweep on Slurm, whatever is killed, gives the bytes of a local one', async (t) => {
  const { slurm, home } = await place(t);
  const environment = { ...slurm.environment, INIT_CWD: home };
  const sweep = (...options: string[]) => [MAIN, 'sweep', 'slurm.toml', ...options];
  const onSlurm = ['--engine', 'slurm', '--cells-per-task', '4', '--out', 'slurm'];
  const options = { cwd: home, env: environment, encoding: 'utf8' } as const;
  const done = () => cellsOf(join(home, 'slurm'));

  const local = spawnSync(process.execPath, sweep('--out', 'local', '--jobs', '2'), options);
  t.is(local.status, 0, local.stderr);

  // The driver is killed half-way: the array goes on without it.
  const driver = spawn(process.execPath, sweep(...onSlurm), { cwd: home, env: environment });
  const said = collectText(driver);
  await until(() => done().length >= 2, driver, said);
  driver.kill('SIGKILL');
  await once(driver, 'exit');
  t.true(done().length < CELLS, 'killed half-way');

  // So is a whole task, by the processes of one of its numbers.
  await until(() => taskProcesses(home).length > 0, null, said);
  for (const pid of taskProcesses(home)) process.kill(pid, 'SIGKILL');
  const kept = done().map((name) => [name, writtenAt(home, name)] as const);

  const refused = spawnSync(process.execPath, sweep(...onSlurm), options);
  t.is(refused.status, 2);
  t.regex(refused.stderr, /^INPUT_SWEEP_UNFINISHED: /);
  const resumed = spawnSync(process.execPath, sweep(...onSlurm, '--resume'), options);
  t.is(resumed.status, 0, resumed.stderr);
  t.regex(resumed.stderr, /Following the array \d+|Submitted array \d+/);
  t.deepEqual(resultsOf(join(home, 'slurm')), resultsOf(join(home, 'local')));
  // Finished cells were not done again.
  t.deepEqual(
    kept.map(([name]) => [name, writtenAt(home, name)] as const),
    kept,
  );
  t.is(done().length, CELLS);
});

test.serial('what Slurm refuses, or a task cannot do, is told in one line', async (t) => {
  const { slurm, home } = await place(t);
  const run = (environment: NodeJS.ProcessEnv, ...options: string[]) =>
    spawnSync(process.execPath, [MAIN, 'sweep', 'slurm.toml', '--engine', 'slurm', ...options], {
      cwd: home,
      env: { ...environment, INIT_CWD: home },
      encoding: 'utf8',
    });

  const unknown = run(slurm.environment, '--out', 'a', '--sbatch=--partition=nowhere');
  t.is(unknown.status, 3);
  t.regex(unknown.stderr, /^RESOURCE_SLURM: sbatch: .*Invalid partition/m);
  const notAnOption = run(slurm.environment, '--out', 'b', '--sbatch=; reboot');
  t.is(notAnOption.status, 2);
  t.regex(notAnOption.stderr, /INPUT_SLURM_OPTION: /);
  const absent = run({ ...slurm.environment, PATH: '/nowhere' }, '--out', 'c');
  t.is(absent.status, 3);
  t.regex(absent.stderr, /RESOURCE_SLURM: sbatch: it is not installed/);
  // Tasks that cannot even begin are not submitted for ever, and what they said is told.
  const hopeless = run(slurm.environment, '--out', 'd', '--sbatch=--export=NODE_OPTIONS=--no-such');
  t.is(hopeless.status, 3, hopeless.stderr);
  t.regex(
    hopeless.stderr,
    /^RESOURCE_SLURM_TASKS: array \d+ ended with 16 cells not done; .*no-such.* is not allowed/m,
  );
});

function cellsOf(folder: string): string[] {
  try {
    return readdirSync(join(folder, 'cells')).filter((name) => name.endsWith('.zst'));
  } catch {
    return [];
  }
}

function writtenAt(home: string, name: string): number {
  return statSync(join(home, 'slurm', 'cells', name)).mtimeMs;
}

/** Processes of one running task of the array, found by their command line. */
function taskProcesses(home: string): number[] {
  const found = spawnSync('pgrep', ['-f', `sweep .*${home}.* --task 1$`], { encoding: 'utf8' });
  return found.stdout.split('\n').filter(Boolean).map(Number);
}

function collectText(child: ChildProcess): () => string {
  let text = '';
  child.stderr!.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return () => text;
}

async function until(
  condition: () => boolean,
  child: ChildProcess | null,
  said: () => string,
): Promise<void> {
  for (let tries = 0; !condition(); tries += 1) {
    if (child && child.exitCode !== null) throw new Error(`the sweep ended by itself: ${said()}`);
    if (tries > 2_400) throw new Error(`waited in vain: ${said()}`);
    await sleep(50);
  }
}
