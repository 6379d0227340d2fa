import test from 'ava';
import type { ExecutionContext } from 'ava';
import { loadComparison, taskContext } from '../../cli/compose.ts';
import type { Strategy } from '../../core/agents/agent.ts';
import { strategies as registry } from '../../core/agents/registry.ts';
import type { ServiceEffect, ServiceEvent } from '../../core/kernel/service.ts';
import type { ContractFormed, LeaseReported, MarketCommand } from '../../core/market/protocol.ts';
import type { RunOutcome } from '../../core/metrics/outcome.ts';
import type { EventObserver } from '../../sim/world/bus.ts';
import { executeTask } from '../../sim/experiment/task.ts';

/** A batch owner that lacks nodes, a cloud, and a testbed with nodes to spare, for a week. */
const SCENARIO = `
name = "adversaries"
horizonDays = 8
warmUpDays = 1
replications = 2
[[nodeClass]]
name = "standard"
[[nodeClass]]
name = "legacy"
tpm = false
costPerHour = 0.15
[[organisation]]
name = "hpc"
kind = "hpc"
nodes = { standard = 12, legacy = 6 }
[organisation.workload]
model = "lublin"
load = 1.2
[[organisation]]
name = "cloud"
kind = "cloud"
securityLevel = "attested"
nodes = { standard = 10, legacy = 2 }
[organisation.valuation]
nodeHour = 2
[organisation.workload]
model = "azure-batches"
load = 0.9
[[organisation]]
name = "testbed"
kind = "testbed"
nodes = { standard = 8, legacy = 12 }
[organisation.workload]
model = "testbed-surges"
minimumDays = 0.25
[market]
boundSamples = 0
[provisioning]
deterministic = true
`;

type OnStep = (event: ServiceEvent, effects: readonly ServiceEffect[]) => void;

async function runOf(
  settings: readonly string[] = [],
  strategies: readonly Strategy[] = [],
  onStep: OnStep | null = null,
): Promise<RunOutcome> {
  const source = { file: 'adversaries.toml', text: SCENARIO, settings, tracesFolder: undefined };
  const loaded = loadComparison(source);
  const context = await taskContext(source, loaded);
  const added = strategies.map((strategy): [string, Strategy] => [strategy.name, strategy]);
  const ports: typeof context.ports = (scenario) => {
    const usual = context.ports(scenario);
    const observe: EventObserver | null = onStep && {
      opened: () => {},
      stepped: (_instance, event, effects) => onStep(event, effects),
    };
    return { ...usual, observe, strategies: new Map([...usual.strategies, ...added]) };
  };
  const task = { kind: 'run', variant: 'market', replication: 0 } as const;
  const result = executeTask(task, { ...context, ports });
  if (result.kind !== 'run') throw new Error('a run was asked for');
  return result.outcome;
}

const of = (run: RunOutcome, name: string) =>
  run.organisations.find((organisation) => organisation.name === name)!;

/** Whatever somebody does, isolation and the ledger hold, and nobody trades at a loss. */
function isSound(t: ExecutionContext, run: RunOutcome): void {
  t.deepEqual(run.invariantViolations, []);
  t.is(run.ledgerImbalanceMillicredits, 0);
  t.is(run.market!.individualRationalityViolations, 0);
  const names = run.organisations.map(({ name }) => name);
  for (const { buyer, seller } of run.market!.leases) {
    t.true(names.includes(buyer) && names.includes(seller), 'nodes are lent in real names');
  }
}

const honest = runOf();

test('a seller who delivers nothing lends nothing, and pays with its deposits', async (t) => {
  const run = await runOf(['organisation.testbed.strategy=defaulter']);
  const truth = await honest;
  isSound(t, truth);
  isSound(t, run);
  t.is(of(run, 'testbed').lentNodeMs, 0);
  t.true(of(truth, 'testbed').netMillicredits > 0 && of(run, 'testbed').netMillicredits < 0);
  t.true(of(run, 'hpc').metNodeMs < of(truth, 'hpc').metNodeMs);
  t.true(run.market!.defaults > 10 * truth.market!.defaults);
});

test('a buyer who takes nothing borrows nothing, and its deposits go to the sellers', async (t) => {
  const run = await runOf(['organisation.cloud.strategy=defaulter']);
  isSound(t, run);
  t.is(of(run, 'cloud').borrowedNodeMs, 0);
  t.true(of(run, 'cloud').netMillicredits < 0);
  t.false(run.market!.leases.some(({ buyer }) => buyer === 'cloud'));
});

