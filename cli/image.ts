/** `ocx image` and `ocx disk`: golden images and parked disks of a live provisioning service. */
import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Command } from 'commander';
import { PIECE_BYTES_MAXIMUM } from '../backends/http/upload-api.ts';
import { OcxError } from '../core/kernel/errors.ts';
import type { Output } from './command.ts';
import {
  defineCall,
  defineTalk,
  describe,
  pathOf,
  type Ask,
  type LiveOptions,
} from './live-client.ts';

/** Begins a source that the service finds by itself. */
const AT_SERVICE = 'import/';

interface ImportOptions extends LiveOptions {
  readonly shared?: boolean;
  readonly snapshot?: string;
}

export function registerImage(program: Command): void {
  const image = program.command('image').description('Golden images of a provisioning service.');
  defineCall(image, 'list', 'List the images that you may clone.', () => ({
    method: 'GET',
    path: '/images',
  }));
  defineCall(image, 'show <image>', 'Show one image and its snapshots.', ([name]) => ({
    method: 'GET',
    path: pathOf('images', name!),
  }));
  defineTalk<ImportOptions, object>(
    image,
    'import <image> <source>',
    'Bring an image in: a raw or qcow2 file of yours, or import/PATH at the service.',
    {
      talk: importImage,
      text: describe,
      extend: (command) =>
        command
          .option('--shared', 'anybody may clone it')
          .option('--snapshot <name>', 'take this snapshot and protect it: it can be cloned'),
    },
  );
  defineCall(image, 'rm <image>', 'Remove an image that has no snapshots.', ([name]) => ({
    method: 'DELETE',
    path: pathOf('images', name!),
  }));
  defineCall(
    image,
    'snapshot <image> <snapshot>',
    'Freeze the image’s content.',
    ([name, snapshotId]) => ({
      method: 'POST',
      path: pathOf('images', name!, 'snapshots'),
      body: { snapshotId },
    }),
  );
  for (const [word, method, last, summary] of [
    ['protect', 'PUT', ['protection'], 'Let a snapshot be cloned, and not be removed.'],
    ['unprotect', 'DELETE', ['protection'], 'Take that back, once no disk stands on it.'],
    ['rm-snapshot', 'DELETE', [], 'Remove a snapshot that is not protected.'],
  ] as const) {
    defineCall(image, `${word} <image> <snapshot>`, summary, ([name, snapshotId]) => ({
      method,
      path: pathOf('images', name!, 'snapshots', snapshotId!, ...last),
    }));
  }
}

export function registerDisk(program: Command): void {
  const disk = program.command('disk').description('Disks of a provisioning service.');
  defineCall(disk, 'list', 'List your disks, in use and parked.', () => ({
    method: 'GET',
    path: '/disks',
  }));
  defineCall(disk, 'show <disk>', 'Show one disk.', ([name]) => ({
    method: 'GET',
    path: pathOf('disks', name!),
  }));
  defineCall(disk, 'discard <disk>', 'Destroy a parked disk.', ([diskId]) => ({
    method: 'POST',
    path: '/discarded-disks',
    body: { diskId },
  }));
}

async function importImage(
  ask: Ask,
  [imageId, given]: readonly string[],
  { shared = false, snapshot }: ImportOptions,
  output: Output,
): Promise<object> {
  const isThere = given!.startsWith(AT_SERVICE);
  const source = isThere ? given! : await upload(ask, output.path(given!), output);
  await ask({ method: 'POST', path: '/images', body: { imageId, source, shared } });
  const image = pathOf('images', imageId!);
  if (snapshot !== undefined) {
    const body = { snapshotId: snapshot };
    await ask({ method: 'POST', path: `${image}/snapshots`, body });
    const protection = pathOf('snapshots', snapshot, 'protection');
    await ask({ method: 'PUT', path: image + protection });
  }
  return ask({ method: 'GET', path: image });
}

/** @returns the source that the upload is */
async function upload(ask: Ask, file: string, output: Output): Promise<string> {
  const sha256 = await hashOf(file);
  const handle = await open(file, 'r');
  const { size } = await handle.stat();
  const progress = output.progress('bytes uploaded', size);
  try {
    const piece = Buffer.alloc(PIECE_BYTES_MAXIMUM);
    for (let offset = 0; offset < size;) {
      const { bytesRead } = await handle.read(piece, 0, piece.length, offset);
      if (bytesRead === 0) break;
      const body = piece.subarray(0, bytesRead);
      await ask({ method: 'PUT', path: pathOf('uploads', sha256, String(offset)), body });
      offset += bytesRead;
      progress.update(offset);
    }
  } finally {
    progress.finish();
    await handle.close();
  }
  const { source } = (await ask({ method: 'POST', path: pathOf('uploads', sha256) })) as {
    source: string;
  };
  return source;
}

/** @throws INPUT_FILE_NOT_FOUND */
async function hashOf(file: string): Promise<string> {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) {
    throw new OcxError({
      code: 'INPUT_FILE_NOT_FOUND',
      message: 'there is no such image',
      place: { file },
      remedy: 'give a raw or qcow2 file, or import/PATH for one at the service',
    });
  }
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
