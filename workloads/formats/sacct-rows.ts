/**
 * Rows of `sacct --parsable2`: a header, one separator, no quoting. Names, comments and the submit
 * line may hold the separator and line feeds, so rows are put together from lines until every
 * column whose look is known (job id, times, states, counts) stands where it must.
 */
import { OcxError } from '../../core/kernel/errors.ts';
import { SetAside } from '../set-aside.ts';
import { textLines, type TextLine } from '../text-lines.ts';

/** One row, its fields put right. */
export interface SacctRow {
  readonly line: number;
  /** A column's text without white space around it; empty where the header has no such column. */
  text(column: string): string;
  /** Where a column starts, 1 where it is not in the row's first line. */
  columnOf(column: string): number;
}

export interface SacctTable {
  readonly columns: ReadonlySet<string>;
  readonly rows: Generator<SacctRow>;
  /** Lines read so far. */
  lines(): number;
}

const SEPARATORS = ['\x1f', '|', ';', ',', '\t'];
const MAXIMUM_COLUMNS = 300;
const MAXIMUM_ROW_LINES = 200;
const MAXIMUM_ROW = 1 << 16;
const MAXIMUM_EXTRA = 200;

const JOB_ID = /^\d+([_+](\d+|\[[\d,%: -]+\](%\d+)?))?(\.[\w+-]+)?$/;
const TIME = /^(|Unknown|None|N\/A|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d|\d{1,12})$/;
const DURATION = /^(|INVALID|(\d+-)?(\d+:)?\d+:\d+(\.\d+)?|\d+)$/;
const LIMIT = /^(|UNLIMITED|Partition_Limit|INVALID|(\d+-)?(\d+:)?\d+:\d+|\d+)$/;
const COUNT = /^(\d+(\.\d+)?[KM]?)?$/;
const PRESENT = /^\d+(\.\d+)?[KM]?$/;
const NODES = /^(|None assigned|\(null\)|[\w.\-[\],]*[A-Za-z][\w.\-[\],]*)$/;
const MEMORY = /^(|\?|\d+(\.\d+)?[KMGTP]?[cn]?)$/;
const EXIT = /^(\d+:\d+)?$/;
const RESOURCES = /^([\w/:.-]+=[^,=|]*(,[\w/:.-]+=[^,=|]*)*)?$/;

/** How columns look; the anchors of a row. */
const LOOKS: ReadonlyMap<string, RegExp> = new Map([
  ['JobID', JOB_ID],
  ['JobIDRaw', JOB_ID],
  ['State', /^[A-Z_]+\+?( by \d+)?$/],
  ...['Submit', 'Eligible', 'Start', 'End'].map((name) => [name, TIME] as const),
  ...[
    'Elapsed',
    'AveCPU',
    'CPUTime',
    'MinCPU',
    'Reserved',
    'ResvCPU',
    'Suspended',
    'SystemCPU',
    'TotalCPU',
    'UserCPU',
  ].map((name) => [name, DURATION] as const),
  ...['NCPUS', 'NNodes'].map((name) => [name, PRESENT] as const),
  ['NodeList', NODES],
  ...['Timelimit', 'TimelimitRaw'].map((name) => [name, LIMIT] as const),
  ...[
    'AllocCPUS',
    'AllocNodes',
    'AssocID',
    'DBIndex',
    'ElapsedRaw',
    'CPUTimeRAW',
    'GID',
    'NTasks',
    'Priority',
    'QOSRAW',
    'ReqCPUS',
    'ReqNodes',
    'ResvCPURAW',
    'UID',
    'WCKeyID',
  ].map((name) => [name, COUNT] as const),
  ...['ExitCode', 'DerivedExitCode'].map((name) => [name, EXIT] as const),
  ...['ReqTRES', 'AllocTRES', 'TRESUsageInAve', 'TRESUsageOutAve'].map(
    (name) => [name, RESOURCES] as const,
  ),
  ['ReqMem', MEMORY],
]);

/** Columns that users write; only these may hold a separator or a line feed. */
const FREE = new Set(
  (
    'AdminComment Comment Constraints Container Extra JobName Reason Reservation SubmitLine ' +
    'SystemComment WCKey WorkDir StdOut StdErr StdIn Licenses'
  ).split(' '),
);

/**
 * Opens a dump.
 *
 * @throws OcxError INPUT_HEADER where the first line is no header with JobID and Submit; while
 * reading INPUT_TRUNCATED where the last row is cut off, INPUT_… as `textLines`
 */
export function sacctTable(path: string, aside: SetAside): SacctTable {
  const lines = textLines(path);
  const first = lines.next();
  const header = first.done ? null : headerOf(first.value.text);
  if (header === null) {
    throw new OcxError({
      code: 'INPUT_HEADER',
      message: 'the first line is no header of sacct with JobID and Submit',
      place: { file: path, line: 1, column: 1 },
      remedy: 'dump it without -n, with -P and -o JobID,Submit,Start,End,State,…',
    });
  }
  let last = 1;
  const counted = function* (): Generator<TextLine> {
    for (const line of lines) {
      last = line.number;
      yield line;
    }
  };
  return {
    columns: new Set(header.names),
    rows: joinedRows(path, header, counted(), aside),
    lines: () => last,
  };
}

/** Whether a text begins with a header of sacct. */
export function isSacctHeader(head: string): boolean {
  return headerOf(head.slice(0, Math.max(0, head.indexOf('\n'))).replace(/\r$/, '')) !== null;
}

