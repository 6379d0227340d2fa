/** What a node has written on its serial console. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const TAIL_BYTES = 65_536;

/** The end of a file, as Latin-1: firmware writes what it likes. */
export function readTail(path: string): string {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const length = Math.min(size, TAIL_BYTES);
    const bytes = Buffer.alloc(length);
    readSync(file, bytes, 0, length, size - length);
    return bytes.toString('latin1');
  } finally {
    closeSync(file);
  }
}
