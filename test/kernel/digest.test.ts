import test from 'ava';
import * as fc from 'fast-check';
import { Digest } from '../../core/kernel/digest.ts';

function digestOf(...values: readonly unknown[]): string {
  const digest = new Digest();
  for (const value of values) digest.add(value);
  return digest.toString();
}

test('the same values give the same digest, in another digest and after other ones', (t) => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => digestOf(value) === digestOf(structuredClone(value))),
  );
  t.regex(digestOf({ kind: 'TimerFired' }), /^[0-9a-f]{16}$/);
});

test('any other value gives another digest', (t) => {
  const seen = new Map<string, string>();
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value);
      const digest = digestOf(JSON.parse(text));
      const before = seen.get(digest) ?? text;
      seen.set(digest, text);
      return before === text;
    }),
    { numRuns: 2_000 },
  );
  t.true(seen.size > 100);
});

test('one changed character, key, number or order is seen', (t) => {
  const event = { kind: 'NodeReady', nodeId: 'hpc-a.standard.00001', timeMs: 3_600_000 };
  const others = [
    { ...event, kind: 'NodeReadz' },
    { ...event, nodeId: 'hpc-a.standard.00010' },
    { ...event, nodeId: 'hpc-a.standard.0001' },
    { ...event, timeMs: 3_600_001 },
    { ...event, timeMs: 3_600_000.5 },
    { kind: event.kind, nodeID: event.nodeId, timeMs: event.timeMs },
    { nodeId: event.nodeId, kind: event.kind, timeMs: event.timeMs },
    { ...event, extra: null },
  ];
  const digests = [event, ...others].map((value) => digestOf(value));
  t.is(new Set(digests).size, digests.length);
  t.not(digestOf('ab', 'c'), digestOf('a', 'bc'));
  t.not(digestOf([[], [1]]), digestOf([[1], []]));
  t.not(digestOf({ a: {}, b: 1 }), digestOf({ a: { b: 1 } }));
  t.not(digestOf(0), digestOf(-0));
});

test('a member that is undefined is as good as absent', (t) => {
  t.is(digestOf({ a: 1, b: undefined }), digestOf({ a: 1 }));
});

test('more keys than are kept change nothing', (t) => {
  const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`key ${i}`, i]));
  const before = digestOf({ late: 1, other: 2 });
  t.is(digestOf(many), digestOf(many));
  t.is(digestOf({ late: 1, other: 2 }), before);
});
