/**
 * A log of batch jobs from any format but SWF's own: readers add records, the log comes out in the
 * same columns as a log in the Standard Workload Format, so that cleaning, inspection, simulation
 * and conversion are the same for all.
 */
import { OcxError } from '../../core/kernel/errors.ts';
import { zoneNamed, type Zone } from '../calendar.ts';
import { SetAside, type TextPlace } from '../set-aside.ts';
import { noRows } from '../delimited.ts';
import { MAXIMUM_COUNT, type SwfHeader } from './swf-header.ts';
import { REST_NAMES, type RestField, type SwfRest } from './swf-columns.ts';
import type { SwfLog } from './swf.ts';

/** One job; −1 and the empty text where the log does not say. */
export interface BatchRecord {
  /** As written; 64-bit numbers and names stay whole. */
  readonly id: string;
  readonly submitSeconds: number;
  readonly waitSeconds: number;
  readonly runSeconds: number;
  readonly requestedSeconds: number;
  readonly allocated: number;
  readonly requested: number;
  /** 0 failed, 1 completed, 5 cancelled, as in SWF. */
  readonly status: number;
  readonly user: string;
  readonly queue: string;
  readonly partition: string;
  /** Whole nodes that it had or wanted. */
  readonly nodes: number;
  /** Memory of the whole job, MiB. */
  readonly memoryMib: number;
  /** For recorders of numbered logs: what SWF has in numbers. */
  readonly numbers?: SwfNumbers;
}

/** Fields that SWF has in numbers, which other logs have as names or not at all. */
export type SwfNumbers = Readonly<
  Record<'job' | 'userNumber' | 'queueNumber' | 'partitionNumber' | RestField, number>
>;

/** What a record has where nothing else is known. */
export const UNKNOWN_RECORD: BatchRecord = {
  id: '',
  submitSeconds: -1,
  waitSeconds: -1,
  runSeconds: -1,
  requestedSeconds: -1,
  allocated: -1,
  requested: -1,
  status: -1,
  user: '',
  queue: '',
  partition: '',
  nodes: -1,
  memoryMib: -1,
};

/** A log in SWF's columns, and what those cannot hold. */
export interface BatchLog extends SwfLog {
  /** Ids as written, in the order of the jobs. */
  readonly ids: readonly string[];
  /** Names of users by number. */
  readonly userNames: ReadonlyMap<number, string>;
  /** Whole nodes of each job; null where the log does not tell. */
  readonly nodes: Int32Array | null;
  /** MiB of each job; null where the log does not tell. */
  readonly memoryMib: Float64Array | null;
  /** Its numbers are those of the file, not made here from names. */
  readonly numbered: boolean;
}

/** What a reader knows about the log as a whole. */
export interface BatchFacts {
  readonly format: string;
  /** Submit times count from 1970 (as UTC): the log's start is taken off. */
  readonly absolute: boolean;
  readonly timeZone?: string | null;
  readonly maxNodes?: number | null;
  readonly maxProcs?: number | null;
  readonly notes?: readonly string[];
  readonly oddities?: readonly string[];
  /** The header, where it is known; facts above do not count then. */
  readonly header?: SwfHeader;
}

/** Twenty years: no log is longer, no job nearly as long. */
const MAXIMUM_SECONDS = 630_720_000;
const MAXIMUM_JOBS = 20_000_000;
const MAXIMUM_ID = 1_000;

/** Numeric columns in the order in which they are kept. */
const COLUMNS = [
  'submitSeconds',
  'waitSeconds',
  'runSeconds',
  'requestedSeconds',
  'allocated',
  'requested',
  'status',
  'user',
  'queue',
  'partition',
  'nodes',
  'memoryMib',
] as const;
/** Behind them in numbered logs. */
const NUMBER_COLUMNS = [
  'job',
  'userNumber',
  'queueNumber',
  'partitionNumber',
  ...REST_NAMES,
] as const;
type ColumnName = (typeof COLUMNS)[number] | (typeof NUMBER_COLUMNS)[number];

/** Collects the jobs of one file in columns: some 150 bytes a job. */
export class BatchRecorder {
  readonly aside = new SetAside();
  readonly #path: string;
  readonly #ids: string[] = [];
  readonly #users = new Names();
  readonly #queues = new Names();
  readonly #partitions = new Names();
  readonly #names: readonly ColumnName[];
  readonly #numbered: boolean;
  #columns: Float64Array[];
  #outOfOrder = 0;
  #lastSubmit = 0;

