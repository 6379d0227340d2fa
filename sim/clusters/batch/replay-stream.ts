/**
 * A replay that is given its log piece by piece and holds only jobs that wait or run: the same waits and
 * figures as `replayJobs` of the whole table, which is its oracle, in memory that does not grow with
 * the log.
 *
 * Jobs stand in the rows of a window, in order of submission. When the window is full those that have
 * ended leave it and the others move to its front; queue and events get their new rows. The window is
 * at least twice as large as what must stay, so that each job moves once or so on average.
 */
import { emptyJobTable } from '../../../core/demand/jobs.ts';
import type { JobTable } from '../../../core/demand/jobs.ts';
import { OcxError } from '../../../core/kernel/errors.ts';
import { FigureCounter } from './replay-figures.ts';
import type { ReplayFigures } from './replay-figures.ts';
import { ReplayMachine, runSeconds } from './replay-machine.ts';
import type { ReplayScheduler } from './replay-machine.ts';
import { advance, checkOptions, createScheduler, dropReason } from './replay.ts';
import type { ReplayOptions } from './replay.ts';
import { isPyssVariant, PYSS_VARIANT } from './replay-variant.ts';
import { queueOrder } from './scheduler.ts';

/**
 * Takes jobs in (submit, row) order, each once, as soon as it and all before it have started: the
 * rows [from, to) of the columns, which are the window's own and change after the call.
 */
export type ReplayedRows = (
  jobs: JobTable,
  startSeconds: Float64Array,
  from: number,
  to: number,
) => void;

export interface ReplayStreamOptions extends ReplayOptions {
  /** Rows of the window at first; it grows where more than half of them must stay. */
  readonly windowRows?: number;
  /**
   * Where the waits go. What started behind a job that still waits stays in memory until that has
   * started, too.
   */
  readonly rows?: ReplayedRows;
}

const WINDOW_ROWS = 16_384;

type Window = { -readonly [Column in keyof JobTable]: JobTable[Column] };

export class ReplayStream {
  readonly #machine: ReplayMachine;
  readonly #scheduler: ReplayScheduler;
  readonly #counter: FigureCounter;
  readonly #rows: ReplayedRows | null;
  /** `count` rows of its columns are in use. */
  readonly #window: Window;
  #capacity: number;
  /** By row, while room is made: what becomes of it, then where it goes. */
  #places: Int32Array;
  /** Rows before this one were handed on. */
  #handedOn = 0;
  #lastSubmit = -Infinity;
  #fed = 0;
  readonly #dropped: Record<string, number> = {};

  /**
   * @throws OcxError INPUT_ARGUMENT for options that make no sense, and for schedulers and variants
   *   that need the whole log
   */
  constructor(options: ReplayStreamOptions) {
    checkOptions(options);
    checkStreamable(options);
    const { processors, scheduler, clairvoyant, windowRows, rows } = options;
    this.#capacity = Math.max(2, windowRows ?? WINDOW_ROWS);
    this.#window = { ...emptyJobTable(this.#capacity), count: 0 };
    this.#places = new Int32Array(this.#capacity);
    const order = queueOrder(scheduler);
    this.#machine = new ReplayMachine(this.#window, processors, clairvoyant ?? false, order);
    this.#machine.startSeconds = new Float64Array(this.#capacity);
    this.#scheduler = createScheduler(this.#machine, scheduler);
    this.#counter = new FigureCounter(processors);
    this.#rows = rows ?? null;
  }

  /** Rows for which there is room. */
  get windowRows(): number {
    return this.#capacity;
  }

  /** Rows that were fed so far, dropped ones included. */
  get fed(): number {
    return this.#fed;
  }

