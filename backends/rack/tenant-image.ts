/**
 * A small system for tenants, to try a rack with: busybox, a sign of life, an answer over HTTP and a
 * shell on the console. The name in it tells whose it is.
 */
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { OcxError } from '../../core/kernel/errors.ts';
import { runProgram } from '../processes/program.ts';

const BUSYBOX = '/bin/busybox';
const SIZE = '24M';
const FOLDERS = ['bin', 'sbin', 'dev', 'proc', 'sys', 'run', 'tmp', 'etc', 'root', 'var', 'www'];
const NAME = /^[\w.-]{1,64}$/;

/** A raw image of one ext4 file system. @throws INPUT_TENANT_IMAGE, BACKEND_PROGRAM */
export async function buildTenantImage(path: string, name: string): Promise<void> {
  if (!NAME.test(name)) {
    throw new OcxError({
      code: 'INPUT_TENANT_IMAGE',
      message: `${JSON.stringify(name)} is no name for an image`,
      remedy: 'use at most 64 letters, digits and ._-',
    });
  }
  mkdirSync(dirname(path), { recursive: true });
  const root = mkdtempSync(join(dirname(path), '.tenant-'));
  try {
    for (const folder of FOLDERS) mkdirSync(join(root, folder));
    copyFileSync(BUSYBOX, join(root, 'bin', 'busybox'));
    const applets = (await runProgram(BUSYBOX, ['--list'])).split('\n').filter(Boolean);
    for (const applet of applets) {
      if (applet !== 'busybox') symlinkSync('busybox', join(root, 'bin', applet));
    }
    copyFileSync(join(import.meta.dirname, 'tenant', 'init.sh'), join(root, 'sbin', 'init'));
    chmodSync(join(root, 'sbin', 'init'), 0o755);
    writeFileSync(join(root, 'etc', 'tenant-image'), `${name}\n`);
    writeFileSync(join(root, 'www', 'index.html'), `${name}\n`);
    rmSync(path, { force: true });
    const parameters = ['-q', '-t', 'ext4', '-d', root, '-L', 'tenant', path, SIZE];
    await runProgram('mke2fs', parameters);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
