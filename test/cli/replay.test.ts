import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import { assertOneLine, runCli, temporaryFolder } from './run.ts';

/** One record of the Standard Workload Format. */
function swf(job: number, submit: number, run: number, procs: number, estimate: number): string {
  return `${job} ${submit} -1 ${run} ${procs} -1 -1 ${procs} ${estimate} -1 1 1 1 1 1 -1 -1 -1\n`;
}

/**
 * Four processors. Job 1 takes three for 10 s (asks for 20), job 2 needs all four, job 3 needs one
 * for 10 s. Worked by hand: `fcfs` starts job 2 at 10 and job 3 at 20; `easy` fills job 3 in at 3.
 */
const LOG = `; MaxProcs: 4\n${swf(1, 1, 10, 3, 20)}${swf(2, 2, 10, 4, 10)}${swf(3, 3, 10, 1, 10)}`;

interface Summary {
  readonly jobs: number;
  readonly dropped: Record<string, number>;
  readonly meanWaitSeconds: number;
  readonly meanBoundedSlowdown: number;
  readonly utilisation: number;
  readonly makespanSeconds: number;
}

test('a log is replayed as worked out by hand, plain or compressed', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'log.swf'), LOG);
  writeFileSync(join(folder, 'log.swf.gz'), gzipSync(LOG));
  for (const file of ['log.swf', 'log.swf.gz']) {
    const argv = ['replay', file, '--scheduler', 'fcfs', '--json', '--waits', 'out/waits.csv'];
    const result = await runCli(argv, { workingDirectory: folder });
    t.is(result.exitCode, 0, result.stderr);
    t.is(result.stderr, '');
    t.is(readFileSync(join(folder, 'out/waits.csv'), 'utf8'), 'job,wait\n1,0\n2,9\n3,18\n');
    const summary = JSON.parse(result.stdout) as Summary;
    t.deepEqual(Object.keys(summary), [
      'jobs',
      'dropped',
      'meanWaitSeconds',
      'meanBoundedSlowdown',
      'utilisation',
      'makespanSeconds',
    ]);
    t.is(summary.jobs, 3);
    t.is(summary.meanWaitSeconds, 9);
    t.is(summary.meanBoundedSlowdown, (1 + 1.9 + 2.8) / 3);
    t.is(summary.makespanSeconds, 30);
    t.is(summary.utilisation, 80 / 120);
  }
});

test('schedulers and clairvoyance change the waits', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'log.swf'), LOG);
  const waits = async (...options: string[]) => {
    const argv = ['replay', 'log.swf', '--waits', 'waits.csv', '--json', ...options];
    const result = await runCli(argv, { workingDirectory: folder });
    t.is(result.exitCode, 0, result.stderr);
    return readFileSync(join(folder, 'waits.csv'), 'utf8').split('\n').slice(1, -1);
  };
  // The estimate of job 1 leaves room until 21 for job 3, which then keeps job 2 until 13.
  t.deepEqual(await waits('--scheduler', 'easy'), ['1,0', '2,11', '3,0']);
  // Known run times end job 1 at 11, and job 3 would run until 13: it must wait.
  t.deepEqual(await waits('--scheduler', 'easy', '--clairvoyant'), ['1,0', '2,9', '3,18']);
});

