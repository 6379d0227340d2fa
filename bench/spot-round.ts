/**
 * How fast one round of a site of 10,000 nodes clears under the mechanisms that serve bids in an order:
 * the spot market, fixed priorities, backfilling and fair shares. Half of the nodes are on offer, the
 * other half is out in leases, four of five of which may be preempted.
 */
import { randomStream } from '../core/kernel/random.ts';
import { checkClearing } from '../core/market/clearing/check.ts';
import { mechanisms } from '../core/market/mechanisms/registry.ts';
import type { Ask, Bid, MarketRound, StandingLease } from '../core/market/orders.ts';
import { cpuSeconds } from './benchmark.ts';
import type { Benchmark, BenchmarkReport, Figure } from './benchmark.ts';

const NODES = 10_000;
const NODES_PER_ASK = 20;
const CLASSES = 4;
const SLOTS = 24;
const BIDS = 2_000;
const ORGANISATIONS = 20;
const SEEDS = [1, 2, 3] as const;
const MEASURED = [
  'spot-preemptible',
  'priority-preemptive',
  'easy-pool',
  'fcfs-pool',
  'drf',
  'karma',
  'proportional-share',
] as const;

export const spotRound: Benchmark = {
  name: 'spot-round',
  title: 'One round of 10,000 nodes: spot, priorities, backfilling, fair shares',
  run,
};

/** One core, CPU time of the second clearing of each round, so that compilation is not in it. */
export function run(): BenchmarkReport {
  const rounds = SEEDS.map(roundOf);
  const figures = MEASURED.flatMap((name) => figuresOf(name, rounds));
  const standing = rounds[0]!.standing!.length;
  const asks = rounds[0]!.asks.length;
  const notes = [`${BIDS} bids, ${asks} asks, ${standing} leases under way; clearings checked`];
  return { figures, notes };
}

function figuresOf(name: string, rounds: readonly MarketRound[]): Figure[] {
  const mechanism = mechanisms.get(name)!;
  let slowest = 0;
  let fills = 0;
  let preempted = 0;
  for (const round of rounds) {
    let clearing = mechanism.clear(round, {}, {}).clearing;
    slowest = Math.max(
      slowest,
      cpuSeconds(() => (clearing = mechanism.clear(round, {}, {}).clearing)),
    );
    const wrong = checkClearing(round, clearing, mechanism.properties);
    if (wrong) throw new Error(`${name}: ${wrong.message}`);
    fills += clearing.fills.length;
    preempted += clearing.preempted?.length ?? 0;
  }
  const isSpot = name === 'spot-preemptible';
  const count = (what: string, value: number): Figure => ({
    what: `${name}: ${what}`,
    value: value / rounds.length,
    unit: 'a round',
    better: 'more',
  });
  return [
    {
      what: `${name}: slowest round`,
      value: slowest,
      unit: 's',
      better: 'less',
      ...(isSpot ? { must: 1 } : {}),
    },
    count('fills', fills),
    ...(mechanism.standing === 'preempted' ? [count('preempted leases', preempted)] : []),
  ];
}

function roundOf(seed: number): MarketRound {
  const stream = randomStream({ seed, replication: 0, entity: 'site', purpose: 'spot round' });
  const upTo = (most: number) => 1 + stream.integer(most);
  const organisation = () => `o${stream.integer(ORGANISATIONS)}`;
  const nodeClass = () => `class ${stream.integer(CLASSES)}`;
  const lots = NODES / NODES_PER_ASK;
  const asks: Ask[] = [];
  const standing: StandingLease[] = [];
  for (let i = 0; i < lots; i++) {
    const terms = {
      nodeClass: nodeClass(),
      nodes: NODES_PER_ASK,
      reserveMillicredits: 200 + stream.integer(200),
      recall: null,
      securityLevel: 'full' as const,
    };
    const endSlot = Math.min(SLOTS, 2 + upTo(SLOTS));
    if (i % 2 === 0) {
      asks.push({ ...terms, askId: `a${i}`, organisation: organisation(), startSlot: 0, endSlot });
      continue;
    }
    standing.push({
      ...terms,
      contractId: `c${i}`,
      buyer: organisation(),
      seller: organisation(),
      startSlot: 0,
      endSlot,
      priceMillicredits: NODES_PER_ASK * endSlot * 400,
      valueMillicredits: NODES_PER_ASK * endSlot * (400 + stream.integer(1_200)),
      preemptible: i % 10 !== 1,
      resaleSlot: 1,
    });
  }
  const bids = Array.from({ length: BIDS }, (_, i): Bid => {
    const nodes = upTo(32);
    const minimumNodes = stream.integer(2) === 0 ? nodes : 1;
    const slots = upTo(6);
    const value = nodes * slots * (200 + stream.integer(2_000));
    const own = nodeClass();
    const options = [0, 1].map((startSlot) => ({
      nodeClass: own,
      nodes,
      minimumNodes,
      startSlot,
      endSlot: startSlot + slots,
      valueMillicredits: startSlot === 0 ? value : Math.floor(value * 0.95),
    }));
    return {
      bidId: `b${i}`,
      organisation: organisation(),
      options,
      securityLevel: 'none',
      acceptsRecall: true,
    };
  });
  const members = Array.from({ length: ORGANISATIONS }, (_, i) => ({
    organisation: `o${i}`,
    contributedNodes: NODES / ORGANISATIONS,
    priority: i % 4,
  }));
  const seedText = `spot ${seed}`;
  const frame = { roundId: seed, slotMs: 900_000, horizonSlots: SLOTS, seed: seedText };
  return { ...frame, bids, asks, members, standing };
}
