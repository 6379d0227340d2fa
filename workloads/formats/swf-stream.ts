/**
 * A log in the Standard Workload Format in pieces, so that memory does not grow with it. The pieces
 * together are the rows of `readSwf`, which is the oracle: in (submit, file) order, as long as no
 * record stands more than `HELD_BACK_RECORDS` below where it belongs.
 */
import type { JobTable } from '../../core/demand/jobs.ts';
import { openLines } from '../input.ts';
import type { LineBlock } from '../line-blocks.ts';
import type { SwfDetails } from './swf-columns.ts';
import type { SwfHeader } from './swf-header.ts';
import { HELD_BACK_RECORDS, SwfScan, type SwfOptions } from './swf.ts';

/** Some rows of a log. Its columns are right only until the next piece is asked for. */
export interface SwfPiece {
  readonly jobs: JobTable;
  /** Null unless asked for. */
  readonly details: SwfDetails | null;
}

/** How a log is taken in; for tests, the file in blocks of 8 MB otherwise. */
export interface SwfIntake {
  readonly blocks?: Iterable<LineBlock>;
  /** Records that are held back for sorting. */
  readonly heldBack?: number;
}

export class SwfStream {
  readonly path: string;
  readonly #scan: SwfScan;
  readonly #heldBack: number;
  readonly #blocks: Iterable<LineBlock>;
  #records = 0;
  /** What Alea's absolute times begin with; null before the first row. */
  #baseSeconds: number | null = null;

  constructor(path: string, options: SwfOptions = {}, intake: SwfIntake = {}) {
    this.path = path;
    this.#heldBack = intake.heldBack ?? HELD_BACK_RECORDS;
    this.#blocks = intake.blocks ?? openLines(path).blocks;
    this.#scan = new SwfScan(path, options, 2 * this.#heldBack + 16);
  }

  /** What the header says, as far as it was read: all of it after the first piece, in most logs. */
  get header(): SwfHeader {
    return this.#scan.header;
  }

  /** Records so far. */
  get records(): number {
    return this.#records;
  }

  /** Records set aside so far, by reason. */
  get dropped(): Readonly<Record<string, number>> {
    return this.#scan.dropped;
  }

  /**
   * The log's rows, once.
   *
   * @throws OcxError INPUT_… as `readSwf`, while reading; INPUT_UNSORTED for a record that comes too
   *   late for its submission
   */
  *pieces(): Generator<SwfPiece> {
    for (const block of this.#blocks) {
      this.#scan.block(block);
      yield* this.#release(this.#heldBack);
    }
    yield* this.#release(0);
    if (this.#records === 0) throw this.#scan.noRows();
  }

  *#release(heldBack: number): Generator<SwfPiece> {
    const piece = this.#scan.columns.release(heldBack);
    if (piece === null) return;
    const { count, submitSeconds } = piece.jobs;
    this.#baseSeconds ??= this.#absoluteStart(submitSeconds[0]!);
    if (this.#baseSeconds !== 0) {
      for (let row = 0; row < count; row++) submitSeconds[row]! -= this.#baseSeconds;
    }
    this.#records += count;
    yield piece;
    this.#scan.columns.drop(count);
  }

  #absoluteStart(firstSubmit: number): number {
    return this.#scan.isAlea && this.header.unixStartSeconds === null ? firstSubmit : 0;
  }
}
