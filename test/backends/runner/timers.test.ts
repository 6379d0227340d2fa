import fc from 'fast-check';
import test from 'ava';
import { liveClock } from '../../../backends/runner/clock.ts';
import { Timers } from '../../../backends/runner/timers.ts';
import { ManualClock } from './manual-clock.ts';

test('timers fire once, in the order of their times and then of their setting', (t) => {
  const clock = new ManualClock(0);
  const fired: string[] = [];
  const timers = new Timers(clock, (timerId) => fired.push(`${timerId}@${clock.nowMs()}`));
  timers.set('late', 30);
  timers.set('first', 10);
  timers.set('second', 10);
  timers.set('gone', 10);
  timers.set('moved', 10);
  timers.set('moved', 20);
  timers.cancel('gone');
  timers.start();
  for (const nowMs of [5, 10, 15, 20, 40]) clock.set(nowMs);
  t.deepEqual(fired, ['first@10', 'second@10', 'moved@20', 'late@40']);
  t.is(timers.size, 0);
});

test('before the start nothing fires; then what is overdue does, the earliest first', (t) => {
  const clock = new ManualClock(100);
  const fired: string[] = [];
  const timers = new Timers(clock, (timerId) => fired.push(timerId));
  timers.set('b', 50);
  timers.set('a', 20);
  clock.set(200);
  t.deepEqual(fired, []);
  timers.start();
  clock.set(200);
  t.deepEqual(fired, ['a', 'b']);
  timers.set('c', 210);
  timers.stop();
  clock.set(300);
  t.deepEqual(fired, ['a', 'b']);
});

test('any number of timers needs one alarm, and fires as a sorted list does', (t) => {
  const step = fc.record({ id: fc.nat(12), atMs: fc.nat(50), isCancelled: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const clock = new ManualClock(0);
      const fired: string[] = [];
      const timers = new Timers(clock, (timerId) => fired.push(timerId));
      const oracle = new Map<string, number>();
      timers.start();
      for (const { id, atMs, isCancelled } of steps) {
        oracle.delete(`${id}`);
        if (isCancelled) timers.cancel(`${id}`);
        else timers.set(`${id}`, atMs);
        if (!isCancelled) oracle.set(`${id}`, atMs);
      }
      if (clock.alarms > 1) throw new Error('one alarm is enough');
      clock.set(60);
      const expected = [...oracle].sort((a, b) => a[1] - b[1]).map(([id]) => id);
      if (fired.join() !== expected.join()) throw new Error(`${fired} for ${expected}`);
    }),
    { numRuns: 200, seed: 7 },
  );
  t.pass();
});

test('the live clock never stands behind the journal, and wakes late rather than early', async (t) => {
  const aheadMs = Date.now() + 3_600_000;
  const clock = liveClock(aheadMs);
  t.true(clock.nowMs() >= aheadMs);
  t.true(Math.abs(liveClock().nowMs() - Date.now()) < 1_000);
  const atMs = clock.nowMs() + 20;
  await new Promise<void>((resolve) => clock.wakeAt(atMs, resolve));
  t.true(clock.nowMs() >= atMs);
  const callOff = clock.wakeAt(clock.nowMs() + 5, () => t.fail('it was called off'));
  callOff();
  await new Promise((resolve) => setTimeout(resolve, 15));
});
