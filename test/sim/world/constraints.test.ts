import test from 'ava';
import { loadComparison, taskContext } from '../../../cli/compose.ts';
import { executeTask } from '../../../sim/experiment/task.ts';

/** A queue that lacks nodes beside a cloud that has some to spare. */
const site = (constraints: string) => `
name = "constrained"
horizonDays = 3
warmUpDays = 1
replications = 1
[[nodeClass]]
name = "standard"
memoryGiB = 128
[[organisation]]
name = "hpc"
kind = "hpc"
nodes = { standard = 16 }
constraints = ${constraints}
[organisation.workload]
model = "lublin"
load = 1.3
[[organisation]]
name = "cloud"
kind = "cloud"
nodes = { standard = 16 }
[organisation.workload]
model = "azure-batches"
load = 0.5
[provisioning]
deterministic = true
`;

function sourceOf(constraints: string) {
  return {
    file: 'site.toml',
    text: site(constraints),
    settings: [],
    tracesFolder: undefined,
  };
}

/** Leases of the queue over nodes that are as it wants them. */
async function leasesOf(constraints: string): Promise<number> {
  const source = sourceOf(constraints);
  const context = await taskContext(source, loadComparison(source));
  const result = executeTask({ kind: 'run', variant: 'market', replication: 0 }, context);
  if (result.kind !== 'run') throw new Error('a run was asked for');
  return result.outcome.market!.leases.filter(({ buyer }) => buyer === 'hpc').length;
}

test('an organisation borrows no nodes but such as it needs', async (t) => {
  const any = await leasesOf('[]');
  t.true(any > 0);
  t.is(await leasesOf('[["memoryGiB", ">=", 128], ["firmware", "ne", "none"]]'), any);
  t.is(await leasesOf('[["memoryGiB", ">", 128]]'), 0);
});

test('a constraint that is none is refused with its place', (t) => {
  const load = (constraints: string) => () => loadComparison(sourceOf(constraints));
  t.throws(load('[["memoryGiB", "about", 128]]'), { message: /one of the constraints is none/ });
  t.throws(load('[["memoryGiB"]]'));
});
