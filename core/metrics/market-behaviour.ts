/** Does the market behave? What a variant with rounds and contracts did, per replication. */
import { HOUR_MS } from '../kernel/units.ts';
import { mechanisms } from '../market/mechanisms/registry.ts';
import { nodeHours, STATIC, variantNamed } from './comparison.ts';
import type { Comparison, VariantRuns } from './comparison.ts';
import { EPOCH_HORIZON } from '../market/horizons.ts';
import { deviationGain } from './incentives.ts';
import type { LeaseOutcome, MarketOutcome, OptionOutcome, ProfileOutcome } from './outcome.ts';
import type { HorizonTrade, MarketBehaviour, OptionResult } from './results.ts';
import { marketSafety } from './market-safety.ts';
import { estimate, jainIndex, maybeEstimate, mean } from './statistics.ts';
import { sharingIndex, willingness } from './willingness.ts';

export function marketBehaviour(
  comparison: Comparison,
  variant: VariantRuns,
  profiles: readonly ProfileOutcome[],
): MarketBehaviour | null {
  const markets = variant.runs.flatMap((run) => (run.market ? [run.market] : []));
  if (markets.length === 0) return null;
  const gain = deviationGain(
    variant.runs,
    profiles.filter((profile) => profile.variant === variant.name),
  );
  const each = (pick: (market: MarketOutcome) => number) => estimate(markets.map(pick));
  return {
    rounds: each(({ rounds }) => rounds.length),
    bidsPerRound: each(({ rounds }) => mean(rounds.map(({ bids }) => bids))),
    contracts: each(({ rounds }) => rounds.reduce((sum, { fills }) => sum + fills, 0)),
    leases: each(({ leases }) => leases.length),
    tradedNodeHours: each(tradedNodeHours),
    meanPrice: Object.fromEntries(
      comparison.nodeClasses.map(({ name }) => [
        name,
        maybeEstimate(
          markets.map((market) => meanPrice(market, name)),
          'nothing of this class was traded in some replication',
        ),
      ]),
    ),
    efficiency: maybeEstimate(markets.map(sampledEfficiency), 'no round was sampled'),
    sampledRounds: each(({ rounds }) => rounds.filter((r) => r.boundMillicredits !== null).length),
    individualRationalityViolations: each((market) => market.individualRationalityViolations),
    organisationsWorseOff: maybeEstimate(
      worseOff(comparison, variant),
      'no organisation to compare',
    ),
    budgetSurplusCredits: each(({ surplusMillicredits }) => surplusMillicredits / 1000),
    fairness: maybeEstimate(gainFairness(comparison, variant), 'nobody gained'),
    sharingIndex: maybeEstimate(variant.runs.map(sharingIndex), 'nothing was idle'),
    leak: {
      sealed: maybeEstimate(
        markets.map(leakOf('sealed')),
        'nothing was bid for in a sampled round',
      ),
      bands: maybeEstimate(markets.map(leakOf('bands')), 'nothing was bid for in a sampled round'),
    },
    willingness: willingness(variant.runs),
    horizons: horizonTrades(markets),
    ...optionResult(markets),
    recalls: each(({ recalls }) => recalls),
    preemptions: each(({ preemptions }) => preemptions),
    defaults: each(({ defaults }) => defaults),
    safety: marketSafety(
      markets,
      comparison.nodeClasses.map(({ name }) => name),
    ),
    claims: claimsOf(variant.mechanism),
    ...(gain ? { deviationGain: gain } : {}),
  };
}

function tradedNodeHours({ leases }: MarketOutcome): number {
  return leases.reduce((sum, l) => sum + (l.nodes * (l.endMs - l.startMs)) / HOUR_MS, 0);
}

/**
 * Credits for a node-hour of a class, weighted by what was traded; null without any trade.
 *
 * @param include leases that count; default all
 */
export function meanPrice(
  { leases }: MarketOutcome,
  nodeClass: string,
  include: (lease: LeaseOutcome) => boolean = () => true,
): number | null {
  let hours = 0;
  let millicredits = 0;
  for (const lease of leases) {
    if (lease.nodeClass !== nodeClass || !include(lease)) continue;
    hours += (lease.nodes * (lease.endMs - lease.startMs)) / HOUR_MS;
    millicredits += lease.priceMillicredits;
  }
  return hours > 0 ? millicredits / 1000 / hours : null;
}

