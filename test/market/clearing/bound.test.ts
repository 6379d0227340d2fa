import test from 'ava';
import { createHighsSolver } from '../../../backends/solver/highs.ts';
import { clearingBound, dualBound } from '../../../core/market/clearing/bound.ts';
import type { LinearProgram, LpSolver } from '../../../core/market/clearing/linear-program.ts';
import { optimumBound } from '../../../core/market/clearing/optimum-bound.ts';
import { exchangeThreshold } from '../../../core/market/mechanisms/exchange-threshold.ts';
import { bruteForceWelfare } from '../support/brute-force.ts';
import { ask, bid, round } from '../support/orders.ts';
import { randomRound } from '../support/random-round.ts';

const solver = await createHighsSolver();

/** maximise 3x + 2y subject to x + y ≤ 4, x ≤ 2, y ≤ 3: 2 · 3 + 2 · 2. */
const program: LinearProgram = {
  cost: Float64Array.of(3, 2),
  columnUpper: Float64Array.of(2, 3),
  rowLower: Float64Array.of(-Infinity),
  rowUpper: Float64Array.of(4),
  starts: Int32Array.of(0, 1, 2),
  rowIndex: Int32Array.of(0, 0),
  coefficient: Float64Array.of(1, 1),
};

function smallRound(seed: number) {
  return randomRound(
    {
      bids: 4,
      optionsPerBid: 2,
      slots: 4,
      classes: 2,
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

test('HiGHS solves a linear program with prices', (t) => {
  const solution = solver.solve(program);
  t.is(solution.status, 'optimal');
  if (solution.status !== 'optimal') return;
  t.is(solution.objective, 10);
  t.deepEqual([...solution.columnValue], [2, 2]);
  t.deepEqual([...solution.rowPrice], [2]);
  t.is(dualBound(program, solution.rowPrice), 10);
});

test('HiGHS keeps integer columns whole', (t) => {
  const solution = solver.solve({
    ...program,
    rowUpper: Float64Array.of(3.5),
    integer: Uint8Array.of(1, 1),
  });
  t.is(solution.status === 'optimal' && solution.objective, 8);
});

test('a program without a solution is a refusal, and the solver goes on', (t) => {
  const infeasible = { ...program, rowLower: Float64Array.of(9), rowUpper: Float64Array.of(9) };
  const solution = solver.solve(infeasible);
  t.is(solution.status, 'failed');
  t.is(solution.status === 'failed' && solution.refusal.code, 'RESOURCE_SOLVER_FAILED');
  t.is(solver.solve(program).status, 'optimal');
});

test('the solver can be called thousands of times', (t) => {
  for (let i = 0; i < 2_000; i++) {
    const solution = solver.solve(program);
    if (solution.status !== 'optimal' || solution.objective !== 10) {
      t.fail(`call ${i}`);
      return;
    }
  }
  t.pass();
});

test('no clearing of a tiny round is worth more than its bound', (t) => {
  let tight = 0;
  for (let seed = 0; seed < 150; seed++) {
    const tiny = smallRound(seed);
    const best = bruteForceWelfare(tiny);
    const { upperBoundMillicredits, refusal } = clearingBound(tiny, solver);
    t.is(refusal, null);
    t.true(upperBoundMillicredits >= best, `seed ${seed}: ${upperBoundMillicredits} < ${best}`);
    if (upperBoundMillicredits <= best * 1.02 + 1) tight += 1;
  }
  t.true(tight >= 75, `within 2 % in only ${tight} of 150`);
});

test('a solver that errs or gives up makes the bound looser, never wrong', (t) => {
  const wild: LpSolver = {
    version: 'wild',
    solve: (p) => ({
      status: 'optimal',
      objective: 0,
      bound: 0,
      columnValue: new Float64Array(p.cost.length),
      rowPrice: p.rowUpper.map((_, i) => (i % 3) * 70 - 40),
    }),
  };
  const lazy: LpSolver = {
    version: 'lazy',
    solve: () => ({ status: 'failed', refusal: { code: 'RESOURCE_SOLVER_FAILED', message: 'no' } }),
  };
  for (let seed = 0; seed < 60; seed++) {
    const tiny = smallRound(seed);
    const best = bruteForceWelfare(tiny);
    t.true(clearingBound(tiny, wild).upperBoundMillicredits >= best);
    const given = clearingBound(tiny, lazy);
    t.true(given.upperBoundMillicredits >= best);
    const nothing = tiny.asks.length === 0 || given.upperBoundMillicredits === 0;
    t.is(given.refusal?.code ?? null, nothing ? null : 'RESOURCE_SOLVER_FAILED');
  }
});

test('merging asks on the same terms keeps the bound valid', (t) => {
  // Enough (option, ask) pairs for the asks to be merged.
  const large = randomRound(
    {
      bids: 500,
      optionsPerBid: 3,
      slots: 24,
      classes: 2,
      nodesPerClass: 300,
      asksPerClass: 25,
      largestGang: 16,
      longestWindow: 12,
      scalableShare: 0.2,
      mixedTerms: true,
      crossClass: true,
      organisations: 9,
    },
    1,
  );
  const sameReserve = {
    ...large,
    asks: large.asks.map((a) => ({ ...a, reserveMillicredits: 100 })),
  };
  const { welfareMillicredits, search } = exchangeThreshold.clear(
    sameReserve,
    { iterations: 500 },
    {},
  ).clearing;
  const { upperBoundMillicredits } = clearingBound(sameReserve, solver);
  t.true(welfareMillicredits <= upperBoundMillicredits);
  t.true(
    welfareMillicredits >= 0.6 * upperBoundMillicredits,
    `${welfareMillicredits / upperBoundMillicredits}`,
  );
  t.true(search!.upperBoundMillicredits >= welfareMillicredits);
});

test('the bound of a round without trade is 0', (t) => {
  t.is(clearingBound(round([], []), solver).upperBoundMillicredits, 0);
  const dear = round([bid('b', { valueMillicredits: 5 })], [ask('a', { reserveMillicredits: 9 })]);
  t.is(clearingBound(dear, solver).upperBoundMillicredits, 0);
});

test('the bound for metrics is never below the best, and meets it where the relaxation does not', (t) => {
  let better = 0;
  for (let seed = 0; seed < 60; seed++) {
    const tiny = smallRound(seed);
    const best = bruteForceWelfare(tiny);
    t.is(optimumBound(tiny, solver), best, `seed ${seed}`);
    if (clearingBound(tiny, solver).upperBoundMillicredits > best) better += 1;
  }
  t.true(better >= 10, `${better} of 60`);
});
