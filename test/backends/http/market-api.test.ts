import test from 'ava';
import {
  MARKET_COMMAND_ROUTES,
  MARKET_QUERY_ROUTES,
} from '../../../backends/http/market-routes.ts';
import { isSigned } from '../../../backends/receipts/ed25519.ts';
import { EXCHANGE_COMMANDS } from '../../../core/market/exchange/commands.ts';
import { EXCHANGE_QUERIES } from '../../../core/market/exchange/views.ts';
import type { CommitReceipt } from '../../../core/market/sealing/protocol.ts';
import { commitmentOf } from '../../../core/market/sealing/commitment.ts';
import { ask, bid } from '../../market/support/orders.ts';
import { EPOCH_MS, exchangeConfiguration, OPENING } from '../../market/exchange/traded-site.ts';
import { ServedMarket } from './served-market.ts';

const ASK = ask('spare', {
  organisation: 'org-a',
  nodeClass: 'standard',
  reserveMillicredits: 400,
});
const BID = bid(
  'want',
  { nodeClass: 'standard', valueMillicredits: 800 },
  { organisation: 'org-t' },
);

async function traded(t: Parameters<typeof ServedMarket.open>[0]): Promise<ServedMarket> {
  const market = await ServedMarket.open(t);
  t.is(await market.code('a', 'PUT /pledges/standard', { nodeIds: ['a1'] }), '200');
  t.is(await market.code('a', 'POST /asks', { roundId: 0, ask: ASK }), '201');
  t.is(await market.code('tenant', 'POST /bids', { roundId: 0, bid: BID }), '201');
  return market;
}

test('every command and query of the exchange has its call', (t) => {
  const commands = MARKET_COMMAND_ROUTES.map(({ command }) => command);
  t.deepEqual([...commands].sort(), Object.keys(EXCHANGE_COMMANDS).sort());
  const queries = MARKET_QUERY_ROUTES.map(({ query }) => query);
  t.deepEqual([...queries].sort(), Object.keys(EXCHANGE_QUERIES).sort());
});

test('orders become a contract with its prices published, solved in a thread of its own', async (t) => {
  const market = await traded(t);
  await market.closeRound(EPOCH_MS);
  const { published } = await market.shown('b', '/rounds');
  t.like((published as readonly object[])[0]!, {
    contracts: 1,
    prices: [{ nodeClass: 'standard', millicreditsPerNodeSlot: 600 }],
  });
  const { contracts } = await market.shown('tenant', '/organisations/org-t/contracts');
  t.like((contracts as readonly object[])[0]!, {
    ...{ side: 'bought', millicredits: 600, orderId: 'want', depositMillicredits: 60 },
    delivery: { state: 'asked', nodeIds: ['a1'], isolation: 'isolation' },
  });
  t.like(await market.shown('tenant', '/organisations/org-t/account'), {
    freeMillicredits: OPENING - 60,
    depositedMillicredits: 60,
  });
  t.like(await market.shown('admin', '/ledger'), { credits: { imbalance: 0 } });
});

test('nobody sees another’s orders, contracts, account or pledges: they are not there', async (t) => {
  const market = await traded(t);
  for (const path of ['orders', 'contracts', 'account', 'pledges']) {
    t.is(await market.code('b', `GET /organisations/org-t/${path}`), '404 NOT_FOUND', path);
    t.is(await market.code('b', `GET /organisations/nobody/${path}`), '404 NOT_FOUND', path);
    t.is(await market.code('tenant', `GET /organisations/org-t/${path}`), '200', path);
  }
  await market.closeRound(EPOCH_MS);
  t.is(await market.code('b', 'GET /contracts/c1'), '404 NOT_FOUND');
  t.is(await market.code('b', 'GET /contracts/c7'), '404 NOT_FOUND');
  const [bought, sold] = await Promise.all([
    market.shown('tenant', '/contracts/c1'),
    market.shown('a', '/contracts/c1'),
  ]);
  t.like(bought, { side: 'bought', orderId: 'want' });
  t.like(sold, { side: 'sold', orderId: 'spare' });
  const all = await market.send('b', 'GET /rounds');
  t.notRegex(all.body, /want|spare|org-/);
});

