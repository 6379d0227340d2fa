import test from 'ava';
import type { AgentMemory, OwnFills, Strategy } from '../../core/agents/agent.ts';
import { pick, playShares, reward } from '../../core/agents/learning/exponential-weights.ts';
import { strategies } from '../../core/agents/registry.ts';
import { randomStream } from '../../core/kernel/random.ts';
import { UNIT_TERMS, pricesOf, unitView } from './support/unit-market.ts';

const BUYER = { name: 'buyer', side: 'buyer', limit: 100_000 } as const;
const NOTHING: OwnFills = { bidIds: [], askIds: [], trades: [] };

/**
 * Rounds in which a buyer meets a seller who takes any bid of at least `least` and is paid what was
 * bid: to shade down to exactly that is best.
 */
function payAsBid(
  strategy: Strategy,
  rounds: number,
  least: number,
  parameters: Record<string, number> = {},
): { readonly gains: number[]; readonly factors: number[] } {
  let memory: AgentMemory = {};
  let fills = NOTHING;
  const gains: number[] = [];
  const factors: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const view = unitView(BUYER, round, 3);
    const decision = strategy.decide(view, UNIT_TERMS, fills, memory, parameters);
    memory = decision.memory;
    const bid = decision.orders.bids[0]!.options[0]!.valueMillicredits;
    factors.push(Math.round((bid / BUYER.limit) * 100) / 100);
    const sold = bid >= least * BUYER.limit;
    gains.push(sold ? BUYER.limit - bid : 0);
    const trade = {
      side: 'bought',
      orderId: 'unit',
      nodes: 1,
      slots: 1,
      millicredits: bid,
    } as const;
    fills = sold ? { bidIds: ['unit'], askIds: [], trades: [trade] } : NOTHING;
  }
  return { gains, factors };
}

test('exponential weights keep the regret against a moving adversary under the proved bound', (t) => {
  const [actions, rounds] = [11, 4000];
  // The best fixed action changes over time, and is 4 in the end; noise on top.
  const noise = randomStream({ seed: 1, replication: 0, entity: 'adversary', purpose: 'payoffs' });
  const payoff = (action: number, round: number): number => {
    const good = round % 1000 < 300 ? 9 : 4;
    return noise.uniform() < (action === good ? 0.8 : 0.3) ? 1 : 0;
  };
  const exploration = Math.sqrt((actions * Math.log(actions)) / ((Math.E - 1) * rounds));
  const bound = 2 * Math.sqrt((Math.E - 1) * actions * Math.log(actions) * rounds);
  const totals: number[] = new Array<number>(actions).fill(0);
  const draws = randomStream({ seed: 1, replication: 0, entity: 'player', purpose: 'plays' });
  let logWeights = totals.map(() => 0);
  let got = 0;
  let even = 0;
  for (let round = 0; round < rounds; round++) {
    const payoffs = totals.map((_, action) => payoff(action, round));
    payoffs.forEach((x, action) => (totals[action]! += x));
    even += payoffs.reduce((sum, x) => sum + x, 0) / actions;
    const played = pick(playShares(logWeights, exploration), draws.uniform());
    got += payoffs[played]!;
    logWeights = reward(logWeights, exploration, played, payoffs[played]!);
  }
  const regret = Math.max(...totals) - got;
  t.true(regret <= bound, `${regret} against ${bound}`);
  // Playing at random would break it, so the bound says something here.
  t.true(Math.max(...totals) - even > bound);
});

test('shares are a distribution however far the weights are apart', (t) => {
  const shares = playShares([0, -1e6, -3], 0.1);
  t.true(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-12);
  t.true(shares.every((share) => share >= 0.1 / 3));
  t.is(pick(shares, 0), 0);
  t.is(pick(shares, 1 - 1e-17), 2);
});

test('an agent that minimises regret learns to bid just what a seller takes', (t) => {
  const { factors, gains } = payAsBid(strategies.get('regret-minimising')!, 3000, 0.7);
  const late = factors.slice(-500);
  const counts = new Map<number, number>();
  for (const factor of late) counts.set(factor, (counts.get(factor) ?? 0) + 1);
  t.is([...counts].sort((a, b) => b[1] - a[1])[0]![0], 0.7);
  const mean = gains.slice(-500).reduce((sum, gain) => sum + gain, 0) / 500;
  t.true(mean > 0.75 * 30_000, `${mean}`);
});

test('a probe tries every factor, keeps the best, and asks again when the time has come', (t) => {
  const parameters = { low: 0.6, high: 1, steps: 5, probeRounds: 4, keepRounds: 30 };
  const { factors } = payAsBid(strategies.get('best-response')!, 52, 0.7, parameters);
  t.deepEqual(
    factors.slice(0, 20),
    [0.6, 0.7, 0.8, 0.9, 1].flatMap((f) => [f, f, f, f]),
  );
  t.deepEqual(new Set(factors.slice(20, 50)), new Set([0.7]));
  t.is(factors[50], 0.6);
});

test('learners learn nothing where nobody tells them what came of their orders', (t) => {
  for (const name of ['regret-minimising', 'best-response']) {
    const { decide } = strategies.get(name)!;
    const view = unitView(BUYER, 0, 1);
    const first = decide(view, UNIT_TERMS, NOTHING, {}, {});
    const silent = { bidIds: ['unit'], askIds: [] };
    const second = decide(view, UNIT_TERMS, silent, first.memory, {});
    t.deepEqual(second.memory, first.memory, name);
  }
});

test('a buyer with an adaptive margin bids less after a bargain, and more after a miss', (t) => {
  const { decide } = strategies.get('zip')!;
  const at = (price: number | null) => ({ ...UNIT_TERMS, lastPrices: pricesOf(price) });
  const view = unitView(BUYER, 0, 1);
  const first = decide(view, UNIT_TERMS, NOTHING, {}, {});
  const bidOf = (orders: typeof first.orders) => orders.bids[0]!.options[0]!.valueMillicredits;
  const bid = bidOf(first.orders);
  t.true(bid < BUYER.limit && bid > 0.6 * BUYER.limit);
  const won = { bidIds: ['unit'], askIds: [] };
  t.true(bidOf(decide(view, at(bid / 2), won, first.memory, {}).orders) < bid);
  t.true(bidOf(decide(view, at(bid * 1.1), NOTHING, first.memory, {}).orders) > bid);
  t.true(bidOf(decide(view, at(null), NOTHING, first.memory, {}).orders) <= BUYER.limit);
  // However dear the market, never above the value.
  let memory = first.memory;
  for (let round = 0; round < 200; round++) {
    const next = decide(view, at(1e9), NOTHING, memory, {});
    t.true(bidOf(next.orders) <= BUYER.limit);
    memory = next.memory;
  }
});

test('a strategy that plays at random draws the same in the same round and otherwise not', (t) => {
  for (const name of ['zero-intelligence', 'zip', 'regret-minimising']) {
    const { decide } = strategies.get(name)!;
    const orders = (round: number) =>
      decide(unitView(BUYER, round, 1), UNIT_TERMS, NOTHING, {}, {}).orders;
    t.deepEqual(orders(1), orders(1), name);
    const bids = Array.from({ length: 20 }, (_, round) => JSON.stringify(orders(round)));
    t.true(new Set(bids).size > 5, name);
  }
});
