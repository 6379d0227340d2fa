/**
 * Batch schedulers written as plainly as possible, for logs of a few jobs in whole seconds: free
 * processors are an array with one entry a second, every pass starts from nothing, reservations
 * are lists. It shares nothing with the schedulers that it is held against but the rules:
 * submissions before terminations, terminations in order of starting, one pass after each event.
 */
export interface SmallJob {
  readonly submit: number;
  readonly processors: number;
  readonly run: number;
  readonly estimate: number;
}

export type Rule = 'fcfs' | 'easy' | 'easy-sjbf' | 'conservative' | 'sjf' | 'ljf';

/** Mistakes that a comparison must find. */
export type Fault =
  | 'none'
  | 'shadow-excluded'
  | 'extra-ignored'
  | 'pass-per-instant'
  | 'no-compression'
  | 'elapsed-not-free'
  | 'unstable-estimates';

export interface SmallSchedule {
  readonly starts: readonly number[];
  /** First start that each job was promised; Infinity where it was never promised one. */
  readonly promised: readonly number[];
}

interface Running {
  readonly job: number;
  readonly start: number;
  released: boolean;
}

export function bruteForce(
  jobs: readonly SmallJob[],
  processors: number,
  rule: Rule,
  fault: Fault = 'none',
): SmallSchedule {
  const machine = new SmallMachine(jobs, processors, rule, fault);
  const horizon = jobs.reduce((sum, { submit, estimate }) => Math.max(sum, submit) + estimate, 1);
  for (let now = 0; now <= horizon; now++) machine.second(now);
  return { starts: machine.starts, promised: machine.promised };
}

class SmallMachine {
  readonly starts: number[];
  readonly promised: number[];
  readonly #jobs: readonly SmallJob[];
  readonly #processors: number;
  readonly #rule: Rule;
  readonly #fault: Fault;
  #now = 0;
  #queue: number[] = [];
  #running: Running[] = [];
  /** Conservative: start by waiting job. */
  readonly #reserved = new Map<number, number>();

  constructor(jobs: readonly SmallJob[], processors: number, rule: Rule, fault: Fault) {
    this.#jobs = jobs;
    this.#processors = processors;
    this.#rule = rule;
    this.#fault = fault;
    this.starts = jobs.map(() => NaN);
    this.promised = jobs.map(() => Infinity);
  }

