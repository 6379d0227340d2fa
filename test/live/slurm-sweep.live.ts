/** `ocx sweep --engine slurm` on a real Slurm of one node: killed at every place, resumed, same bytes. */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { mechanisms } from '../../core/market/mechanisms/registry.ts';
import { STATIC_VARIANT } from '../../sim/scenario/load.ts';
import type { SweepResults } from '../../core/metrics/sweep/results.ts';
import { TINY_SCENARIO } from '../cli/tiny-scenario.ts';
import { OneNodeSlurm } from './support/one-node-slurm.ts';

const MECHANISMS = 'experiments/mechanisms.toml';
/** All of its cells, each over in half a second. */
const SMALL = ['--set', 'horizonDays=1', '--set', 'warmUpDays=0.1', '--replications', '2'];

const EXPERIMENT = `
name = "slurm"
question = "Does it matter where a cell is done?"
scenario = "tiny.toml"
replications = 4

[[axis]]
key = "market.mechanism"
values = ["exchange-threshold", "fcfs-pool"]

[[measure]]
name = "utilisation"
path = "variants.market.utilisation"
unit = "share"
`;

/** Cells differ in how many replications they need. */
const STOPPED = `
name = "stopped"
question = "How many replications does it take?"
scenario = "tiny.toml"

[stopping]
measure = "utilisation"
relative = 0.12
minimumReplications = 3
maximumReplications = 6

[[axis]]
key = "organisation.hpc-a.workload.load"
values = [0.4, 1.6]

[[measure]]
name = "utilisation"
path = "variants.market.utilisation"
unit = "share"
`;

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
  writeFileSync(join(home, 'tiny.toml'), TINY_SCENARIO);
  writeFileSync(join(home, 'slurm.toml'), EXPERIMENT);
  return { slurm, home };
}

test.serial(
  'every mechanism on Slurm, whatever is killed, gives the bytes of a local sweep',
  async (t) => {
    const slurm = await OneNodeSlurm.start();
    t.teardown(() => slurm.stop());
    const home = mkdtempSync(join(tmpdir(), 'ocx-slurm-sweep-'));
    t.teardown(() => rmSync(home, { recursive: true, force: true }));
    const options = { cwd: home, env: { ...slurm.environment, INIT_CWD: home } };
    const sweep = (...more: string[]) => [MAIN, 'sweep', resolve(MECHANISMS), ...SMALL, ...more];
    const onSlurm = sweep('--engine', 'slurm', '--cells-per-task', '16', '--out', 'slurm');
    const local = await Promise.all(
      ['1', '2'].map((jobs) => ended(sweep('--jobs', jobs, '--out', `local-${jobs}`), options)),
    );
    for (const { code, said } of local) t.is(code, 0, said);
    const total = cellsOf(home, 'local-1').length;
    t.is(total, 2 * 3 * [...mechanisms.keys()].filter((name) => name !== STATIC_VARIANT).length);
    t.deepEqual(resultsOf(join(home, 'local-2')), resultsOf(join(home, 'local-1')));
    const done = () => cellsOf(home, 'slurm');

    // The driver is killed half-way: the array goes on without it.
    const driver = spawn(process.execPath, onSlurm, options);
    const said = collectText(driver);
    await until(() => done().length >= total / 3, driver, said);
    driver.kill('SIGKILL');
    await once(driver, 'exit');
    t.true(done().length < total, 'killed half-way');

    // So is one task of the array, in the middle of its cells.
    const tasks = tasksOf(home, 0);
    let killed: readonly string[] = [];
    await until(
      () => {
        const task = tasks.findIndex((names) => isHalfWay(names, done()));
        if (task < 0 || !killTask(home, task)) return false;
        killed = tasks[task]!;
        return true;
      },
      null,
      said,
    );
    const kept = done().map((name) => [name, writtenAt(home, name)] as const);
    const missing = killed.filter((name) => !done().includes(name));
    t.true(missing.length > 0 && missing.length < killed.length, `${missing.length} are missing`);

    const refused = await ended(onSlurm, options);
    t.is(refused.code, 2);
    t.regex(refused.said, /^INPUT_SWEEP_UNFINISHED: /);
    const resumed = await ended([...onSlurm, '--resume'], options);
    t.is(resumed.code, 0, resumed.said);
    // What is submitted again is what the killed task has left undone, and nothing else.
    t.deepEqual(tasksOf(home, 1).flat(), missing);
    t.deepEqual(
      kept.map(([name]) => [name, writtenAt(home, name)] as const),
      kept,
    );
    t.is(done().length, total);
    t.deepEqual(resultsOf(join(home, 'slurm')), resultsOf(join(home, 'local-1')));
    t.log(
      `${total} cells; driver killed, and a task with ${missing.length} of ${killed.length} left`,
    );
  },
);

