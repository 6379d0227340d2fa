/**
 * Prints what the market of a site of a given size takes, after a short run of a small one: figures
 * as JSON. Arguments: organisations, nodes of each, days.
 */
import { loadComparison, taskContext } from '../cli/compose.ts';
import { executeTask } from '../sim/experiment/task.ts';
import type { RunOutcome } from '../core/metrics/outcome.ts';
import { cpuSeconds } from './benchmark.ts';
import { marketSite } from './market-site.ts';
import type { SiteSize } from './market-site.ts';

const [organisations = 5, nodes = 100, days = 2] = process.argv.slice(2).map(Number);

async function simulate(size: SiteSize, horizonDays: number) {
  const source = {
    file: import.meta.filename,
    text: marketSite(size),
    settings: [`horizonDays=${horizonDays}`, 'warmUpDays=0', 'provisioning.walk=timed'],
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

await simulate({ organisations: 5, nodes: 50 }, 4);
const { seconds, outcome } = await simulate({ organisations, nodes }, days);
if (outcome.invariantViolations.length > 0 || outcome.ledgerImbalanceMillicredits !== 0) {
  throw new Error('the run broke an invariant');
}
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
