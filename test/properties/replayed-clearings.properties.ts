/**
 * Clearing the same round again gives the same bytes: of a copy for every mechanism; of the orders in
 * another order of submission for those that clear sealed rounds. Rounds of 1–200 bids.
 */
import test from 'ava';
import { canonicalJson } from '../../core/kernel/canonical-json.ts';
import { randomStream } from '../../core/kernel/random.ts';
import type { RandomStream } from '../../core/kernel/random.ts';
import { mechanisms } from '../../core/market/mechanisms/registry.ts';
import type { Mechanism } from '../../core/market/mechanism.ts';
import type { MarketRound } from '../../core/market/orders.ts';
import { recordClearing } from '../../core/market/service.ts';
import { randomRound } from '../market/support/random-round.ts';

const RUNS = Number(process.env['OCX_PROPERTY_RUNS'] ?? 40);
const SEED = Number(process.env['OCX_PROPERTY_SEED'] ?? 3);
const MOST_BIDS = 200;
/** Mechanisms for which the order of submission is nothing. */
const SEALED = new Set([
  'k-double-auction',
  'exchange-threshold',
  'combinatorial-vcg',
  'greedy-critical',
  'optimum',
]);

test(`${RUNS} clearings of up to ${MOST_BIDS} bids come out the same twice`, (t) => {
  const names = [...mechanisms.keys()].filter((name) => name !== 'exchange-threshold');
  let traded = 0;
  let permuted = 0;
  for (let run = 0; run < RUNS; run++) {
    // Every second one by the default mechanism, the others in turn.
    const name = run % 2 === 0 ? 'exchange-threshold' : names[(run >> 1) % names.length]!;
    const mechanism = mechanisms.get(name)!;
    const random = randomStream({ seed: SEED, replication: run, entity: 'round', purpose: 'test' });
    const round = drawnRound(random, SEED * 1_000_000 + run);
    const first = bytes(mechanism, round);
    if (!first.includes('"fills":[]')) traded += 1;
    if (bytes(mechanism, structuredClone(round)) !== first) t.fail(`${name}, run ${run}`);
    if (!SEALED.has(name) || run % 4 !== 0) continue;
    permuted += 1;
    if (bytes(mechanism, inAnotherOrder(round, random)) !== first) {
      t.fail(`${name}, run ${run}: the order of submission changed something`);
    }
  }
  t.true(traded > RUNS / 2, `${traded} traded`);
  t.true(permuted >= Math.floor(RUNS / 4));
});

function drawnRound(random: RandomStream, seed: number): MarketRound {
  const share = random.uniform();
  const bids = 1 + Math.floor((MOST_BIDS - 1) * share * share);
  const classes = 1 + random.integer(3);
  const load = 0.5 + 1.5 * random.uniform();
  return randomRound(
    {
      bids,
      optionsPerBid: 1 + random.integer(3),
      slots: 24,
      classes,
      // A bid is for 6.5 nodes over 6.5 slots on average.
      nodesPerClass: Math.max(4, Math.round((bids * 6.5 * 6.5) / load / (24 * classes))),
      asksPerClass: 1 + random.integer(4),
      largestGang: 12,
      longestWindow: 12,
      scalableShare: random.uniform(),
      mixedTerms: random.integer(2) === 0,
      crossClass: random.integer(2) === 0,
      organisations: 2 + random.integer(20),
    },
    seed,
  );
}

function inAnotherOrder(round: MarketRound, random: RandomStream): MarketRound {
  return { ...round, bids: shuffled(round.bids, random), asks: shuffled(round.asks, random) };
}

function shuffled<T>(list: readonly T[], random: RandomStream): T[] {
  const all = [...list];
  for (let i = all.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [all[i], all[j]] = [all[j]!, all[i]!];
  }
  return all;
}

/** Everything that a round comes to; orders left out in the order of their ids. */
function bytes(mechanism: Mechanism, round: MarketRound): string {
  const { clearing, state } = mechanism.clear(round, {}, {});
  const { rejected, ...rest } = recordClearing(clearing);
  const leftOut = rejected.map((each) => canonicalJson(each)).sort();
  return canonicalJson({ ...rest, leftOut, state });
}