test.serial(
  'replications until an interval is narrow are the same on Slurm, and queued ones are followed',
  async (t) => {
    const { slurm, home } = await place(t);
    writeFileSync(join(home, 'stopped.toml'), STOPPED);
    const options = { cwd: home, env: { ...slurm.environment, INIT_CWD: home } };
    const sweep = (...more: string[]) => [MAIN, 'sweep', 'stopped.toml', ...more];
    const local = await ended(sweep('--jobs', '2', '--out', 'local'), options);
    t.is(local.code, 0, local.said);

    const onSlurm = sweep('--engine', 'slurm', '--cells-per-task', '1', '--out', 'slurm');
    const driver = spawn(process.execPath, onSlurm, options);
    const said = collectText(driver);
    // The second wave of replications is queued when nobody is there any more.
    await until(() => [...said().matchAll(/Submitted array/g)].length === 2, driver, said);
    driver.kill('SIGKILL');
    await once(driver, 'exit');
    const resumed = await ended([...onSlurm, '--resume'], options);
    t.is(resumed.code, 0, resumed.said);
    t.false(existsSync(join(home, 'slurm', 'slurm', 'tasks-2.json')), resumed.said);
    t.is(tasksOf(home, 0).length, 6);
    t.is(tasksOf(home, 1).length, 3, 'one of two cells goes on');
    t.deepEqual(resultsOf(join(home, 'slurm')), resultsOf(join(home, 'local')));
    const { cells } = JSON.parse(resultsOf(join(home, 'slurm'))['sweep.json']!) as SweepResults;
    t.log(cells.map(({ stopped }) => `${stopped!.replications} ${stopped!.by}`).join(', '));
  },
);

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
    /^RESOURCE_SLURM_TASKS: array \d+ ended with 8 cells not done; .*no-such.* is not allowed/m,
  );
});

/** File names of finished cells. */
function cellsOf(home: string, folder: string): string[] {
  try {
    const names = readdirSync(join(home, folder, 'cells'));
    return names.filter((name) => name.endsWith('.zst')).sort();
  } catch {
    return [];
  }
}

function writtenAt(home: string, name: string): number {
  return statSync(join(home, 'slurm', 'cells', name)).mtimeMs;
}

/** What the tasks of an array are to do, as names of the cells' files. */
function tasksOf(home: string, array: number): string[][] {
  const text = readFileSync(join(home, 'slurm', 'slurm', `tasks-${array}.json`), 'utf8');
  const { tasks } = JSON.parse(text) as { tasks: [number, number, string][][] };
  return tasks.map((units) =>
    units.map(([cell, replication]) => `${String(cell).padStart(4, '0')}-${replication}.json.zst`),
  );
}

/** With so much left that a kill comes before the end. */
function isHalfWay(names: readonly string[], done: readonly string[]): boolean {
  const count = names.filter((name) => done.includes(name)).length;
  return count >= 2 && count <= names.length - 5;
}

/** Kills the processes of a task, found by their command line. @returns whether there were any */
function killTask(home: string, task: number): boolean {
  const pattern = `sweep .*${home}.* --task ${task}$`;
  const { stdout } = spawnSync('pgrep', ['-f', pattern], { encoding: 'utf8' });
  const pids = stdout.split('\n').filter(Boolean).map(Number);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  return pids.length > 0;
}

/** How a command line ends. */
async function ended(argv: readonly string[], options: SpawnOptions) {
  const child = spawn(process.execPath, argv, options);
  const said = collectText(child);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said: said() };
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
