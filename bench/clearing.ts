/**
 * How fast `exchange-threshold` clears, and how near to the LP bound it comes.
 *
 * Small rounds are like those of a simulated year: five organisations, some tens of orders on mixed
 * terms. Large ones are gangs of 1–32 nodes over 1–24 of 48 slots in 4 classes, three XOR options a
 * bid, log-normal value density, demand 1½ times supply.
 */
import { createHighsSolver } from '../backends/solver/highs.ts';
import { instanceBound } from '../core/market/clearing/bound.ts';
import { checkClearing } from '../core/market/clearing/check.ts';
import { compileRound } from '../core/market/clearing/instance.ts';
import type { LpSolver } from '../core/market/clearing/linear-program.ts';
import { searchAllocation } from '../core/market/clearing/search.ts';
import { thresholdPayments } from '../core/market/clearing/threshold-payments.ts';
import { exchangeThreshold } from '../core/market/mechanisms/exchange-threshold.ts';
import { randomRound } from '../test/market/support/random-round.ts';
import type { RandomRoundShape } from '../test/market/support/random-round.ts';
import { cpuSeconds } from './benchmark.ts';
import type { Benchmark, BenchmarkReport, Figure } from './benchmark.ts';

const SMALL = [
  { bids: 10, load: 0.5 },
  { bids: 10, load: 1.5 },
  { bids: 30, load: 0.5 },
  { bids: 30, load: 1.5 },
  { bids: 60, load: 1.5 },
] as const;
const SMALL_ROUNDS = 300;
const PASSES = 5;
const LARGE = [500, 1_000, 2_000] as const;
const SEEDS = [1, 2] as const;

export const clearing: Benchmark = {
  name: 'clearing',
  title: 'Clearing: threshold exchange on gangs × windows with XOR options',
  run,
};

/** One core, CPU time. */
export async function run(): Promise<BenchmarkReport> {
  const solver = await createHighsSolver();
  const figures = SMALL.flatMap(({ bids, load }) => smallRounds(bids, load));
  for (const bids of LARGE) figures.push(...largeRounds(bids, solver));
  const notes = [`bounds by ${solver.version}; every clearing was checked`];
  return { figures, notes };
}

function smallRounds(bids: number, load: number): Figure[] {
  const shape: RandomRoundShape = {
    bids,
    optionsPerBid: 2,
    slots: 96,
    classes: 2,
    // A bid is for 6.5 nodes over 20.5 slots on average.
    nodesPerClass: Math.ceil((bids * 6.5 * 20.5) / load / (2 * 96)),
    asksPerClass: 4,
    largestGang: 12,
    longestWindow: 40,
    scalableShare: 0.6,
    mixedTerms: true,
    crossClass: true,
    organisations: 5,
  };
  const rounds = Array.from({ length: SMALL_ROUNDS }, (_, seed) => randomRound(shape, seed));
  let seconds = Infinity;
  for (let pass = 0; pass < PASSES; pass++) {
    const clearAll = () => rounds.forEach((round) => exchangeThreshold.clear(round, {}, {}));
    seconds = Math.min(seconds, cpuSeconds(clearAll));
  }
  for (const round of rounds) {
    const { clearing: cleared } = exchangeThreshold.clear(round, {}, {});
    const wrong = checkClearing(round, cleared, exchangeThreshold.properties);
    if (wrong) throw new Error(wrong.message);
  }
  const what = `a round of ${bids} bids and 8 asks, demand ${load} × supply`;
  return [{ what, value: (1_000 * seconds) / SMALL_ROUNDS, unit: 'ms', better: 'less' }];
}

function largeRounds(bids: number, solver: LpSolver): Figure[] {
  const results = SEEDS.map((seed) => largeRound(bids, seed, solver));
  const mean = (of: (result: (typeof results)[number]) => number) =>
    results.reduce((sum, result) => sum + of(result), 0) / results.length;
  const whole = bids === 2_000;
  return [
    {
      what: `${bids} bids: share of the LP bound`,
      value: mean(({ share }) => share),
      unit: '',
      better: 'more',
      must: 0.96,
      ...(whole ? { aim: 0.97 } : {}),
    },
    {
      what: `${bids} bids: allocation`,
      value: mean(({ searchSeconds }) => searchSeconds),
      unit: 's',
      better: 'less',
      ...(whole ? { must: 2 } : {}),
    },
    {
      what: `${bids} bids: payments`,
      value: mean(({ paymentSeconds }) => paymentSeconds),
      unit: 's',
      better: 'less',
      ...(whole ? { must: 20 } : {}),
    },
    {
      what: `${bids} bids: stated bound / LP bound`,
      value: mean(({ statedOverLp }) => statedOverLp),
      unit: '',
      better: 'less',
    },
    {
      what: `${bids} bids: LP bound`,
      value: mean(({ lpSeconds }) => lpSeconds),
      unit: 's',
      better: 'less',
    },
  ];
}

function largeRound(bids: number, seed: number, solver: LpSolver) {
  const shape: RandomRoundShape = {
    bids,
    optionsPerBid: 3,
    slots: 48,
    classes: 4,
    // A bid is for 16.5 nodes over 12.5 slots on average.
    nodesPerClass: Math.round((bids * 16.5 * 12.5) / 1.5 / (4 * 48)),
    asksPerClass: 5,
    largestGang: 32,
    longestWindow: 24,
    scalableShare: 0,
    mixedTerms: false,
    crossClass: true,
    organisations: 50,
  };
  const round = randomRound(shape, seed);
  const instance = compileRound(round, 'id', 'cheapest');
  const search = timed(() => searchAllocation(instance, null, round.seed));
  const payments = timed(() => thresholdPayments(search.value));
  const bound = timed(() => instanceBound(instance, solver));
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  if (sum(payments.value.payment) !== sum(payments.value.receipt) || bound.value.refusal) {
    throw new Error('a clearing or a bound that does not hold');
  }
  const { upperBoundMillicredits } = bound.value;
  return {
    searchSeconds: search.seconds,
    paymentSeconds: payments.seconds,
    lpSeconds: bound.seconds,
    share: search.value.allocation.welfare / upperBoundMillicredits,
    statedOverLp: search.value.upperBound / upperBoundMillicredits,
  };
}

function timed<Value>(work: () => Value): { value: Value; seconds: number } {
  let value: Value;
  const seconds = cpuSeconds(() => {
    value = work();
  });
  return { value: value!, seconds };
}
