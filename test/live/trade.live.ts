/** Two organisations' agents trade over HTTP, while the market is killed again and again. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { openSqliteStore } from '../../backends/store/sqlite.ts';
import { recordsOf } from '../../backends/store/store.ts';
import type { LeaseCreate } from '../../core/allocator/protocol.ts';
import type { MarketNotice } from '../../core/market/exchange/protocol.ts';
import { runCli } from '../cli/run.ts';
import { OPENING_CREDITS, TradeSite, until } from './support/trade-site.ts';

const MARKET = {
  ...{ everySeconds: 5, slotSeconds: 15, releaseSeconds: 2, solveSeconds: 20 },
  setupSeconds: { none: 1, attested: 1, full: 1 },
};
const WORK = {
  ...{ nodeClasses: ['standard'], ownClass: 'standard' },
  ...{ valuePerNodeHour: 10_000, costPerNodeHour: 10, patienceHours: 1, offeredHours: 0.01 },
  ...{ bidAheadSeconds: 4, drainAheadSeconds: 2, removeAheadSeconds: 1 },
};
const NODES = ['a1', 'a2', 'a3'];

/** One job each so many seconds, of one node for a second. */
function jobs(count: number, everySeconds: number): string {
  const rows = Array.from({ length: count }, (_, index) => {
    return `${index + 1},${index * everySeconds},1,1,1,1`;
  });
  return ['id,submitSeconds,runSeconds,requestedSeconds,nodes,status', ...rows].join('\n');
}

/** A generator that is the same in every run: when the market is killed. */
function* pauses(): Generator<number, never> {
  for (let state = 12_345; ;) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    yield 300 + (state % 7_000);
  }
}

test('two agents trade over HTTP; kill -9 of the market loses nothing and charges nothing twice', async (t) => {
  const site = new TradeSite(t, { nodeIds: NODES, market: MARKET });
  writeFileSync(join(site.folder, 'jobs.csv'), jobs(12, 3));
  await site.startSite();
  let market = await site.startMarket();
  const owner = await site.startAgent('a', 'none', { work: WORK, file: { nodes: NODES } });
  const tenant = await site.startAgent('t', 'jobs.csv', { work: WORK, file: { nodes: [] } });
  let kills = 0;
  const untilMs = performance.now() + Number(process.env['OCX_TRADE_SECONDS'] ?? '50') * 1_000;
  for (const pauseMs of pauses()) {
    if (performance.now() > untilMs) break;
    await sleep(pauseMs);
    await market.end('SIGKILL');
    kills += 1;
    market = await site.startMarket();
  }
  await tenant.end('SIGTERM');
  await owner.end('SIGTERM');
  await until(
    'all contracts are settled',
    async () => (await site.call('admin', 'market', 'GET', '/ledger'))['contracts'] === 0,
    60_000,
  );
  const ledger = await site.call('admin', 'market', 'GET', '/ledger');
  t.like(ledger, { credits: { imbalance: 0 } });
  const balances = await site.balances();
  await market.end('SIGTERM');
  const opening = OPENING_CREDITS * 1_000;
  t.is(balances['org-a']! + balances['org-t']! + balances['/exchange']!, 2 * opening);

  const store = openSqliteStore(join(site.folder, 'market.db'));
  const told = await store.messages('market', { after: 0, limit: 100_000, to: null });
  await store.close();
  const notices = told.map(({ to, body }) => ({ to: to.name, notice: body as MarketNotice }));
  const settled = notices.flatMap(({ to, notice }) =>
    notice.kind === 'ContractSettled' && to === 'org-t' ? [notice] : [],
  );
  const ids = settled.map(({ contractId }) => contractId);
  t.is(new Set(ids).size, ids.length, 'a contract is settled once');
  const formed = notices.filter(({ notice }) => notice.kind === 'ContractFormed').length / 2;
  t.is(ids.length, formed);
  const paid = settled.reduce((sum, { millicredits }) => sum + millicredits, 0);
  t.is(balances['org-t'], opening - paid, 'and charged once');
  const delivered = settled.filter(({ outcome }) => outcome === 'completed').length;
  t.true(delivered >= 3, `${delivered} of ${formed} delivered: ${tenant.told.slice(-3_000)}`);

  const site2 = openSqliteStore(join(site.folder, 'site.db'));
  const leased: string[] = [];
  for await (const { event } of recordsOf(site2, 'isolation', 1)) {
    if (event.kind === 'LeaseCreate') leased.push((event as LeaseCreate).terms.contractId!);
  }
  await site2.close();
  t.is(new Set(leased).size, leased.length, 'no request reached the site under two keys');

  const environment = { INIT_CWD: site.folder };
  for (const word of ['verify', 'replay']) {
    const checked = await runCli(
      ['journal', word, `sqlite:${join(site.folder, 'market.db')}#market`],
      { environment },
    );
    t.is(checked.exitCode, 0, checked.stderr + checked.stdout);
  }
  t.regex(tenant.told, /node a\d is in the cluster/);
  t.regex(tenant.told, /node a\d is out of the cluster/);
  t.log(`${kills} kills, ${formed} contracts, ${delivered} delivered, ${paid} millicredits`);
});
