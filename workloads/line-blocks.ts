/** What every way of reading lines has in common: limits, blocks of lines, and refusals. */
import { OcxError } from '../core/kernel/errors.ts';
import type { UnpackLimits } from './compression.ts';

/** Limits on one input file. */
export interface InputLimits extends UnpackLimits {
  readonly maxLineBytes: number;
  /** Bytes of text in a packed file that is read piece by piece. */
  readonly maxUnpackedBytes: number;
}

/** A stretch of a file: whole lines, except that the file's last line may lack its line feed. */
export interface LineBlock {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

const MEBIBYTE = 1 << 20;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** Refuses what cannot be text, by the first kilobytes; answers how many bytes to skip. @throws OcxError INPUT_… */
export function checkHead(path: string, bytes: Uint8Array): number {
  const end = Math.min(bytes.length, 8192);
  const utf16 =
    (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  let zerosEven = 0;
  let zerosOdd = 0;
  for (let i = 0; i < end; i++) {
    if (bytes[i] !== 0) continue;
    if (i % 2 === 0) zerosEven++;
    else zerosOdd++;
  }
  const quarter = end / 4;
  if (utf16 || zerosEven > quarter !== zerosOdd > quarter) {
    throw new OcxError({
      code: 'INPUT_ENCODING',
      message: 'the file is UTF-16 text',
      place: { file: path, line: 1 },
      remedy: 'convert it to UTF-8',
    });
  }
  if (zerosEven + zerosOdd > 0 || controlShare(bytes, end) > 0.05) {
    throw new OcxError({
      code: 'INPUT_BINARY',
      message: 'the file is binary, not text',
      place: { file: path },
      remedy: 'check that this is the right file',
    });
  }
  if (!bytes.includes(LINE_FEED) && bytes.subarray(0, end).includes(CARRIAGE_RETURN)) {
    throw new OcxError({
      code: 'INPUT_LINE_ENDING',
      message: 'lines end with a carriage return alone',
      place: { file: path, line: 1 },
      remedy: 'convert the line endings to line feeds',
    });
  }
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}

function controlShare(bytes: Uint8Array, end: number): number {
  let controls = 0;
  for (let i = 0; i < end; i++) {
    const byte = bytes[i]!;
    if (byte < 9 || (byte > 13 && byte < 32)) controls++;
  }
  return controls / Math.max(1, end);
}

/** More than one input may hold. */
export function tooLarge(path: string, limits: InputLimits): OcxError {
  return new OcxError({
    code: 'INPUT_TOO_LARGE',
    message: `the file holds more than ${limits.maxBytes / MEBIBYTE} MiB of text`,
    place: { file: path },
    remedy: 'split it',
  });
}

/** What is said of a line that is too long; without a number where nobody counted. */
export function lineTooLong(path: string, line: number | null, limits: InputLimits): OcxError {
  return new OcxError({
    code: 'INPUT_LINE_TOO_LONG',
    message: `a line is longer than ${limits.maxLineBytes} bytes`,
    place: line === null ? { file: path } : { file: path, line },
    remedy: 'check that this is the right file',
  });
}

/** A file that is not as it was. */
export function changed(path: string): OcxError {
  return new OcxError({
    code: 'INPUT_CHANGED',
    message: 'the file changed while it was read',
    place: { file: path },
    remedy: 'wait until it is complete',
  });
}

/** The number, from 1, of the line that an offset is in. */
export function lineNumberAt(bytes: Uint8Array, offset: number): number {
  let line = 1;
  for (let i = 0; i < offset; i++) if (bytes[i] === LINE_FEED) line++;
  return line;
}

/** The refusal of a file that holds nothing. */
export function emptyFile(path: string): OcxError {
  return new OcxError({
    code: 'INPUT_EMPTY',
    message: 'the file is empty',
    place: { file: path },
    remedy: 'fetch it again',
  });
}
