import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { DiskKeys } from '../../../backends/images/disk-keys.ts';
import { encryptRaw } from '../../../backends/images/qemu-img.ts';

test('owners and images share no keys, and nothing of a removed image is used again', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'ocx-keys-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const keys = new DiskKeys(folder);
  const of = async (owner: string, imageId: string, seal = 'first') => {
    let seen: { key: string; files: number } | null = null;
    await keys.within(owner, { imageId, seal }, async ({ baseKey, baseFolder }) => {
      seen = { key: baseKey, files: readdirSync(baseFolder).length };
      writeFileSync(join(baseFolder, 'base.luks'), '');
      t.is(statSync(join(baseFolder, 'key.json')).mode & 0o077, 0, 'nobody else may read it');
    });
    return seen!;
  };
  const own = await of('a', 'i');
  t.deepEqual(await of('a', 'i'), { key: own.key, files: 2 }, 'the same again');
  const others = [await of('b', 'i'), await of('a', 'j'), await of('a i', 'x')];
  t.is(new Set([own, ...others].map(({ key }) => key)).size, 4);
  const renewed = await of('a', 'i', 'second');
  t.not(renewed.key, own.key, 'another image of the same name');
  t.is(renewed.files, 1, 'begins with nothing but a key');
  await keys.forget('i');
  t.is(readdirSync(folder).length, 2);
  t.not((await of('a', 'i', 'second')).key, renewed.key);
});

test('qemu-img is asked again where it could not time itself, and for no other reason', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'ocx-qemu-'));
  const path = process.env['PATH'];
  t.teardown(() => {
    process.env['PATH'] = path;
    rmSync(folder, { recursive: true });
  });
  process.env['PATH'] = `${folder}:${path}`;
  const asked = join(folder, 'asked');
  const encrypted = async (says: string, failures: number) => {
    writeFileSync(asked, '');
    const script = `#!/bin/sh\necho >> ${asked}\n[ $(wc -l < ${asked}) -gt ${failures} ] || { echo '${says}' >&2; exit 1; }\n`;
    writeFileSync(join(folder, 'qemu-img'), script, { mode: 0o755 });
    const { signal } = new AbortController();
    await encryptRaw(join(folder, 'a'), join(folder, 'b'), 'key', signal);
  };
  const times = () => readFileSync(asked, 'utf8').length;
  const untimed = 'qemu-img: b: error while converting luks: Unable to get accurate CPU usage';
  await encrypted(untimed, 2);
  t.is(times(), 3);
  await t.throwsAsync(encrypted(untimed, 9), { code: 'DEVICE_TOOL_FAILED' });
  t.is(times(), 5);
  await t.throwsAsync(encrypted('qemu-img: no space', 1), { code: 'DEVICE_TOOL_FAILED' });
  t.is(times(), 1);
});
