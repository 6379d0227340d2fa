/**
 * Runs the tests that need real data: test/data/, with OCX_TRACES and OCX_CASES naming the folders.
 * Without them it says so and does nothing; where CI is set, missing data is a failure, and pandas and
 * R, for the snippets of docs/EXPORTS.md, are installed where they are missing.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { inCi, installMissing } from './debian.ts';

const VARIABLES = ['OCX_TRACES', 'OCX_CASES'] as const;

const root = join(import.meta.dirname, '..');
const environment: NodeJS.ProcessEnv = { ...process.env };
const missing: string[] = [];

for (const name of VARIABLES) {
  const given = process.env[name];
  // npm runs scripts in the project's folder; INIT_CWD is where the user stands.
  const folder = given && resolve(process.env['INIT_CWD'] ?? root, given);
  if (folder && existsSync(folder)) environment[name] = folder;
  else missing.push(given ? `${name} names no folder: ${given}` : `${name} is not set`);
  if (given && !(folder && existsSync(folder))) process.exitCode = 2;
}

for (const line of missing)
  process.stderr.write(`INPUT_DATA_MISSING: ${line}, see docs/TESTING.md\n`);
if (process.exitCode === undefined && missing.length > 0 && inCi) process.exitCode = 2;
if (process.exitCode === undefined && missing.length === VARIABLES.length) {
  process.stderr.write('Skipped: the tests on real data need their folders.\n');
} else if (process.exitCode === undefined) {
  installMissing([
    ['python3-pandas', '/usr/lib/python3/dist-packages/pandas'],
    ['r-base-core', '/usr/bin/Rscript'],
  ]);
  const ava = join(root, 'node_modules', 'ava', 'entrypoints', 'cli.js');
  const options = ['--config', 'ava.data.config.js', ...process.argv.slice(2)];
  const result = spawnSync(process.execPath, [ava, ...options], {
    cwd: root,
    env: environment,
    stdio: 'inherit',
  });
  process.exitCode = result.status ?? 1;
}
