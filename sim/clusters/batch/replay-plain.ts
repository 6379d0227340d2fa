/**
 * Backfilling behind one reservation, every pass from nothing: slower than `replay-easy.ts` and open
 * to whatever changes between passes, orders, expectations or when there is a pass at all. With the
 * estimates of users and the variant of pyss it gives the same schedule; a test holds them against
 * each other.
 *
 * At one instant submissions come before terminations, terminations in order of starting. An
 * expectation that was outlived is corrected at the next pass; the correction itself causes none.
 */
import type { ReplayMachine } from './replay-machine.ts';
import { runSeconds } from './replay-machine.ts';
import type { ReplayPolicy } from './replay-policy.ts';
import type { EasyVariant } from './replay-variant.ts';

interface Running {
  readonly job: number;
  readonly start: number;
  /** Seconds; grows where it was outlived. */
  expected: number;
}

export class PlainReplay {
  readonly #machine: ReplayMachine;
  readonly #policy: ReplayPolicy;
  readonly #variant: EasyVariant;
  readonly #queue: number[] = [];
  /** Those whose processors are not counted as free, in order of starting. */
  readonly #running: Running[] = [];
  /** When the scheduler looks next because of something that happened. */
  #passSeconds = Infinity;

  constructor(machine: ReplayMachine, policy: ReplayPolicy, variant: EasyVariant) {
    this.#machine = machine;
    this.#policy = policy;
    this.#variant = variant;
  }

  /** @param nextRow the row after this one that can run; `table.count` when there is none */
  run(nextRow: (row: number) => number): void {
    const machine = this.#machine;
    const { table, terminations } = machine;
    let row = nextRow(-1);
    for (;;) {
      const submit = row < table.count ? table.submitSeconds[row]! : Infinity;
      const end = terminations.peekTime();
      const now = Math.min(submit, end, this.#passSeconds);
      if (now === Infinity) return;
      machine.now = now;
      if (submit === now) {
        this.#beforeEvent();
        this.#queue.push(row);
        this.#policy.submitted(row);
        row = nextRow(row);
        this.#afterEvent();
      } else if (end === now) {
        this.#beforeEvent();
        this.#end(terminations.pop());
        this.#afterEvent();
      } else {
        this.#passSeconds = Infinity;
        this.#pass();
      }
    }
  }

  #beforeEvent(): void {
    const { pass, elapsed } = this.#variant;
    if (pass !== 'event' || elapsed !== 'free') return;
    const { now } = this.#machine;
    for (let i = this.#running.length - 1; i >= 0; i--) {
      const { job, start } = this.#running[i]!;
      if (start + this.#machine.estimate(job) <= now) this.#release(i);
    }
  }

  #afterEvent(): void {
    const { pass } = this.#variant;
    const { now } = this.#machine;
    if (pass === 'event') this.#pass();
    else if (pass === 'instant') this.#passSeconds = now;
    else this.#passSeconds = Math.min(this.#passSeconds, Math.ceil(now / pass) * pass);
  }

  #end(job: number): void {
    const index = this.#running.findIndex((running) => running.job === job);
    if (index >= 0) this.#release(index);
    this.#policy.ended(job);
  }

  #release(index: number): void {
    const [{ job }] = this.#running.splice(index, 1) as [Running];
    this.#machine.free += this.#machine.table.processors[job]!;
  }

  #start(job: number): void {
    const machine = this.#machine;
    const expected = this.#policy.expected(job);
    machine.free -= machine.table.processors[job]!;
    machine.startSeconds[job] = machine.now;
    machine.terminations.push(machine.now + runSeconds(machine.table, job), 0, job);
    this.#running.push({ job, start: machine.now, expected });
    this.#policy.started(job);
  }

  #pass(): void {
    const machine = this.#machine;
    const sizes = machine.table.processors;
    const queue = this.#queue;
    this.#policy.arrange(queue);
    let started = 0;
    while (started < queue.length && sizes[queue[started]!]! <= machine.free) {
      this.#start(queue[started++]!);
    }
    queue.splice(0, started);
    if (queue.length < 2 || machine.free === 0) return;
    this.#correct();
    this.#backfill();
  }

  /** Gives jobs that outlived their expectation a longer one. */
  #correct(): void {
    const { now } = this.#machine;
    for (const running of this.#running) {
      const elapsed = now - running.start;
      if (running.expected > elapsed) continue;
      running.expected = this.#policy.corrected(running.job, running.expected, elapsed);
    }
  }

  #backfill(): void {
    const machine = this.#machine;
    const sizes = machine.table.processors;
    const reservation = this.#reservation(sizes[this.#queue[0]!]!);
    let { extra } = reservation;
    const candidates = this.#queue.slice(1);
    this.#policy.arrangeCandidates(candidates);
    const started = new Set<number>();
    for (const job of candidates) {
      if (machine.free === 0) break;
      const size = sizes[job]!;
      if (size > machine.free) continue;
      if (machine.now + this.#policy.expected(job) > reservation.shadow) {
        if (!this.#variant.extra || size > extra) continue;
        extra -= size;
      }
      this.#start(job);
      started.add(job);
    }
    if (started.size === 0) return;
    const waiting = this.#queue.filter((job) => !started.has(job));
    this.#queue.splice(0, this.#queue.length, ...waiting);
  }

  /** When there will be `size` processors, as far as is expected, and how many it leaves over. */
  #reservation(size: number): { shadow: number; extra: number } {
    const { free, table } = this.#machine;
    const ends = this.#running
      .map(({ job, start, expected }) => ({ end: start + expected, freed: table.processors[job]! }))
      .sort((a, b) => a.end - b.end);
    let available = free;
    let index = 0;
    while (available < size) available += ends[index++]!.freed;
    const shadow = ends[index - 1]!.end;
    while (index < ends.length && ends[index]!.end === shadow) available += ends[index++]!.freed;
    return { shadow, extra: available - size };
  }
}
