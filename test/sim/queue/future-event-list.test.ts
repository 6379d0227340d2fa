import test from 'ava';
import fc from 'fast-check';
import { CalendarQueue } from '../../../sim/queue/calendar-queue.ts';
import type { FutureEventList } from '../../../sim/queue/future-event-list.ts';
import { HeapQueue } from '../../../sim/queue/heap-queue.ts';

/** The obvious list: keeps everything sorted by inserting behind equals. */
class SortedList implements Omit<FutureEventList, 'carry'> {
  poppedTimeMs = -Infinity;
  poppedPriority = 0;
  readonly #entries: { timeMs: number; priority: number; payload: number }[] = [];
  get size(): number {
    return this.#entries.length;
  }
  push(timeMs: number, priority: number, payload: number): void {
    const index = this.#entries.findIndex(
      (entry) => entry.timeMs > timeMs || (entry.timeMs === timeMs && entry.priority > priority),
    );
    const place = index < 0 ? this.#entries.length : index;
    this.#entries.splice(place, 0, { timeMs, priority, payload });
  }
  pop(): number {
    const entry = this.#entries.shift();
    if (!entry) return -1;
    this.poppedTimeMs = entry.timeMs;
    this.poppedPriority = entry.priority;
    return entry.payload;
  }
  peek(): number {
    return this.#entries[0]?.payload ?? -1;
  }
  peekTime(): number {
    return this.#entries[0]?.timeMs ?? Infinity;
  }
  clear(): void {
    this.#entries.length = 0;
  }
}

type Call =
  | { readonly kind: 'push'; readonly timeMs: number; readonly priority: number }
  | { readonly kind: 'pushLater'; readonly delayMs: number; readonly priority: number }
  | { readonly kind: 'pop'; readonly times: number }
  | { readonly kind: 'peek' };

/** Everything that a caller can see of a list under these calls. */
function history(list: Omit<FutureEventList, 'carry'>, calls: readonly Call[]): string {
  const lines: string[] = [];
  let payload = 0;
  for (const call of calls) {
    if (call.kind === 'push') list.push(call.timeMs, call.priority, payload++);
    else if (call.kind === 'pushLater') {
      const now = list.poppedTimeMs === -Infinity ? 0 : list.poppedTimeMs;
      list.push(now + call.delayMs, call.priority, payload++);
    } else if (call.kind === 'peek') lines.push(`peek ${list.peek()} ${list.peekTime()}`);
    else {
      for (let i = 0; i < call.times; i++) lines.push(popLine(list));
    }
  }
  while (list.size > 0) lines.push(popLine(list));
  lines.push(popLine(list));
  return lines.join('\n');
}

function popLine(list: Omit<FutureEventList, 'carry'>): string {
  const payload = list.pop();
  return `${payload} ${list.poppedTimeMs} ${list.poppedPriority} ${list.size}`;
}

const priority = fc.oneof(fc.integer({ min: -2, max: 2 }), fc.integer({ min: -32768, max: 32767 }));

/** Distributions made to hurt: ties, clusters, powers of two, huge spans, denormals, signs. */
const delays = [
  fc.integer({ min: 0, max: 3 }),
  fc.integer({ min: 0, max: 1_000_000 }),
  fc.constantFrom(0, 0, 0, 1, 3_600_000, 900_000, 1e12),
  fc.integer({ min: 0, max: 52 }).map((exponent) => 2 ** exponent),
  fc.integer({ min: 0, max: 300 }).map((k) => k * 65_536),
  fc.double({ min: 0, max: 1e300, noNaN: true }),
  fc.double({ min: 0, max: 1e-300, noNaN: true }),
];
const calls = fc.integer({ min: 0, max: delays.length }).chain((which) => {
  const delayMs = which < delays.length ? delays[which]! : fc.oneof(...delays);
  return fc.array(
    fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record({ kind: fc.constant('pushLater' as const), delayMs, priority }),
      },
      {
        weight: 3,
        arbitrary: fc.record({
          kind: fc.constant('push' as const),
          timeMs: fc.tuple(delayMs, fc.constantFrom(1, -1)).map(([time, sign]) => time * sign),
          priority,
        }),
      },
      {
        weight: 4,
        arbitrary: fc.record({
          kind: fc.constant('pop' as const),
          times: fc.integer({ min: 1, max: 5 }),
        }),
      },
      { weight: 1, arbitrary: fc.constant({ kind: 'peek' as const }) },
    ),
    { maxLength: 400, size: 'max' },
  );
});