/** Welfare ÷ upper bound over the sampled rounds in which there was something to gain. */
function sampledEfficiency({ rounds }: MarketOutcome): number | null {
  const sampled = rounds.filter((round) => (round.boundMillicredits ?? 0) > 0);
  const bound = sampled.reduce((sum, round) => sum + round.boundMillicredits!, 0);
  const welfare = sampled.reduce((sum, round) => sum + round.welfareMillicredits, 0);
  return bound > 0 ? welfare / bound : null;
}

/** Demand cells that a level of publication gives away ÷ all, over the sampled rounds. */
function leakOf(level: 'sealed' | 'bands'): (market: MarketOutcome) => number | null {
  return ({ rounds }) => {
    let cells = 0;
    let leaked = 0;
    for (const { leak } of rounds) {
      cells += leak?.cells ?? 0;
      leaked += leak?.[level] ?? 0;
    }
    return cells > 0 ? leaked / cells : null;
  };
}

/** By replication: share of organisations worse off than alone, over the whole window. */
function worseOff(comparison: Comparison, variant: VariantRuns): (number | null)[] {
  return gains(comparison, variant).map((list) =>
    list.length > 0 ? list.filter((gain) => gain < 0).length / list.length : null,
  );
}

function gainFairness(comparison: Comparison, variant: VariantRuns): (number | null)[] {
  return gains(comparison, variant).map((list) => jainIndex(list.map((gain) => Math.max(0, gain))));
}

/** By replication: every organisation's worth with this variant − alone, credits. */
function gains(comparison: Comparison, variant: VariantRuns): number[][] {
  const alone = variantNamed(comparison, STATIC);
  return variant.runs.map((run, replication) =>
    run.organisations.map((outcome, index) => {
      const before = alone.runs[replication]!.organisations[index]!;
      const worth = (o: typeof outcome) => o.valueMillicredits + o.netMillicredits;
      return (worth(outcome) - worth(before)) / 1000;
    }),
  );
}

function optionResult(markets: readonly MarketOutcome[]): { readonly options?: OptionResult } {
  const outcomes = markets.flatMap(({ options }) => options ?? []);
  if (outcomes.length < markets.length) return {};
  const each = (pick: (outcome: OptionOutcome) => number) => estimate(outcomes.map(pick));
  return {
    options: {
      written: each(({ written }) => written),
      nodes: each(({ nodes }) => nodes),
      premiumCredits: each(({ premiumMillicredits }) => premiumMillicredits / 1000),
      called: each(({ called }) => called),
      deliveredInTime: each(({ deliveredInTime }) => deliveredInTime),
      expired: each(({ expired }) => expired),
    },
  };
}

function horizonTrades(markets: readonly MarketOutcome[]): Record<string, HorizonTrade> {
  const nameOf = ({ horizon = EPOCH_HORIZON }: { readonly horizon?: string }) => horizon;
  const names = new Set(markets.flatMap(({ rounds }) => rounds.map(nameOf)));
  if (names.size < 2) return {};
  return Object.fromEntries(
    [...names].sort().map((name) => {
      const each = (pick: (market: MarketOutcome) => number) =>
        estimate(
          markets.map(({ rounds, leases, ...rest }) =>
            pick({
              ...rest,
              rounds: rounds.filter((round) => nameOf(round) === name),
              leases: leases.filter((lease) => nameOf(lease) === name),
            }),
          ),
        );
      return [
        name,
        {
          rounds: each(({ rounds }) => rounds.length),
          contracts: each(({ rounds }) => rounds.reduce((sum, { fills }) => sum + fills, 0)),
          tradedNodeHours: each(tradedNodeHours),
        },
      ];
    }),
  );
}

function claimsOf(mechanism: string): Record<string, string> {
  const card = mechanisms.get(mechanism)?.properties;
  if (!card) return {};
  return Object.fromEntries(Object.entries(card).map(([name, claim]) => [name, String(claim)]));
}

/** Node-hours that one organisation sold to another. */
export function soldNodeHours(market: MarketOutcome, seller: string, buyer: string): number {
  return market.leases
    .filter((lease) => lease.seller === seller && lease.buyer === buyer)
    .reduce((sum, lease) => sum + nodeHours(lease.nodes * (lease.endMs - lease.startMs)), 0);
}
