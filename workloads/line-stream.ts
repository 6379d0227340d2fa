/**
 * The lines of a file, packed or not, block by block in memory that does not grow with the file. What
 * is refused, and how, is as in `input.ts`.
 */
import { closeSync, createReadStream, fstatSync, readSync } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { OcxError } from '../core/kernel/errors.ts';
import {
  isSkippable,
  packedTwice,
  packingOf,
  PACKING_HEAD_BYTES,
  somethingBehind,
  unpackFailure,
} from './compression.ts';
import { openLines, openRegularFile, SCAN_LIMITS } from './input.ts';
import { checkHead, lineTooLong, type InputLimits, type LineBlock } from './line-blocks.ts';
import { isTar } from './tar.ts';

const PIECE_BYTES = 1 << 20;
const LINE_FEED = 10;

type Streamed = 'gzip' | 'zstd';

/**
 * Blocks of whole lines, except that the file's last line may lack its line feed. A block is right only
 * until the next one is asked for. xz and tar are
 * unpacked in memory.
 *
 * @throws OcxError INPUT_… while reading, too: what was scanned so far must then be thrown away
 */
export async function* streamLines(
  path: string,
  limits: InputLimits = SCAN_LIMITS,
): AsyncGenerator<LineBlock> {
  const { head, size } = headOf(path, 0, PACKING_HEAD_BYTES);
  const packing = packingOf(head);
  if (packing === 'gzip' || packing === 'zstd') yield* unpackedLines(path, packing, size, limits);
  else yield* openLines(path, limits).blocks;
}

async function* unpackedLines(
  path: string,
  packing: Streamed,
  size: number,
  limits: InputLimits,
): AsyncGenerator<LineBlock> {
  let buffer = Buffer.alloc(4 * PIECE_BYTES);
  let filled = 0;
  let start = -1;
  for await (const piece of unpackedPieces(path, packing, size, limits)) {
    if (start < 0) {
      const inner = packingOf(piece);
      if (inner === 'gzip' || inner === 'zstd' || inner === 'xz') throw packedTwice(path, packing);
      if (isTar(piece)) return yield* openLines(path, limits).blocks;
    }
    if (filled + piece.length > buffer.length) {
      buffer = Buffer.concat([buffer.subarray(0, filled)], 2 * (filled + piece.length));
    }
    piece.copy(buffer, filled);
    filled += piece.length;
    // The head is judged once there is enough of it.
    if (start < 0 && filled < PIECE_BYTES) continue;
    if (start < 0) start = checkHead(path, buffer.subarray(0, filled));
    const end = buffer.lastIndexOf(LINE_FEED, filled - 1) + 1;
    if (filled - Math.max(end, start) > limits.maxLineBytes) throw lineTooLong(path, null, limits);
    if (end <= start) continue;
    yield { bytes: buffer, start, end };
    buffer.copyWithin(0, end, filled);
    filled -= end;
    start = 0;
  }
  if (start < 0) start = checkHead(path, buffer.subarray(0, filled));
  if (filled > start) yield { bytes: buffer, start, end: filled };
}

async function* unpackedPieces(
  path: string,
  packing: Streamed,
  size: number,
  limits: InputLimits,
): AsyncGenerator<Buffer> {
  const byRatio = Math.max(limits.ratioFreeBytes, size * limits.maxRatio);
  const most = Math.min(limits.maxBytes, byRatio);
  let total = 0;
  for (let at = 0; at < size;) {
    const { head } = headOf(path, at, PACKING_HEAD_BYTES);
    if (packing === 'zstd' && isSkippable(head)) {
      at += 8 + head.readUInt32LE(4);
      continue;
    }
    if (packingOf(head) !== packing) return checkRest(path, packing, at);
    const options = { chunkSize: PIECE_BYTES };
    const unpacker = packing === 'gzip' ? createGunzip(options) : createZstdDecompress(options);
    const file = createReadStream(path, { start: at, highWaterMark: PIECE_BYTES });
    // A failure of either arrives where the pieces are taken.
    pipeline(file, unpacker, () => {});
    try {
      for await (const piece of unpacker as AsyncIterable<Buffer>) {
        total += piece.length;
        if (total > most) throw unpackFailure(path, packing, TOO_MUCH, most);
        yield piece;
      }
    } catch (error) {
      if (error instanceof OcxError) throw error;
      throw unpackFailure(path, packing, error as NodeJS.ErrnoException, most);
    }
    at += Math.max(1, unpacker.bytesWritten);
  }
  if (total > 0) return;
  throw new OcxError({
    code: 'INPUT_EMPTY',
    message: 'the file is empty',
    place: { file: path },
    remedy: 'fetch it again',
  });
}

const TOO_MUCH = Object.assign(new Error('too much'), { code: 'ERR_BUFFER_TOO_LARGE' });

/** Behind gzip data there may be zeros, nothing else; behind zstd nothing. */
function checkRest(path: string, packing: Streamed, from: number): void {
  for (let at = from; ;) {
    const { head } = headOf(path, at, PIECE_BYTES);
    if (head.length === 0) return;
    if (packing === 'zstd' || head.some((byte) => byte !== 0)) throw somethingBehind(path, packing);
    at += head.length;
  }
}

/** Some bytes of a file from a place on, and its size. */
function headOf(path: string, at: number, bytes: number): { head: Buffer; size: number } {
  const descriptor = openRegularFile(path);
  try {
    const head = Buffer.alloc(bytes);
    const count = readSync(descriptor, head, 0, bytes, at);
    return { head: head.subarray(0, count), size: fstatSync(descriptor).size };
  } finally {
    closeSync(descriptor);
  }
}
