/**
 * The hold model at 1,000, 100,000 and 1,000,000 pending events: the kernel's calendar queue with
 * dispatch through a function table, against bare loops and against SimPy.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CalendarQueue } from '../sim/queue/calendar-queue.ts';
import { EventQueue } from '../sim/queue/event-queue.ts';
import { cpuSeconds } from './benchmark.ts';
import type { Benchmark, Figure } from './benchmark.ts';
import { calendarLoop } from './peers/calendar-loop.ts';
import { heapLoop } from './peers/heap-loop.ts';
import { exponentialTimes } from './peers/hold-loop.ts';
import type { Handler, HoldLoop } from './peers/hold-loop.ts';

const SIZES = [
  { pending: 1_000, label: '1 k', events: 4_000_000, aim: 12, simpyEvents: 400_000 },
  { pending: 100_000, label: '100 k', events: 3_000_000, aim: 8, simpyEvents: 200_000 },
  { pending: 1_000_000, label: '1 M', events: 2_000_000, aim: 2, simpyEvents: 100_000 },
] as const;
const ROUNDS = 5;
const PYTHON = '/usr/bin/python3';

const calendarQueue: HoldLoop = (initialTimes, events, increments, handlers) => {
  const queue = new CalendarQueue();
  for (let i = 0; i < initialTimes.length; i++) queue.push(initialTimes[i]!, 0, i);
  const mask = increments.length - 1;
  for (let event = 0; event < events; event++) {
    const node = queue.pop();
    const now = queue.poppedTimeMs;
    handlers[node & 3]!(now);
    queue.push(now + increments[event & mask]!, 0, node);
  }
  return queue.poppedTimeMs;
};

/** What the simulated world uses: objects, tokens, cancellation. */
const eventQueue: HoldLoop = (initialTimes, events, increments, handlers) => {
  const queue = new EventQueue<{ readonly kind: number }>();
  for (let i = 0; i < initialTimes.length; i++)
    queue.schedule(initialTimes[i]!, 0, { kind: i & 3 });
  const mask = increments.length - 1;
  for (let event = 0; event < events; event++) {
    const item = queue.next()!;
    handlers[item.kind]!(queue.nowMs);
    queue.schedule(queue.nowMs + increments[event & mask]!, 0, item);
  }
  return queue.nowMs;
};

const ENGINES = { calendarLoop, heapLoop, calendarQueue, eventQueue } as const;
type Engine = keyof typeof ENGINES;

export const holdModel: Benchmark = {
  name: 'hold-model',
  title: 'Hold model: events handed out and put back, exponential increments',
  run() {
    const figures: Figure[] = [];
    const notes: string[] = [];
    const increments = exponentialTimes(65_536, 1);
    for (const size of SIZES) {
      const rates = measure(exponentialTimes(size.pending, 7), size.events, increments);
      const simpy = simpyRate(size.pending, size.simpyEvents);
      figures.push(...figuresOf(size, rates, simpy));
      if (typeof simpy === 'string') notes.push(`SimPy, ${size.label}: skipped, ${simpy}`);
    }
    return { figures, notes };
  },
};

/** Best rate of each engine, million events per CPU second; every end time must be the same. */
function measure(
  initialTimes: Float64Array,
  events: number,
  increments: Float64Array,
): Record<Engine, number> {
  const counts = [0, 0, 0, 0];
  const handlers = counts.map(
    (_, kind): Handler =>
      () =>
        void (counts[kind]! += 1),
  );
  const best: Record<Engine, number> = {
    calendarLoop: Infinity,
    heapLoop: Infinity,
    calendarQueue: Infinity,
    eventQueue: Infinity,
  };
  const ends = new Set<number>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of Object.keys(ENGINES) as Engine[]) {
      const run = ENGINES[name];
      const fill = cpuSeconds(() => run(initialTimes, 0, increments, handlers));
      const all = cpuSeconds(() => ends.add(run(initialTimes, events, increments, handlers)));
      best[name] = Math.min(best[name], Math.max(all - fill, 1e-9));
    }
  }
  if (ends.size !== 1) throw new Error('the engines disagree about the time of the last event');
  const rate = (name: Engine) => events / best[name] / 1e6;
  return {
    calendarLoop: rate('calendarLoop'),
    heapLoop: rate('heapLoop'),
    calendarQueue: rate('calendarQueue'),
    eventQueue: rate('eventQueue'),
  };
}

function figuresOf(
  { label, aim }: (typeof SIZES)[number],
  rates: Record<Engine, number>,
  simpy: number | string,
): Figure[] {
  const rate = (what: string, value: number, bound?: number): Figure => ({
    what: `${label}: ${what}`,
    value,
    unit: 'M events/CPU-s',
    better: 'more',
    ...(bound === undefined ? {} : { aim: bound }),
  });
  const ratio = (what: string, value: number, must: number): Figure => ({
    what: `${label}: ${what}`,
    value,
    unit: '×',
    better: 'more',
    must,
  });
  const ours = rates.calendarQueue;
  return [
    rate('calendar queue', ours, aim),
    rate('event queue of the world', rates.eventQueue),
    rate('bare calendar loop', rates.calendarLoop),
    rate('plain heap loop', rates.heapLoop),
    ratio('calendar queue / bare loop', ours / rates.calendarLoop, 0.7),
    ratio('bare loop / plain heap', rates.calendarLoop / rates.heapLoop, 0.9),
    ...(typeof simpy === 'number'
      ? [rate('SimPy, callbacks', simpy), ratio('calendar queue / SimPy', ours / simpy, 10)]
      : []),
  ];
}

/** Million events per CPU second, or why there is no such figure. */
function simpyRate(pending: number, events: number): number | string {
  if (!existsSync(PYTHON)) return `there is no ${PYTHON}`;
  const script = join(import.meta.dirname, 'peers', 'simpy-hold.py');
  const run = spawnSync(PYTHON, [script, String(pending), String(events)], { encoding: 'utf8' });
  if (run.status === 3) return 'SimPy is not installed (Debian: python3-simpy3)';
  const rate = Number(run.stdout);
  return run.status === 0 && rate > 0 ? rate / 1e6 : `it failed: ${run.stderr.trim().slice(-200)}`;
}
