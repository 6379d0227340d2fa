/**
 * Standard Workload Format 2.2 (Chapin et al. 1999; Parallel Workloads Archive): one job a line,
 * 18 numbers separated by white space, −1 for unknown, header lines behind semicolons. Also the
 * 21-field dialect of Alea (absolute UNIX times; node list, queue and properties at the end).
 *
 * `readSwf` reads every row as it stands ("raw"); `cleanSwf` applies cleaning policies to it.
 */
import type { JobTable } from '../../core/demand/jobs.ts';
import { OcxError } from '../../core/kernel/errors.ts';
import { openLines } from '../input.ts';
import type { LineBlock } from '../line-blocks.ts';
import type { QuarantinedRecord } from '../set-aside.ts';
import { MAXIMUM_COUNT, SwfHeaderReader, type SwfHeader } from './swf-header.ts';
import { SwfColumns, type SwfDetails } from './swf-columns.ts';

/** How a raw log is read. */
export interface SwfOptions {
  /** Which of fields 5 (allocated) and 8 (requested) is a job's size; the other where it is ≤ 0. */
  readonly processors?: 'requested' | 'allocated';
  /** Keep the columns that cleaning and inspection need as well. */
  readonly details?: boolean;
  /** Keep all 18 fields. */
  readonly everyField?: boolean;
}

/** A log as it stands: nothing cleaned, only what is not a record set aside. */
export interface SwfLog {
  readonly path: string;
  readonly header: SwfHeader;
  /**
   * In (submit, file) order. `processors`: field 8, else field 5 (by default); `estimateSeconds`:
   * field 9, −1 where unknown; `runSeconds`: field 4, −1 where unknown.
   */
  readonly jobs: JobTable;
  /** Further columns in the same order; null unless asked for. */
  readonly details: SwfDetails | null;
  /** Records set aside, by reason: `fieldCount`, `notANumber`, `notAnInteger`, `submitUnknown`. */
  readonly dropped: Readonly<Record<string, number>>;
  /** The first of them with their places. */
  readonly quarantined: readonly QuarantinedRecord[];
  /** Jobs whose submit time was smaller than that of the line before. */
  readonly outOfOrder: number;
  readonly dialect: 'swf' | 'alea';
  readonly lines: number;
}

/**
 * Reads a log, plain or gzip.
 *
 * @throws OcxError INPUT_… for a file that cannot be opened or is no log at all
 * (INPUT_NO_ROWS), that ends in the middle of a record (INPUT_TRUNCATED) or holds a number that no
 * machine has seen (INPUT_OUT_OF_RANGE), with file, line and column.
 */
export function readSwf(path: string, options: SwfOptions = {}): SwfLog {
  const source = openLines(path);
  const scan = new SwfScan(path, options, Math.ceil(source.textBytes / 70) + 16);
  for (const block of source.blocks) scan.block(block);
  return scan.finish();
}

/**
 * The machine's size in processors: what the user said, else the header.
 *
 * @throws OcxError INPUT_PROCS_MISSING where neither says it
 */
export function machineProcessors(log: Pick<SwfLog, 'path' | 'header'>, procs?: number): number {
  if (procs !== undefined) return procs;
  const fromHeader = log.header.maxProcs ?? log.header.maxNodes;
  if (fromHeader !== null) return fromHeader;
  throw new OcxError({
    code: 'INPUT_PROCS_MISSING',
    message: 'the log does not say how many processors the machine had',
    place: { file: log.path },
    remedy: 'give their number with --procs (in a scenario: procs = …)',
  });
}

/** How many records are held back when a log is read in pieces, so that they can be sorted. */
export const HELD_BACK_RECORDS = 65_536;

const FIELDS = 18;
const ALEA_FIELDS = 21;
const KEPT_PLACES = 20;
/** Twenty years: no log is longer, no job nearly as long. */
const MAXIMUM_SECONDS = 630_720_000;
/** In the year 5138, counted from 1970: times in milliseconds are beyond it. */
const MAXIMUM_SUBMIT = 1e11;
const MAXIMUM_USER = 2_147_483_647;
const MAXIMUM_JOB_NUMBER = 9_007_199_254_740_991;

