/** Growing columns for the rows of a log, put into (submit, file) order at the end. */
import type { JobTable } from '../../core/demand/jobs.ts';

/** Columns of SWF beside those of a job table; −1 where unknown. Same order as the table. */
export interface SwfDetails {
  readonly waitSeconds: Float64Array;
  /** Field 5. */
  readonly allocated: Int32Array;
  /** Field 8. */
  readonly requested: Int32Array;
  /** Field 11: 0 failed, 1 completed, 2–4 partial records, 5 cancelled. */
  readonly status: Int8Array;
  readonly queue: Int32Array;
  readonly partition: Int32Array;
  /** The remaining fields, where they were asked for. */
  readonly rest?: SwfRest;
}

/** Fields that neither simulation nor inspection needs, by their names in canonical columns. */
export const REST_FIELDS = {
  averageCpuSeconds: 5,
  usedMemoryKb: 6,
  requestedMemoryKb: 9,
  group: 12,
  executable: 13,
  precedingJob: 16,
  thinkSeconds: 17,
} as const;
export type RestField = keyof typeof REST_FIELDS;
export const REST_NAMES = Object.keys(REST_FIELDS) as RestField[];
/** One column for each of them; −1 where unknown. */
export type SwfRest = Readonly<Record<RestField, Float64Array>>;
const REST_INDEXES = Object.values(REST_FIELDS);
/** Columns of the table and the details, before those of the rest. */
const DETAILED_COLUMNS = 12;

type Column = Float64Array | Int32Array | Int8Array;

export class SwfColumns {
  #capacity: number;
  #count = 0;
  #outOfOrder = 0;
  #lastSubmit = -1;
  #lastJobNumber = NaN;
  /** The latest submission so far; where a smaller one came after it, rows have to be sorted. */
  #latestSubmit = -Infinity;
  #isSorted = true;
  #releasedSubmit = -Infinity;
  #columns: Column[];
  readonly #detailed: boolean;
  readonly #rest: boolean;

  constructor(capacity: number, detailed: boolean, rest = false) {
    this.#capacity = capacity;
    this.#detailed = detailed || rest;
    this.#rest = rest;
    this.#columns = [
      new Float64Array(capacity),
      new Float64Array(capacity),
      new Float64Array(capacity),
      new Float64Array(capacity),
      new Int32Array(capacity),
      new Int32Array(capacity),
    ];
    if (!this.#detailed) return;
    this.#columns.push(new Float64Array(capacity), new Int32Array(capacity));
    this.#columns.push(new Int32Array(capacity), new Int8Array(capacity));
    this.#columns.push(new Int32Array(capacity), new Int32Array(capacity));
    if (rest) this.#columns.push(...REST_INDEXES.map(() => new Float64Array(capacity)));
  }

  get lastSubmit(): number {
    return this.#lastSubmit;
  }

  get lastJobNumber(): number {
    return this.#lastJobNumber;
  }

  get outOfOrder(): number {
    return this.#outOfOrder;
  }

  /** The submission of the last row that was released; none may come before it any more. */
  get releasedSubmit(): number {
    return this.#releasedSubmit;
  }

  /** @param values the 18 fields */
  push(values: Float64Array, processors: number): void {
    if (this.#count === this.#capacity) this.#grow();
    const at = this.#count++;
    const columns = this.#columns;
    const submit = values[1]!;
    if (submit < this.#lastSubmit) this.#outOfOrder += 1;
    this.#lastSubmit = submit;
    this.#lastJobNumber = values[0]!;
    if (submit < this.#latestSubmit) this.#isSorted = false;
    else this.#latestSubmit = submit;
    columns[0]![at] = values[0]!;
    columns[1]![at] = submit;
    columns[2]![at] = values[3]!;
    columns[3]![at] = values[8]!;
    columns[4]![at] = processors;
    columns[5]![at] = values[11]!;
    if (!this.#detailed) return;
    columns[6]![at] = values[2]!;
    columns[7]![at] = values[4]!;
    columns[8]![at] = values[7]!;
    columns[9]![at] = values[10]!;
    columns[10]![at] = values[14]!;
    columns[11]![at] = values[15]!;
    if (!this.#rest) return;
    for (const [i, field] of REST_INDEXES.entries()) {
      columns[DETAILED_COLUMNS + i]![at] = values[field]!;
    }
  }

  finish(): { jobs: JobTable; details: SwfDetails | null; outOfOrder: number } {
    const count = this.#count;
    const order = this.#outOfOrder > 0 ? this.#submitOrder() : null;
    const columns = this.#columns.map((column) => {
      if (order === null) return count === this.#capacity ? column : column.slice(0, count);
      return inOrder(column, order);
    });
    return { ...this.#tables(columns, count), outOfOrder: this.#outOfOrder };
  }

  /**
   * The first rows, in (submit, file) order among all so far; null where there are too few. The
   * columns are views of these: look at them, then call `drop`, before the next row is pushed.
   *
   * @param heldBack how many rows stay, because later ones may come before them
   */
  release(heldBack: number): { jobs: JobTable; details: SwfDetails | null } | null {
    const count = this.#count - heldBack;
    if (count <= 0) return null;
    if (!this.#isSorted) {
      const order = this.#submitOrder();
      for (const column of this.#columns) column.set(inOrder(column, order));
      this.#isSorted = true;
    }
    this.#releasedSubmit = this.#columns[1]![count - 1]!;
    const columns = this.#columns.map((column) => column.subarray(0, count));
    return this.#tables(columns, count);
  }

  /** Forgets the first rows, which were released. */
  drop(count: number): void {
    for (const column of this.#columns) column.copyWithin(0, count, this.#count);
    this.#count -= count;
  }

  #tables(columns: Column[], count: number): { jobs: JobTable; details: SwfDetails | null } {
    const jobs: JobTable = {
      count,
      jobNumber: columns[0] as Float64Array,
      submitSeconds: columns[1] as Float64Array,
      runSeconds: columns[2] as Float64Array,
      estimateSeconds: columns[3] as Float64Array,
      processors: columns[4] as Int32Array,
      user: columns[5] as Int32Array,
    };
    if (!this.#detailed) return { jobs, details: null };
    const details: SwfDetails = {
      waitSeconds: columns[6] as Float64Array,
      allocated: columns[7] as Int32Array,
      requested: columns[8] as Int32Array,
      status: columns[9] as Int8Array,
      queue: columns[10] as Int32Array,
      partition: columns[11] as Int32Array,
      ...(this.#rest ? { rest: restOf(columns) } : {}),
    };
    return { jobs, details };
  }

  #submitOrder(): Uint32Array {
    const submit = this.#columns[1]!;
    const order = new Uint32Array(this.#count);
    for (let i = 0; i < order.length; i++) order[i] = i;
    return order.sort((a, b) => submit[a]! - submit[b]! || a - b);
  }

  #grow(): void {
    this.#capacity *= 2;
    this.#columns = this.#columns.map((column) => {
      const grown = new (column.constructor as new (length: number) => Column)(this.#capacity);
      grown.set(column);
      return grown;
    });
  }
}

function restOf(columns: readonly Column[]): SwfRest {
  return Object.fromEntries(
    REST_NAMES.map((name, i) => [name, columns[DETAILED_COLUMNS + i]]),
  ) as SwfRest;
}

function inOrder(column: Column, order: Uint32Array): Column {
  const sorted = column.slice(0, order.length);
  for (let i = 0; i < order.length; i++) sorted[i] = column[order[i]!]!;
  return sorted;
}