test('variants of EASY and priorities reach the scheduler, and nonsense is refused', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'log.swf'), LOG);
  const waits = async (...options: string[]) => {
    const argv = ['replay', 'log.swf', '--waits', 'waits.csv', '--json', ...options];
    const result = await runCli(argv, { workingDirectory: folder });
    t.is(result.exitCode, 0, result.stderr);
    return readFileSync(join(folder, 'waits.csv'), 'utf8').split('\n').slice(1, -1);
  };
  // Longest estimate first: job 1 runs from 1, of the others at 11 the first submitted goes first.
  t.deepEqual(await waits('--scheduler', 'ljf'), ['1,0', '2,9', '3,18']);
  t.deepEqual(await waits('--scheduler', 'easy++'), ['1,0', '2,11', '3,0']);
  // Looks at 4, 8 and 12 only: jobs 1 and 3 start at 4, job 2 when both have ended, at 16.
  t.deepEqual(await waits('--scheduler', 'easy', '--pass', '4'), ['1,3', '2,14', '3,1']);
  // Job 3 weighs more than its wait is worth, and goes first once job 1 has ended.
  const small = ['--priority', 'processors=-10', '--priority', 'fairShare=0'];
  t.deepEqual(await waits('--scheduler', 'maui', ...small), ['1,0', '2,11', '3,0']);
  for (const nonsense of [
    ['easy', '--pass', 'never'],
    ['easy', '--pass', '0'],
    ['easy', '--elapsed', 'maybe'],
    ['maui', '--priority', '__proto__=1'],
    ['maui', '--priority', 'queueTime='],
  ]) {
    const argv = ['replay', 'log.swf', '--scheduler', ...nonsense];
    assertOneLine(t, await runCli(argv, { workingDirectory: folder }), 'INPUT_USAGE');
  }
  const fcfs = ['replay', 'log.swf', '--scheduler', 'fcfs', '--no-extra'];
  assertOneLine(t, await runCli(fcfs, { workingDirectory: folder }), 'INPUT_ARGUMENT');
});

test('what is dropped is counted; cleaning is off unless asked for', async (t) => {
  const folder = temporaryFolder(t);
  const log = `${LOG}${swf(4, 4, 10, 9, 10)}${swf(5, 5, 10, 1, -1)}6 odd\n${swf(7, 7, 0, 1, 5)}`;
  writeFileSync(join(folder, 'log.swf'), log);
  const dropped = async (...options: string[]) => {
    const argv = ['replay', 'log.swf', '--scheduler', 'easy', '--json', ...options];
    const result = await runCli(argv, { workingDirectory: folder });
    t.is(result.exitCode, 0, result.stderr);
    const summary = JSON.parse(result.stdout) as Summary;
    return [summary.jobs, summary.dropped] as const;
  };
  const [jobs, raw] = await dropped();
  t.is(jobs, 3);
  t.is(raw['processors-above-machine'], 1);
  t.is(raw['estimate-not-positive'], 1);
  t.is(raw['run-not-positive'], 1);
  t.is(
    Object.values(raw).reduce((sum, count) => sum + count, 0),
    4,
  );
  const [more] = await dropped('--clean', 'missingEstimate=run', '--clean', 'zeroRun=second');
  t.is(more, 5);
  const [simulation] = await dropped('--clean', 'simulation');
  t.is(simulation, 5);
});

test('bad input is one line, and no file of waits is left', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'bare.swf'), LOG.slice(LOG.indexOf('\n') + 1));
  writeFileSync(join(folder, 'log.swf'), LOG);
  writeFileSync(join(folder, 'empty.swf'), '');
  writeFileSync(join(folder, 'large.swf'), `; MaxProcs: 2\n${swf(1, 1, 10, 3, 20)}`);
  for (const [argv, start, exitCode] of [
    [['bare.swf'], 'INPUT_PROCS_MISSING', 2],
    [['empty.swf'], 'INPUT_EMPTY', 2],
    [['missing.swf'], 'INPUT_FILE_NOT_FOUND', 2],
    [
      ['large.swf'],
      "INPUT_NO_JOBS: none of the log's 1 jobs can run (1 processors-above-machine)",
      2,
    ],
    [['log.swf', '--procs', '0'], 'INPUT_USAGE', 2],
    [['log.swf', '--clean', 'zeroRun=maybe'], 'INPUT_USAGE: "zeroRun=maybe" is no cleaning', 2],
    [['log.swf', '--clean', '__proto__=x'], 'INPUT_USAGE: "__proto__=x" is no cleaning policy', 2],
    [['log.swf', '--waits', 'log.swf/waits.csv'], 'RESOURCE_NOT_WRITABLE', 3],
  ] as const) {
    const all = ['replay', '--scheduler', 'easy', '--waits', 'waits.csv', ...argv];
    const result = await runCli(all, { workingDirectory: folder });
    assertOneLine(t, result, start);
    t.is(result.exitCode, exitCode);
  }
  const noScheduler = await runCli(['replay', 'log.swf'], { workingDirectory: folder });
  assertOneLine(t, noScheduler, "INPUT_USAGE: required option '--scheduler <name>' not specified");
  t.deepEqual(
    readdirSync(folder).filter((name) => !name.endsWith('.swf')),
    [],
  );
});