interface Header {
  readonly names: readonly string[];
  readonly separator: string;
  /** Look of each column, or null. */
  readonly looks: readonly (RegExp | null)[];
  readonly free: readonly boolean[];
  readonly positions: ReadonlyMap<string, number>;
}

function headerOf(text: string): Header | null {
  for (const separator of SEPARATORS) {
    const names = text.split(separator, MAXIMUM_COLUMNS + 1).map((name) => name.trim());
    if (!names.includes('JobID') && !names.includes('JobIDRaw')) continue;
    if (!names.includes('Submit') || names.length > MAXIMUM_COLUMNS) return null;
    return {
      names,
      separator,
      looks: names.map((name) => LOOKS.get(name) ?? null),
      free: names.map((name) => FREE.has(name)),
      positions: new Map(names.map((name, index) => [name, index])),
    };
  }
  return null;
}

function* joinedRows(
  path: string,
  header: Header,
  lines: Generator<TextLine>,
  aside: SetAside,
): Generator<SacctRow> {
  let start: TextLine | null = null;
  let text = '';
  let count = 0;
  let closed = true;
  // What is complete so far; the next line may still belong to its last free text.
  let fields: string[] | null = null;
  for (const line of lines) {
    closed = line.closed;
    const alone: string[] | null = start === null ? null : fitted(line.text, header);
    const longer: string[] | null =
      start === null || alone !== null || (fields !== null && begins(line.text, header))
        ? null
        : fitted(`${text}\n${line.text}`, header);
    const goesOn = longer !== null || (fields === null && alone === null);
    if (start !== null && goesOn && count < MAXIMUM_ROW_LINES && text.length < MAXIMUM_ROW) {
      text += `\n${line.text}`;
      count += 1;
      fields = longer;
      continue;
    }
    if (fields !== null) yield rowOf(fields, start!, header);
    else if (start !== null) aside.add('fieldCount', { line: start.number, column: 1 });
    start = null;
    fields = null;
    if (line.text.trim() === '') continue;
    start = line;
    text = line.text;
    count = 1;
    fields = alone ?? fitted(text, header);
  }
  if (fields !== null) {
    yield rowOf(fields, start!, header);
    return;
  }
  if (start === null) return;
  if (!closed) {
    throw new OcxError({
      code: 'INPUT_TRUNCATED',
      message: 'the file ends in the middle of a record',
      place: { file: path, line: start.number, column: 1 },
      remedy: 'dump it again or remove the last record',
    });
  }
  aside.add('fieldCount', { line: start.number, column: 1 });
}

function rowOf(fields: readonly string[], start: TextLine, header: Header): SacctRow {
  return {
    line: start.number,
    text: (column) => fields[header.positions.get(column) ?? -1]?.trim() ?? '',
    columnOf: (column) => {
      const position = header.positions.get(column) ?? 0;
      const before = fields.slice(0, position).join(header.separator);
      return before.includes('\n') ? 1 : before.length + (position > 0 ? 2 : 1);
    },
  };
}

/** Whether a line looks like the beginning of a row, by the columns before the first free text. */
function begins(text: string, header: Header): boolean {
  const free = header.free.indexOf(true);
  const leading = free < 0 ? header.names.length : free;
  const pieces = text.split(header.separator, leading + 1);
  if (pieces.length <= leading) return false;
  const first = pieces[0]!;
  return first === first.trim() && matches(pieces.slice(0, leading), header);
}

/** One field a column, separators in free text put back into it; null where that cannot be. */
function fitted(text: string, header: Header): string[] | null {
  const width = header.names.length;
  const pieces = text.split(header.separator, width + MAXIMUM_EXTRA + 1);
  const extra = pieces.length - width;
  if (extra < 0 || extra > MAXIMUM_EXTRA) return null;
  if (extra === 0 && !text.includes('\n')) return matches(pieces, header) ? pieces : null;
  const shares = distribute(pieces, extra, header);
  if (shares === null) return null;
  let at = 0;
  return shares.map((share) => {
    const field = pieces.slice(at, at + share + 1).join(header.separator);
    at += share + 1;
    return field;
  });
}

function matches(pieces: readonly string[], header: Header): boolean {
  return pieces.every((piece, column) => fits(piece, column, header));
}

function fits(piece: string, column: number, header: Header): boolean {
  const look = header.looks[column]!;
  return look === null ? header.free[column]! || !piece.includes('\n') : look.test(piece.trim());
}

/**
 * How many separators each column's text holds: the first way, from the left with as few as
 * possible, in which every other column looks as it must.
 */
function distribute(pieces: readonly string[], extra: number, header: Header): number[] | null {
  const width = header.names.length;
  const dead = new Set<number>();
  const shares = new Array<number>(width).fill(0);
  const place = (column: number, used: number): boolean => {
    const state = column * (MAXIMUM_EXTRA + 1) + used;
    if (dead.has(state)) return false;
    let at = column;
    while (at < width && !header.free[at]) {
      if (!fits(pieces[at + used]!, at, header)) {
        dead.add(state);
        return false;
      }
      at += 1;
    }
    if (at === width) return used === extra;
    for (let share = 0; used + share <= extra; share++) {
      shares[at] = share;
      if (place(at + 1, used + share)) return true;
    }
    shares[at] = 0;
    dead.add(state);
    return false;
  };
  return place(0, 0) ? shares : null;
}
