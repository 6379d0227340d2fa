/**
 * Unpacks gzip, zstd, xz and tar in memory, within limits: bombs, damage, cut-off data and whatever
 * stands behind the data are refused.
 */
import { constants, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { OcxError } from '../core/kernel/errors.ts';
import { isTar, onlyMember } from './tar.ts';
import { unxzSync } from './xz.ts';

/** Limits on what comes out. */
export interface UnpackLimits {
  /** Bytes after decompression. */
  readonly maxBytes: number;
  /** Decompressed bytes per compressed byte; not applied below `ratioFreeBytes`. */
  readonly maxRatio: number;
  readonly ratioFreeBytes: number;
}

/** First bytes of a file that are enough to tell how it is packed. */
export const PACKING_HEAD_BYTES = 512;

const MAGIC = {
  gzip: [0x1f, 0x8b],
  zstd: [0x28, 0xb5, 0x2f, 0xfd],
  xz: [0xfd, 0x37, 0x7a, 0x58],
  bzip2: [0x42, 0x5a, 0x68],
  zip: [0x50, 0x4b, 0x03, 0x04],
} as const;

/** How a file can be packed. */
export type Packing = keyof typeof MAGIC;

/** How a file that begins so is packed; null for not at all. */
export function packingOf(bytes: Uint8Array): Packing | null {
  for (const [name, magic] of Object.entries(MAGIC)) {
    if (magic.every((byte, index) => bytes[index] === byte)) return name as Packing;
  }
  return null;
}

/**
 * Whether a file that begins so has to be unpacked.
 *
 * @throws OcxError INPUT_COMPRESSION where that cannot be done here
 */
export function needsUnpacking(path: string, head: Uint8Array): boolean {
  const packing = packingOf(head);
  if (packing === null) return isTar(head);
  if (isRead(packing)) return true;
  throw new OcxError({
    code: 'INPUT_COMPRESSION',
    message: `the file is compressed with ${packing}, which is not read`,
    place: { file: path },
    remedy: 'unpack it, or compress it with gzip, zstd or xz',
  });
}

/**
 * The text in a packed file; of a tar archive the one file in it.
 *
 * @throws OcxError INPUT_GZIP_… and INPUT_ZSTD_… for damage, bombs and double packing,
 * INPUT_TRUNCATED, INPUT_EMPTY; INPUT_ARCHIVE for an archive with any other number of files than one
 */
export function unpack(path: string, packed: Buffer, limits: UnpackLimits): Uint8Array {
  let bytes = unpackOnce(path, packed, limits);
  if (isTar(bytes)) bytes = onlyMember(path, bytes);
  if (bytes.length > 0) return bytes;
  throw new OcxError({
    code: 'INPUT_EMPTY',
    message: 'the file is empty',
    place: { file: path },
    remedy: 'fetch it again',
  });
}

/** As it was before it was compressed, an archive as a whole. @throws OcxError as `unpack` */
export function unpackOnce(path: string, packed: Buffer, limits: UnpackLimits): Uint8Array {
  const packing = packingOf(packed);
  let bytes: Uint8Array = packed;
  if (packing !== null && isRead(packing)) {
    const byRatio = Math.max(limits.ratioFreeBytes, packed.length * limits.maxRatio);
    const most = Math.min(limits.maxBytes, byRatio);
    bytes = UNPACKERS[packing](path, packed, most);
    const inner = packingOf(bytes);
    if (inner !== null && isRead(inner)) throw packedTwice(path, packing);
  }
  return bytes;
}

/** How much of a packed file is enough for the first header of an archive. */
export const ARCHIVE_HEAD_BYTES = 65_536;

/** Whether a packed file that begins so may be an archive; of zstd and xz nothing is known at once. */
export function mayBeArchive(head: Buffer): boolean {
  try {
    const packing = packingOf(head);
    if (packing === 'gzip') {
      return isTar(gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH }));
    }
    return packing !== null || isTar(head);
  } catch {
    // Damage is for whoever reads the file to report.
    return false;
  }
}

/** What is said where packed data holds packed data. */
export function packedTwice(path: string, packing: string): OcxError {
  return new OcxError({
    code: `INPUT_${packing.toUpperCase()}_NESTED`,
    message: 'the file is compressed twice',
    place: { file: path },
    remedy: 'unpack it once',
  });
}

