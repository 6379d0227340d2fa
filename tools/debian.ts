/**
 * Debian's packages for tests. In continuous integration, as root, what is missing is installed, and
 * no daemon of it is started: tests start what they need themselves.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';

export const inCi = Boolean(process.env['CI']) && process.env['CI'] !== 'false';

/** Asked by packages whether their daemons may be started; 101 says no. */
const POLICY = '/usr/sbin/policy-rc.d';
const NOTHING_STARTS = '#!/bin/sh\nexit 101\n';

/** A package, and a file that it brings. */
export type Wanted = readonly [name: string, file: string];

/**
 * Installs what is missing, in continuous integration.
 *
 * @returns what is missing still
 */
export function installMissing(wanted: readonly Wanted[]): string[] {
  const missing = () => wanted.flatMap(([name, file]) => (existsSync(file) ? [] : [name]));
  const before = missing();
  if (before.length === 0 || !inCi) return before;
  const isOurs = !existsSync(POLICY);
  if (isOurs) writeFileSync(POLICY, NOTHING_STARTS, { mode: 0o755 });
  try {
    const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    for (const step of [['update'], ['install', '-y', '--no-install-recommends', ...before]]) {
      spawnSync('apt-get', ['-qq', ...step], { env: environment, stdio: 'inherit' });
    }
  } finally {
    if (isOurs) rmSync(POLICY);
  }
  return missing();
}
