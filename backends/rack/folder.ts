/** The folder that a rack lives in: claimed before anything is built, removed with the rack. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OcxError } from '../../core/kernel/errors.ts';

/** Says that the folder is a rack's, and may be removed. */
const MARK_FILE = '.ocx-rack';
/** Of a Unix socket's path, by unix(7), less the longest that stands in the folder. */
const LONGEST_BYTES = 107 - '/nodes/n200/console.sock'.length;
/** Options of QEMU and of dnsmasq have a meaning for other characters. */
const PLAIN_PATH = /^\/[\w./@+-]*$/;

/** @throws INPUT_RACK_FOLDER, CONFLICT_RACK */
export function claimFolder(folder: string, rackId: string): void {
  if (!PLAIN_PATH.test(folder)) {
    throw wrongFolder(folder, 'its path has characters other than letters, digits and ./@+_-');
  }
  if (Buffer.byteLength(folder) > LONGEST_BYTES) {
    throw wrongFolder(folder, `its path is longer than ${LONGEST_BYTES} bytes`);
  }
  if (isRackFolder(folder)) {
    throw new OcxError({
      code: 'CONFLICT_RACK',
      message: 'a rack is up in this folder, or what is left of one',
      place: { file: folder },
      remedy: 'take it down first: ocx rack down',
    });
  }
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw wrongFolder(folder, 'it holds other files, and is removed with the rack');
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, MARK_FILE), `${rackId}\n`);
}

export function isRackFolder(folder: string): boolean {
  const mark = join(folder, MARK_FILE);
  return existsSync(mark) && /^ox[0-9a-f]{5}\n$/.test(readFileSync(mark, 'utf8'));
}

/** Nothing where it is no rack's. */
export function removeFolder(folder: string): void {
  if (isRackFolder(folder)) rmSync(folder, { recursive: true, force: true });
}

function wrongFolder(folder: string, message: string): OcxError {
  return new OcxError({
    code: 'INPUT_RACK_FOLDER',
    message,
    place: { file: folder },
    remedy: 'name another with --dir',
  });
}
