import test from 'ava';
import { DAY_MS, MINUTE_MS } from '../../../core/kernel/units.ts';
import { TimeToOffer } from '../../../sim/world/time-to-offer.ts';

const at = (minutes: number) => DAY_MS + minutes * MINUTE_MS;

function watch(steps: readonly [minute: number, what: 'idle' | 'offer', nodes: number][]) {
  const watched = new TimeToOffer({ startMs: DAY_MS, endMs: 2 * DAY_MS });
  for (const [minute, what, nodes] of steps) watched[what](nodes, at(minute));
  return watched.histogram();
}

test('a node counts when it is offered, by how long it was idle', (t) => {
  t.deepEqual(
    watch([
      [0, 'idle', 3],
      [10, 'idle', 5],
      [30, 'offer', 4],
      [60, 'offer', 5],
    ]),
    [
      [20, 1],
      [30, 3],
      [50, 1],
    ],
  );
});

test('a node that is offered still is not counted again; one that was taken back is', (t) => {
  t.deepEqual(
    watch([
      [0, 'idle', 2],
      [5, 'offer', 2],
      [65, 'offer', 2],
    ]),
    [[5, 2]],
  );
  t.deepEqual(
    watch([
      [0, 'idle', 2],
      [5, 'offer', 2],
      [65, 'offer', 1],
      [125, 'offer', 2],
    ]),
    [
      [5, 2],
      [60, 1],
    ],
  );
});

test('a node that goes into use before it was offered is not counted', (t) => {
  t.deepEqual(
    watch([
      [0, 'idle', 3],
      [20, 'idle', 1],
      [30, 'offer', 1],
    ]),
    [[30, 1]],
  );
});

test('offers outside the measured window do not count', (t) => {
  t.deepEqual(
    watch([
      [-60, 'idle', 3],
      [-30, 'offer', 2],
      [30, 'offer', 3],
      [24 * 60, 'idle', 4],
      [24 * 60, 'offer', 4],
    ]),
    [[90, 1]],
  );
});
