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
}

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
  /** Names of users by number, from 1; empty where the log has numbers. */
  readonly userNames: readonly string[];
  /** Whole nodes of each job; null where the log does not tell. */
  readonly nodes: Int32Array | null;
  /** MiB of each job; null where the log does not tell. */
  readonly memoryMib: Float64Array | null;
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
}

/** Twenty years: no log is longer, no job nearly as long. */
const MAXIMUM_SECONDS = 630_720_000;
const MAXIMUM_JOBS = 20_000_000;
const MAXIMUM_ID = 1_000;

/** Collects the jobs of one file. */
export class BatchRecorder {
  readonly aside = new SetAside();
  readonly #path: string;
  readonly #records: BatchRecord[] = [];
  readonly #users = new Names();
  readonly #queues = new Names();
  readonly #partitions = new Names();
  #outOfOrder = 0;

  constructor(path: string) {
    this.#path = path;
  }

  get count(): number {
    return this.#records.length;
  }

  /** Takes a record, or sets it aside: `submitUnknown`, `outOfRange`, `notAnInteger`. */
  add(record: BatchRecord, place: TextPlace): void {
    const reason = objection(record);
    if (reason !== null) return this.aside.add(reason, place);
    if (this.#records.length >= MAXIMUM_JOBS) {
      throw new OcxError({
        code: 'INPUT_TOO_LARGE',
        message: `the file holds more than ${MAXIMUM_JOBS} jobs`,
        place: { file: this.#path, ...place },
        remedy: 'split it',
      });
    }
    const last = this.#records.at(-1);
    if (last !== undefined && record.submitSeconds < last.submitSeconds) this.#outOfOrder += 1;
    this.#records.push({ ...record, id: record.id.slice(0, MAXIMUM_ID) });
  }

  /** @throws OcxError INPUT_NO_ROWS where no job was taken; INPUT_OUT_OF_RANGE for a log of decades */
  finish(facts: BatchFacts, lines: number): BatchLog {
    const records = this.#records;
    if (records.length === 0) {
      const [first] = this.aside.quarantined;
      const why = first === undefined ? '' : `; the first record is set aside (${first.reason})`;
      throw noRows(this.#path, `the file holds no job in format ${facts.format}${why}`, first);
    }
    if (this.#outOfOrder > 0) records.sort((a, b) => a.submitSeconds - b.submitSeconds);
    const first = records[0]!.submitSeconds;
    if (records.at(-1)!.submitSeconds - first > MAXIMUM_SECONDS) {
      throw new OcxError({
        code: 'INPUT_OUT_OF_RANGE',
        message: 'first and last submission are more than twenty years apart',
        place: { file: this.#path },
        remedy: 'check the column and the unit of the submit times',
      });
    }
    const start = facts.absolute ? Math.floor(first) : 0;
    return { ...this.#columns(start), ...this.#rest(facts, start, lines) };
  }

  #columns(start: number) {
    const records = this.#records;
    const numbers = (pick: (record: BatchRecord) => number) => Float64Array.from(records, pick);
    const integers = (pick: (record: BatchRecord) => number) => Int32Array.from(records, pick);
    const ids = records.map((record) => record.id);
    const size = ({ allocated, requested }: BatchRecord) => (allocated > 0 ? allocated : requested);
    return {
      ids,
      jobs: {
        count: records.length,
        jobNumber: jobNumbers(ids),
        submitSeconds: numbers((record) => record.submitSeconds - start),
        runSeconds: numbers((record) => record.runSeconds),
        estimateSeconds: numbers((record) => record.requestedSeconds),
        processors: integers(size),
        user: integers((record) => this.#users.number(record.user)),
      },
      details: {
        waitSeconds: numbers((record) => record.waitSeconds),
        allocated: integers((record) => record.allocated),
        requested: integers((record) => record.requested),
        status: Int8Array.from(records, (record) => record.status),
        queue: integers((record) => this.#queues.number(record.queue)),
        partition: integers((record) => this.#partitions.number(record.partition)),
      },
      nodes: records.some((record) => record.nodes > 0) ? integers(({ nodes }) => nodes) : null,
      memoryMib: records.some((record) => record.memoryMib >= 0)
        ? numbers((record) => record.memoryMib)
        : null,
    };
  }

  #rest(facts: BatchFacts, start: number, lines: number) {
    return {
      path: this.#path,
      userNames: this.#users.names,
      header: batchHeader(facts, start, this.#queues, this.#partitions),
      dropped: this.aside.dropped,
      quarantined: this.aside.quarantined,
      outOfOrder: this.#outOfOrder,
      dialect: 'swf' as const,
      lines,
    };
  }
}

function objection(record: BatchRecord): string | null {
  if (!Number.isFinite(record.submitSeconds) || record.submitSeconds < 0) return 'submitUnknown';
  const seconds = [record.waitSeconds, record.runSeconds, record.requestedSeconds];
  const counts = [record.allocated, record.requested, record.nodes];
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

/** Numbers for names: those that are numbers stay, others are counted from 1. */
class Names {
  readonly #numbers = new Map<string, number>();
  readonly names: string[] = [];

  number(name: string): number {
    if (name === '') return -1;
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = this.names.push(name);
    this.#numbers.set(name, number);
    return number;
  }

  get byNumber(): Map<number, string> {
    return new Map(this.names.map((name, index) => [index + 1, name]));
  }
}

function batchHeader(
  facts: BatchFacts,
  start: number,
  queues: Names,
  partitions: Names,
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
    queues: queues.byNumber,
    partitions: partitions.byNumber,
    oddities: facts.oddities ?? [],
  };
}

/** The zone that a user named for a log of local times; null where none was named. */
export function zoneGiven(name: string | undefined): Zone | null {
  return name === undefined ? null : zoneNamed(name);
}
