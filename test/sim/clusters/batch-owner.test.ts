/** Promises of a batch owner: nodes of one ask that are sold in windows one after another. */
import test from 'ava';
import { emptyJobTable } from '../../../core/demand/jobs.ts';
import { DAY_MS, HOUR_MS } from '../../../core/kernel/units.ts';
import { BatchOwner } from '../../../sim/clusters/batch-owner.ts';
import { POLICY, VALUATION } from './setups.ts';

/** Four nodes and no jobs. */
function idleOwner(): BatchOwner {
  return new BatchOwner({
    organisation: 'org',
    kind: 'hpc',
    nodes: { standard: 4 },
    nodeClasses: ['standard'],
    classCostPerHour: { standard: 0.2 },
    securityLevel: 'none',
    valuation: VALUATION,
    policy: POLICY,
    window: { startMs: 0, endMs: 7 * DAY_MS },
    scheduler: 'easy',
    seed: 1,
    replication: 0,
    jobs: emptyJobTable(0),
  });
}

const promise = (promiseId: string, fromHour: number, untilHour: number) => ({
  promiseId,
  nodeClass: 'standard',
  nodes: 4,
  fromMs: fromHour * HOUR_MS,
  untilMs: untilHour * HOUR_MS,
  spareId: 'idle@0',
});

test('all nodes can be promised for one window after another, and are kept when they are back', (t) => {
  const owner = idleOwner();
  owner.promise(promise('first', 10, 20), 0);
  owner.promise(promise('second', 20, 30), 0);
  owner.advance(10 * HOUR_MS);
  t.true(owner.keepPromise('first'));
  owner.advance(20 * HOUR_MS);
  owner.restore('standard', 4, 20 * HOUR_MS);
  t.true(owner.keepPromise('second'));
});

test('a second promise is not kept while the nodes are still with the first borrower', (t) => {
  const owner = idleOwner();
  owner.promise(promise('first', 10, 20), 0);
  owner.promise(promise('second', 20, 30), 0);
  owner.advance(10 * HOUR_MS);
  t.true(owner.keepPromise('first'));
  owner.advance(20 * HOUR_MS);
  t.false(owner.keepPromise('second'));
});

test('a second promise that is called off leaves the first as it is', (t) => {
  const owner = idleOwner();
  owner.promise(promise('first', 10, 20), 0);
  owner.promise(promise('second', 20, 30), 0);
  owner.dropPromise('second');
  owner.advance(10 * HOUR_MS);
  t.true(owner.keepPromise('first'));
});