  /** @param numbered records bring their own `numbers` */
  constructor(path: string, numbered = false) {
    this.#path = path;
    this.#numbered = numbered;
    this.#names = numbered ? [...COLUMNS, ...NUMBER_COLUMNS] : COLUMNS;
    this.#columns = this.#names.map(() => new Float64Array(1_024));
  }

  get count(): number {
    return this.#ids.length;
  }

  /** Takes a record, or sets it aside: `submitUnknown`, `outOfRange`, `notAnInteger`. */
  add(record: BatchRecord, place: TextPlace): void {
    const reason = objection(record);
    if (reason !== null) return this.aside.add(reason, place);
    const at = this.#ids.length;
    if (at >= MAXIMUM_JOBS) {
      throw new OcxError({
        code: 'INPUT_TOO_LARGE',
        message: `the file holds more than ${MAXIMUM_JOBS} jobs`,
        place: { file: this.#path, ...place },
        remedy: 'split it',
      });
    }
    if (at === this.#columns[0]!.length) this.#grow();
    if (record.submitSeconds < this.#lastSubmit) this.#outOfOrder += 1;
    this.#lastSubmit = record.submitSeconds;
    this.#ids.push(record.id.slice(0, MAXIMUM_ID));
    const { numbers } = record;
    const values: Partial<Record<ColumnName, number>> = {
      ...record,
      ...numbers,
      user: this.#users.number(record.user, numbers?.userNumber),
      queue: this.#queues.number(record.queue, numbers?.queueNumber),
      partition: this.#partitions.number(record.partition, numbers?.partitionNumber),
    };
    this.#names.forEach((name, index) => (this.#columns[index]![at] = values[name] ?? -1));
  }

  /** @throws OcxError INPUT_NO_ROWS where no job was taken; INPUT_OUT_OF_RANGE for a log of decades */
  finish(facts: BatchFacts, lines: number): BatchLog {
    const count = this.count;
    if (count === 0) {
      const [first] = this.aside.quarantined;
      const why = first === undefined ? '' : `; the first record is set aside (${first.reason})`;
      throw noRows(this.#path, `the file holds no job in format ${facts.format}${why}`, first);
    }
    const order = this.#submitOrder();
    const submit = this.#column('submitSeconds', order);
    if (submit[count - 1]! - submit[0]! > MAXIMUM_SECONDS) {
      throw new OcxError({
        code: 'INPUT_OUT_OF_RANGE',
        message: 'first and last submission are more than twenty years apart',
        place: { file: this.#path },
        remedy: 'check the column and the unit of the submit times',
      });
    }
    const start = facts.absolute && facts.header === undefined ? Math.floor(submit[0]!) : 0;
    return {
      ...this.#jobs(
        order,
        submit.map((seconds) => seconds - start),
      ),
      path: this.#path,
      userNames: this.#users.byNumber,
      header: this.#header(facts, start),
      numbered: this.#numbered,
      dropped: this.aside.dropped,
      quarantined: this.aside.quarantined,
      outOfOrder: this.#outOfOrder,
      dialect: 'swf',
      lines,
    };
  }

  #header(facts: BatchFacts, start: number): SwfHeader {
    const queues = this.#queues.byNumber;
    const partitions = this.#partitions.byNumber;
    const { header } = facts;
    if (header === undefined) return batchHeader(facts, start, queues, partitions);
    return {
      ...header,
      queues: new Map([...header.queues, ...queues]),
      partitions: new Map([...header.partitions, ...partitions]),
    };
  }

  #jobs(order: Uint32Array, submitSeconds: Float64Array) {
    const numbers = (name: ColumnName) => this.#column(name, order);
    const integers = (name: ColumnName) => Int32Array.from(numbers(name));
    const ids = Array.from(order, (index) => this.#ids[index]!);
    const allocated = integers('allocated');
    const requested = integers('requested');
    const nodes = integers('nodes');
    const memoryMib = numbers('memoryMib');
    return {
      ids,
      jobs: {
        count: ids.length,
        jobNumber: this.#numbered ? numbers('job') : jobNumbers(ids),
        submitSeconds,
        runSeconds: numbers('runSeconds'),
        estimateSeconds: numbers('requestedSeconds'),
        processors: allocated.map((width, index) => (width > 0 ? width : requested[index]!)),
        user: integers('user'),
      },
      details: {
        waitSeconds: numbers('waitSeconds'),
        allocated,
        requested,
        status: Int8Array.from(numbers('status')),
        queue: integers('queue'),
        partition: integers('partition'),
        ...(this.#numbered
          ? { rest: Object.fromEntries(REST_NAMES.map((name) => [name, numbers(name)])) as SwfRest }
          : {}),
      },
      nodes: nodes.some((count) => count > 0) ? nodes : null,
      memoryMib: memoryMib.some((size) => size >= 0) ? memoryMib : null,
    };
  }

  #column(name: ColumnName, order: Uint32Array): Float64Array {
    const column = this.#columns[this.#names.indexOf(name)]!;
    return Float64Array.from(order, (index) => column[index]!);
  }

  #submitOrder(): Uint32Array {
    const submit = this.#columns[0]!;
    const order = Uint32Array.from(this.#ids, (_, index) => index);
    return this.#outOfOrder === 0 ? order : order.sort((a, b) => submit[a]! - submit[b]! || a - b);
  }

  #grow(): void {
    this.#columns = this.#columns.map((column) => {
      const grown = new Float64Array(column.length * 2);
      grown.set(column);
      return grown;
    });
  }
}

