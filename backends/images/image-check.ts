/**
 * Looks at the first bytes of what somebody says is an image, before any other program does. A
 * qcow2 file can name other files, which qemu-img would open for whoever asks: such ones are refused
 * here, as is all that a fresh image has no need of.
 *
 * Layout of qcow2: docs/interop/qcow2.txt of QEMU. Integers are big-endian.
 */
import type { Refusal } from '../../core/kernel/errors.ts';
import { contentOf } from './image-content.ts';

/** Bytes of the beginning that the check has to see, or all where the file is shorter. */
export const HEAD_BYTES = 128 * 1024;

export interface ImageLimits {
  /** Of the file. */
  readonly fileBytes: number;
  /** Of the disk that it describes. */
  readonly diskBytes: number;
}

export interface CheckedImage {
  readonly format: 'raw' | 'qcow2';
  /** Of the disk. */
  readonly sizeBytes: number;
  /** What is on a raw image; null for a qcow2 one, whose content is looked at once it is raw. */
  readonly content: string | null;
}

export const SECTOR_BYTES = 512;

const QCOW2_MAGIC = 0x5146_49fb;
const HEADER_BYTES_V2 = 72;
const HEADER_BYTES_V3 = 104;
/** qcow2 version 3, `incompatible_features`. */
const FEATURES_ALLOWED = 1n << 3n; // compression type
const COMPRESSION_ZLIB_OR_ZSTD = 1;
const EXTENSION_END = 0;
const EXTENSION_BACKING_FORMAT = 0xe279_2aca;
const EXTENSION_DATA_FILE = 0x4441_5441;
const EXTENSIONS_MAXIMUM = 64;

/**
 * @param head the first bytes of the file, `HEAD_BYTES` where it has that many
 * @param fileBytes of the whole file
 */
export function checkImage(
  head: Buffer,
  fileBytes: number,
  limits: ImageLimits,
): CheckedImage | Refusal {
  if (fileBytes > limits.fileBytes) {
    return refuse('INPUT_IMAGE_TOO_LARGE', `the file has more than ${limits.fileBytes} bytes`);
  }
  if (fileBytes < SECTOR_BYTES || head.length < Math.min(fileBytes, HEAD_BYTES)) {
    return refuse('INPUT_IMAGE_FORMAT', 'the file is shorter than any image');
  }
  if (head.readUInt32BE(0) === QCOW2_MAGIC) return checkQcow2(head, fileBytes, limits);
  return checkRaw(head, fileBytes, limits);
}

function checkRaw(head: Buffer, fileBytes: number, limits: ImageLimits): CheckedImage | Refusal {
  if (fileBytes % SECTOR_BYTES !== 0) {
    return refuse('INPUT_IMAGE_FORMAT', 'the file is neither qcow2 nor whole sectors');
  }
  const tooLarge = diskRefusal(fileBytes, limits);
  if (tooLarge) return tooLarge;
  const content = contentOf(head);
  if (content === null) {
    return refuse('INPUT_IMAGE_FORMAT', 'neither a file system nor a partition table is on it');
  }
  return { format: 'raw', sizeBytes: fileBytes, content };
}

/** Null where a disk of that size is allowed. */
export function diskRefusal(sizeBytes: number, limits: ImageLimits): Refusal | null {
  if (sizeBytes > 0 && sizeBytes <= limits.diskBytes) return null;
  return refuse(
    'INPUT_IMAGE_TOO_LARGE',
    `the disk would have ${sizeBytes} bytes, and may have 1 to ${limits.diskBytes}`,
  );
}

function checkQcow2(head: Buffer, fileBytes: number, limits: ImageLimits): CheckedImage | Refusal {
  const version = head.readUInt32BE(4);
  const headerBytes = version === 3 ? head.readUInt32BE(100) : HEADER_BYTES_V2;
  const rightLength = version === 2 || (headerBytes >= HEADER_BYTES_V3 && headerBytes % 8 === 0);
  if ((version !== 2 && version !== 3) || !rightLength) {
    return refuse('INPUT_IMAGE_FORMAT', 'the qcow2 header is of no known version');
  }
  const clusterBits = head.readUInt32BE(20);
  if (clusterBits < 9 || clusterBits > 21) {
    return refuse('INPUT_IMAGE_FORMAT', `clusters of 2^${clusterBits} bytes do not exist`);
  }
  const clusterBytes = 1 << clusterBits;
  if (head.readBigUInt64BE(8) !== 0n || head.readUInt32BE(16) !== 0) {
    return refuse('INPUT_IMAGE_BACKING', 'the image stands on another file');
  }
  if (head.readUInt32BE(32) !== 0) {
    return refuse('INPUT_IMAGE_ENCRYPTED', 'the image is encrypted');
  }
  if (head.readUInt32BE(60) !== 0) {
    return refuse('INPUT_IMAGE_SNAPSHOTS', 'the image has snapshots inside');
  }
  if (version === 3) {
    const unfit = featureRefusal(head, headerBytes, clusterBytes);
    if (unfit) return unfit;
  }
  const extensions = extensionRefusal(head, headerBytes, clusterBytes);
  if (extensions) return extensions;
  return tableRefusal(head, fileBytes, clusterBytes, limits) ?? sized(head);
}

