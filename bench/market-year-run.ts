/**
 * Prints what one simulated year of the market takes, after a short run: figures as JSON.
 * Arguments: minutes between rounds, minutes of a slot, `services` or `timed`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadComparison, taskContext } from '../cli/compose.ts';
import { executeTask } from '../sim/experiment/task.ts';
import type { MarketOutcome, RunOutcome } from '../core/metrics/outcome.ts';
import { cpuSeconds } from './benchmark.ts';

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

async function simulate(horizonDays: number) {
  const file = join(import.meta.dirname, '..', 'scenarios', 'five-silos.toml');
  const source = {
    file,
    text: readFileSync(file, 'utf8'),
    settings: [...SETTINGS, `horizonDays=${horizonDays}`],
    tracesFolder: undefined,
  };
  const context = await taskContext(source, loadComparison(source));
  let outcome: RunOutcome | null = null;
  const seconds = cpuSeconds(() => {
    const result = executeTask({ kind: 'run', variant: 'market', replication: 0 }, context);
    if (result.kind === 'run') outcome = result.outcome;
  });
  return { seconds, outcome: outcome as unknown as RunOutcome };
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
if (outcome.invariantViolations.length > 0 || outcome.ledgerImbalanceMillicredits !== 0) {
  throw new Error('the year broke an invariant');
}
process.stdout.write(
  `${JSON.stringify({ seconds, events: outcome.events, ...sizes(outcome.market!) })}\n`,
);
