/**
 * An agent beside a real Slurm: a job waits, the agent buys a node for it over the API, the node
 * appears in the partition, the job runs on it, and the node is gone before its lease is.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { BorrowedSlurmNode } from './support/borrowed-slurm-node.ts';
import { OneNodeSlurm } from './support/one-node-slurm.ts';
import { TradeSite, until } from './support/trade-site.ts';

const MARKET = {
  ...{ everySeconds: 6, slotSeconds: 30, releaseSeconds: 3, solveSeconds: 20 },
  setupSeconds: { none: 2, attested: 2, full: 2 },
};
const WORK = {
  ...{ nodeClasses: ['standard'], ownClass: 'standard' },
  ...{ valuePerNodeHour: 1_000, costPerNodeHour: 1, patienceHours: 1, offeredHours: 0.1 },
};

test('a job that waits gets a borrowed node in its partition, which is gone before the lease ends', async (t) => {
  const slurm = await OneNodeSlurm.start(1);
  t.teardown(() => slurm.stop());
  const node = new BorrowedSlurmNode(t, slurm, 'n1', 0);
  const site = new TradeSite(t, { nodeIds: ['n1'], market: MARKET });
  await site.startSite();
  await site.startMarket();
  const bidAhead = { bidAheadSeconds: 4 };
  await site.startAgent('a', 'none', {
    work: { ...WORK, ...bidAhead },
    file: { nodes: ['n1'] },
  });
  const agent = await site.startAgent('t', 'slurm', {
    work: { ...WORK, ...bidAhead, drainAheadSeconds: 10, removeAheadSeconds: 4, idleRounds: 0 },
    slurm: {
      configuration: slurm.configuration,
      addresses: { n1: node.address },
      registerSeconds: 40,
    },
  });
  const submit = (name: string, script: string) =>
    slurm
      .ask('sbatch', [
        ...['--parsable', '--time=1', `--output=${join(slurm.folder, name)}`, `--wrap=${script}`],
      ])
      .trim();
  const own = submit('own', 'sleep 50');
  const isOf = (job: string, state: string) =>
    slurm.ask('scontrol', ['show', 'job', job]).includes(`JobState=${state}`);
  // It would be a want as well as long as Slurm has not looked at it.
  await until('the own node is taken', () => isOf(own, 'RUNNING'), 20_000);
  const waiting = submit('borrowed', 'hostname; echo $SLURMD_NODENAME; sleep 1');
  const isActive = async () => {
    const shown = await site.call('t', 'isolation', 'GET', '/nodes/n1').catch(() => ({}));
    return (shown as { state?: string }).state === 'active';
  };
  await until('the node is active', isActive, 60_000);
  node.start();
  const states = new Set<string>();
  const look = () => {
    const [, state] = /^n1\|(\S+)/m.exec(slurm.ask('sinfo', ['-h', '-N', '-o', '%N|%T'])) ?? [];
    if (state !== undefined) states.add(state.replace(/[^a-z]+$/, ''));
    return state;
  };
  await until('the node is in the partition', () => look() !== undefined, 40_000);
  const isDone = () => {
    look();
    return isOf(waiting, 'COMPLETED');
  };
  await until('the job is done', isDone, 60_000);
  t.deepEqual(readFileSync(join(slurm.folder, 'borrowed'), 'utf8').trim().split('\n'), [
    'n1',
    'n1',
  ]);
  await until('the node is gone', () => look() === undefined, 90_000);
  const lease = await site.call('t', 'isolation', 'GET', '/leases/market.c1');
  t.is(lease['state'], 'running', 'the lease is not over when the node is gone');
  t.true(states.has('drained'), [...states].join());
  t.regex(slurm.ask('scontrol', ['show', 'reservation']), /No reservations/);
  node.stop();
  const isFree = async () =>
    (await site.call('admin', 'isolation', 'GET', '/nodes/n1'))['state'] === 'free';
  await until('the node is its owner’s again', isFree, 40_000);
  await until(
    'the contract is settled',
    async () => (await site.call('admin', 'market', 'GET', '/ledger'))['contracts'] === 0,
    20_000,
  );
  const { counts, credits } = await site.call('admin', 'market', 'GET', '/ledger');
  t.like(credits, { imbalance: 0 });
  t.like(counts, { contractsFormed: 1, contractsSettled: 1 });
  t.log([...states].join(' → '), agent.told.split('\n').slice(0, 6).join('; '));
});
