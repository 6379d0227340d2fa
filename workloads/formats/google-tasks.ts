/** Events of tasks (Google's cluster traces) as machines: from each schedule to what ends it. */
import type { TextPlace } from '../set-aside.ts';
import type { MachineRecorder } from './machine-log.ts';

/** One event of one task. */
export interface TaskEvent {
  readonly kind: 'submit' | 'schedule' | 'end' | 'update' | 'other';
  /** Null for 2^63 − 1: after the trace's end. */
  readonly seconds: number | null;
  readonly job: string;
  readonly task: string;
  readonly cpu: number | null;
  readonly memory: number | null;
  readonly category: string;
}

interface OpenTask {
  event: TaskEvent;
  startSeconds: number | null;
  place: TextPlace;
}

const MICROSECONDS = 1e6;
/** 2^63 − 1 stands for what happened after the trace's end; no time of a trace has so many digits. */
const MOST_DIGITS = 15;

/** Seconds of microseconds written in decimal; null after the trace, NaN for what is no number. */
export function secondsOfMicroseconds(text: string): number | null {
  if (!/^\d{1,19}$/.test(text)) return NaN;
  return text.length > MOST_DIGITS ? null : Number(text) / MICROSECONDS;
}

/** Puts events together; tasks are named `job/index`, ids stay text. */
export class TaskIntervals {
  readonly #recorder: MachineRecorder;
  readonly #open = new Map<string, OpenTask>();
  readonly #startSeconds: number;

  /** @param startSeconds of the trace; what is scheduled at 0 was there before */
  constructor(recorder: MachineRecorder, startSeconds: number) {
    this.#recorder = recorder;
    this.#startSeconds = startSeconds;
  }

  take(event: TaskEvent, place: TextPlace): void {
    const { seconds } = event;
    if (Number.isNaN(seconds)) return this.#recorder.aside.add('timeUnknown', place);
    // What happens after the trace's end is not seen: the task outlasts it.
    if (seconds === null || event.kind === 'other') return;
    this.#recorder.lastsUntil(seconds);
    const key = `${event.job}/${event.task}`;
    const open = this.#open.get(key);
    if (event.kind === 'submit') {
      if (open === undefined) this.#open.set(key, { event, startSeconds: null, place });
    } else if (event.kind === 'schedule') {
      if (open !== undefined && open.startSeconds !== null)
        this.#recorder.aside.add('scheduledTwice', place);
      else this.#open.set(key, { event: sized(event, open?.event), startSeconds: seconds, place });
    } else if (event.kind === 'update') {
      if (open === undefined) return;
      if (open.startSeconds !== null) this.#close(key, open, seconds);
      const startSeconds = open.startSeconds === null ? null : seconds;
      this.#open.set(key, { event: sized(event, open.event), startSeconds, place });
    } else {
      if (open === undefined) return this.#recorder.aside.add('endsWithoutBegin', place);
      this.#open.delete(key);
      if (open.startSeconds === null) this.#recorder.aside.add('neverScheduled', open.place);
      else this.#close(key, open, seconds);
    }
  }

  /** Tasks that still run outlast the trace; those that still wait are set aside. */
  finish(): void {
    for (const [key, open] of this.#open) {
      if (open.startSeconds === null) this.#recorder.aside.add('neverScheduled', open.place);
      else this.#close(key, open, null);
    }
  }

  #close(key: string, open: OpenTask, endSeconds: number | null): void {
    const { cpu, memory, job, category } = open.event;
    this.#recorder.add(
      {
        id: key,
        startSeconds: open.startSeconds!,
        endSeconds,
        begunBefore: open.startSeconds! < this.#startSeconds,
        cores: cpu ?? NaN,
        memoryGb: memory ?? NaN,
        owner: job,
        category,
      },
      open.place,
    );
  }
}

/** Events may leave out what the task asked for before. */
function sized(event: TaskEvent, before: TaskEvent | undefined): TaskEvent {
  return {
    ...event,
    cpu: event.cpu ?? before?.cpu ?? null,
    memory: event.memory ?? before?.memory ?? null,
  };
}