function sized(head: Buffer): CheckedImage {
  return { format: 'qcow2', sizeBytes: Number(head.readBigUInt64BE(24)), content: null };
}

function featureRefusal(head: Buffer, headerBytes: number, clusterBytes: number): Refusal | null {
  if (headerBytes > Math.min(clusterBytes, head.length)) {
    return refuse('INPUT_IMAGE_FORMAT', 'the qcow2 header is longer than a cluster');
  }
  const features = head.readBigUInt64BE(72);
  if ((features & ~FEATURES_ALLOWED) !== 0n) {
    const message = `the image has the features 0x${features.toString(16)}, of which some are refused`;
    return refuse('INPUT_IMAGE_FEATURES', message);
  }
  if (head.readUInt32BE(96) > 6) {
    return refuse('INPUT_IMAGE_FORMAT', 'reference counts of that width do not exist');
  }
  const compression = headerBytes > HEADER_BYTES_V3 ? head.readUInt8(HEADER_BYTES_V3) : 0;
  if (compression > COMPRESSION_ZLIB_OR_ZSTD) {
    return refuse('INPUT_IMAGE_FEATURES', 'the image is compressed in an unknown way');
  }
  return null;
}

/** Extensions stand between the header and the end of the first cluster. */
function extensionRefusal(head: Buffer, headerBytes: number, clusterBytes: number): Refusal | null {
  const end = Math.min(clusterBytes, head.length);
  let offset = headerBytes;
  for (let count = 0; count < EXTENSIONS_MAXIMUM && offset + 8 <= end; count++) {
    const type = head.readUInt32BE(offset);
    const bytes = head.readUInt32BE(offset + 4);
    if (type === EXTENSION_END) return null;
    if (type === EXTENSION_BACKING_FORMAT || type === EXTENSION_DATA_FILE) {
      return refuse('INPUT_IMAGE_BACKING', 'the image names another file');
    }
    offset += 8 + Math.ceil(bytes / 8) * 8;
  }
  // A list that ends with the cluster needs no end mark.
  if (offset === end) return null;
  return refuse('INPUT_IMAGE_FORMAT', 'the list of header extensions has no end');
}

/** The tables are where a table can be, and as large as the disk needs them. */
function tableRefusal(
  head: Buffer,
  fileBytes: number,
  clusterBytes: number,
  limits: ImageLimits,
): Refusal | null {
  const size = head.readBigUInt64BE(24);
  if (size > BigInt(Number.MAX_SAFE_INTEGER)) {
    return refuse('INPUT_IMAGE_TOO_LARGE', 'the disk would be larger than any');
  }
  const sizeBytes = Number(size);
  const tooLarge = diskRefusal(sizeBytes, limits);
  if (tooLarge) return tooLarge;
  if (sizeBytes % SECTOR_BYTES !== 0) {
    return refuse('INPUT_IMAGE_FORMAT', 'the disk does not end with a sector');
  }
  const entries = head.readUInt32BE(36);
  const entriesNeeded = Math.ceil(sizeBytes / (clusterBytes * (clusterBytes / 8)));
  if (entries < entriesNeeded || entries > entriesNeeded + clusterBytes / 8) {
    return refuse('INPUT_IMAGE_FORMAT', 'the first table does not fit the size of the disk');
  }
  const tables: (readonly [offset: bigint, bytes: number])[] = [
    [head.readBigUInt64BE(40), entries * 8],
    [head.readBigUInt64BE(48), head.readUInt32BE(56) * clusterBytes],
  ];
  for (const [offset, bytes] of tables) {
    const aligned = offset % BigInt(clusterBytes) === 0n && offset >= BigInt(clusterBytes);
    if (!aligned || bytes === 0 || offset + BigInt(bytes) > BigInt(fileBytes)) {
      return refuse('INPUT_IMAGE_FORMAT', 'a table lies outside the file');
    }
  }
  return null;
}

function refuse(code: string, message: string): Refusal {
  return { code, message, remedy: 'give a raw image or a qcow2 image that stands alone' };
}