/** The names of the fields that are used, by index, for messages. */
const NAMES = ['job number', 'submit time', 'wait time', 'run time', 'allocated processors'];
NAMES[7] = 'requested processors';
NAMES[8] = 'requested time';
NAMES[11] = 'user';

/** Reads records of a log, block by block; `readSwf` and `SwfStream` say how. */
export class SwfScan {
  readonly #path: string;
  readonly #header = new SwfHeaderReader();
  readonly columns: SwfColumns;
  readonly #allocatedFirst: boolean;
  readonly #values = new Float64Array(FIELDS);
  readonly #dropped = new Map<string, number>();
  readonly #quarantined: QuarantinedRecord[] = [];
  readonly #decoder = new TextDecoder('utf-8');
  #line = 0;
  #firstSubmit = -1;
  #aleaRecords = 0;

  constructor(path: string, options: SwfOptions, capacity: number) {
    this.#path = path;
    this.#allocatedFirst = options.processors === 'allocated';
    this.columns = new SwfColumns(capacity, options.details === true, options.everyField === true);
  }

  /** Scans whole lines; only the last one of a file may lack its line feed. */
  block({ bytes, start, end }: LineBlock): void {
    const whole = bytes[end - 1] === 10 ? end : bytes.lastIndexOf(10, end - 1) + 1;
    this.#lines(bytes, start, Math.max(start, whole), false);
    if (whole >= end) return;
    const last = new Uint8Array(end - Math.max(start, whole) + 1);
    last.set(bytes.subarray(Math.max(start, whole), end));
    last[last.length - 1] = 10;
    this.#lines(last, 0, last.length, true);
  }

