import test from 'ava';
import { loadComparison, taskContext } from '../../../cli/compose.ts';
import type { RunOutcome } from '../../../core/metrics/outcome.ts';
import { executeTask } from '../../../sim/experiment/task.ts';

const SCENARIO = `
name = "two"
horizonDays = 4
warmUpDays = 1
replications = 1
[[nodeClass]]
name = "standard"
[[organisation]]
name = "hpc"
kind = "hpc"
nodes = { standard = 16 }
[organisation.workload]
model = "lublin"
load = 1.1
[[organisation]]
name = "cloud"
kind = "cloud"
nodes = { standard = 16 }
[organisation.workload]
model = "azure-batches"
load = 0.6
[provisioning]
deterministic = true
`;

async function runWith(settings: readonly string[]): Promise<RunOutcome> {
  const source = { file: 'two.toml', text: SCENARIO, settings, tracesFolder: undefined };
  const context = await taskContext(source, loadComparison(source));
  const result = executeTask({ kind: 'run', variant: 'market', replication: 0 }, context);
  if (result.kind !== 'run') throw new Error('a run was asked for');
  return result.outcome;
}

const ON = [
  'positionLimitShare=0.1',
  'collarShare=0.2',
  'haltMoveShare=0.15',
  'priceFloorShare=1',
  'idleFeeShare=0.5',
  'pivotalMarkupShare=0.1',
  'identityDeposit=1',
  'reputationDiscountShare=0.5',
  'orderShare=0.25',
  'switchingCost=0.05',
  'releaseAfterMinutes=30',
  'warrantyBondShare=0.1',
  'recallPenaltyQuantile=0.99',
  'jitterShare=0.1',
  'cartelScreenRounds=20',
  'shillScreenTrades=50',
].map((setting) => `market.safeguards.${setting}`);

test('a site trades with all safeguards on: they act, money adds up, nothing is violated', async (t) => {
  const { market, invariantViolations, ledgerImbalanceMillicredits } = await runWith(ON);
  t.deepEqual(invariantViolations, []);
  t.is(ledgerImbalanceMillicredits, 0);
  t.is(market!.individualRationalityViolations, 0);
  for (const name of ['position-limit', 'price-collar', 'order-size']) {
    t.true((market!.safeguards[name] ?? 0) > 0, `${name}: ${JSON.stringify(market!.safeguards)}`);
  }
  t.true(market!.leases.length > 0);
});

test('a site without safeguards counts none, and one that is on changes the run', async (t) => {
  const off = await runWith([]);
  t.deepEqual(off.market!.safeguards, {});
  t.is(off.market!.haltedRounds, 0);
  t.is((await runWith(['market.safeguards.haltRounds=3'])).digest, off.digest);
  t.not((await runWith(['market.safeguards.positionLimitShare=0.05'])).digest, off.digest);
});
