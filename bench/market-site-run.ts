/**
 * Prints what the market of a site of a given size takes, after a short run of a small one: figures
 * as JSON. Arguments: organisations, nodes of each, days.
 */
import { timedMarketRun } from './market-run.ts';
import { marketSite } from './market-site.ts';
import type { SiteSize } from './market-site.ts';

const [organisations = 5, nodes = 100, days = 2] = process.argv.slice(2).map(Number);

function simulate(size: SiteSize, horizonDays: number) {
  return timedMarketRun(import.meta.filename, marketSite(size), [
    `horizonDays=${horizonDays}`,
    'warmUpDays=0',
    'provisioning.walk=timed',
  ]);
}

await simulate({ organisations: 5, nodes: 50 }, 4);
const { seconds, outcome } = await simulate({ organisations, nodes }, days);
const { rounds, leases } = outcome.market!;
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
process.stdout.write(
  `${JSON.stringify({
    seconds,
    days,
    rounds: rounds.length,
    bidsPerRound: mean(rounds.map(({ bids }) => bids)),
    asksPerRound: mean(rounds.map(({ asks }) => asks)),
    leases: leases.length,
    nodeLeases: leases.reduce((sum, lease) => sum + lease.nodes, 0),
    residentMegabytes: process.memoryUsage().rss / 1e6,
  })}\n`,
);
