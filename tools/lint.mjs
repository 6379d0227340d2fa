/**
 * Type-aware linting with oxlint, whose packages have a lock of their own in this folder: its
 * bindings for other platforms would keep `npm ci` in the root from working. `npm ci` refuses this
 * lock for the same reason; `npm install --no-save` installs exactly what it says.
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { matchesLock, runNpm } from './packages.mjs';

/** Named, because a bare `oxlint` would lint node_modules too. */
const SOURCES = [
  'core',
  'sim',
  'backends',
  'workloads',
  'reports',
  'cli',
  'test',
  'bench',
  'tools',
];

const tools = dirname(fileURLToPath(import.meta.url));
const root = dirname(tools);

if (!matchesLock(tools)) {
  process.stderr.write('Installing the linter ...\n');
  if (!runNpm(tools, ['install', '--no-save'])) {
    process.stderr.write('RESOURCE_SETUP: the linter could not be installed, check the network\n');
    process.exit(3);
  }
}
const program = join(tools, 'node_modules', 'oxlint', 'bin', 'oxlint');
const options = ['--config', join(tools, 'oxlint.json'), '--type-aware', '--deny-warnings'];
const result = spawnSync(process.execPath, [program, ...options, ...SOURCES], {
  cwd: root,
  // oxlint looks for the type-aware part in the root's node_modules only.
  env: { ...process.env, OXLINT_TSGOLINT_PATH: join(tools, 'node_modules', '.bin', 'tsgolint') },
  stdio: 'inherit',
});
process.exitCode = result.status ?? 1;
