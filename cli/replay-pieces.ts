/** `ocx replay --stream`: the log is replayed while it is read, and waits are written meanwhile. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { JobTable } from '../core/demand/jobs.ts';
import { OcxError } from '../core/kernel/errors.ts';
import type { ReplayFigures } from '../sim/clusters/batch/replay-figures.ts';
import { ReplayStream } from '../sim/clusters/batch/replay-stream.ts';
import type { ReplayedRows } from '../sim/clusters/batch/replay-stream.ts';
import type { Scheduler } from '../sim/clusters/batch/scheduler.ts';
import { cleanSwf, isPartial } from '../workloads/formats/swf-cleaning.ts';
import type { SwfPolicy } from '../workloads/formats/swf-cleaning.ts';
import { SwfStream } from '../workloads/formats/swf-stream.ts';
import type { SwfPiece } from '../workloads/formats/swf-stream.ts';
import { machineProcessors } from '../workloads/formats/swf.ts';
import type { Output } from './command.ts';
import { writePiecesAtomically } from './files.ts';
import { SCHEDULE_HEAD, scheduleLine } from './replay-schedule.ts';
import { variantOf } from './replay-variant.ts';
import type { VariantOptions } from './replay-variant.ts';

/** What a replay tells of a log. */
export interface ReplayedLog {
  readonly figures: ReplayFigures;
  /** Records and jobs that did not run, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
}

/** Options of `ocx replay` that count here. */
export interface PiecesOptions extends VariantOptions {
  readonly scheduler: Scheduler;
  readonly clairvoyant?: boolean;
  readonly procs?: number;
  readonly waits?: string;
  readonly schedule?: string;
  readonly policy: SwfPolicy | undefined;
}

type Write = (piece: string) => void;

/**
 * @param check is called before anything is in its place, with how many records there were, and may
 *   throw
 * @throws INPUT_USAGE for what needs the whole log
 */
export async function replayInPieces(
  output: Output,
  logPath: string,
  options: PiecesOptions,
  check: (figures: ReplayFigures, records: number, logPath: string) => void,
): Promise<ReplayedLog> {
  const { waits, schedule, scheduler } = options;
  if (schedule !== undefined && /\.swf$/i.test(schedule)) {
    throw new OcxError({
      code: 'INPUT_USAGE',
      message: 'the header of a schedule as .swf counts its jobs, which a stream learns last',
      remedy: 'write it as .csv, or leave --stream out',
    });
  }
  const run = async (writers: readonly RowWriter[]): Promise<ReplayedLog> => {
    const stream = new SwfStream(output.path(logPath), { details: options.policy !== undefined });
    const replayed = await replayStream(stream, options, writers);
    check(replayed.figures, stream.records, logPath);
    for (const writer of writers) writer.end();
    return replayed;
  };
  const withSchedule = (writers: readonly RowWriter[]) => {
    if (schedule === undefined) return run(writers);
    return writePiecesAtomically(output.path(schedule), (write) =>
      run([...writers, new ScheduleWriter(write, scheduler)]),
    );
  };
  if (waits === undefined) return withSchedule([]);
  return writePiecesAtomically(output.path(waits), (write) =>
    withSchedule([new WaitsWriter(write)]),
  );
}

async function replayStream(
  stream: SwfStream,
  options: PiecesOptions,
  writers: readonly RowWriter[],
): Promise<ReplayedLog> {
  const rows: ReplayedRows = (jobs, starts, from, to) => {
    for (const writer of writers) writer.rows(jobs, starts, from, to);
  };
  const handing = writers.length > 0 ? { rows } : {};
  let replay: ReplayStream | null = null;
  let dropped: Readonly<Record<string, number>> = {};
  for (const piece of stream.pieces()) {
    replay ??= new ReplayStream({
      processors: machineProcessors(stream, options.procs),
      scheduler: options.scheduler,
      clairvoyant: options.clairvoyant === true,
      ...variantOf(options),
      ...handing,
    });
    const cleaned = options.policy ? cleanPiece(stream, piece, options.policy) : null;
    if (cleaned) dropped = addCounts(dropped, cleaned.dropped);
    replay.feed(cleaned?.jobs ?? piece.jobs);
    // So that Ctrl-C is heard.
    await nextTurn();
  }
  // A log without records was refused.
  const figures = replay!.finish();
  return { figures, dropped: addCounts(stream.dropped, dropped, figures.dropped) };
}

function cleanPiece(stream: SwfStream, piece: SwfPiece, policy: SwfPolicy) {
  if (policy.multipleRecords === 'merge') {
    const row = piece.details!.status.findIndex(isPartial);
    if (row >= 0) {
      throw new OcxError({
        code: 'INPUT_USAGE',
        message: `job ${piece.jobs.jobNumber[row]} stands in several records, and merging them needs the whole log`,
        place: { file: stream.path },
        remedy: 'leave --stream out, or clean with multipleRecords=keep as well',
      });
    }
  }
  return cleanSwf(piece, policy);
}

/** Sums of counts by reason. */
export function addCounts(
  ...parts: readonly Readonly<Record<string, number>>[]
): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const part of parts) {
    for (const [reason, count] of Object.entries(part)) sums[reason] = (sums[reason] ?? 0) + count;
  }
  return sums;
}

/** Lines go out in pieces of about this many characters. */
const PIECE_CHARACTERS = 1 << 18;

abstract class RowWriter {
  readonly #write: Write;
  #text: string;

  constructor(write: Write, head: string) {
    this.#write = write;
    this.#text = head;
  }

  abstract rows(jobs: JobTable, starts: Float64Array, from: number, to: number): void;

  protected line(line: string): void {
    this.#text += line;
    if (this.#text.length >= PIECE_CHARACTERS) this.#flush();
  }

  end(): void {
    this.#flush();
  }

  #flush(): void {
    this.#write(this.#text);
    this.#text = '';
  }
}

class ScheduleWriter extends RowWriter {
  readonly #scheduler: string;

  constructor(write: Write, scheduler: string) {
    super(write, SCHEDULE_HEAD);
    this.#scheduler = scheduler;
  }

  rows(jobs: JobTable, starts: Float64Array, from: number, to: number): void {
    for (let row = from; row < to; row++) {
      this.line(scheduleLine(jobs, row, starts[row]!, this.#scheduler));
    }
  }
}

/** Jobs of one instant are held back until it is over: they are written by number. */
class WaitsWriter extends RowWriter {
  #submit = NaN;
  #together: { readonly job: number; readonly wait: number }[] = [];

  constructor(write: Write) {
    super(write, 'job,wait\n');
  }

  rows(jobs: JobTable, starts: Float64Array, from: number, to: number): void {
    for (let row = from; row < to; row++) {
      const submit = jobs.submitSeconds[row]!;
      if (submit !== this.#submit) this.#finishInstant();
      this.#submit = submit;
      this.#together.push({ job: jobs.jobNumber[row]!, wait: starts[row]! - submit });
    }
  }

  override end(): void {
    this.#finishInstant();
    super.end();
  }

  #finishInstant(): void {
    if (this.#together.length > 1) this.#together.sort((a, b) => a.job - b.job);
    for (const { job, wait } of this.#together) this.line(`${job},${wait}\n`);
    this.#together.length = 0;
  }
}
