/**
 * A log of virtual machines, tasks or pods: each takes cores and memory from its start to its end.
 * Lives that began before the log or outlast it are kept as far as they are seen, and counted.
 */
import { OcxError } from '../../core/kernel/errors.ts';
import type { NodeClass } from '../cloud/node-class.ts';
import { noRows } from '../delimited.ts';
import { SetAside, type QuarantinedRecord, type TextPlace } from '../set-aside.ts';

/** One machine. */
export interface MachineRecord {
  /** As written; 64-bit numbers and hashes stay whole. */
  readonly id: string;
  readonly startSeconds: number;
  /** Null where it outlasts the log. */
  readonly endSeconds: number | null;
  /** Alive already when the log begins. */
  readonly begunBefore: boolean;
  /** How old it was then, where that is known. */
  readonly ageSeconds?: number;
  /** Cores and GiB, or both as shares of the largest machine. */
  readonly cores: number;
  readonly memoryGb: number;
  /** Parts of GPUs included; left out where the format does not say it. */
  readonly gpus?: number;
  /** Tenant, subscription, job: who it belongs to. */
  readonly owner: string;
  /** Category, quality of service, tier. */
  readonly category: string;
}

/** Machines in order of their start. */
export interface MachineLog {
  readonly format: string;
  readonly count: number;
  readonly ids: readonly string[];
  readonly startSeconds: Float64Array;
  /** The log's end for those that outlast it. */
  readonly endSeconds: Float64Array;
  readonly cores: Float64Array;
  readonly memoryGb: Float64Array;
  /** Null where the format does not say it. */
  readonly gpus: Float64Array | null;
  readonly owners: readonly string[];
  readonly categories: readonly string[];
  /** 1 alive before the log, 2 outlasts it, 3 both. */
  readonly cut: Uint8Array;
  /** Age at the start: 0 where its begin was seen, NaN where nobody knows it. */
  readonly ageSeconds: Float64Array;
  /** First start and last event. */
  readonly fromSeconds: number;
  readonly toSeconds: number;
  /** Cores and memory are shares of the largest machine, which counts as one node. */
  readonly shares: boolean;
  readonly dropped: Readonly<Record<string, number>>;
  readonly quarantined: readonly QuarantinedRecord[];
  readonly suspicious: Readonly<Record<string, number>>;
  readonly oddities: readonly string[];
}

export const BEGUN_BEFORE = 1;
export const OUTLASTS = 2;

/** Cores, GB and GPUs of a machine; shares are of this node. */
export function machineSize(
  log: MachineLog,
  i: number,
  node: NodeClass,
): [cores: number, memoryGb: number, gpus: number] {
  const [cores, memory, gpus] = [log.cores[i]!, log.memoryGb[i]!, log.gpus?.[i] ?? 0];
  return log.shares ? [cores * node.cores, memory * node.memoryGb, gpus] : [cores, memory, gpus];
}

const MAXIMUM_SECONDS = 1e11;
const MAXIMUM_CORES = 1e6;
const MAXIMUM_MEMORY_GB = 1e7;
const MAXIMUM_GPUS = 1e6;
const MAXIMUM_MACHINES = 20_000_000;

/** Collects the machines of one file. */
export class MachineRecorder {
  readonly aside = new SetAside();
  readonly #path: string;
  readonly #records: MachineRecord[] = [];
  readonly #names = new Map<string, string>();
  readonly #odd = new Map<string, number>();
  #last = 0;

  constructor(path: string) {
    this.#path = path;
  }

  get count(): number {
    return this.#records.length;
  }

  /** The log lasts at least until then. */
  lastsUntil(seconds: number): void {
    this.#last = Math.max(this.#last, seconds);
  }

  /** Counts a record that is kept but odd. */
  odd(reason: string): void {
    this.#odd.set(reason, (this.#odd.get(reason) ?? 0) + 1);
  }