function objection(record: BatchRecord): string | null {
  if (!Number.isFinite(record.submitSeconds) || record.submitSeconds < 0) return 'submitUnknown';
  const seconds = [record.waitSeconds, record.runSeconds, record.requestedSeconds];
  const counts = [record.allocated, record.requested, record.nodes];
  const numbers = Object.values(record.numbers ?? {});
  if (!numbers.every((value) => Math.abs(value) <= Number.MAX_SAFE_INTEGER)) return 'outOfRange';
  if (!seconds.every((value) => value >= -MAXIMUM_SECONDS && value <= MAXIMUM_SECONDS)) {
    return 'outOfRange';
  }
  if (!counts.every((value) => value >= -1 && value <= MAXIMUM_COUNT)) return 'outOfRange';
  if (!counts.every((value) => Number.isInteger(value))) return 'notAnInteger';
  if (!(record.memoryMib >= -1 && record.memoryMib <= 1e15)) return 'outOfRange';
  return record.submitSeconds <= 1e11 ? null : 'outOfRange';
}

/** The ids themselves where all are different whole numbers that a double holds, else 1, 2, 3 … */
function jobNumbers(ids: readonly string[]): Float64Array {
  const numbers = Float64Array.from(ids, (id) => (/^\d{1,16}$/.test(id) ? Number(id) : NaN));
  const usable = numbers.every((number) => Number.isSafeInteger(number));
  if (usable && new Set(numbers).size === numbers.length) return numbers;
  return numbers.map((_, index) => index + 1);
}

/** Numbers for names, from 1 in the order of their first appearance; −1 for none. */
class Names {
  readonly #numbers = new Map<string, number>();
  readonly byNumber = new Map<number, string>();

  /** @param own the number that it has already */
  number(name: string, own?: number): number {
    if (own !== undefined) {
      if (name !== '' && !this.byNumber.has(own)) this.byNumber.set(own, name);
      return own;
    }
    if (name === '') return -1;
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = this.#numbers.size + 1;
    this.#numbers.set(name, number);
    this.byNumber.set(number, name);
    return number;
  }
}

function batchHeader(
  facts: BatchFacts,
  start: number,
  queues: ReadonlyMap<number, string>,
  partitions: ReadonlyMap<number, string>,
): SwfHeader {
  return {
    version: null,
    computer: null,
    installation: null,
    acknowledge: null,
    unixStartSeconds: facts.absolute ? start : null,
    timeZone: facts.timeZone ?? null,
    timeZoneOffsetSeconds: null,
    maxJobs: null,
    maxRecords: null,
    maxNodes: facts.maxNodes ?? null,
    maxProcs: facts.maxProcs ?? null,
    maxRuntimeSeconds: null,
    preemption: null,
    notes: facts.notes ?? [],
    queues,
    partitions,
    oddities: facts.oddities ?? [],
    lines: [],
  };
}

/**
 * Whether submit times count from 1970: no log that counts from its own start is twenty years long.
 */
export function countsFrom1970(firstSubmitSeconds: number): boolean {
  return firstSubmitSeconds >= MAXIMUM_SECONDS;
}

/** The zone that a user named for a log of local times; null where none was named. */
export function zoneGiven(name: string | undefined): Zone | null {
  return name === undefined ? null : zoneNamed(name);
}
