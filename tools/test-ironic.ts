/**
 * Runs the tests with an unmodified Ironic: test/ironic/. In continuous integration Debian's packages
 * of it are installed where they are missing (as root), and a machine that cannot have them fails;
 * elsewhere they have to be there.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { installMissing } from './debian.ts';

const root = join(import.meta.dirname, '..');

// Its programs are in a package that both need; what they need beyond it is not.
const missing = installMissing([
  ['ironic-api', '/usr/share/doc/ironic-api'],
  ['ironic-conductor', '/usr/share/doc/ironic-conductor'],
  ['python3-sushy', '/usr/lib/python3/dist-packages/sushy'],
]);
if (missing.length > 0) {
  process.stderr.write(`Not installed: apt-get install ${missing.join(' ')}\n`);
  process.exitCode = 1;
} else {
  const ava = join(root, 'node_modules', 'ava', 'entrypoints', 'cli.js');
  const options = ['--config', 'ava.ironic.config.js', ...process.argv.slice(2)];
  const ran = spawnSync(process.execPath, [ava, ...options], { cwd: root, stdio: 'inherit' });
  process.exitCode = ran.status ?? 1;
}
