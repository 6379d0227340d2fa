import test from 'ava';
import { createHighsSolver } from '../../../backends/solver/highs.ts';
import { clearingBound } from '../../../core/market/clearing/bound.ts';
import { checkClearing } from '../../../core/market/clearing/check.ts';
import type { LpSolver } from '../../../core/market/clearing/linear-program.ts';
import type { PartSolver } from '../../../core/market/clearing/winners.ts';
import { mechanismsBySolver } from '../../../core/market/mechanisms/by-solver.ts';
import { mechanisms } from '../../../core/market/mechanisms/registry.ts';
import { bruteForceWelfare } from '../support/brute-force.ts';
import { ask, bid, round } from '../support/orders.ts';
import { randomRound } from '../support/random-round.ts';

const highs = await createHighsSolver();

function by(solver: LpSolver, more: Partial<PartSolver> = {}): PartSolver {
  return { solver, mostBids: 300, mostNodes: 500, relativeGap: 0, ...more };
}

function tinyRound(seed: number) {
  return randomRound(
    {
      bids: 4,
      optionsPerBid: 2,
      slots: 4,
      classes: 1 + (seed % 2),
      nodesPerClass: 5,
      asksPerClass: 2,
      largestGang: 4,
      longestWindow: 3,
      scalableShare: 0.5,
      mixedTerms: seed % 2 === 0,
      crossClass: true,
      organisations: 6,
    },
    seed,
  );
}

/** Three asks on different terms: more than the exact search can tell apart in a few branches. */
const crowded = randomRound(
  {
    bids: 20,
    optionsPerBid: 2,
    slots: 24,
    classes: 1,
    nodesPerClass: 24,
    asksPerClass: 3,
    largestGang: 12,
    longestWindow: 12,
    scalableShare: 0.3,
    mixedTerms: true,
    crossClass: false,
    organisations: 8,
  },
  1,
);

/** No search, no branches: whatever is found is the integer solver's. */
const ALONE = { iterations: 0, branches: 0 };

test('the integer program alone finds what trying everything finds', (t) => {
  const optimum = mechanismsBySolver.get('optimum')!(by(highs));
  for (let seed = 0; seed < 40; seed++) {
    const tiny = tinyRound(seed);
    const { clearing } = optimum.clear(tiny, ALONE, {});
    t.is(clearing.welfareMillicredits, bruteForceWelfare(tiny), `seed ${seed}`);
    t.is(checkClearing(tiny, clearing, optimum.properties), null);
  }
});

test('from a start it only gets better, and twice the same', (t) => {
  for (const [name, make] of mechanismsBySolver) {
    const helped = make(by(highs, { mostNodes: 50 }));
    const { clearing } = helped.clear(crowded, { branches: 0 }, {});
    const unhelped = mechanisms.get(name)!.clear(crowded, { branches: 0 }, {}).clearing;
    t.true(clearing.welfareMillicredits > unhelped.welfareMillicredits, name);
    t.true(clearing.search!.upperBoundMillicredits < unhelped.search!.upperBoundMillicredits, name);
    t.is(checkClearing(crowded, clearing, helped.properties), null);
    if (name === 'combinatorial-vcg') continue;
    t.deepEqual(helped.clear(structuredClone(crowded), { branches: 0 }, {}).clearing, clearing);
  }
});

test('an integer solver that fails or answers nonsense leaves the clearing as it was', (t) => {
  const failing: LpSolver = {
    version: 'failing',
    solve: () => ({ status: 'failed', refusal: { code: 'RESOURCE_SOLVER_FAILED', message: 'no' } }),
  };
  const raving: LpSolver = {
    version: 'raving',
    solve: ({ cost, columnUpper, rowUpper }) => ({
      status: 'optimal',
      objective: 1e15,
      bound: Infinity,
      columnValue: columnUpper.slice(),
      rowPrice: new Float64Array(rowUpper.length + cost.length),
    }),
  };
  const before = mechanisms.get('exchange-threshold')!.clear(crowded, ALONE, {}).clearing;
  for (const solver of [failing, raving]) {
    const helped = mechanismsBySolver.get('exchange-threshold')!(by(solver));
    t.deepEqual(helped.clear(crowded, ALONE, {}).clearing, before);
  }
  const small = mechanismsBySolver.get('exchange-threshold')!(by(highs, { mostBids: 19 }));
  t.deepEqual(small.clear(crowded, ALONE, {}).clearing, before);
});

test('slot prices are what scarcity makes of them, slot by slot', (t) => {
  const orders = round(
    [
      bid('wins', { valueMillicredits: 2_000, startSlot: 2, endSlot: 4 }),
      bid('loses', { valueMillicredits: 1_200, startSlot: 2, endSlot: 4 }),
      bid('elsewhere', { valueMillicredits: 900, nodeClass: 'B' }),
    ],
    [
      ask('a', { endSlot: 8, reserveMillicredits: 100 }),
      ask('b', { nodeClass: 'B', nodes: 2, endSlot: 1, reserveMillicredits: 70 }),
    ],
  );
  const { slotPrices } = clearingBound(orders, highs);
  const price = (nodeClass: string, slot: number) =>
    slotPrices.find((p) => p.nodeClass === nodeClass && p.startSlot <= slot && slot < p.endSlot)
      ?.millicreditsPerNodeSlot;
  t.is(price('A', 0), 100);
  t.is(price('A', 7), 100);
  // Over both slots together the loser's value, 1,200, and not above the winner's.
  const both = price('A', 2)! + price('A', 3)!;
  t.true(both >= 1_199 && both <= 2_000, String(both));
  t.is(price('B', 0), 70);
  t.is(price('B', 1), undefined);
});