  /**
   * The fast path is this loop, everything odd leaves it. Each line of [start, end) has a line feed,
   * so that no end needs to be looked for inside it. Up to nine digits are added up as integers.
   */
  #lines(bytes: Uint8Array, start: number, end: number, isOpen: boolean): void {
    const values = this.#values;
    let at = start;
    while (at < end) {
      this.#line += 1;
      const lineStart = at;
      let field = 0;
      let byte = bytes[at]!;
      for (;;) {
        while (byte === 32 || byte === 9 || byte === 13) byte = bytes[++at]!;
        if (byte === 10 || field === FIELDS) break;
        const negative = byte === 45;
        if (negative) byte = bytes[++at]!;
        const from = at;
        let value = 0;
        let digit = byte - 48;
        while (digit >= 0 && digit <= 9) {
          value = (Math.imul(value, 10) + digit) | 0;
          byte = bytes[++at]!;
          digit = byte - 48;
        }
        if (byte > 32 || at === from || at - from > MOST_INTEGER_DIGITS) {
          at = this.#longNumber(bytes, from, values, field);
          byte = bytes[at]!;
          if (at === from || byte > 32) break;
          value = values[field]!;
        }
        values[field++] = negative ? -value : value;
      }
      if (field === FIELDS && byte === 10) this.#record(bytes, lineStart, false);
      else at = this.#oddLine(bytes, lineStart, field, isOpen);
      at += 1;
    }
  }

  /**
   * A number with decimals or many digits.
   *
   * @returns where it ends; `from` where there is none
   */
  #longNumber(bytes: Uint8Array, from: number, values: Float64Array, field: number): number {
    let at = from;
    let value = 0;
    for (; bytes[at]! >= 48 && bytes[at]! <= 57; at++) value = value * 10 + (bytes[at]! - 48);
    let digits = at - from;
    if (bytes[at] === 46) {
      // Digits first, one division last: the nearest double, as Number() has it.
      let decimals = 0;
      for (at += 1; bytes[at]! >= 48 && bytes[at]! <= 57; at++, digits++) {
        if (value >= LARGEST_MANTISSA || decimals >= MOST_DECIMALS) continue;
        value = value * 10 + (bytes[at]! - 48);
        decimals += 1;
      }
      value /= POWERS[decimals]!;
    }
    if (digits === 0) return from;
    values[field] = value;
    return at;
  }

  /** What the header says, as far as it was read. */
  get header(): SwfHeader {
    return this.#header.finish();
  }

  /** Whether there was a record in the dialect of Alea. */
  get isAlea(): boolean {
    return this.#aleaRecords > 0;
  }

  /** Records set aside so far, by reason. */
  get dropped(): Record<string, number> {
    const dropped: Record<string, number> = Object.create(null);
    for (const reason of [...this.#dropped.keys()].sort()) {
      dropped[reason] = this.#dropped.get(reason)!;
    }
    return dropped;
  }

  finish(): SwfLog {
    const { jobs, details, outOfOrder } = this.columns.finish();
    if (jobs.count === 0) throw this.noRows();
    const { header, dropped } = this;
    const alea = this.#aleaRecords > 0;
    return {
      path: this.#path,
      header: alea ? this.#rebased(jobs, header) : header,
      jobs,
      details,
      dropped,
      quarantined: this.#quarantined,
      outOfOrder,
      dialect: alea ? 'alea' : 'swf',
      lines: this.#line,
    };
  }

  /** Alea counts in UNIX time; a job table counts from the log's start. */
  #rebased(jobs: JobTable, header: SwfHeader): SwfHeader {
    if (header.unixStartSeconds !== null) return header;
    const start = jobs.submitSeconds[0]!;
    for (let i = 0; i < jobs.count; i++) jobs.submitSeconds[i]! -= start;
    return { ...header, unixStartSeconds: start };
  }

  #record(bytes: Uint8Array, lineStart: number, alea: boolean): void {
    const values = this.#values;
    if (values[1]! < 0 && isContinuation(values, this.columns.lastJobNumber)) {
      // Later records of a job in several parts carry no submit time of their own.
      values[1] = this.columns.lastSubmit;
    }
    const submit = values[1]!;
    if (submit < 0) return this.#quarantine('submitUnknown', bytes, lineStart, 1);
    if (this.#firstSubmit < 0) {
      if (submit > MAXIMUM_SUBMIT) throw this.#outOfRange(bytes, lineStart);
      this.#firstSubmit = submit;
    }
    const span = submit - this.#firstSubmit;
    const processors = size(values, this.#allocatedFirst);
    if (
      span > MAXIMUM_SECONDS ||
      span < -MAXIMUM_SECONDS ||
      !(values[3]! <= MAXIMUM_SECONDS) ||
      !(values[8]! <= MAXIMUM_SECONDS) ||
      !(values[2]! <= MAXIMUM_SECONDS) ||
      !(values[4]! <= MAXIMUM_COUNT) ||
      !(values[7]! <= MAXIMUM_COUNT) ||
      !(values[11]! <= MAXIMUM_USER) ||
      !(values[0]! <= MAXIMUM_JOB_NUMBER)
    ) {
      throw this.#outOfRange(bytes, lineStart);
    }
    if ((processors | 0) !== processors) {
      return this.#quarantine('notAnInteger', bytes, lineStart, this.#allocatedFirst ? 4 : 7);
    }
    if (submit < this.columns.releasedSubmit) throw this.#tooLate();
    if (alea) this.#aleaRecords += 1;
    this.columns.push(values, processors);
  }

  /** A header line, a blank line, the long dialect or a damaged record; answers where it ends. */
  #oddLine(bytes: Uint8Array, lineStart: number, field: number, isOpen: boolean): number {
    const end = bytes.indexOf(10, lineStart);
    if (end - lineStart > MAXIMUM_LINE) {
      throw new OcxError({
        code: 'INPUT_LINE_TOO_LONG',
        message: `a line is longer than ${MAXIMUM_LINE} bytes`,
        place: { file: this.#path, line: this.#line },
        remedy: 'check that this is the right file',
      });
    }
    const text = this.#decoder.decode(bytes.subarray(lineStart, end));
    const trimmed = text.trim();
    if (trimmed === '') return end;
    if (trimmed.startsWith(';')) {
      this.#header.add(trimmed.slice(1));
      return end;
    }
    const words = trimmed.split(/\s+/);
    if (field === FIELDS && words.length === ALEA_FIELDS && words[18]!.startsWith('{')) {
      this.#record(bytes, lineStart, true);
    } else if (words.length !== FIELDS) {
      if (isOpen && words.length < FIELDS) throw this.#truncated(text.length + 1);
      this.#quarantine('fieldCount', bytes, lineStart, Math.min(words.length, FIELDS) - 1);
    } else {
      this.#quarantine('notANumber', bytes, lineStart, field);
    }
    return end;
  }

  #quarantine(reason: string, bytes: Uint8Array, lineStart: number, field: number): void {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + 1);
    if (this.#quarantined.length >= KEPT_PLACES) return;
    const column = columnOf(bytes, lineStart, field);
    this.#quarantined.push({ reason, line: this.#line, column });
  }

  #outOfRange(bytes: Uint8Array, lineStart: number): OcxError {
    const values = this.#values;
    const field = [0, 2, 3, 4, 7, 8, 11].find((index) => !(values[index]! <= limitOf(index))) ?? 1;
    return new OcxError({
      code: 'INPUT_OUT_OF_RANGE',
      message: `field ${field + 1} (${NAMES[field]}) is ${values[field]}, beyond anything possible`,
      place: { file: this.#path, line: this.#line, column: columnOf(bytes, lineStart, field) },
      remedy: 'correct or remove this record',
    });
  }

  #tooLate(): OcxError {
    return new OcxError({
      code: 'INPUT_UNSORTED',
      message: `this record was submitted before records that stand more than ${HELD_BACK_RECORDS} lines above it`,
      place: { file: this.#path, line: this.#line },
      remedy: 'read the log as a whole, without streaming, or sort it by submission',
    });
  }

  #truncated(column: number): OcxError {
    return new OcxError({
      code: 'INPUT_TRUNCATED',
      message: 'the file ends in the middle of a record',
      place: { file: this.#path, line: this.#line, column },
      remedy: 'fetch the file again or remove its last line',
    });
  }

  /** What is said of a file without records. */
  noRows(): OcxError {
    const first = this.#quarantined[0];
    const found = first ? `; the first line that is none has ${REASONS[first.reason]}` : '';
    return new OcxError({
      code: 'INPUT_NO_ROWS',
      message: `the file holds no record of the Standard Workload Format${found}`,
      place: first
        ? { file: this.#path, line: first.line, column: first.column }
        : { file: this.#path },
      remedy: 'check that this is the right file and format',
    });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  fieldCount: 'another number of fields than 18',
  notANumber: 'something that is not a number',
  notAnInteger: 'a fraction of a processor',
  submitUnknown: 'no submit time',
};

/** Fewer than 2^31. */
const MOST_INTEGER_DIGITS = 9;
const MAXIMUM_LINE = 1 << 20;
/** One more digit still fits into the 53 bits of a double. */
const LARGEST_MANTISSA = 9e14;
/** Powers of ten up to 10^22 are exact doubles; further decimals do not count. */
const POWERS = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));
const MOST_DECIMALS = 22;

function size(values: Float64Array, allocatedFirst: boolean): number {
  const first = allocatedFirst ? values[4]! : values[7]!;
  return first > 0 ? first : allocatedFirst ? values[7]! : values[4]!;
}

/** Status 2, 3 or 4: a part of the job whose record stands above. */
function isContinuation(values: Float64Array, lastJobNumber: number): boolean {
  return values[10]! >= 2 && values[10]! <= 4 && values[0] === lastJobNumber;
}

function limitOf(field: number): number {
  if (field === 0) return MAXIMUM_JOB_NUMBER;
  if (field === 11) return MAXIMUM_USER;
  return field === 4 || field === 7 ? MAXIMUM_COUNT : MAXIMUM_SECONDS;
}

/** Column (from 1) at which a field of a line starts. */
function columnOf(bytes: Uint8Array, lineStart: number, field: number): number {
  let at = lineStart;
  for (let index = 0; ; index++) {
    while (bytes[at] === 32 || bytes[at] === 9) at++;
    if (index === field || at >= bytes.length || bytes[at] === 10) return at - lineStart + 1;
    while (at < bytes.length && bytes[at]! > 32) at++;
  }
}
