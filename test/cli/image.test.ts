/** `ocx image` and `ocx disk` against a provisioning service in a process of its own. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { assertOneLine, temporaryFolder } from './run.ts';
import { configuration, Service } from './served-process.ts';

/** The commands that need no server of disks, and so no package of the system. */
test('an image is uploaded, frozen, looked at and removed from the terminal', async (t) => {
  const folder = temporaryFolder(t);
  const image = Buffer.alloc(9 * 1024 * 1024);
  image.set([0x53, 0xef], 1080);
  writeFileSync(join(folder, 'disk.raw'), image);
  mkdirSync(join(folder, 'import'));
  writeFileSync(join(folder, 'import', 'text.raw'), 'not an image\n'.repeat(4_096));
  const images = { driver: 'qcow2-nbd', folder: 'i', importFolder: 'import' };
  writeFileSync(join(folder, 'serve.json'), configuration({ provisioning: { images } }));
  const service = await Service.start(t, folder, '--role', 'provisioning');
  const disk = join(folder, 'disk.raw');

  const shown = await service.run(t, 'a', `image import debian ${disk} --snapshot v1`);
  t.deepEqual(shown['snapshots'], [{ snapshotId: 'v1', isProtected: true, disks: 0 }]);
  t.like(await service.run(t, 'a', 'image show debian'), { owner: 'org-a', shared: false });
  t.deepEqual(await service.run(t, 't', 'image list'), { images: [] });
  assertOneLine(t, await service.cli('t', 'image show debian'), 'NOT_FOUND: ');
  await service.run(t, 'a', 'image snapshot debian v2');
  await service.run(t, 'a', 'image rm-snapshot debian v2');
  const busy = await service.cli('a', 'image rm debian');
  assertOneLine(t, busy, 'CONFLICT_IMAGE_HAS_SNAPSHOTS: ');
  await service.run(t, 'a', 'image unprotect debian v1');
  await service.run(t, 'a', 'image rm-snapshot debian v1');
  await service.run(t, 'a', 'image rm debian');
  t.deepEqual(await service.run(t, 'a', 'image list'), { images: [] });
  t.deepEqual(await service.run(t, 'a', 'disk list'), { disks: [] });

  for (const [given, code] of [
    [join(folder, 'missing.raw'), 'INPUT_FILE_NOT_FOUND: '],
    ['import/text.raw', 'INPUT_IMAGE_FORMAT: '],
    ['import/../serve.json', 'INPUT_IMAGE_SOURCE: '],
  ] as const) {
    assertOneLine(t, await service.cli('a', `image import x ${given}`), code);
  }
  t.is(await service.end('SIGTERM'), 0);
});
