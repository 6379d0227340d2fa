/** What a batch owner promises and lends: nodes sold in windows one after another, and their return. */
import test from 'ava';
import { emptyJobTable } from '../../../core/demand/jobs.ts';
import { DAY_MS, HOUR_MS } from '../../../core/kernel/units.ts';
import { BatchOwner } from '../../../sim/clusters/batch-owner.ts';
import { POLICY, VALUATION } from './setups.ts';

/** Four nodes and no jobs, if not otherwise. */
function idleOwner(jobs = emptyJobTable(0), policy: Partial<typeof POLICY> = {}): BatchOwner {
  return new BatchOwner({
    organisation: 'org',
    kind: 'hpc',
    nodes: { standard: 4 },
    nodeClasses: ['standard'],
    classCostPerHour: { standard: 0.2 },
    securityLevel: 'none',
    valuation: VALUATION,
    policy: { ...POLICY, ...policy },
    window: { startMs: 0, endMs: 7 * DAY_MS },
    scheduler: 'easy',
    seed: 1,
    replication: 0,
    jobs,
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
  owner.restore('standard', 4, 20 * HOUR_MS, 20 * HOUR_MS);
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

/** A job of one hour for all four nodes, submitted at hour 1. */
function wideJob() {
  const jobs = emptyJobTable(1);
  jobs.submitSeconds[0] = 3_600;
  jobs.processors[0] = 4;
  jobs.runSeconds[0] = 3_600;
  jobs.estimateSeconds[0] = 3_600;
  return jobs;
}

const lateAt = (owner: BatchOwner, hour: number) => {
  owner.advance(hour * HOUR_MS);
  return owner.wants(hour * HOUR_MS).length;
};

test('nothing is bid for a job that lent nodes will be back for in time', (t) => {
  const bidding = { bidAfterMinutes: 180 };
  const soon = idleOwner(wideJob(), bidding);
  soon.lend('standard', 4, 'idle', 0, 3 * HOUR_MS);
  t.is(lateAt(soon, 1), 0);
  const later = idleOwner(wideJob(), bidding);
  later.lend('standard', 4, 'idle', 0, 9 * HOUR_MS);
  t.is(lateAt(later, 1), 1);
});

test('nodes that are not back when they are due are not counted on any more', (t) => {
  const owner = idleOwner(wideJob(), { bidAfterMinutes: 180 });
  owner.lend('standard', 4, 'idle', 0, 3 * HOUR_MS);
  t.is(lateAt(owner, 2), 0);
  t.is(lateAt(owner, 4), 1);
  owner.restore('standard', 4, 4 * HOUR_MS, 3 * HOUR_MS);
  t.is(lateAt(owner, 4), 0);
});

test('nodes that come back early are those of their own lot, and the plan still has the others', (t) => {
  const owner = idleOwner(wideJob(), { bidAfterMinutes: 180 });
  owner.lend('standard', 2, 'idle', 0, 9 * HOUR_MS);
  owner.lend('standard', 2, 'idle', 0, 3 * HOUR_MS);
  // Taken from the wrong lot, all four would be in the plan by 03:00.
  owner.restore('standard', 2, 0, 3 * HOUR_MS);
  t.is(lateAt(owner, 1), 1);
  owner.restore('standard', 2, HOUR_MS, 9 * HOUR_MS);
  t.is(lateAt(owner, 1), 0);
});
