/**
 * Archives: one file of them by its name, or, where all are series, all of them as one log.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { OcxError } from '../../core/kernel/errors.ts';
import type { ColumnTable } from '../column-table.ts';
import { archiveMembers } from '../input.ts';
import { shownNames, type TarMember } from '../tar.ts';
import type { TraceFile, TraceOptions } from './format.ts';
import { HOLDS_NOTE, seriesFormat, UNIT_NOTE, UNIT_UNKNOWN } from './series-format.ts';
import { SeriesRecorder, type SeriesLog } from './series-log.ts';

type Recognise = (path: string) => TraceFile;

/** A format for archives of several series; others are refused, with a word on `--member`. */
export function archiveOfSeries(recognise: Recognise): TraceFile {
  return seriesFormat({
    name: 'archive',
    title: 'several files of series in one tar archive',
    recognises: () => false,
    read: (path, options) => readArchive(path, options, recognise),
  });
}

/** Whether a file is an archive of any other number of files than one. */
export function isArchive(path: string): boolean {
  const members = archiveMembers(path);
  return members !== null && members.length !== 1;
}

/**
 * Runs with one member of an archive as a file of its own, which is gone afterwards.
 *
 * @throws OcxError INPUT_ARCHIVE where there is no such member, or the file is no archive
 */
export function withMember<Value>(
  path: string,
  name: string,
  use: (memberPath: string) => Value,
): Value {
  const members = archiveMembers(path) ?? [];
  const member = members.find((each) => each.name === name || each.name === `./${name}`);
  if (member !== undefined) return unpacked(path, member, use);
  const names = members.length === 0 ? 'it is no archive' : `it holds others${shownNames(members)}`;
  throw new OcxError({
    code: 'INPUT_ARCHIVE',
    message: `there is no ${JSON.stringify(name.slice(0, 100))} in the file: ${names}`,
    place: { file: path },
    remedy: 'give a name as the archive has it',
  });
}

/** Only the last part of a member's name counts, and that only where it is a name of a file. */
function unpacked<Value>(path: string, member: TarMember, use: (path: string) => Value): Value {
  const folder = mkdtempSync(join(tmpdir(), 'ocx-member-'));
  const name = basename(member.name).replaceAll('\0', '');
  const file = join(
    folder,
    name === '' || name === '.' || name === '..' ? 'member' : name.slice(-200),
  );
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, member.bytes);
    return use(file);
  } catch (error) {
    throw error instanceof OcxError ? ofMember(error, path, member.name) : error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The user knows the archive, not the file that was made of it for a moment. */
function ofMember(error: OcxError, path: string, member: string): OcxError {
  const { code, message, place, remedy } = error;
  const named = `${JSON.stringify(member.slice(0, 200))}: ${message}`;
  const details = { code, message: named, place: { ...place, file: path } };
  return new OcxError(remedy === undefined ? details : { ...details, remedy }, { cause: error });
}

function readArchive(path: string, options: TraceOptions, recognise: Recognise): SeriesLog {
  const members = archiveMembers(path) ?? [];
  const recorder = new SeriesRecorder(path);
  const left: string[] = [];
  const oddities = new Set<string>();
  const kinds = new Set<string>();
  const units = new Set<string>();
  const short = new Set(members.map(({ name }) => basename(name))).size === members.length;
  let absolute = false;
  let holds = false;
  let derived = false;
  for (const member of members) {
    unpacked(path, member, (file) => {
      const format = recognised(file, recognise);
      if (format === null) return left.push(member.name);
      kinds.add(format.name);
      const table = format.columns(file, options);
      const name = short ? basename(member.name) : member.name;
      absolute = addTable(path, recorder, name, table);
      const inspection = format.inspect(file, options);
      derived ||= inspection.label === 'derived';
      for (const odd of inspection.oddities) oddities.add(odd);
      const note = (key: string) => table.notes?.find((each) => each.key === key)?.value;
      units.add(note(UNIT_NOTE) ?? UNIT_UNKNOWN);
      holds = note(HOLDS_NOTE) === 'true';
      for (const [reason, count] of Object.entries(inspection.suspicious)) {
        if (reason !== 'timeRepeated') for (let i = 0; i < count; i++) recorder.odd(reason);
      }
      for (const place of inspection.quarantined) recorder.aside.add(place.reason, place);
      return undefined;
    });
  }
  if (kinds.size > 1 || units.size > 1) {
    throw notOneKind(path, members, `files of ${[...kinds].sort().join(' and ')}`);
  }
  const sentences = [`${members.length - left.length} files of format ${[...kinds].join()}`];
  if (left.length > 0) {
    const shown = left.slice(0, 3).map((name) => JSON.stringify(name));
    sentences.push(`left out, as in no known format: ${left.length}, such as ${shown.join(', ')}`);
  }
  const unit = [...units][0] ?? UNIT_UNKNOWN;
  const all = [...sentences, ...oddities];
  return recorder.finish({ format: 'archive', unit, absolute, holds, derived, oddities: all });
}

/** Null where no format knows the file, as with a text that describes the others. */
function recognised(file: string, recognise: Recognise): TraceFile | null {
  try {
    return recognise(file);
  } catch (error) {
    if (error instanceof OcxError && error.code === 'INPUT_FORMAT') return null;
    throw error;
  }
}

/** @returns whether its times count from 1970 */
function addTable(
  path: string,
  recorder: SeriesRecorder,
  file: string,
  table: ColumnTable,
): boolean {
  const column = (name: string) => table.columns.find((each) => each.name === name)?.values;
  const [names, values] = [column('series'), column('value')];
  const seconds = column('unixSeconds') ?? column('seconds');
  if (names === undefined || values === undefined || seconds === undefined) {
    throw new OcxError({
      code: 'INPUT_ARCHIVE',
      message: 'it holds no series, so it cannot be put together with others',
      place: { file: path },
      remedy: 'name one file of the archive with --member',
    });
  }
  const several = Array.prototype.some.call(names, (name) => name !== names[0]);
  for (let i = 0; i < table.rows; i++) {
    const name = several ? `${file}/${String(names[i])}` : file;
    recorder.add(name, Number(seconds[i]), Number(values[i]), { line: 1, column: 1 });
  }
  return column('unixSeconds') !== undefined;
}

function notOneKind(path: string, members: readonly TarMember[], found: string): OcxError {
  return new OcxError({
    code: 'INPUT_ARCHIVE',
    message: `the archive holds ${found}${shownNames(members)}`,
    place: { file: path },
    remedy: 'name one of them with --member',
  });
}
