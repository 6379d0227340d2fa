/**
 * Events of jobs (collections) of Google's cluster traces as two series: how many wait and how many
 * run. Jobs have no sizes of their own, those are with their tasks.
 */
import type { TextPlace } from '../set-aside.ts';
import type { SeriesRecorder } from './series-log.ts';

export type JobEventKind = 'submit' | 'schedule' | 'end' | 'other';

export class JobCounts {
  readonly #recorder: SeriesRecorder;
  readonly #running = new Map<string, boolean>();
  #runningCount = 0;

  constructor(recorder: SeriesRecorder) {
    this.#recorder = recorder;
  }

  /** @param seconds null after the trace's end, NaN where unknown */
  take(kind: JobEventKind, job: string, seconds: number | null, place: TextPlace): void {
    if (Number.isNaN(seconds)) return this.#recorder.aside.add('timeUnknown', place);
    if (seconds === null || kind === 'other') return;
    const before = this.#running.get(job);
    if (kind === 'end') {
      if (before === undefined) return this.#recorder.aside.add('endsWithoutBegin', place);
      this.#running.delete(job);
      if (before) this.#runningCount -= 1;
    } else {
      const runs = kind === 'schedule' || before === true;
      if (runs && before !== true) this.#runningCount += 1;
      this.#running.set(job, runs);
    }
    this.#recorder.add('waiting', seconds, this.#running.size - this.#runningCount, place);
    this.#recorder.add('running', seconds, this.#runningCount, place);
  }
}
