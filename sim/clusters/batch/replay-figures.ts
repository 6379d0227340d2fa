/** The figures of a replay, from its jobs in whatever order: sums are exact until they are divided. */
import { ExactSum } from '../../../core/kernel/exact-sum.ts';

export interface ReplayFigures {
  /** Jobs that ran. */
  readonly jobs: number;
  /** How many rows were dropped, by reason; only reasons that occurred. */
  readonly dropped: Readonly<Record<string, number>>;
  /** 0 without jobs, like the next. */
  readonly meanWaitSeconds: number;
  /** Mean of max(1, (wait + run) / max(run, 10 s)) (Feitelson et al., JSSPP 1997). */
  readonly meanBoundedSlowdown: number;
  /** Processor-seconds used / (processors · makespan). */
  readonly utilisation: number;
  /** First submission to last end. */
  readonly makespanSeconds: number;
}

/** Bound on the run time in the slowdown, seconds; as in the oracle. */
const SLOWDOWN_BOUND_SECONDS = 10;

/** max(1, (wait + run) / max(run, 10 s)) (Feitelson et al., JSSPP 1997). */
export function boundedSlowdown(waitSeconds: number, runSeconds: number): number {
  return Math.max(1, (waitSeconds + runSeconds) / Math.max(runSeconds, SLOWDOWN_BOUND_SECONDS));
}

/** Counts jobs that ran. */
export class FigureCounter {
  readonly #processors: number;
  #jobs = 0;
  readonly #wait = new ExactSum();
  readonly #slowdown = new ExactSum();
  readonly #used = new ExactSum();
  #first = Infinity;
  #last = -Infinity;

  /** @param processors of the machine */
  constructor(processors: number) {
    this.#processors = processors;
  }

  /** @param run in seconds, cut to the estimate */
  count(submit: number, start: number, run: number, size: number): void {
    const wait = start - submit;
    this.#jobs += 1;
    this.#wait.add(wait);
    this.#slowdown.add(boundedSlowdown(wait, run));
    this.#used.add(run * size);
    if (submit < this.#first) this.#first = submit;
    if (start + run > this.#last) this.#last = start + run;
  }

  figures(dropped: Readonly<Record<string, number>>): ReplayFigures {
    const jobs = this.#jobs;
    const makespanSeconds = jobs > 0 ? this.#last - this.#first : 0;
    return {
      jobs,
      dropped,
      meanWaitSeconds: jobs > 0 ? this.#wait.value / jobs : 0,
      meanBoundedSlowdown: jobs > 0 ? this.#slowdown.value / jobs : 0,
      utilisation: jobs > 0 ? this.#used.value / (this.#processors * makespanSeconds) : 0,
      makespanSeconds,
    };
  }
}
