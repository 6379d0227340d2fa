import test from 'ava';
import fc from 'fast-check';
import { CapacityProfile } from '../../../sim/clusters/batch/capacity-profile.ts';

const HORIZON = 60;
const BEYOND = 3 * HORIZON;

const time = fc.integer({ min: 0, max: HORIZON });
const change = fc.record({
  from: time,
  length: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constant(Infinity)),
  by: fc.integer({ min: -4, max: 4 }),
});
const question = fc.record({
  size: fc.integer({ min: -2, max: 9 }),
  duration: fc.integer({ min: 1, max: 25 }),
  from: time,
  window: fc.integer({ min: 1, max: 40 }),
  own: fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 40 })),
});

/** One entry a second; what lies beyond the end is as in the last second. */
function naive(start: number, changes: readonly { from: number; length: number; by: number }[]) {
  const free = Array.from({ length: BEYOND }, () => start);
  for (const { from, length, by } of changes) {
    for (let t = from; t < Math.min(BEYOND, from + length); t++) free[t]! += by;
  }
  return free;
}

test('a profile agrees with an array of seconds', (t) => {
  fc.assert(
    fc.property(
      fc.array(change, { maxLength: 40, size: 'max' }),
      fc.array(question, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 0, max: HORIZON }),
      (changes, questions, now) => {
        const profile = new CapacityProfile(0, 5);
        for (const { from, length, by } of changes) profile.add(from, from + length, by);
        const free = naive(5, changes);
        profile.advance(now);
        for (const { size, duration, from, window, own } of questions) {
          const first = Math.max(now, from);
          const end = first + window;
          const slice = free.slice(first, end);
          if (profile.freeAt(first) !== free[first]) return false;
          if (profile.most(first, end) !== Math.max(...slice)) return false;
          if (profile.least(first, end) !== Math.min(...slice)) return false;
          const changeAt = free.findIndex((count, at) => at > first && count !== free[at - 1]);
          if (profile.nextChange(first) !== (changeAt < 0 ? Infinity : changeAt)) return false;
          const ownStart = own === Infinity ? Infinity : end + own;
          const fits = (start: number) => {
            for (let at = start; at < Math.min(BEYOND, start + duration, ownStart); at++) {
              if (free[at]! < size) return false;
            }
            return true;
          };
          let expected = ownStart;
          for (let start = first; start < end && expected === ownStart; start++) {
            if (fits(start)) expected = start;
          }
          if (profile.earliest(size, duration, first, end, ownStart) !== expected) return false;
        }
        return true;
      },
    ),
    { numRuns: 600, seed: 5 },
  );
  t.pass();
});

test('a profile taken from another leaves what the rest has', (t) => {
  fc.assert(
    fc.property(
      fc.array(change, { maxLength: 15 }),
      fc.array(change, { maxLength: 15 }),
      (a, b) => {
        const sum = new CapacityProfile(0, 9);
        const part = new CapacityProfile(0, 4);
        for (const { from, length, by } of a) sum.add(from, from + length, by);
        for (const { from, length, by } of b) {
          sum.add(from, from + length, by);
          part.add(from, from + length, by);
        }
        sum.subtract(part);
        const copy = new CapacityProfile(0, 0);
        copy.assign(sum);
        const free = naive(5, a);
        for (let at = 0; at < 2 * HORIZON; at++) if (copy.freeAt(at) !== free[at]) return false;
        return true;
      },
    ),
    { numRuns: 200, seed: 6 },
  );
  t.pass();
});