  /** Takes a machine, or sets it aside: `outOfRange`, `endsBeforeItStarts`, `sizeUnknown`. */
  add(record: MachineRecord, place: TextPlace): void {
    const reason = objection(record);
    if (reason !== null) return this.aside.add(reason, place);
    if (this.#records.length >= MAXIMUM_MACHINES) {
      throw new OcxError({
        code: 'INPUT_TOO_LARGE',
        message: `the file holds more than ${MAXIMUM_MACHINES} machines`,
        place: { file: this.#path, ...place },
        remedy: 'split it',
      });
    }
    this.lastsUntil(record.endSeconds ?? record.startSeconds);
    const owner = this.#shared(record.owner);
    this.#records.push({ ...record, owner, category: this.#shared(record.category) });
  }

  /** @throws OcxError INPUT_NO_ROWS where no machine was taken */
  finish(format: string, shares: boolean, oddities: readonly string[]): MachineLog {
    const records = this.#records;
    if (records.length === 0) {
      const [first] = this.aside.quarantined;
      const why = first === undefined ? '' : `; the first record is set aside (${first.reason})`;
      throw noRows(this.#path, `the file holds no machine in format ${format}${why}`, first);
    }
    records.sort((a, b) => a.startSeconds - b.startSeconds);
    const to = this.#last;
    const suspicious = new Map(this.#odd);
    const count = (reason: string, test: (record: MachineRecord) => boolean) => {
      const times = records.filter(test).length;
      if (times > 0) suspicious.set(reason, times);
    };
    count('aliveBeforeTheLog', (record) => record.begunBefore);
    count('outlastsTheLog', (record) => record.endSeconds === null);
    return {
      format,
      count: records.length,
      ids: records.map((record) => record.id),
      startSeconds: Float64Array.from(records, (record) => record.startSeconds),
      endSeconds: Float64Array.from(records, (record) => record.endSeconds ?? to),
      cores: Float64Array.from(records, (record) => record.cores),
      memoryGb: Float64Array.from(records, (record) => record.memoryGb),
      gpus:
        records[0]!.gpus === undefined
          ? null
          : Float64Array.from(records, (record) => record.gpus ?? 0),
      owners: records.map((record) => record.owner),
      categories: records.map((record) => record.category),
      cut: Uint8Array.from(
        records,
        ({ begunBefore, endSeconds }) =>
          (begunBefore ? BEGUN_BEFORE : 0) + (endSeconds === null ? OUTLASTS : 0),
      ),
      ageSeconds: Float64Array.from(records, ({ begunBefore, ageSeconds = NaN }) =>
        begunBefore ? ageSeconds : 0,
      ),
      fromSeconds: records[0]!.startSeconds,
      toSeconds: to,
      shares,
      dropped: this.aside.dropped,
      quarantined: this.aside.quarantined,
      suspicious: Object.fromEntries([...suspicious].sort(([a], [b]) => (a < b ? -1 : 1))),
      oddities,
    };
  }

  /** One text for all equal ones: owners are few. */
  #shared(text: string): string {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    this.#names.set(text, text);
    return text;
  }
}

function objection(record: MachineRecord): string | null {
  const { startSeconds, endSeconds, cores, memoryGb, gpus = 0 } = record;
  if (!(startSeconds >= 0 && startSeconds <= MAXIMUM_SECONDS)) return 'outOfRange';
  if (endSeconds !== null && !(endSeconds <= MAXIMUM_SECONDS)) return 'outOfRange';
  if (endSeconds !== null && endSeconds < startSeconds) return 'endsBeforeItStarts';
  if (!(cores >= 0 && memoryGb >= 0 && gpus >= 0)) return 'sizeUnknown';
  if (cores + memoryGb === 0) return 'sizeUnknown';
  const isSane = cores <= MAXIMUM_CORES && memoryGb <= MAXIMUM_MEMORY_GB && gpus <= MAXIMUM_GPUS;
  return isSane ? null : 'outOfRange';
}