  second(now: number): void {
    this.#now = now;
    if (this.#fault !== 'elapsed-not-free') this.#releaseElapsed();
    for (const [job, { submit }] of this.#jobs.entries()) {
      if (submit !== now) continue;
      this.#queue.push(job);
      if (this.#rule === 'conservative') this.#reserve(job);
      if (this.#fault !== 'pass-per-instant') this.#pass();
    }
    const ending = this.#running.filter(({ job, start }) => start + this.#jobs[job]!.run === now);
    for (const run of ending) {
      run.released = true;
      this.#running.splice(this.#running.indexOf(run), 1);
      if (this.#rule === 'conservative' && this.#fault !== 'no-compression') this.#compress();
      if (this.#fault !== 'pass-per-instant') this.#pass();
    }
    this.#pass();
  }

  #releaseElapsed(): void {
    for (const run of this.#running) {
      if (run.start + this.#jobs[run.job]!.estimate <= this.#now) run.released = true;
    }
  }

  #pass(): void {
    if (this.#rule === 'conservative') this.#startReserved();
    else this.#backfill();
  }

  #start(job: number): void {
    this.#queue.splice(this.#queue.indexOf(job), 1);
    this.#reserved.delete(job);
    this.starts[job] = this.#now;
    this.#running.push({ job, start: this.#now, released: false });
  }

  /** Processors free at each second from now on, as far as running jobs' estimates can tell. */
  #freeFrom(now: number, seconds: number): number[] {
    const free = Array.from({ length: seconds }, () => this.#processors);
    for (const { job, start, released } of this.#running) {
      if (released) continue;
      const { estimate, processors } = this.#jobs[job]!;
      for (let t = now; t < start + estimate; t++) free[t - now]! -= processors;
      // A job that ended just now by its estimate, but is not counted as free, still holds on.
      if (start + estimate <= now) free[0]! -= processors;
    }
    return free;
  }

  #horizon(): number {
    return this.#jobs.reduce((sum, { estimate }) => sum + estimate, 2);
  }

  #backfill(): void {
    const free = () => this.#freeFrom(this.#now, 1)[0]!;
    if (this.#rule === 'sjf' || this.#rule === 'ljf') {
      const sign = this.#rule === 'sjf' ? 1 : -1;
      const longer = (a: number, b: number) => this.#jobs[a]!.estimate - this.#jobs[b]!.estimate;
      const ties = this.#fault === 'unstable-estimates' ? -1 : 1;
      this.#queue.sort((a, b) => sign * longer(a, b) || ties * (a - b));
    }
    while (this.#queue.length > 0 && this.#jobs[this.#queue[0]!]!.processors <= free()) {
      this.#start(this.#queue[0]!);
    }
    if (!this.#rule.startsWith('easy') || this.#queue.length === 0) return;
    const head = this.#queue[0]!;
    const ahead = this.#freeFrom(this.#now, this.#horizon());
    const shadow = ahead.findIndex((count) => count >= this.#jobs[head]!.processors);
    let extra = ahead[shadow]! - this.#jobs[head]!.processors;
    this.promised[head] = Math.min(this.promised[head]!, this.#now + shadow);
    const candidates = this.#queue.slice(1);
    if (this.#rule === 'easy-sjbf') {
      const sign = this.#fault === 'unstable-estimates' ? -1 : 1;
      candidates.sort(
        (a, b) => this.#jobs[a]!.estimate - this.#jobs[b]!.estimate || sign * (a - b),
      );
    }
    for (const job of candidates) {
      const { processors, estimate } = this.#jobs[job]!;
      if (processors > free()) continue;
      const inTime = this.#fault === 'shadow-excluded' ? estimate < shadow : estimate <= shadow;
      if (!inTime && processors > extra) continue;
      if (!inTime && this.#fault !== 'extra-ignored') extra -= processors;
      this.#start(job);
    }
  }

  #reserve(job: number): void {
    const { processors, estimate } = this.#jobs[job]!;
    const seconds = this.#horizon();
    const free = this.#freeFrom(this.#now, 2 * seconds);
    for (const [other, start] of this.#reserved) {
      if (other === job) continue;
      const { processors: taken, estimate: long } = this.#jobs[other]!;
      for (let t = start; t < start + long; t++) free[t - this.#now]! -= taken;
    }
    let start = 0;
    while (free.slice(start, start + estimate).some((count) => count < processors)) start += 1;
    this.#reserved.set(job, this.#now + start);
    this.promised[job] = Math.min(this.promised[job]!, this.#now + start);
  }

  #compress(): void {
    for (const job of this.#queue) {
      if (this.#reserved.get(job)! > this.#now) this.#reserve(job);
    }
  }

  #startReserved(): void {
    for (const job of [...this.#queue]) {
      if (this.#reserved.get(job)! <= this.#now) this.#start(job);
    }
  }
}

/** A small generator with a known state. */
export function smallRandom(seed: number): (exclusiveEnd: number) => number {
  let state = Math.imul(seed + 1, 2654435761) >>> 0;
  return (exclusiveEnd) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * exclusiveEnd);
  };
}

/** A log of up to 12 jobs, most of them close together so that there is a queue. */
export function smallLog(seed: number): { jobs: SmallJob[]; processors: number } {
  const random = smallRandom(seed);
  const processors = 1 + random(6);
  const gap = 1 + random(5);
  const long = 2 + random(9);
  let submit = 0;
  const jobs = Array.from({ length: 1 + random(12) }, () => {
    submit += random(gap);
    const estimate = 1 + random(long);
    const run = random(3) === 0 ? estimate : 1 + random(estimate);
    return { submit, processors: 1 + random(processors), run, estimate };
  });
  return { jobs, processors };
}