test('only an administrator moves money, voids contracts and reads the ledger', async (t) => {
  const market = await traded(t);
  await market.closeRound(EPOCH_MS);
  const gift = { transferId: 'gift', amountMillicredits: 5_000 };
  t.is(
    await market.code('tenant', 'POST /organisations/org-t/endowments', gift),
    '403 DENIED_NOT_ADMINISTRATOR',
  );
  t.is(await market.code('tenant', 'POST /organisations/org-b/endowments', gift), '404 NOT_FOUND');
  t.is(await market.code('admin', 'POST /organisations/org-t/endowments', gift), '201');
  t.is(await market.code('tenant', 'POST /contracts/c1/void'), '403 DENIED_NOT_ADMINISTRATOR');
  t.is(await market.code('b', 'POST /contracts/c1/void'), '404 NOT_FOUND');
  t.is(await market.code('tenant', 'GET /ledger'), '403 DENIED_NOT_ADMINISTRATOR');
  t.is(await market.code('admin', 'POST /contracts/c1/void'), '200');
});

test('orders that are none, or in another’s name, are refused one by one with their reason', async (t) => {
  const market = await ServedMarket.open(t);
  const post = (order: unknown) => market.code('b', 'POST /bids', { roundId: 0, bid: order });
  t.is(await post(BID), '403 DENIED_NOT_OWN_ORDER');
  t.is(await post(null), '409 MARKET_ORDER_MALFORMED');
  const dear = {
    ...BID,
    organisation: 'org-b',
    options: [{ ...BID.options[0], valueMillicredits: 0.5 }],
  };
  t.is(await post(dear), '409 MARKET_MONEY_NOT_INTEGER');
  t.is(await market.code('b', 'POST /bids', { roundId: '0', bid: BID }), '400 INPUT_BAD_ARGUMENT');
  t.is(await market.code('b', 'POST /bids', { roundId: 1, bid: BID }), '409 MARKET_ROUND_CLOSED');
  t.is(
    await market.code('stranger', 'POST /bids', { roundId: 0, bid: BID }),
    '403 DENIED_NOT_MEMBER',
  );
  const many = await market.send('tenant', 'POST /orders', {
    roundId: 0,
    bids: [BID, null],
    asks: [],
  });
  t.like(many.json(), { accepted: 1, refused: [{ orderId: 'bid[1]' }] });
  const back = { roundId: 0, side: 'bid', orderId: 'want' };
  t.is(await market.code('b', 'POST /withdrawals', back), '404 NOT_FOUND_ORDER');
  t.is(await market.code('tenant', 'POST /withdrawals', back), '200');
});

test('a commitment is receipted under the exchange’s signature, to its holder alone', async (t) => {
  const market = await ServedMarket.open(
    t,
    exchangeConfiguration({ sealing: { bondMillicredits: 10 } }),
  );
  await market.runner.durable();
  const sheet = { agent: 'org-t', bids: [BID], asks: [], nonce: 'f'.repeat(32) };
  const commitment = commitmentOf(sheet);
  t.is(
    await market.code('tenant', 'POST /bids', { roundId: 0, bid: BID }),
    '409 MARKET_ORDERS_SEALED',
  );
  t.is(await market.code('tenant', 'POST /commitments', { roundId: 0, commitment }), '201');
  const receipt = await market.shown('tenant', '/organisations/org-t/receipts/0');
  const { signature, ...body } = receipt as unknown as CommitReceipt & { signature: string };
  t.true(isSigned(body, signature, market.publicKey));
  t.false(isSigned({ ...body, place: 1 }, signature, market.publicKey));
  t.is(await market.code('b', 'GET /organisations/org-t/receipts/0'), '404 NOT_FOUND');
});
