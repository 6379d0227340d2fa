/**
 * Backfilling behind one reservation as plainly as possible, for small logs in whole seconds, with
 * predictions, priorities and the variants of EASY. Every figure is made anew from the history of
 * the schedule: what users used second by second, what is predicted from the list of ended jobs,
 * shadow times by looking at second after second.
 */
import type { PrioritySettings } from '../../../sim/clusters/batch/replay-fair-share.ts';
import type { EasyVariant } from '../../../sim/clusters/batch/replay-variant.ts';
import type { SmallJob } from './brute-force.ts';

export interface UserJob extends SmallJob {
  readonly user: number;
}

export type PlainRule = 'easy' | 'easy-sjbf' | 'easy++' | 'maui';

/** Mistakes that a comparison must find. */
export type PlainFault =
  | 'none'
  | 'first-two-jobs'
  | 'predicts-anew'
  | 'no-decay'
  | 'everybody-counts'
  | 'pass-every-second';

export interface PlainRun {
  readonly jobs: readonly UserJob[];
  readonly processors: number;
  readonly rule: PlainRule;
  readonly variant: EasyVariant;
  readonly priority: PrioritySettings;
  /** Growth of predictions, in order. */
  readonly steps: readonly number[];
  readonly fault?: PlainFault;
}

interface Started {
  readonly job: number;
  readonly start: number;
  readonly expected: number;
  /** Its processors count as free. */
  released: boolean;
}

export function bruteForcePlain(run: PlainRun): number[] {
  const machine = new PlainMachine(run);
  const longest = run.jobs.reduce((sum, { estimate }) => sum + estimate, 0);
  const last = run.jobs.reduce((most, { submit }) => Math.max(most, submit), 0);
  const wait = typeof run.variant.pass === 'number' ? run.variant.pass * run.jobs.length : 0;
  for (let now = 0; now <= last + longest + wait; now++) machine.second(now);
  return machine.starts;
}

class PlainMachine {
  readonly starts: number[];
  readonly #run: PlainRun;
  readonly #fault: PlainFault;
  #now = 0;
  #submitted: number[] = [];
  readonly #started: Started[] = [];
  /** Jobs in order of ending. */
  readonly #ended: number[] = [];
  /** By job, made at its submission. */
  readonly #predictions: number[] = [];
  #happened = false;

  constructor(run: PlainRun) {
    this.#run = run;
    this.#fault = run.fault ?? 'none';
    this.starts = run.jobs.map(() => NaN);
  }