const UNPACKERS = { gzip: gunzip, zstd: unzstd, xz: unxz } as const;

/** Whether this is one of those that are read here. */
export function isRead(packing: Packing): packing is keyof typeof UNPACKERS {
  return packing in UNPACKERS;
}

interface Unpacked {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

/** With `info` the engine comes along, which knows how many bytes it took in. */
const infoOption = { info: true } as const;

function gunzip(path: string, packed: Buffer, maxOutputLength: number): Uint8Array {
  let result: Unpacked;
  try {
    const options = { maxOutputLength, ...infoOption };
    result = gunzipSync(packed, options) as unknown as Unpacked;
  } catch (error) {
    throw unpackFailure(path, 'gzip', error as NodeJS.ErrnoException, maxOutputLength);
  }
  if (packed.subarray(result.engine.bytesWritten).some((byte) => byte !== 0)) {
    throw somethingBehind(path, 'gzip');
  }
  return result.buffer;
}

function unxz(path: string, packed: Buffer, maxOutputLength: number): Uint8Array {
  try {
    return unxzSync(packed, maxOutputLength);
  } catch (error) {
    throw unpackFailure(path, 'xz', error as NodeJS.ErrnoException, maxOutputLength);
  }
}

const MAXIMUM_FRAMES = 100_000;

/** Parallel packers write many frames; the library unpacks one at a time. */
function unzstd(path: string, packed: Buffer, maxOutputLength: number): Uint8Array {
  const pieces: Buffer[] = [];
  let left = maxOutputLength;
  let at = 0;
  for (let frames = 0; at < packed.length; frames++) {
    const rest = packed.subarray(at);
    if (isSkippable(rest)) {
      at += 8 + rest.readUInt32LE(4);
      continue;
    }
    if (packingOf(rest) !== 'zstd' || frames >= MAXIMUM_FRAMES) throw somethingBehind(path, 'zstd');
    let result: Unpacked;
    try {
      // A limit of nothing would be no limit.
      const options = { maxOutputLength: Math.max(1, left), ...infoOption };
      result = zstdDecompressSync(rest, options) as unknown as Unpacked;
    } catch (error) {
      throw unpackFailure(path, 'zstd', error as NodeJS.ErrnoException, maxOutputLength);
    }
    pieces.push(result.buffer);
    left -= result.buffer.length;
    at += Math.max(1, result.engine.bytesWritten);
  }
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}

/** Whether a frame of zstd begins here that holds nothing of the file. */
export function isSkippable(bytes: Buffer): boolean {
  return bytes.length >= 8 && (bytes.readUInt32LE(0) & 0xfffffff0) === 0x184d2a50;
}

/** What is said where packed data is followed by something else. */
export function somethingBehind(path: string, packing: string): OcxError {
  return new OcxError({
    code: `INPUT_${packing.toUpperCase()}_CORRUPT`,
    message: `there is something else behind the ${packing} data`,
    place: { file: path },
    remedy: 'fetch the file again',
  });
}

/** What is said where unpacking failed; `limit` in bytes. */
export function unpackFailure(
  path: string,
  packing: string,
  error: NodeJS.ErrnoException,
  limit: number,
): OcxError {
  const place = { file: path };
  if (error.code === 'ERR_BUFFER_TOO_LARGE') {
    return new OcxError({
      code: `INPUT_${packing.toUpperCase()}_BOMB`,
      message: `the file unpacks to more than ${limit} bytes`,
      place,
      remedy: 'unpack it yourself if you trust it',
    });
  }
  if (error.code === 'Z_BUF_ERROR') {
    return new OcxError({
      code: 'INPUT_TRUNCATED',
      message: `the ${packing} data ends too early${packing === 'xz' ? ', or something stands behind it' : ''}`,
      place,
      remedy: 'fetch the file again',
    });
  }
  return new OcxError(
    {
      code: `INPUT_${packing.toUpperCase()}_CORRUPT`,
      message: `the ${packing} data is damaged (${error.code ?? 'unknown'})`,
      place,
      remedy: 'fetch the file again',
    },
    { cause: error },
  );
}
