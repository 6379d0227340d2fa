/**
 * Progress on standard error: a bar where that is a terminal, plain lines now and then where it
 * is not, nothing with `--quiet` and nothing for work that is done within two seconds.
 */
import type { TextSink } from '../streams.ts';

export interface Progress {
  /** So much is done, of the total given at the start. */
  update(done: number): void;
  /** Removes the bar. Must be called once, also after a failure. */
  finish(): void;
}

export interface ProgressOptions {
  readonly stream: TextSink;
  readonly quiet: boolean;
  readonly label: string;
  /** Steps of the whole work; 0 where unknown. */
  readonly total: number;
  /** Milliseconds that never run backwards; for tests. */
  readonly clock?: () => number;
}

/** Work shorter than this shows nothing. */
const PATIENCE_MS = 2_000;
/** A bar is drawn at most this often. */
const BAR_INTERVAL_MS = 100;
/** A plain line is printed at most this often. */
const LINE_INTERVAL_MS = 10_000;
const BAR_WIDTH = 24;
const ERASE_LINE = '\r\u001b[K';

export function startProgress(options: ProgressOptions): Progress {
  const { stream, label, total } = options;
  if (options.quiet) return { update() {}, finish() {} };
  const clock = options.clock ?? (() => performance.now());
  const startMs = clock();
  const bar = stream.isTTY === true;
  let drawnMs = startMs + PATIENCE_MS - (bar ? BAR_INTERVAL_MS : LINE_INTERVAL_MS);
  let drawn = false;
  return {
    update(done) {
      const nowMs = clock();
      if (nowMs - startMs < PATIENCE_MS) return;
      if (nowMs - drawnMs < (bar ? BAR_INTERVAL_MS : LINE_INTERVAL_MS)) return;
      drawnMs = nowMs;
      drawn = true;
      const text = describe(label, done, total, nowMs - startMs);
      stream.write(bar ? `${ERASE_LINE}${drawBar(done, total)}${text}` : `${text}\n`);
    },
    finish() {
      if (bar && drawn) stream.write(ERASE_LINE);
    },
  };
}

function drawBar(done: number, total: number): string {
  if (total <= 0) return '';
  const filled = Math.max(0, Math.min(BAR_WIDTH, Math.floor((BAR_WIDTH * done) / total)));
  return `[${'='.repeat(filled)}${' '.repeat(BAR_WIDTH - filled)}] `;
}

function describe(label: string, done: number, total: number, elapsedMs: number): string {
  const elapsed = `${Math.round(elapsedMs / 1_000)} s`;
  if (total <= 0) return `${label}: ${done} (${elapsed})`;
  return `${label}: ${done} of ${total} (${Math.floor((100 * done) / total)} %, ${elapsed})`;
}