test('--procs overrides what the log says', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'log.swf'), LOG);
  const argv = ['replay', 'log.swf', '--scheduler', 'easy', '--procs', '8', '--json'];
  const result = await runCli(argv, { workingDirectory: folder });
  t.is((JSON.parse(result.stdout) as Summary).meanWaitSeconds, 0);
});

test('a log that is replayed while it is read gives the same bytes', async (t) => {
  const folder = temporaryFolder(t);
  // Several jobs of one instant with numbers in another order, some that cannot run.
  let log = '; MaxProcs: 4\n';
  for (let i = 0; i < 60; i++) {
    log += swf(60 - i, 7 * Math.floor(i / 3), 1 + (i % 11), 1 + (i % 5), i % 13 === 0 ? -1 : 12);
  }
  writeFileSync(join(folder, 'log.swf'), log);
  writeFileSync(join(folder, 'log.swf.gz'), gzipSync(log));
  const outputs = async (...options: string[]) => {
    const files = ['--waits', 'waits.csv', '--schedule', 'schedule.csv', '--json'];
    const result = await runCli(['replay', ...options, ...files], { workingDirectory: folder });
    t.is(result.exitCode, 0, result.stderr);
    const written = ['waits.csv', 'schedule.csv'].map((name) => readFileSync(join(folder, name)));
    return [result.stdout, ...written.map(String)];
  };
  for (const options of [
    ['--scheduler', 'fcfs'],
    ['--scheduler', 'easy', '--clairvoyant'],
    ['--scheduler', 'conservative', '--procs', '5'],
    ['--scheduler', 'easy-sjbf', '--clean', 'simulation'],
  ]) {
    const whole = await outputs('log.swf', ...options);
    t.deepEqual(await outputs('log.swf', ...options, '--stream'), whole, options.join(' '));
    t.deepEqual(await outputs('log.swf.gz', ...options, '--stream'), whole, options.join(' '));
  }
});

test('what needs the whole log is refused with --stream and leaves no file', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'log.swf'), LOG);
  writeFileSync(
    join(folder, 'parts.swf'),
    LOG + swf(3, 4, 5, 2, 9).replace(' -1 1 1 ', ' -1 2 1 '),
  );
  const easy = ['--scheduler', 'easy', '--stream'];
  for (const [argv, code] of [
    [['log.swf', ...easy, '--schedule', 'out.swf'], 'INPUT_USAGE'],
    [['log.swf', ...easy, '--pass', 'instant', '--waits', 'out.csv'], 'INPUT_ARGUMENT'],
    [['log.swf', '--stream', '--scheduler', 'maui', '--waits', 'out.csv'], 'INPUT_ARGUMENT'],
    [['parts.swf', ...easy, '--clean', 'simulation', '--waits', 'out.csv'], 'INPUT_USAGE'],
    [['log.swf', ...easy, '--clean', 'overrun=never', '--waits', 'out.csv'], 'INPUT_USAGE'],
    [['none.swf', ...easy, '--waits', 'out.csv'], 'INPUT_FILE_NOT_FOUND'],
  ] as const) {
    const result = await runCli(['replay', ...argv], { workingDirectory: folder });
    t.is(result.exitCode, 2);
    assertOneLine(t, result, code);
  }
  t.deepEqual(readdirSync(folder).sort(), ['log.swf', 'parts.swf']);
});
