import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { collect, defineCommand, runCommand, wholeNumber } from '../../cli/command.ts';
import type { CommonOptions } from '../../cli/command.ts';
import { describeFailure, exitCodeOf } from '../../cli/failure.ts';
import {
  readInputText,
  requireWritable,
  writeAtomically,
  writeFolderAtomically,
} from '../../cli/files.ts';
import type { Registration } from '../../cli/main.ts';
import { OcxError } from '../../core/kernel/errors.ts';
import { assertOneLine, runCli, temporaryFolder } from './run.ts';

interface TryOptions extends CommonOptions {
  readonly seed?: number;
  readonly set?: readonly string[];
}

/** A program with one command whose body the test gives. */
function trying(body: Parameters<typeof runCommand>[1]): { registrations: Registration[] } {
  const register: Registration = (program) => {
    defineCommand(program, 'try [words...]', 'Try something.')
      .option('--seed <number>', 'a seed', wholeNumber(0, 10))
      .option('--set <setting>', 'a setting', collect)
      .action((_words: string[], options: TryOptions) => runCommand(options, body));
  };
  return { registrations: [register] };
}

function throwing(error: unknown): { registrations: Registration[] } {
  return trying(() => {
    throw error;
  });
}

test('a result is text for people and JSON alone for programs', async (t) => {
  const surroundings = trying((output) => {
    output.note('one note');
    output.result({ jobs: 2 }, ({ jobs }) => `${jobs} jobs`);
  });
  t.deepEqual(await runCli(['try'], surroundings), {
    exitCode: 0,
    stdout: '2 jobs\n',
    stderr: 'one note\n',
  });
  const json = await runCli(['try', '--json', '--quiet'], surroundings);
  t.deepEqual(JSON.parse(json.stdout), { jobs: 2 });
  t.is(json.stderr, '');
});

test('a negative result ends with 1', async (t) => {
  const surroundings = trying((output) => {
    output.result({ ok: false }, () => 'no');
    output.negative({ code: 'RESULT_GATE', message: 'too little' });
  });
  t.deepEqual(await runCli(['try'], surroundings), {
    exitCode: 1,
    stdout: 'no\n',
    stderr: 'RESULT_GATE: too little\n',
  });
});

test('a refusal is one line that says what, where and what to do', async (t) => {
  const error = new OcxError({
    code: 'INPUT_SWF_FIELD',
    message: 'the field\nis odd\u001b[2J',
    place: { file: 'a.swf', line: 3, column: 7 },
    remedy: 'correct it',
  });
  const result = await runCli(['try'], throwing(error));
  assertOneLine(t, result, 'INPUT_SWF_FIELD: the field is odd [2J, a.swf:3:7, correct it\n');
  t.is(result.exitCode, 2);
});

for (const [code, exitCode] of [
  ['INPUT_ANY', 2],
  ['NOT_FOUND_ANY', 2],
  ['MARKET_INFEASIBLE', 2],
  ['RESOURCE_DISK_FULL', 3],
  ['DEVICE_TIMEOUT', 3],
  ['JOURNAL_BROKEN', 1],
] as const) {
  test(`an error of the family ${code} ends with ${exitCode}`, async (t) => {
    const result = await runCli(['try'], throwing(new OcxError({ code, message: 'no' })));
    assertOneLine(t, result, `${code}: no`);
    t.is(result.exitCode, exitCode);
  });
}

for (const error of [
  new TypeError('x is undefined'),
  new OcxError({ code: 'INVARIANT_VIOLATED', message: 'x is undefined' }),
  new OcxError({ code: 'NOVEL_ERROR', message: 'x is undefined' }),
  'x is undefined',
]) {
  test(`a bug ends with 70 and asks for a report: ${describe(error)}`, async (t) => {
    const result = await runCli(['try'], throwing(error));
    assertOneLine(t, result, 'INTERNAL_ERROR: x is undefined, this is a bug: please report it');
    t.is(result.exitCode, 70);
  });
}

function describe(error: unknown): string {
  return error instanceof OcxError ? error.code : String(error);
}

test('a stack trace needs --debug', async (t) => {
  const cause = new RangeError('the cause');
  const error = new Error('the effect', { cause });
  const result = await runCli(['try', '--debug'], throwing(error));
  t.is(result.exitCode, 70);
  t.regex(result.stderr, /^INTERNAL_ERROR: the effect, [^\n]*\nError: the effect\n +at /);
  t.regex(result.stderr, /Caused by: RangeError: the cause\n +at /);
});

