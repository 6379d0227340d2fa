import test from 'ava';
import { loadComparison, taskContext } from '../../../cli/compose.ts';
import type { RunOutcome } from '../../../core/metrics/outcome.ts';
import { executeTask } from '../../../sim/experiment/task.ts';

/** A reserve that is idle, and two clusters that want more of it than there is. */
const SCENARIO = `
name = "contested"
horizonDays = 5
warmUpDays = 1
replications = 1
slotMinutes = 30
[[nodeClass]]
name = "standard"
[[organisation]]
name = "hpc"
kind = "hpc"
nodes = { standard = 8 }
[organisation.policy]
checkpointableShare = 1
[organisation.workload]
model = "lublin"
procs = 16
load = 1.5
[[organisation]]
name = "testbed"
kind = "testbed"
nodes = { standard = 2 }
[organisation.valuation]
nodeHour = 4
[organisation.workload]
model = "testbed-surges"
minimumDays = 0.1
maximumDays = 1
[[organisation]]
name = "cloud"
kind = "cloud"
nodes = { standard = 8 }
[organisation.valuation]
nodeHour = 3
[organisation.workload]
model = "azure-batches"
load = 1
[[organisation]]
name = "reserve"
kind = "government"
nodes = { standard = 16 }
[organisation.workload]
model = "hawkes"
[market]
endowmentHours = 10000
[provisioning]
deterministic = true
`;

async function runWith(mechanism: string): Promise<RunOutcome> {
  const settings = [`market.mechanism="${mechanism}"`];
  const source = { file: 'contested.toml', text: SCENARIO, settings, tracesFolder: undefined };
  const context = await taskContext(source, loadComparison(source));
  const result = executeTask({ kind: 'run', variant: 'market', replication: 0 }, context);
  if (result.kind !== 'run') throw new Error('a run was asked for');
  return result.outcome;
}

for (const mechanism of ['priority-preemptive', 'spot-preemptible']) {
  test(`${mechanism} takes nodes back from running leases, and nothing breaks`, async (t) => {
    const { market, invariantViolations, ledgerImbalanceMillicredits } = await runWith(mechanism);
    t.true(market!.preemptions > 0);
    t.true(market!.leases.some(({ end }) => end === 'recalled'));
    t.is(market!.recalls, 0);
    t.is(market!.defaults, 0);
    t.deepEqual(invariantViolations, []);
    t.is(ledgerImbalanceMillicredits, 0);
    t.log(`${market!.preemptions} preemptions, ${market!.leases.length} leases`);
  });
}