  second(now: number): void {
    const { jobs, variant } = this.#run;
    this.#now = now;
    const event = (happen: () => void) => {
      if (variant.pass === 'event' && variant.elapsed === 'free') this.#releaseElapsed();
      happen();
      this.#happened = true;
      if (variant.pass === 'event') this.#look();
    };
    for (const [job, { submit }] of jobs.entries()) {
      if (submit !== now) continue;
      event(() => {
        this.#submitted.push(job);
        this.#predictions.push(this.#predict(job));
      });
    }
    const ending = this.#started.filter(({ job, start }) => start + jobs[job]!.run === now);
    for (const one of ending) {
      event(() => {
        one.released = true;
        this.#ended.push(one.job);
      });
    }
    const isTime = typeof variant.pass === 'number' ? now % variant.pass === 0 : true;
    if (variant.pass !== 'event' && this.#happened && isTime) this.#look();
    if (this.#fault === 'pass-every-second') this.#look();
  }

  #releaseElapsed(): void {
    for (const one of this.#started) {
      if (one.start + this.#run.jobs[one.job]!.estimate <= this.#now) one.released = true;
    }
  }

  #free(): number {
    const busy = this.#started.filter(({ released }) => !released);
    return busy.reduce(
      (free, { job }) => free - this.#run.jobs[job]!.processors,
      this.#run.processors,
    );
  }

  #start(job: number): void {
    this.starts[job] = this.#now;
    this.#started.push({
      job,
      start: this.#now,
      expected: this.#expected(job),
      released: false,
    });
  }

  /** What a job is expected to run by what has ended when it is submitted. */
  #predict(job: number): number {
    const { jobs, rule } = this.#run;
    const { estimate, user } = jobs[job]!;
    if (rule !== 'easy++') return estimate;
    const history = this.#ended.filter((other) => jobs[other]!.user === user);
    const two = this.#fault === 'first-two-jobs' ? history.slice(0, 2) : history.slice(-2);
    if (two.length < 2) return estimate;
    const predicted = Math.floor((jobs[two[0]!]!.run + jobs[two[1]!]!.run) / 2);
    return Math.min(estimate, predicted);
  }

  #expected(job: number): number {
    return this.#fault === 'predicts-anew' ? this.#predict(job) : this.#predictions[job]!;
  }

  /** When a running job is expected to end, as far as can be seen now. */
  #expectedEnd({ job, start, expected }: Started): number {
    const { jobs, steps } = this.#run;
    const { estimate } = jobs[job]!;
    let long = expected;
    for (let i = 0; start + long <= this.#now && long < estimate; i++) {
      const step = steps[i] ?? Infinity;
      long = expected + step;
    }
    return start + Math.min(long, estimate);
  }

  #look(): void {
    this.#happened = false;
    const { jobs, variant } = this.#run;
    const waits = (job: number) => Number.isNaN(this.starts[job]!);
    const queue = this.#inOrder(this.#submitted.filter(waits));
    while (queue.length > 0 && jobs[queue[0]!]!.processors <= this.#free()) {
      this.#start(queue.shift()!);
    }
    const head = queue.shift();
    if (head === undefined) return;
    const { shadow, left } = this.#reservation(jobs[head]!.processors);
    let extra = variant.extra ? left : 0;
    for (const job of this.#candidates(queue)) {
      const { processors } = jobs[job]!;
      if (processors > this.#free()) continue;
      const inTime = this.#now + this.#expected(job) <= shadow;
      if (!inTime && processors > extra) continue;
      if (!inTime) extra -= processors;
      this.#start(job);
    }
  }

  #reservation(size: number): { shadow: number; left: number } {
    const busy = this.#started.filter(({ released }) => !released);
    const freeAt = (time: number) =>
      busy
        .filter((one) => this.#expectedEnd(one) > time)
        .reduce((free, { job }) => free - this.#run.jobs[job]!.processors, this.#run.processors);
    let shadow = this.#now;
    while (freeAt(shadow) < size) shadow += 1;
    return { shadow, left: freeAt(shadow) - size };
  }

  #candidates(queue: readonly number[]): number[] {
    const { rule } = this.#run;
    if (rule !== 'easy-sjbf' && rule !== 'easy++') return [...queue];
    return [...queue].sort((a, b) => this.#expected(a) - this.#expected(b) || a - b);
  }

  #inOrder(queue: readonly number[]): number[] {
    const { jobs, rule, priority } = this.#run;
    if (rule !== 'maui') return [...queue];
    const users = [...new Set(this.#submitted.map((job) => jobs[job]!.user))];
    const known = this.#fault === 'everybody-counts' ? jobs.length : users.length;
    const worths = new Map(users.map((user) => [user, this.#used(user)]));
    const total = [...worths.values()].reduce((a, b) => a + b, 0);
    const score = (job: number) => {
      const { submit, estimate, processors, user } = jobs[job]!;
      const wait = this.#now - submit;
      const share = total > 0 ? worths.get(user)! / total : 0;
      return (
        priority.queueTime * (wait / 60) +
        priority.expansion * (1 + wait / estimate) +
        priority.processors * processors +
        priority.fairShare * 100 * (1 / known - share)
      );
    };
    return [...queue].sort((a, b) => score(b) - score(a) || a - b);
  }

  /** Weighted processor-seconds of a user, counted second by second. */
  #used(user: number): number {
    const { jobs, priority } = this.#run;
    const { windowSeconds, windows, decay } = priority;
    let sum = 0;
    for (const { job, start } of this.#started) {
      if (jobs[job]!.user !== user) continue;
      // A job whose end is now may still be waiting for it to be seen: no second of it is to come.
      for (let t = start; t < Math.min(this.#now, start + jobs[job]!.run); t++) {
        const age = Math.floor(this.#now / windowSeconds) - Math.floor(t / windowSeconds);
        if (age >= windows) continue;
        const weight = this.#fault === 'no-decay' ? 1 : decay ** age;
        sum += weight * jobs[job]!.processors;
      }
    }
    return sum;
  }
}
