import test from 'ava';
import fc from 'fast-check';
import type { RunOutcome } from '../../../core/metrics/outcome.ts';
import { searchHardware } from '../../../sim/experiment/hardware-search.ts';
import type { Hardware } from '../../../sim/experiment/hardware-search.ts';

const totalOf = (nodes: Readonly<Record<string, number>>) =>
  Object.values(nodes).reduce((a, b) => a + b, 0);

/** A market that pools: each organisation meets its need while the pool is large enough. */
function poolRun(hardware: Hardware, needs: Record<string, number>, pooled: number): RunOutcome {
  const total = Object.values(hardware)
    .map(totalOf)
    .reduce((a, b) => a + b, 0);
  const met = (need: number) => (total >= pooled ? need : need * 0.5);
  return {
    variant: 'market',
    replication: 0,
    organisations: Object.entries(needs).map(([name, need]) => ({
      name,
      metNodeMs: met(need),
    })) as never,
    demand: { releaseMs: [], dueMs: [], nodeMs: [] },
    met: { releaseMs: [0], dueMs: [10], nodeMs: [totalOf(needs)] },
    resolvedMs: 10,
    market: null,
    digest: '',
    events: 0,
    invariantViolations: [],
    ledgerImbalanceMillicredits: 0,
  };
}

test('both searches find the exact sizes of a world whose needs are known', (t) => {
  const need = fc.integer({ min: 1, max: 60 });
  fc.assert(
    fc.property(need, need, fc.nat(40), fc.nat(40), (a, b, slackA, slackB) => {
      const needs = { a, b };
      const pooled = Math.max(2, Math.ceil((a + b) * 0.7));
      const result = searchHardware({
        installed: {
          a: { standard: a + slackA, legacy: 0 },
          b: { standard: 0, legacy: b + slackB },
        },
        organisationTolerance: 0.005,
        windowStartMs: 0,
        metAlone: (name, nodes) => Math.min(totalOf(nodes), needs[name as 'a' | 'b']),
        runMarket: (hardware) => poolRun(hardware, needs, pooled),
      });
      t.is(result.requiredStatic['a'], a);
      t.is(result.requiredStatic['b'], b);
      t.is(result.requiredStaticNodes, a + b);
      t.is(result.requiredMarketNodes, pooled);
      t.is(result.installedNodes, a + b + slackA + slackB);
      t.true(result.monotone);
    }),
    { numRuns: 200 },
  );
});

test('classes keep their mix, in whole nodes that add up', (t) => {
  const seen: Hardware[] = [];
  searchHardware({
    installed: { a: { standard: 7, legacy: 3 }, b: { standard: 5, legacy: 5 } },
    organisationTolerance: 0,
    windowStartMs: 0,
    metAlone: (_name, nodes) => Math.min(totalOf(nodes), 9),
    runMarket: (hardware) => {
      seen.push(hardware);
      return poolRun(hardware, { a: 9, b: 9 }, 13);
    },
  });
  t.deepEqual(seen[0], { a: { standard: 6, legacy: 3 }, b: { standard: 5, legacy: 4 } });
  for (const hardware of seen) {
    for (const nodes of Object.values(hardware)) {
      for (const count of Object.values(nodes)) t.true(Number.isInteger(count) && count >= 0);
    }
  }
});

test('a market that needs more than static partition is found above it', (t) => {
  const result = searchHardware({
    installed: { a: { standard: 10 } },
    organisationTolerance: 0,
    windowStartMs: 0,
    metAlone: (_name, nodes) => Math.min(totalOf(nodes), 10),
    runMarket: (hardware) => poolRun(hardware, { a: 10 }, 14),
  });
  t.is(result.requiredStaticNodes, 10);
  t.is(result.requiredMarketNodes, 14);
});

test('a gap above the result is reported, not hidden', (t) => {
  const result = searchHardware({
    installed: { a: { standard: 20 } },
    organisationTolerance: 0,
    windowStartMs: 0,
    metAlone: (_name, nodes) => Math.min(totalOf(nodes), 20),
    runMarket: (hardware) => {
      const total = totalOf(hardware['a']!);
      return poolRun(hardware, { a: 20 }, total === 13 ? 99 : 12);
    },
  });
  t.is(result.requiredMarketNodes, 12);
  t.false(result.monotone);
});

test('a claim beyond the bounds is a violation', (t) => {
  const result = searchHardware({
    installed: { a: { standard: 10 } },
    organisationTolerance: 0,
    windowStartMs: 0,
    metAlone: (_name, nodes) => Math.min(totalOf(nodes), 10),
    // Nine nodes that do the work of a hundred.
    runMarket: (hardware) => ({
      ...poolRun(hardware, { a: 10 }, 9),
      met: { releaseMs: [0], dueMs: [10], nodeMs: [1000] },
    }),
  });
  t.is(result.requiredMarketNodes, 9);
  t.is(result.invariantViolations.length, 1);
});
