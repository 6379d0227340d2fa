/**
 * How fast `exchange-threshold` clears, and how near to the LP bound it comes.
 *
 * Small rounds are like those of a simulated year: five organisations, some tens of orders on mixed
 * terms. Large ones are gangs of 1–32 nodes over 1–24 of 48 slots in 4 classes, three XOR options a
 * bid, log-normal value density, demand 1½ times supply; once with options in several classes and
 * once with all options of a bid in one, when every class is a part of its own. Parts of one class
 * and three asks on different terms are small enough for an integer solver.
 */
import { createHighsSolver } from '../backends/solver/highs.ts';
import { instanceBound } from '../core/market/clearing/bound.ts';
import { checkClearing } from '../core/market/clearing/check.ts';
import { compileRound } from '../core/market/clearing/instance.ts';
import type { LpSolver } from '../core/market/clearing/linear-program.ts';
import { thresholdPayments } from '../core/market/clearing/threshold-payments.ts';
import { determineWinners } from '../core/market/clearing/winners.ts';
import type { PartSolver } from '../core/market/clearing/winners.ts';
import { exchangeThreshold } from '../core/market/mechanisms/exchange-threshold.ts';
import { randomRound } from '../test/market/support/random-round.ts';
import type { RandomRoundShape } from '../test/market/support/random-round.ts';
import { measureRegret } from '../test/market/support/regret.ts';
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
/** 3,490 bids at this load are for some 10,000 nodes. */
const LARGE = [500, 1_000, 2_000, 3_490] as const;
const REQUIRED = 2_000;
const EXACT = [20, 50, 100] as const;
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
  for (const bids of LARGE) figures.push(...largeRounds(bids, true, solver));
  figures.push(...largeRounds(REQUIRED, false, solver));
  for (const bids of EXACT) figures.push(...exactParts(bids, solver));
  figures.push(spotRound(), ...regrets());
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

function largeRounds(bids: number, crossClass: boolean, solver: LpSolver): Figure[] {
  const results = SEEDS.map((seed) => largeRound(bids, crossClass, seed, solver));
  const mean = (of: (result: (typeof results)[number]) => number) =>
    results.reduce((sum, result) => sum + of(result), 0) / results.length;
  const whole = bids === REQUIRED;
  const name = `${bids} bids${crossClass ? '' : ', each within one class'}`;
  return [
    {
      what: `${name}: share of the LP bound`,
      value: mean(({ share }) => share),
      unit: '',
      better: 'more',
      must: 0.96,
      ...(whole ? { aim: 0.97 } : {}),
    },
    {
      what: `${name}: allocation`,
      value: mean(({ searchSeconds }) => searchSeconds),
      unit: 's',
      better: 'less',
      ...(whole ? { must: 2 } : {}),
    },
    {
      what: `${name}: payments`,
      value: mean(({ paymentSeconds }) => paymentSeconds),
      unit: 's',
      better: 'less',
      ...(whole ? { must: 20 } : {}),
    },
    {
      what: `${name}: stated bound / LP bound`,
      value: mean(({ statedOverLp }) => statedOverLp),
      unit: '',
      better: 'less',
    },
    {
      what: `${name}: LP bound`,
      value: mean(({ lpSeconds }) => lpSeconds),
      unit: 's',
      better: 'less',
    },
  ];
}

function largeRound(bids: number, crossClass: boolean, seed: number, solver: LpSolver) {
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
    crossClass,
    organisations: 50,
  };
  const round = randomRound(shape, seed);
  const instance = compileRound(round, 'id', 'cheapest');
  const search = timed(() =>
    determineWinners(instance, { iterations: null, branches: 0, seed: round.seed, solver: null }),
  );
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

/** An integer solver on parts that the search and the exact search leave open. */
function exactParts(bids: number, solver: LpSolver): Figure[] {
  const by: PartSolver = { solver, mostBids: 300, mostNodes: 2_000, relativeGap: 1e-4 };
  const results = SEEDS.map((seed) => {
    const shape: RandomRoundShape = {
      bids,
      optionsPerBid: 2,
      slots: 24,
      classes: 1,
      // A bid is for 6.5 nodes over 6.5 slots on average.
      nodesPerClass: Math.round((bids * 6.5 * 6.5) / 1.5 / 24),
      asksPerClass: 3,
      largestGang: 12,
      longestWindow: 12,
      scalableShare: 0.3,
      mixedTerms: false,
      crossClass: false,
      organisations: 8,
    };
    const round = randomRound(shape, seed);
    const instance = compileRound(round, 'id', 'cheapest');
    const effort = { iterations: null, branches: 2_000, seed: round.seed };
    const alone = determineWinners(instance, { ...effort, solver: null });
    const helped = timed(() => determineWinners(instance, { ...effort, solver: by }));
    const { welfare } = helped.value.allocation;
    return {
      seconds: helped.seconds,
      gap: 1 - welfare / helped.value.upperBound,
      share: alone.allocation.welfare / welfare,
    };
  });
  const mean = (of: (result: (typeof results)[number]) => number) =>
    results.reduce((sum, result) => sum + of(result), 0) / results.length;
  const name = `integer solver, ${bids} bids of one class`;
  return [
    { what: `${name}: time`, value: mean(({ seconds }) => seconds), unit: 's', better: 'less' },
    { what: `${name}: gap`, value: mean(({ gap }) => gap), unit: '', better: 'less' },
    {
      what: `${name}: what the search alone reaches of it`,
      value: mean(({ share }) => share),
      unit: '',
      better: 'more',
    },
  ];
}

/** One slot, 10,000 nodes of forty owners, as many bids as make demand 1½ times supply. */
function spotRound(): Figure {
  const shape: RandomRoundShape = {
    bids: 910,
    optionsPerBid: 1,
    slots: 1,
    classes: 4,
    nodesPerClass: 2_500,
    asksPerClass: 10,
    largestGang: 32,
    longestWindow: 1,
    scalableShare: 0.5,
    mixedTerms: true,
    crossClass: false,
    organisations: 40,
  };
  const round = randomRound(shape, 1);
  exchangeThreshold.clear(round, {}, {});
  const seconds = cpuSeconds(() => exchangeThreshold.clear(round, {}, {}));
  const what = 'spot round on 10,000 nodes, 910 bids, with payments';
  return { what, value: seconds, unit: 's', better: 'less', must: 1 };
}

function regrets(): Figure[] {
  const small = measureRegret(exchangeThreshold);
  const large = measureRegret(exchangeThreshold, 4, 40);
  const figure = (what: string, value: number, must?: number): Figure => {
    const name = `regret of the threshold rule, ${what}`;
    return { what: name, value, unit: '', better: 'less', ...(must ? { must } : {}) };
  };
  return [
    figure('4 × 4 traders, 42 rounds, mean', small.mean, 0.06),
    figure('4 × 4 traders, 42 rounds, largest', small.largest, 0.2),
    figure('40 × 40 traders, 4 rounds, mean', large.mean, 0.01),
    figure('40 × 40 traders, 4 rounds, largest', large.largest),
  ];
}

function timed<Value>(work: () => Value): { value: Value; seconds: number } {
  let value: Value;
  const seconds = cpuSeconds(() => {
    value = work();
  });
  return { value: value!, seconds };
}