for (const [name, create] of [
  ['calendar queue', () => new CalendarQueue()],
  ['heap', () => new HeapQueue()],
] as const) {
  test(`the ${name} has the history of a sorted list`, (t) => {
    fc.assert(
      fc.property(calls, (sequence) => {
        return history(create(), sequence) === history(new SortedList(), sequence);
      }),
      { numRuns: 400, seed: 20 },
    );
    t.pass();
  });

  test(`the ${name} can be cleared and used again`, (t) => {
    const list = create();
    for (let i = 0; i < 500; i++) list.push((i * 7919) % 1000, i % 3, i);
    list.pop();
    list.clear();
    t.is(list.size, 0);
    t.is(list.pop(), -1);
    list.push(2, 0, 1);
    list.push(1, 0, 2);
    t.deepEqual([list.peekTime(), list.peek(), list.pop(), list.pop()], [1, 2, 2, 1]);
  });

  test(`the ${name} refuses keys that have no order`, (t) => {
    const list = create();
    for (const [time, rank, payload] of [
      [NaN, 0, 0],
      [Infinity, 0, 0],
      [-Infinity, 0, 0],
      [0, 0.5, 0],
      [0, 32768, 0],
      [0, -32769, 0],
      [0, NaN, 0],
      [0, 0, -1],
      [0, 0, 1.5],
      [0, 0, 2147483648],
    ] as const) {
      t.throws(() => list.push(time, rank, payload), { code: 'INVARIANT_VIOLATED' });
    }
    t.is(list.size, 0);
  });
}

/** A small generator with a known state; the distributions below are built on it. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

/** Holds `pending` events for `events` steps and compares the two lists at each. */
function holdTogether(pending: number, events: number, increment: () => number): CalendarQueue {
  const calendar = new CalendarQueue();
  const heap = new HeapQueue();
  for (let i = 0; i < pending; i++) {
    const time = increment();
    calendar.push(time, i % 2, i);
    heap.push(time, i % 2, i);
  }
  for (let i = 0; i < events; i++) {
    const payload = calendar.pop();
    if (payload !== heap.pop()) throw new Error(`the lists part at event ${i}`);
    if (calendar.poppedTimeMs !== heap.poppedTimeMs) throw new Error(`times part at event ${i}`);
    const time = heap.poppedTimeMs + increment();
    calendar.push(time, payload % 3, payload);
    heap.push(time, payload % 3, payload);
  }
  return calendar;
}

test('the lists agree over long holds of many shapes of increments', (t) => {
  const uniform = generator(1);
  const exponential = () => -Math.log(1 - uniform());
  const shapes: Record<string, () => number> = {
    exponential,
    constant: () => 5,
    uniform,
    'integer milliseconds': () => Math.floor(exponential() * 1000),
    'quarters of an hour': () => 900_000 * Math.floor(uniform() * 20),
    bimodal: () => (uniform() < 0.9 ? exponential() * 1e-3 : exponential() * 1e6),
    'heavy tail': () => 1 / (1 - uniform()) / (1 - uniform()),
    'powers of two': () => Math.exp(Math.floor(uniform() * 40) * Math.LN2),
    zero: () => 0,
  };
  for (const [name, increment] of Object.entries(shapes)) {
    t.notThrows(() => holdTogether(3_000, 12_000, increment), name);
    t.notThrows(() => holdTogether(3, 2_000, increment), name);
  }
});

test('the calendar moves to the heap where it is unsuited and comes back afterwards', (t) => {
  const calendar = new CalendarQueue();
  const heap = new HeapQueue();
  const push = (time: number, rank: number, payload: number) => {
    calendar.push(time, rank, payload);
    heap.push(time, rank, payload);
  };
  // One instant, scattered priorities: every insertion walks through half of its bucket.
  for (let i = 0; i < 20_000; i++) push(7, (i * 7_919) % 20_000, i);
  t.true(calendar.usesHeap);
  for (let i = 0; i < 20_000; i++) {
    if (calendar.pop() !== heap.pop()) t.fail(`the lists part at event ${i}`);
  }
  push(8, 0, 1);
  t.false(calendar.usesHeap);
  t.is(calendar.pop(), heap.pop());
});

test('a million events at one instant cost one step each', (t) => {
  const calendar = new CalendarQueue();
  for (let i = 0; i < 1_000_000; i++) calendar.push(42, 0, i);
  t.false(calendar.usesHeap);
  let inOrder = true;
  for (let i = 0; i < 1_000_000; i++) inOrder &&= calendar.pop() === i;
  t.true(inOrder);
});
