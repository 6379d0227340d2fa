/**
 * `PUT /v1/uploads/{sha256}/{offset}`: an image in pieces, which may be sent again, in order;
 * `POST /v1/uploads/{sha256}` when all are there. Only then, and only where the bytes have that
 * SHA-256, there is something to import: `upload/{sha256}`. Nobody else's upload can be named without
 * knowing its content.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { OcxError } from '../../core/kernel/errors.ts';
import { requireSpace } from '../images/free-space.ts';
import { PARTIAL_UPLOAD } from '../images/import-source.ts';
import { Lanes } from '../images/lanes.ts';
import type { Caller } from './tokens.ts';

export interface UploadOptions {
  readonly folder: string;
  /** Of one image. */
  readonly uploadBytesMaximum: number;
  /** Kept free for disks. */
  readonly reserveBytes: number;
}

/** Of one piece. */
export const PIECE_BYTES_MAXIMUM = 8 * 1024 * 1024;
/** Uploads that are kept, whole or not. */
const UPLOADS_MAXIMUM = 16;
const BYTES = 'application/octet-stream';

const sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });
const offset = Type.String({ pattern: '^[0-9]{1,15}$' });

interface Piece {
  readonly sha256: string;
  readonly offset: string;
}

/** To be put beside the calls of the provisioning service. */
export function uploadApi(options: UploadOptions): (scope: FastifyInstance) => void {
  const lanes = new Lanes();
  return (scope) => {
    scope.addContentTypeParser(
      BYTES,
      { parseAs: 'buffer', bodyLimit: PIECE_BYTES_MAXIMUM },
      (_request, body, done) => done(null, body),
    );
    const put = { summary: 'Upload', params: Type.Object({ sha256, offset }) };
    scope.put(
      '/uploads/:sha256/:offset',
      { schema: put, bodyLimit: PIECE_BYTES_MAXIMUM },
      (request) => {
        requireWriter(request.caller!);
        const { sha256: name, offset: from } = request.params as Piece;
        if (!Buffer.isBuffer(request.body)) {
          throw new OcxError({ code: 'INPUT_MEDIA_TYPE', message: `a piece is ${BYTES}` });
        }
        const piece = request.body;
        return lanes.run(name, () => addPiece(options, name, Number(from), piece));
      },
    );
    const post = { summary: 'UploadEnd', params: Type.Object({ sha256 }) };
    scope.post('/uploads/:sha256', { schema: post }, (request) => {
      requireWriter(request.caller!);
      const { sha256: name } = request.params as Piece;
      return lanes.run(name, () => finish(options.folder, name));
    });
  };
}

function requireWriter({ mayWrite }: Caller): void {
  if (mayWrite) return;
  throw new OcxError({ code: 'DENIED_READ_ONLY', message: 'this token may only look' });
}

async function addPiece(
  { folder, uploadBytesMaximum, reserveBytes }: UploadOptions,
  name: string,
  from: number,
  piece: Buffer,
): Promise<object> {
  const file = join(folder, name + PARTIAL_UPLOAD);
  const whole = await sizeOf(join(folder, name));
  if (whole !== null) return { receivedBytes: whole };
  const size = await sizeOf(file);
  if (size === null && (await readdir(folder)).length >= UPLOADS_MAXIMUM) {
    const message = `${UPLOADS_MAXIMUM} uploads are kept already`;
    throw new OcxError({ code: 'RESOURCE_QUOTA', message, remedy: 'import one of them first' });
  }
  if (from > (size ?? 0)) {
    const message = `the next piece begins at ${size ?? 0}`;
    throw new OcxError({ code: 'CONFLICT_UPLOAD', message });
  }
  if (from + piece.length > uploadBytesMaximum) {
    throw new OcxError({ code: 'INPUT_IMAGE_TOO_LARGE', message: 'the image is too large' });
  }
  await requireSpace(folder, piece.length, reserveBytes);
  const handle = await open(file, size === null ? 'wx' : 'r+', 0o600);
  try {
    await handle.write(piece, 0, piece.length, from);
  } finally {
    await handle.close();
  }
  return { receivedBytes: Math.max(size ?? 0, from + piece.length) };
}

async function finish(folder: string, name: string): Promise<object> {
  const source = `upload/${name}`;
  if ((await sizeOf(join(folder, name))) !== null) return { source };
  const file = join(folder, name + PARTIAL_UPLOAD);
  if ((await sizeOf(file)) === null) {
    throw new OcxError({
      code: 'NOT_FOUND_UPLOAD',
      message: 'nothing was uploaded under this name',
    });
  }
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  if (hash.digest('hex') !== name) {
    await rm(file);
    const message = 'what was uploaded has another SHA-256; it is thrown away';
    throw new OcxError({ code: 'INPUT_UPLOAD', message, remedy: 'upload it again' });
  }
  const handle = await open(file, 'r');
  await handle.sync().finally(() => handle.close());
  await rename(file, join(folder, name));
  return { source };
}

async function sizeOf(file: string): Promise<number | null> {
  return stat(file).then(
    ({ size }) => size,
    () => null,
  );
}