for (const [argv, line] of [
  [['tri'], "INPUT_USAGE: unknown command 'tri', did you mean try?"],
  [['try', '--jsn'], "INPUT_USAGE: unknown option '--jsn', did you mean --json?"],
  [['try', '--seed'], "INPUT_USAGE: option '--seed <number>' argument missing, see --help"],
  [
    ['try', '--seed', 'x'],
    "INPUT_USAGE: option '--seed <number>' argument 'x' is invalid. It must",
  ],
  [['try', '--seed', '11'], "INPUT_USAGE: option '--seed <number>' argument '11' is invalid. It"],
  [['try', '--seed', '1e1'], "INPUT_USAGE: option '--seed <number>' argument '1e1' is invalid. It"],
] as const) {
  test(`a mistake in usage is one line and ends with 2: ${argv.join(' ')}`, async (t) => {
    const result = await runCli(
      argv,
      trying(() => {}),
    );
    assertOneLine(t, result, line);
    t.is(result.exitCode, 2);
  });
}

test('help and version are printed and end with 0; no command at all is a mistake', async (t) => {
  const help = await runCli(
    ['try', '--help'],
    trying(() => {}),
  );
  t.is(help.exitCode, 0);
  for (const option of ['--json', '--quiet', '--debug']) t.true(help.stdout.includes(option));
  const version = await runCli(['--version']);
  t.regex(version.stdout, /^\d+\.\d+\.\d+\n$/);
  const nothing = await runCli(
    [],
    trying(() => {}),
  );
  t.is(nothing.exitCode, 2);
  t.is(nothing.stdout, '');
  t.true(nothing.stderr.startsWith('Usage: ocx'));
});

test('options arrive parsed, paths are taken from where the user stands', async (t) => {
  const seen: unknown[] = [];
  const register: Registration = (program) => {
    defineCommand(program, 'try', 'Try.')
      .option('--seed <number>', 'a seed', wholeNumber(0, 10))
      .option('--set <setting>', 'a setting', collect)
      .action((options: TryOptions) =>
        runCommand(options, (output) => {
          seen.push(options.seed, options.set, output.path('a/b'), output.path('/c'));
        }),
      );
  };
  await runCli(['try', '--seed', '7', '--set', 'a=1', '--set', 'b=2'], {
    registrations: [register],
    workingDirectory: '/folder',
  });
  t.deepEqual(seen, [7, ['a=1', 'b=2'], '/folder/a/b', '/c']);
});

test('errors of the system get a code of ours', (t) => {
  const failure = (code: string) =>
    describeFailure(Object.assign(new Error('E'), { code, path: 'x' }));
  t.is(failure('ENOENT').line, 'INPUT_FILE: there is no such file, x, check the path');
  t.is(failure('ENOENT').exitCode, 2);
  t.is(failure('ENOSPC').exitCode, 3);
  t.is(failure('ERR_WORKER_OUT_OF_MEMORY').exitCode, 3);
  t.is(failure('ERR_INVALID_ARG_TYPE').exitCode, 70);
  t.is(exitCodeOf('INPUTS_ARE_NO_FAMILY'), 70);
});

test('a file is written whole and leaves nothing beside it', (t) => {
  const folder = temporaryFolder(t);
  writeAtomically(join(folder, 'a', 'b.txt'), 'first');
  writeAtomically(join(folder, 'a', 'b.txt'), 'second');
  t.is(readFileSync(join(folder, 'a', 'b.txt'), 'utf8'), 'second');
  t.deepEqual(readdirSync(join(folder, 'a')), ['b.txt']);
});

test('many files in a row leave one listener a signal, and none afterwards', async (t) => {
  const folder = temporaryFolder(t);
  const before = process.listenerCount('SIGINT');
  for (let file = 0; file < 30; file++) writeAtomically(join(folder, String(file)), 'x');
  t.true(process.listenerCount('SIGINT') <= before + 1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  writeAtomically(join(folder, 'last'), 'x');
  t.true(process.listenerCount('SIGINT') <= 1);
});

test('where nothing can be written, one line says so and nothing is left', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'file'), '');
  mkdirSync(join(folder, 'taken', 'full'), { recursive: true });
  for (const target of ['file/b.txt', 'taken']) {
    const path = join(folder, target);
    const result = await runCli(
      ['try'],
      trying(() => writeAtomically(path, 'x')),
    );
    assertOneLine(t, result, 'RESOURCE_NOT_WRITABLE: it cannot be written (E');
    t.is(result.exitCode, 3);
  }
  t.deepEqual(readdirSync(folder).sort(), ['file', 'taken']);
});

