/**
 * Prints what one simulated year of the market takes, after a short run: figures as JSON.
 * Arguments: minutes between rounds, minutes of a slot, `services` or `timed`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MarketOutcome } from '../core/metrics/outcome.ts';
import { timedMarketRun } from './market-run.ts';

const YEAR_DAYS = 364;
const WARM_UP_DAYS = 7;

const [epochMinutes = '15', slotMinutes = '15', walk = 'services'] = process.argv.slice(2);

/** Slots reach two days ahead. */
const HORIZON_MINUTES = 2 * 24 * 60;

const SETTINGS = [
  `market.epochMinutes=${epochMinutes}`,
  `slotMinutes=${slotMinutes}`,
  `market.horizonSlots=${HORIZON_MINUTES / Number(slotMinutes)}`,
  `provisioning.walk=${walk}`,
  'market.boundSamples=0',
  'search.enabled=false',
  'replications=2',
  `warmUpDays=${WARM_UP_DAYS}`,
];

const FILE = join(import.meta.dirname, '..', 'scenarios', 'five-silos.toml');
const TEXT = readFileSync(FILE, 'utf8');

function simulate(horizonDays: number) {
  return timedMarketRun(FILE, TEXT, [...SETTINGS, `horizonDays=${horizonDays}`]);
}

function sizes({ rounds, leases }: MarketOutcome) {
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  const cleared = rounds.filter((round) => round.bids > 0 && round.asks > 0);
  return {
    rounds: rounds.length,
    clearedRounds: cleared.length,
    bidsPerRound: sum(rounds.map(({ bids }) => bids)) / rounds.length,
    asksPerRound: sum(rounds.map(({ asks }) => asks)) / rounds.length,
    mostBids: Math.max(...rounds.map(({ bids }) => bids)),
    leases: leases.length,
    nodeLeases: sum(leases.map(({ nodes }) => nodes)),
  };
}

await simulate(2 * WARM_UP_DAYS);
const { seconds, outcome } = await simulate(YEAR_DAYS);
process.stdout.write(
  `${JSON.stringify({ seconds, events: outcome.events, ...sizes(outcome.market!) })}\n`,
);