  /**
   * The next jobs of the log, in (submit, file) order. They are copied.
   *
   * @throws OcxError INPUT_UNSORTED for a job that was submitted before the one above it
   */
  feed(jobs: JobTable): void {
    const window = this.#window;
    let row = 0;
    while (row < jobs.count) {
      if (window.count === this.#capacity) this.#makeRoom();
      const first = window.count;
      while (row < jobs.count && window.count < this.#capacity) this.#take(jobs, row++);
      advance(this.#machine, this.#scheduler, first, false, oneMore);
    }
  }

  /** The log ends here: what waits or runs goes on to its end. */
  finish(): ReplayFigures {
    const { count } = this.#window;
    advance(this.#machine, this.#scheduler, count, true, oneMore);
    this.#makeRoom();
    return this.#counter.figures(this.#dropped);
  }

  #take(jobs: JobTable, row: number): void {
    const window = this.#window;
    const submit = jobs.submitSeconds[row]!;
    this.#fed += 1;
    if (!(submit >= this.#lastSubmit)) throw unsorted(jobs.jobNumber[row]!, this.#fed);
    this.#lastSubmit = submit;
    const reason = dropReason(jobs, row, this.#machine.processors);
    if (reason !== null) {
      this.#dropped[reason] = (this.#dropped[reason] ?? 0) + 1;
      return;
    }
    const at = window.count++;
    window.jobNumber[at] = jobs.jobNumber[row]!;
    window.submitSeconds[at] = submit;
    window.runSeconds[at] = jobs.runSeconds[row]!;
    window.estimateSeconds[at] = jobs.estimateSeconds[row]!;
    window.processors[at] = jobs.processors[row]!;
    window.user[at] = jobs.user[row]!;
  }

  /** Lets go of jobs that have ended; all in the window were submitted. */
  #makeRoom(): void {
    const machine = this.#machine;
    const window = this.#window;
    const { count } = window;
    const rows = this.#places.fill(GONE);
    for (const job of machine.terminations.payloads()) rows[job] = RUNS;
    for (const job of machine.queue) rows[job] = WAITS;
    if (this.#rows) this.#handOn(this.#rows, rows, count);
    let kept = 0;
    let handedOn = 0;
    for (let row = 0; row < count; row++) {
      if (rows[row] === GONE && (this.#rows === null || row < this.#handedOn)) {
        this.#count(row);
        continue;
      }
      if (row < this.#handedOn) handedOn += 1;
      this.#moveRow(row, kept);
      rows[row] = kept++;
    }
    this.#handedOn = handedOn;
    window.count = kept;
    machine.terminations.renumber(rows);
    machine.queue.renumber(rows);
    machine.running.renumber(rows);
    this.#scheduler.renumbered(rows);
    if (kept * 2 > this.#capacity) this.#grow();
  }

  /** Hands on what has started from the front of the window on. */
  #handOn(consumer: ReplayedRows, states: Int32Array, count: number): void {
    const from = this.#handedOn;
    let to = from;
    while (to < count && states[to] !== WAITS) to += 1;
    this.#handedOn = to;
    if (to > from) consumer(this.#window, this.#machine.startSeconds, from, to);
  }

  #count(row: number): void {
    const { table, startSeconds } = this.#machine;
    const run = runSeconds(table, row);
    this.#counter.count(table.submitSeconds[row]!, startSeconds[row]!, run, table.processors[row]!);
  }

  #moveRow(from: number, to: number): void {
    const window = this.#window;
    const { startSeconds } = this.#machine;
    window.jobNumber[to] = window.jobNumber[from]!;
    window.submitSeconds[to] = window.submitSeconds[from]!;
    window.runSeconds[to] = window.runSeconds[from]!;
    window.estimateSeconds[to] = window.estimateSeconds[from]!;
    window.processors[to] = window.processors[from]!;
    window.user[to] = window.user[from]!;
    startSeconds[to] = startSeconds[from]!;
  }

  #grow(): void {
    const window = this.#window;
    this.#capacity *= 2;
    const larger = { ...emptyJobTable(this.#capacity), count: window.count };
    larger.jobNumber.set(window.jobNumber);
    larger.submitSeconds.set(window.submitSeconds);
    larger.runSeconds.set(window.runSeconds);
    larger.estimateSeconds.set(window.estimateSeconds);
    larger.processors.set(window.processors);
    larger.user.set(window.user);
    Object.assign(window, larger);
    this.#places = new Int32Array(this.#capacity);
    const starts = new Float64Array(this.#capacity);
    starts.set(this.#machine.startSeconds);
    this.#machine.startSeconds = starts;
  }
}

const GONE = -1;
const RUNS = -2;
const WAITS = -3;

function oneMore(row: number): number {
  return row + 1;
}

function checkStreamable({ scheduler, variant }: ReplayOptions): void {
  const isPlain = scheduler === 'easy++' || scheduler === 'maui';
  if (!isPlain && isPyssVariant({ ...PYSS_VARIANT, ...variant })) return;
  throw new OcxError({
    code: 'INPUT_ARGUMENT',
    message: `${isPlain ? scheduler : 'a variant of EASY'} needs the whole log in memory`,
    remedy: 'replay it without streaming',
  });
}

function unsorted(jobNumber: number, row: number): OcxError {
  return new OcxError({
    code: 'INPUT_UNSORTED',
    message: `job ${jobNumber} was submitted before the job in the row above it`,
    place: { line: row },
    remedy: 'sort the table by submission time',
  });
}
