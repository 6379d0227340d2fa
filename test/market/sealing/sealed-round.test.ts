import test from 'ava';
import fc from 'fast-check';
import type { Reply } from '../../../core/kernel/service.ts';
import { sha256Hex } from '../../../core/kernel/sha256.ts';
import { balanceOf, EXCHANGE_ACCOUNT } from '../../../core/market/ledger.ts';
import type { Ask, Bid } from '../../../core/market/orders.ts';
import { commitmentOf } from '../../../core/market/sealing/commitment.ts';
import type { OrderSheet } from '../../../core/market/sealing/commitment.ts';
import { SEALS_ACCOUNT } from '../../../core/market/sealing/seals-account.ts';
import { marketService } from '../../../core/market/service.ts';
import { ADMIN, DrivenMarket } from '../support/market.ts';
import { ask, bid } from '../support/orders.ts';

const HEAD = sha256Hex('journal');
const BOND = 5_000;

function sealedMarket(more = {}): DrivenMarket {
  return new DrivenMarket({ sealing: { bondMillicredits: BOND }, ...more });
}

function sheetOf(agent: string, bids: readonly Bid[], asks: readonly Ask[] = []): OrderSheet {
  return { agent, bids, asks, nonce: sha256Hex(agent).slice(0, 32) };
}

const BUY = sheetOf('beta', [bid('b', {}, { organisation: 'beta' })]);
const SELL = sheetOf('alpha', [], [ask('s', { organisation: 'alpha' })]);

const as = (name: string) => ({ role: 'organisation', name });
const open = (market: DrivenMarket, roundId = 0) =>
  market.command({ kind: 'OpenCommits', roundId, head: HEAD }, ADMIN);
const commit = (market: DrivenMarket, sheet: OrderSheet, roundId = 0) =>
  market.command(
    { kind: 'CommitOrders', roundId, commitment: commitmentOf(sheet) },
    as(sheet.agent),
  );
const shut = (market: DrivenMarket, roundId = 0) =>
  market.command({ kind: 'CloseCommits', roundId }, ADMIN);
const reveal = (market: DrivenMarket, { agent, bids, asks, nonce }: OrderSheet, roundId = 0) =>
  market.command({ kind: 'RevealOrders', roundId, bids, asks, nonce }, as(agent));

test('a sealed round goes from commitments to contracts, and the bonds come back', (t) => {
  const market = sealedMarket();
  t.is(open(market), null);
  t.is(commit(market, BUY), null);
  t.is(commit(market, SELL), null);
  t.is(balanceOf(market.state.ledger, SEALS_ACCOUNT), 2 * BOND);
  t.is(shut(market), null);
  t.is(reveal(market, SELL), null);
  t.is(reveal(market, BUY), null);
  t.is(balanceOf(market.state.ledger, SEALS_ACCOUNT), 0);
  const solve = market.close();
  t.is(solve.round.seed, `market/0/${HEAD}`);
  market.solve(solve);
  t.is(market.state.contracts.size, 1);
});

test('orders that could be read early are refused', (t) => {
  const market = sealedMarket();
  open(market);
  t.is(market.bid(BUY.bids[0]!), 'MARKET_ORDERS_SEALED');
  t.is(market.ask(SELL.asks[0]!), 'MARKET_ORDERS_SEALED');
  const plain = new DrivenMarket();
  t.is(open(plain), 'MARKET_NOT_SEALED');
  t.is(commit(plain, BUY), 'MARKET_NOT_SEALED');
});

test('a reveal without a commitment, of another sheet, too early or twice changes nothing', (t) => {
  const market = sealedMarket();
  open(market);
  commit(market, BUY);
  t.is(reveal(market, BUY), 'MARKET_REVEAL_UNEXPECTED');
  shut(market);
  t.is(reveal(market, SELL), 'MARKET_REVEAL_UNEXPECTED');
  const other = sheetOf('beta', [bid('b', { valueMillicredits: 999 }, { organisation: 'beta' })]);
  t.is(reveal(market, other), 'MARKET_REVEAL_WRONG');
  t.is(reveal(market, { ...BUY, nonce: '0'.repeat(32) }), 'MARKET_REVEAL_WRONG');
  t.is(reveal(market, BUY), null);
  t.is(reveal(market, BUY), 'MARKET_REVEAL_REPEATED');
  t.is(market.close().round.bids.length, 1);
});