test('a full disk is told as such', async (t) => {
  if (!existsSync('/dev/full')) {
    t.log('this system has no device that is always full');
    return t.true(
      describeFailure(Object.assign(new Error('E'), { code: 'ENOSPC' })).exitCode === 3,
    );
  }
  const result = await runCli(
    ['try'],
    trying(() => writeFileSync('/dev/full', 'x')),
  );
  assertOneLine(t, result, 'RESOURCE_FAILED: the system refused (ENOSPC)');
  t.is(result.exitCode, 3);
});

test('a folder appears complete, replaces the older one, and not at all after a failure', async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'results');
  await writeFolderAtomically(path, (made) => {
    writeFileSync(join(made, 'a'), '1');
    t.false(existsSync(path));
  });
  await writeFolderAtomically(path, async (made) => {
    await Promise.resolve();
    writeFileSync(join(made, 'b'), '2');
  });
  t.deepEqual(readdirSync(path), ['b']);
  const failing = writeFolderAtomically(path, (made) => {
    writeFileSync(join(made, 'c'), '3');
    throw new OcxError({ code: 'INPUT_ANY', message: 'no' });
  });
  await t.throwsAsync(failing, { code: 'INPUT_ANY' });
  t.deepEqual(readdirSync(path), ['b']);
  t.deepEqual(readdirSync(folder), ['results']);
});

test('a folder that is not writable is a matter of resources, and can be found out before', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'file'), '');
  t.throws(() => requireWritable(join(folder, 'file', 'results')), {
    code: 'RESOURCE_NOT_WRITABLE',
  });
  requireWritable(join(folder, 'results'));
  t.deepEqual(readdirSync(folder), ['file']);
  const failing = writeFolderAtomically(join(folder, 'file', 'results'), () => t.fail());
  await t.throwsAsync(failing, { code: 'RESOURCE_NOT_WRITABLE' });
});

test('what cannot be read is a matter of input', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'latin1'), Buffer.from([0x66, 0xfc, 0x72]));
  for (const [name, code] of [
    ['missing', 'INPUT_FILE_NOT_FOUND: there is no such file'],
    ['.', 'INPUT_FILE_UNREADABLE: this is a folder, not a file'],
    ['latin1', 'INPUT_NOT_TEXT: the file is not UTF-8 text'],
  ] as const) {
    const result = await runCli(
      ['try'],
      trying(() => void readInputText(join(folder, name))),
    );
    assertOneLine(t, result, code);
    t.is(result.exitCode, 2);
  }
});

/** Runs a program of its own, reading its standard output up to the first `until`. */
function start(program: string): {
  done: Promise<number | null>;
  ready: Promise<void>;
  pid: number;
} {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const done = new Promise<number | null>((resolve) => child.on('exit', (code) => resolve(code)));
  const ready = new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
  return { done, ready, pid: child.pid! };
}

test('Ctrl-C leaves no half-written folder', async (t) => {
  const folder = temporaryFolder(t);
  const files = JSON.stringify(join(import.meta.dirname, '../../cli/files.ts'));
  const { done, ready, pid } = start(`
    import { writeFileSync } from 'node:fs';
    import { writeFolderAtomically } from ${files};
    await writeFolderAtomically(${JSON.stringify(join(folder, 'results'))}, async (made) => {
      writeFileSync(made + '/a', '1');
      console.log('ready');
      await new Promise((resolve) => setTimeout(resolve, 30_000));
    });`);
  await ready;
  t.is(readdirSync(folder).length, 1);
  process.kill(pid, 'SIGINT');
  t.is(await done, 130);
  t.deepEqual(readdirSync(folder), []);
});

test('a reader that goes away is no failure', async (t) => {
  const main = join(import.meta.dirname, '../../cli/main.ts');
  const child = spawn(process.execPath, [main, 'replay', '--help'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise((resolve) => child.on('close', resolve));
  t.is(stderr, '');
  t.is(code, 0);
});

test('every command has help and the common options, and stands in the README', async (t) => {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
  const commands = async (...family: readonly string[]): Promise<string[][]> => {
    const help = await runCli([...family, '--help']);
    t.is(help.exitCode, 0, help.stderr);
    const list = help.stdout.split('\nCommands:\n')[1];
    if (list === undefined) {
      for (const option of ['--json', '--quiet', '--debug', '--help']) {
        t.true(help.stdout.includes(`  ${option} `), `${family.join(' ')} has ${option}`);
      }
      return [[...family]];
    }
    const names = [...list.matchAll(/^ {2}(\S+)/gm)].map(([, name]) => name!);
    const known = names.filter((name) => name !== 'help');
    return (await Promise.all(known.map((name) => commands(...family, name)))).flat();
  };
  const all = await commands();
  t.true(all.length >= 12, all.join());
  for (const [family] of all) t.true(readme.includes(`| \`ocx ${family}`), family);
});
