/** Tar archives in memory: which files are in them. Nothing is ever written under a member's name. */
import { OcxError } from '../core/kernel/errors.ts';

/** A regular file of an archive. */
export interface TarMember {
  /** As the archive has it: it may be anything. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

const BLOCK = 512;
const MAXIMUM_MEMBERS = 100_000;
const SHOWN_MEMBERS = 3;

export function isTar(bytes: Uint8Array): boolean {
  return bytes.length >= BLOCK && ascii(bytes, 257, 5) === 'ustar';
}

/**
 * The regular files in an archive; folders and links are no files.
 *
 * @param path for messages
 * @throws OcxError INPUT_TRUNCATED for a damaged or cut archive, INPUT_TOO_LARGE
 */
export function tarMembers(path: string, archive: Uint8Array): TarMember[] {
  const members: TarMember[] = [];
  let longName: string | null = null;
  let at = 0;
  while (at + BLOCK <= archive.length && archive[at] !== 0) {
    const size = /^ *([0-7]{1,12}) *$/.exec(ascii(archive, at + 124, 12))?.[1];
    const start = at + BLOCK;
    const end = start + Number.parseInt(size ?? 'x', 8);
    if (!(end <= archive.length)) {
      throw new OcxError({
        code: 'INPUT_TRUNCATED',
        message: 'the archive is damaged or ends too early',
        place: { file: path },
        remedy: 'fetch the file again',
      });
    }
    const type = String.fromCharCode(archive[at + 156]!);
    const bytes = archive.subarray(start, end);
    if (type === 'L' || type === 'x') {
      longName = nameIn(type, bytes) ?? longName;
    } else {
      if (type === '0' || type === '\0')
        members.push({ name: longName ?? nameAt(archive, at), bytes });
      longName = null;
    }
    if (members.length > MAXIMUM_MEMBERS) {
      throw new OcxError({
        code: 'INPUT_TOO_LARGE',
        message: `the archive holds more than ${MAXIMUM_MEMBERS} files`,
        place: { file: path },
        remedy: 'split it',
      });
    }
    at = start + Math.ceil((end - start) / BLOCK) * BLOCK;
  }
  return members;
}

/**
 * The one file in an archive.
 *
 * @throws OcxError INPUT_ARCHIVE for any other number of files, with the names of the first ones
 */
export function onlyMember(path: string, archive: Uint8Array): Uint8Array {
  const members = tarMembers(path, archive);
  const [only] = members;
  if (only !== undefined && members.length === 1) return only.bytes;
  throw new OcxError({
    code: 'INPUT_ARCHIVE',
    message: `the archive holds ${members.length} files, not one${shownNames(members)}`,
    place: { file: path },
    remedy: 'name one of them with --member, or unpack it',
  });
}

/** `: "a", "b", "c" …`, nothing for none. */
export function shownNames(members: readonly TarMember[]): string {
  const shown = members.slice(0, SHOWN_MEMBERS).map(({ name }) => JSON.stringify(name));
  const more = members.length > SHOWN_MEMBERS ? ' …' : '';
  return shown.length === 0 ? '' : `: ${shown.join(', ')}${more}`;
}

function ascii(bytes: Uint8Array, from: number, length: number): string {
  return untilNul(Buffer.from(bytes.subarray(from, from + length)).toString('latin1'));
}

function untilNul(text: string): string {
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

/** POSIX has a second field for folders, where older forms have other things. */
function nameAt(archive: Uint8Array, at: number): string {
  const name = ascii(archive, at, 100);
  const posix = archive[at + 262] === 0;
  const prefix = posix ? ascii(archive, at + 345, 155) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** The name of the next member where it is too long for its header: of GNU, or of POSIX. */
function nameIn(type: string, bytes: Uint8Array): string | null {
  const text = Buffer.from(bytes.subarray(0, 65_536)).toString('utf8');
  if (type === 'L') return untilNul(text);
  return /(?:^|\n)\d+ path=([^\n]*)\n/.exec(text)?.[1] ?? null;
}