test('who commits and keeps silent loses the bond, and the round goes on', (t) => {
  const market = sealedMarket();
  open(market);
  commit(market, BUY);
  commit(market, SELL);
  shut(market);
  reveal(market, SELL);
  market.close();
  t.is(balanceOf(market.state.ledger, EXCHANGE_ACCOUNT), BOND);
  const published = market.effects.findLast(({ kind }) => kind === 'OrdersPublished');
  t.like(published, { silent: ['beta'], orders: 1, forfeitedMillicredits: BOND });
});

test('commitments come while they are open, one an organisation, from members who can pay', (t) => {
  const market = sealedMarket({
    organisations: [
      { name: 'beta', openingBalanceMillicredits: 1_000_000 },
      { name: 'alpha', openingBalanceMillicredits: BOND - 1 },
    ],
  });
  t.is(commit(market, BUY), 'MARKET_COMMITS_NOT_OPEN');
  open(market);
  t.is(open(market), null);
  t.is(market.command({ kind: 'OpenCommits', roundId: 0, head: 'x' }, ADMIN), 'INPUT_HASH_INVALID');
  t.is(
    market.command({ kind: 'OpenCommits', roundId: 0, head: sha256Hex('other') }, ADMIN),
    'CONFLICT_COMMITS',
  );
  t.is(
    market.command({ kind: 'OpenCommits', roundId: 1, head: HEAD }, as('beta')),
    'DENIED_NOT_ADMINISTRATOR',
  );
  t.is(commit(market, BUY), null);
  t.is(commit(market, BUY), null);
  t.is(balanceOf(market.state.ledger, SEALS_ACCOUNT), BOND);
  t.is(commit(market, sheetOf('beta', [])), 'CONFLICT_COMMITMENT');
  t.is(commit(market, SELL), 'MARKET_BALANCE_INSUFFICIENT');
  t.is(commit(market, sheetOf('nobody', [])), 'DENIED_NOT_MEMBER');
  t.is(
    market.command({ kind: 'CommitOrders', roundId: 0, commitment: 'A'.repeat(64) }, as('beta')),
    'INPUT_HASH_INVALID',
  );
  t.is(market.command({ kind: 'CloseRound', roundId: 0 }, ADMIN), 'MARKET_COMMITS_OPEN');
  shut(market);
  t.is(commit(market, SELL), 'MARKET_COMMITS_NOT_OPEN');
});

test('a round that lapses gives the bonds back', (t) => {
  const market = sealedMarket();
  open(market, 0);
  commit(market, BUY, 0);
  shut(market, 0);
  market.close(1);
  t.is(balanceOf(market.state.ledger, SEALS_ACCOUNT), 0);
  t.is(balanceOf(market.state.ledger, 'beta'), 1_000_000);
  t.is(reveal(market, BUY, 0), 'MARKET_REVEAL_UNEXPECTED');
});

test('orders take part in the order of the commitments, however the reveals come in', (t) => {
  const names = ['alpha', 'beta', 'gamma'];
  const sheets = names.map((agent) => sheetOf(agent, [bid('b', {}, { organisation: agent })]));
  const order = fc.shuffledSubarray(sheets, { minLength: 3 });
  fc.assert(
    fc.property(order, order, (commits, reveals) => {
      const market = sealedMarket();
      open(market);
      for (const sheet of commits) commit(market, sheet);
      shut(market);
      for (const sheet of reveals) reveal(market, sheet);
      const { round } = market.close();
      t.deepEqual(
        round.bids.map(({ organisation }) => organisation),
        commits.map(({ agent }) => agent),
      );
    }),
  );
});

test('a sheet of anything that JSON can hold is refused, and no time is lost on it', (t) => {
  const market = sealedMarket();
  open(market);
  commit(market, BUY);
  shut(market);
  let deep: unknown = 0;
  for (let i = 0; i < 50_000; i++) deep = [deep];
  const junk: unknown[] = [
    null,
    1,
    deep,
    {},
    { bids: deep },
    [deep],
    [{ bidId: 'b', options: deep }],
  ];
  for (const bids of junk) {
    const { effects } = marketService.step(market.state, {
      kind: 'RevealOrders',
      timeMs: 0,
      commandId: 'junk',
      from: { role: 'organisation', name: 'beta' },
      roundId: 0,
      bids: bids as Bid[],
      asks: [],
      nonce: BUY.nonce,
    });
    t.is(effects.length, 1);
    t.regex(String((effects[0] as Reply).refusal?.code), /^MARKET_(ORDER_MALFORMED|REVEAL_WRONG)/);
  }
  t.is(reveal(market, BUY), null);
});
