/** Lines of an untrusted UTF-8 file, one at a time, numbered from 1. */
import { OcxError } from '../core/kernel/errors.ts';
import { openLines } from './input.ts';

/** One line without its line ending. */
export interface TextLine {
  readonly text: string;
  readonly number: number;
  /** Whether a line feed ended it; the last line of a file that was cut off has none. */
  readonly closed: boolean;
}

/**
 * Scans a file block by block; never more than one block is held as text.
 *
 * @throws OcxError INPUT_… as `openLines`; INPUT_ENCODING, with its line, for bytes that are not UTF-8
 */
export function* textLines(path: string): Generator<TextLine> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let number = 0;
  for (const block of openLines(path).blocks) {
    const bytes = block.bytes.subarray(block.start, block.end);
    let text: string;
    try {
      text = decoder.decode(bytes);
    } catch {
      throw notUtf8(path, number, bytes);
    }
    for (let start = 0; start < text.length;) {
      const found = text.indexOf('\n', start);
      const end = found < 0 ? text.length : found;
      const stop = end > start && text.charCodeAt(end - 1) === 13 ? end - 1 : end;
      number += 1;
      yield { text: text.slice(start, stop), number, closed: found >= 0 };
      start = end + 1;
    }
  }
}

function notUtf8(path: string, linesBefore: number, bytes: Uint8Array): OcxError {
  let line = linesBefore + 1;
  for (let start = 0; start < bytes.length; line++) {
    const found = bytes.indexOf(10, start);
    const end = found < 0 ? bytes.length : found;
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(start, end));
    } catch {
      break;
    }
    start = end + 1;
  }
  return new OcxError({
    code: 'INPUT_ENCODING',
    message: 'the file is not UTF-8 text',
    place: { file: path, line },
    remedy: 'convert it to UTF-8',
  });
}