test('relabelled nodes reach only buyers who attest nothing', async (t) => {
  const run = await runOf(['organisation.testbed.strategy=hardware-misreporter']);
  isSound(t, run);
  const sold = run.market!.leases.filter(({ seller }) => seller === 'testbed');
  t.true(sold.length > 0 && sold.every(({ nodeClass }) => nodeClass === 'standard'));
  const atOnce = (leases: typeof sold) =>
    Math.max(
      ...leases.map(({ startMs: at }) =>
        leases
          .filter(({ startMs, endMs }) => startMs <= at && at < endMs)
          .reduce((sum, { nodes }) => sum + nodes, 0),
      ),
    );
  t.true(atOnce(sold) > 8, 'more nodes of the class than it has');
  t.true(atOnce(sold.filter(({ securityLevel }) => securityLevel !== 'none')) <= 8);
  t.true(run.market!.defaults > 3 * (await honest).market!.defaults, 'refused by isolation');
});

test('several names are one organisation: money, nodes and figures are its own', async (t) => {
  for (const settings of [
    ['organisation.testbed.strategy=shill', 'organisation.testbed.aliases=1'],
    ['organisation.cloud.strategy=false-name-splitter', 'organisation.cloud.aliases=2'],
  ]) {
    const aliases = new Set<string>();
    const run = await runOf(settings, [], (event) => {
      const { kind, from } = event as MarketCommand;
      const isOrder = kind === 'PostBid' || kind === 'PostOrders';
      if (isOrder && from.name.includes('.alias-')) aliases.add(from.name);
    });
    isSound(t, run);
    t.true(aliases.size > 0, 'orders came in under other names');
    t.not(run.digest, (await honest).digest);
  }
  // Names alone change nothing: the money of the truthful is split, and that is all.
  isSound(t, await runOf(['organisation.cloud.aliases=2']));
});

test('a corner sells on what it bought, and the price of the class rises', async (t) => {
  const resold = new Set<string>();
  const started = new Set<string>();
  // Chosen for a shortage: with most seeds nobody has to buy from it.
  const seed = 'seed=4';
  const run = await runOf(
    [
      seed,
      'organisation.cloud.strategy=corner',
      'organisation.cloud.strategyParameters.premium=3',
      'organisation.cloud.strategyParameters.markup=1.2',
    ],
    [],
    (event, effects) => {
      for (const { kind, contract } of effects as readonly ContractFormed[]) {
        if (kind !== 'ContractFormed' || contract.seller !== 'cloud') continue;
        if (contract.askId.startsWith('cloud:hoard/')) resold.add(contract.contractId);
      }
      const report = event as LeaseReported;
      if (report.kind === 'LeaseReported' && report.what === 'started') {
        if (resold.has(report.contractId)) started.add(report.contractId);
      }
    },
  );
  isSound(t, run);
  t.true(resold.size > 5);
  t.is(started.size, resold.size, 'who buys from it gets the nodes');
  const meanPrice = ({ market }: RunOutcome) => {
    const prices = market!.rounds.flatMap(({ prices: [standard] }) => standard ?? []);
    return prices.reduce((sum, price) => sum + price, 0) / prices.length;
  };
  t.true(meanPrice(run) > 1.2 * meanPrice(await runOf([seed])));
});

test('an agent hears of its own trades by its own ids, and draws anew every round', async (t) => {
  const streams = new Set<string>();
  let [trades, known] = [0, 0];
  let before: readonly string[] = [];
  const truth = registry.get('truthful')!;
  const spy: Strategy = {
    name: 'spy',
    decide(view, terms, fills, memory, parameters) {
      for (const { orderId, nodes, slots } of fills.trades ?? []) {
        trades += 1;
        if (before.includes(orderId) && nodes > 0 && Number.isInteger(slots)) known += 1;
      }
      before = [...view.wants.map(({ wantId }) => wantId), ...view.spares.map((s) => s.spareId)];
      streams.add(JSON.stringify(view.draws));
      return truth.decide(view, terms, fills, memory, parameters);
    },
  };
  const run = await runOf(['organisation.hpc.strategy=truthful'], []);
  const watched = await runOf(
    ['organisation.hpc.strategy=reciprocal'],
    [{ ...spy, name: 'reciprocal' }],
  );
  t.is(watched.digest, run.digest, 'to watch changes nothing');
  t.true(trades > 20);
  t.is(known, trades);
  t.true(streams.size > 100);
});
