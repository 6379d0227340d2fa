/**
 * Lines of large packed files: unpacked beside the reader, some megabytes at a time, so that a log
 * of any length needs no more memory for its text than a short one.
 */
import { statSync } from 'node:fs';
import { isRead, packedTwice, packingOf, somethingBehind, unpackFailure } from './compression.ts';
import { changed, checkHead, emptyFile, lineNumberAt, lineTooLong } from './line-blocks.ts';
import type { InputLimits, LineBlock } from './line-blocks.ts';
import { isTar } from './tar.ts';
import { unpackedPieces } from './unpacked-stream.ts';

/** Smaller files are unpacked at once: a thread takes longer to begin than they to unpack. */
export const PACKED_IN_MEMORY = 4 << 20;

const BLOCK_BYTES = 8 << 20;
const PIECE_BYTES = 1 << 20;
const LINE_FEED = 10;

/**
 * Blocks of lines; null where the file is an archive, which is read as a whole.
 *
 * @param head its first bytes, which tell how it is packed
 * @throws OcxError INPUT_… as `unpack`, while it is read, too
 */
export function packedLines(
  path: string,
  head: Uint8Array,
  size: number,
  limits: InputLimits,
): Iterable<LineBlock> | null {
  const packing = packingOf(head);
  if (packing === null || !isRead(packing)) return null;
  const first = checkedPieces(path, size, packing, limits)[Symbol.iterator]();
  const { value: piece } = first.next() as IteratorResult<Uint8Array, undefined>;
  first.return(undefined);
  if (piece === undefined) throw emptyFile(path);
  if (isTar(piece)) return null;
  const inner = packingOf(piece);
  if (inner !== null && isRead(inner)) throw packedTwice(path, packing);
  return blocks(path, checkedPieces(path, size, packing, limits), limits);
}

/** Pieces of text within the limits, with errors that say what is wrong. */
function* checkedPieces(
  path: string,
  size: number,
  packing: 'gzip' | 'zstd' | 'xz',
  limits: InputLimits,
): Generator<Uint8Array> {
  const most = Math.min(
    limits.maxUnpackedBytes,
    Math.max(limits.ratioFreeBytes, size * limits.maxRatio),
  );
  const before = statSync(path);
  let total = 0;
  try {
    for (const piece of unpackedPieces(path, packing, size)) {
      total += piece.length;
      if (total > most) throw Object.assign(new Error('bomb'), { code: 'ERR_BUFFER_TOO_LARGE' });
      yield piece;
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'BEHIND') throw somethingBehind(path, packing);
    throw unpackFailure(path, packing, error as NodeJS.ErrnoException, most);
  }
  const after = statSync(path);
  if (after.size !== before.size || after.mtimeMs !== before.mtimeMs) throw changed(path);
}

function* blocks(
  path: string,
  pieces: Iterable<Uint8Array>,
  limits: InputLimits,
): Generator<LineBlock> {
  const buffer = Buffer.alloc(BLOCK_BYTES + limits.maxLineBytes + PIECE_BYTES);
  let filled = 0;
  let linesBefore = 0;
  let first = true;
  const start = (): number => {
    if (!first) return 0;
    first = false;
    return checkHead(path, buffer.subarray(0, filled));
  };
  for (const piece of pieces) {
    buffer.set(piece, filled);
    filled += piece.length;
    if (filled < BLOCK_BYTES) continue;
    const from = start();
    const end = buffer.lastIndexOf(LINE_FEED, filled - 1) + 1;
    if (filled - end > limits.maxLineBytes) {
      throw lineTooLong(path, linesBefore + lineNumberAt(buffer, end), limits);
    }
    if (end > from) {
      yield { bytes: buffer, start: from, end };
      linesBefore += lineNumberAt(buffer, end) - 1;
    }
    buffer.copyWithin(0, Math.max(end, from), filled);
    filled -= Math.max(end, from);
  }
  const from = start();
  if (filled > from) yield { bytes: buffer, start: from, end: filled };
}
