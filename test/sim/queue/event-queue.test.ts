import test from 'ava';
import fc from 'fast-check';
import { CalendarQueue } from '../../../sim/queue/calendar-queue.ts';
import { EventQueue } from '../../../sim/queue/event-queue.ts';
import { HeapQueue } from '../../../sim/queue/heap-queue.ts';

test('events come by time, then priority, then order of scheduling', (t) => {
  const queue = new EventQueue<string>();
  queue.schedule(20, 0, 'late');
  queue.schedule(10, 1, 'second class, first');
  queue.schedule(10, 0, 'first class');
  queue.schedule(10, 1, 'second class, second');
  t.is(queue.nextTimeMs(), 10);
  const order = [queue.next(), queue.next(), queue.next()];
  t.deepEqual(order, ['first class', 'second class, first', 'second class, second']);
  t.deepEqual([queue.nowMs, queue.priority, queue.size], [10, 1, 1]);
  t.deepEqual([queue.next(), queue.next()], ['late', undefined]);
  t.is(queue.nextTimeMs(), Infinity);
  t.is(queue.nowMs, 20);
});

test('a cancelled event never comes, and an old token cancels nobody else', (t) => {
  const queue = new EventQueue<string>();
  const first = queue.schedule(1, 0, 'first');
  queue.schedule(2, 0, 'second');
  t.true(queue.cancel(first));
  t.false(queue.cancel(first));
  t.is(queue.size, 1);
  t.is(queue.nextTimeMs(), 2);
  t.is(queue.next(), 'second');
  const third = queue.schedule(3, 0, 'third');
  const fourth = queue.schedule(3, 0, 'fourth');
  t.false(queue.cancel(first));
  t.is(queue.next(), 'third');
  t.false(queue.cancel(third));
  t.true(queue.cancel(fourth));
  t.false(queue.cancel(-1));
  t.false(queue.cancel(12345));
  t.is(queue.next(), undefined);
});

test('scheduling in the past is a bug', (t) => {
  const queue = new EventQueue<number>();
  queue.schedule(5, 0, 1);
  queue.next();
  t.throws(() => queue.schedule(4.9, 0, 2), { code: 'INVARIANT_VIOLATED' });
  t.throws(() => queue.schedule(NaN, 0, 2), { code: 'INVARIANT_VIOLATED' });
  t.is(queue.size, 0);
  queue.schedule(5, 0, 3);
  t.is(queue.next(), 3);
});

test('with cancellations it still has the history of a sorted array, on either list', (t) => {
  const action = fc.oneof(
    fc.record({
      kind: fc.constant('schedule' as const),
      delay: fc.integer({ min: 0, max: 4 }),
      priority: fc.integer({ min: 0, max: 2 }),
    }),
    fc.record({ kind: fc.constant('cancel' as const), which: fc.nat(100) }),
    fc.constant({ kind: 'next' as const }),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
      for (const queue of [
        new EventQueue<number>(new HeapQueue()),
        new EventQueue<number>(new CalendarQueue()),
      ]) {
        const tokens: number[] = [];
        let model: { time: number; priority: number; id: number }[] = [];
        let now = 0;
        for (const step of actions) {
          if (step.kind === 'schedule') {
            const id = tokens.length;
            tokens.push(queue.schedule(now + step.delay, step.priority, id));
            model.push({ time: now + step.delay, priority: step.priority, id });
          } else if (step.kind === 'cancel') {
            if (tokens.length === 0) continue;
            const id = step.which % tokens.length;
            const known = model.some((entry) => entry.id === id);
            if (queue.cancel(tokens[id]!) !== known) return false;
            model = model.filter((entry) => entry.id !== id);
          } else {
            model.sort((a, b) => a.time - b.time || a.priority - b.priority || a.id - b.id);
            if (queue.nextTimeMs() !== (model[0]?.time ?? Infinity)) return false;
            const expected = model.shift();
            if (queue.next() !== expected?.id) return false;
            if (expected) now = expected.time;
          }
          if (queue.size !== model.length) return false;
        }
      }
      return true;
    }),
    { numRuns: 500, seed: 4 },
  );
  t.pass();
});

test('cancelled events are swept out, so that timers moved again and again take no memory', (t) => {
  const list = new CalendarQueue();
  const queue = new EventQueue<number>(list);
  queue.schedule(1e9, 0, -1);
  let token = queue.schedule(1e9, 0, 0);
  for (let i = 1; i <= 50_000; i++) {
    queue.cancel(token);
    token = queue.schedule(1e9, 0, i);
  }
  t.is(queue.size, 2);
  t.true(list.size < 5_000);
  t.deepEqual([queue.next(), queue.next(), queue.next()], [-1, 50_000, undefined]);
});
