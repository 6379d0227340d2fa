import test from 'ava';
import { runFaultSeed } from '../../sim/fault/fault-seed.ts';
import { FAULTS } from '../../sim/fault/fault-mix.ts';
import type { Fault } from '../../sim/fault/fault-mix.ts';

const SEEDS = 2_000;
/** Every fault must have been met at least so often, or the simulation does not simulate it. */
const LEAST_OF_EACH_FAULT = 100;
/** Digests that are taken twice. */
const REPEATED_SEEDS = 40;

test('2,000 seeds of faults break no invariant, and every fault is met', (t) => {
  const faults = new Map<Fault, number>();
  const cells = new Map<string, number>();
  const total = { events: 0, faults: 0, active: 0, freed: 0, withheld: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const result = runFaultSeed(seed);
    for (const { invariant, timeMs, detail } of result.violations) {
      t.fail(
        `seed ${seed} at ${timeMs} ms: ${invariant}: ${detail}\n` +
          `reproduce with: ocx torture --seeds ${seed}`,
      );
    }
    addCounts(faults, result.faultCounts);
    addCounts(cells, result.coverage);
    total.events += result.events;
    total.faults += result.faults;
    total.active += result.outcomes.active;
    total.freed += result.outcomes.freed;
    total.withheld += result.outcomes.withheld;
  }
  t.log(`${SEEDS} seeds, ${total.events} events, ${total.faults} faults`);
  t.log(`${(total.faults / SEEDS).toFixed(1)} faults a seed`);
  t.log(`${total.active} node-leases active, ${total.freed} freed, ${total.withheld} withheld`);
  t.log(`${cells.size} of fault × state of the node were met`);
  for (const fault of FAULTS) {
    const times = faults.get(fault) ?? 0;
    t.true(times >= LEAST_OF_EACH_FAULT, `${fault} was met ${times} times`);
  }
  t.true(total.active > SEEDS, 'most seeds bring nodes to their tenants');
  t.true(total.freed > 4 * SEEDS, 'and back to their owners');
});

test('a seed gives the same history twice', (t) => {
  const digests = new Set<string>();
  for (let seed = 1; seed <= REPEATED_SEEDS; seed++) {
    const first = runFaultSeed(seed);
    t.is(runFaultSeed(seed).digest, first.digest);
    digests.add(first.digest);
  }
  t.is(digests.size, REPEATED_SEEDS, 'and another seed another one');
});

function addCounts<Key>(sums: Map<Key, number>, counts: ReadonlyMap<Key, number>): void {
  for (const [key, count] of counts) sums.set(key, (sums.get(key) ?? 0) + count);
}
