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

async function runWith(settings: readonly string[], text = SCENARIO): Promise<RunOutcome> {
  const source = { file: 'two.toml', text, settings, tracesFolder: undefined };
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

const HOUSE = [
  'enabled=true',
  'leastShare=5',
  'capital=10',
  'reviewHours=1',
  'stressShare=1',
  'zScore=0',
  'variationMargin=false',
].map((setting) => `market.clearingHouse.${setting}`);

/** The scenario with a strategy for the cloud, and old nodes that it may pass off as new ones. */
function withStrategy(strategy: string): string {
  return SCENARIO.replace(
    'name = "standard"',
    'name = "standard"\n[[nodeClass]]\nname = "old"\ntpm = false\ncostPerHour = 0.1',
  )
    .replace(
      'nodes = { standard = 16 }\n[organisation.workload]\nmodel = "azure',
      'nodes = { standard = 16, old = 8 }\n[organisation.workload]\nmodel = "azure',
    )
    .replace('kind = "cloud"', `kind = "cloud"\nstrategy = "${strategy}"`);
}

test('a seller that does not deliver costs the others nothing that the waterfall does not show', async (t) => {
  const bare = await runWith([], withStrategy('defaulter'));
  // Without deposits nothing else covers what a replacement costs more.
  const thin = ['market.depositShare=0', ...HOUSE];
  const safe = await runWith(thin, withStrategy('defaulter'));
  for (const { invariantViolations, ledgerImbalanceMillicredits } of [bare, safe]) {
    t.deepEqual(invariantViolations, []);
    t.is(ledgerImbalanceMillicredits, 0);
  }
  t.true(bare.market!.defaults > 0);
  t.is(bare.market!.waterfall.uses, 0);
  t.true(safe.market!.waterfall.uses > 0, JSON.stringify(safe.market!.waterfall));
});

test('nodes of another class than was sold are found out where sellers answer for them', async (t) => {
  const settings = ['market.safeguards.warrantyBondShare=0.2'];
  const bare = await runWith([], withStrategy('hardware-misreporter'));
  const safe = await runWith(settings, withStrategy('hardware-misreporter'));
  t.deepEqual(safe.invariantViolations, []);
  t.deepEqual(bare.market!.safeguards, {});
  t.true(safe.market!.safeguards['warranty']! > 0);
});

test('what is bought and never begun is released, and its nodes are their owner’s again', async (t) => {
  const settings = ['market.safeguards.releaseAfterMinutes=30'];
  const { market, invariantViolations } = await runWith(settings, withStrategy('corner'));
  t.deepEqual(invariantViolations, []);
  t.true((market!.safeguards['use-or-release'] ?? 0) > 0, JSON.stringify(market!.safeguards));
});

test('the market maker buys what nobody else wants now and sells it on, from the owners’ own nodes', async (t) => {
  const { market, invariantViolations, ledgerImbalanceMillicredits } = await runWith([
    'market.safeguards.makerNodeSlots=64',
  ]);
  t.deepEqual(invariantViolations, []);
  t.is(ledgerImbalanceMillicredits, 0);
  t.is(market!.defaults, 0, 'it delivers what it sells');
  t.true((market!.safeguards['market-maker'] ?? 0) > 0);
  const resold = market!.leases.filter(({ seller }) => seller === 'market-maker');
  t.true(resold.length > 0);
  t.true(resold.some(({ usedNodeMs }) => usedNodeMs > 0));
  t.false(
    market!.leases.some(({ buyer }) => buyer === 'market-maker'),
    'it uses no node itself',
  );
});

test('a market maker needs the only exchange, and its name', (t) => {
  const load = (text: string) => () =>
    loadComparison({
      file: 'two.toml',
      text,
      settings: ['market.safeguards.makerNodeSlots=64'],
      tracesFolder: undefined,
    });
  const named = SCENARIO.replace('name = "cloud"', 'name = "market-maker"');
  t.throws(load(named), { message: /market maker of the exchange is called so/ });
  const two = SCENARIO.replace('kind = "cloud"', 'kind = "cloud"\nexchanges = ["other"]');
  t.throws(load(two), { message: /needs the only exchange/ });
});

test('a fee for idle nodes is part of what its payer has gained', async (t) => {
  const text = withStrategy('withholder');
  const free = await runWith([], text);
  const charged = await runWith(['market.safeguards.idleFeeShare=1'], text);
  const net = ({ organisations }: RunOutcome) =>
    organisations.find(({ name }) => name === 'cloud')!.netMillicredits;
  t.deepEqual(charged.market!.leases, free.market!.leases, 'nothing else has changed');
  t.true(net(charged) < net(free));
});

test('who withholds everything pays, although nothing is on offer in any round', async (t) => {
  const { market } = await runWith([
    'organisation.*.strategy=withholder',
    'organisation.*.strategyParameters.share=1',
    'market.safeguards.idleFeeShare=1',
  ]);
  t.true(market!.rounds.every(({ offeredNodes }) => offeredNodes === 0));
  t.true((market!.safeguards['must-offer'] ?? 0) > 0);
});
