/**
 * Runs the tests of the live world: test/live/. Those of the PostgreSQL store need a server's
 * programs. In continuous integration the Debian package is installed where it is missing (as root),
 * and a machine that cannot have it fails; elsewhere these tests are left out, and it is said.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const inCi = Boolean(process.env['CI']) && process.env['CI'] !== 'false';

const hasServer = () => existsSync('/usr/lib/postgresql');

if (!hasServer() && inCi) {
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const step of [['update'], ['install', '-y', '--no-install-recommends', 'postgresql']]) {
    spawnSync('apt-get', ['-qq', ...step], { env: environment, stdio: 'inherit' });
  }
}
const leftOut: string[] = [];
if (!hasServer() && !inCi) {
  process.stderr.write('Left out: PostgreSQL is not installed (apt-get install postgresql).\n');
  leftOut.push('!test/live/{postgres,takeover}.live.ts', 'test/live/**/*.live.ts');
}
const ava = join(root, 'node_modules', 'ava', 'entrypoints', 'cli.js');
const options = ['--config', 'ava.live.config.js', ...leftOut, ...process.argv.slice(2)];
const { status } = spawnSync(process.execPath, [ava, ...options], { cwd: root, stdio: 'inherit' });
process.exitCode = status ?? 1;
