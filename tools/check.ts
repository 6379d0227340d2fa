/**
 * The quick checks before the tests: formatting and types, side by side. What the rules of the
 * house demand beyond them is in test/architecture/.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

interface CheckResult {
  readonly name: string;
  readonly ok: boolean;
  readonly output: string;
  readonly seconds: number;
}

const root = join(import.meta.dirname, '..');
const programs = join(root, 'node_modules', '.bin');

const checks: readonly (readonly [name: string, program: string, options: readonly string[]])[] = [
  ['formatting', 'prettier', ['--check', '--log-level=warn', '--cache', '.']],
  ['types', 'tsc', ['--noEmit']],
];

const results = await Promise.all(checks.map((check) => run(...check)));
for (const { name, ok, output, seconds } of results) {
  process.stderr.write(`${ok ? 'ok    ' : 'FAILED'} ${name} (${seconds.toFixed(1)} s)\n`);
  if (!ok) process.stderr.write(`${output.trimEnd()}\n`);
}
if (results.some((result) => !result.ok)) process.exitCode = 1;

function run(name: string, program: string, options: readonly string[]): Promise<CheckResult> {
  const startMs = performance.now();
  return new Promise((resolve) => {
    const child = spawn(join(programs, program), options, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const finish = (ok: boolean, more = '') => {
      const seconds = (performance.now() - startMs) / 1_000;
      resolve({ name, ok, output: output + more, seconds });
    };
    child.on('error', (error) => finish(false, error.message));
    child.on('close', (code) => finish(code === 0));
  });
}
