import test from 'ava';
import { ask, bid } from '../support/orders.ts';
import { contractsOf, guarded, tradeAt, triggered } from './support.ts';

const MAKER = {
  organisation: 'maker',
  spreadPartsPerMillion: 100_000,
  limitNodeSlots: 8,
  leaseSlots: 2,
};

function made(marketMaker: typeof MAKER | null = MAKER) {
  return guarded(marketMaker ? { marketMaker } : {}, {
    organisations: ['alpha', 'beta', 'gamma', 'maker'].map((name) => ({
      name,
      openingBalanceMillicredits: 1_000_000,
    })),
  });
}

test('a seller who comes to an empty market finds a buyer, up to the limit', (t) => {
  const market = made();
  t.is(market.close(0).round.bids.length, 0, 'no price, no quote');
  market.command({ kind: 'AbandonRound', roundId: 0 }, { role: 'admin', name: 'clock' });
  tradeAt(market, 1, 1_000);
  market.ask(
    ask('a', { organisation: 'beta', nodes: 20, endSlot: 4, reserveMillicredits: 100 }),
    2,
  );
  const [contract, ...more] = contractsOf(market.solve(market.close(2)));
  t.deepEqual(more, []);
  t.like(contract, { buyer: 'maker', seller: 'beta', nodes: 4 });
  t.true(contract!.priceMillicredits <= 900 * 8, 'never above its quote');
  const empty = made(null);
  tradeAt(empty, 1, 1_000);
  empty.ask(ask('a', { organisation: 'beta', nodes: 20, endSlot: 4, reserveMillicredits: 100 }), 2);
  t.is(contractsOf(empty.solve(empty.close(2))).length, 0);
  // It is full: it does not buy again before something is sold or over.
  t.false(market.close(3).round.bids.some(({ organisation }) => organisation === 'maker'));
});

test('a buyer finds what was bought before, once, above the price that it was bought at', (t) => {
  const market = made();
  tradeAt(market, 0, 1_000);
  market.ask(ask('a', { organisation: 'beta', nodes: 4, endSlot: 2, reserveMillicredits: 900 }), 1);
  const [bought] = contractsOf(market.solve(market.close(1)));
  market.bid(
    bid('b', { nodes: 3, endSlot: 2, valueMillicredits: 9_000 }, { organisation: 'gamma' }),
    2,
  );
  const solve = market.close(2);
  const [sold] = contractsOf(market.solve(solve));
  t.like(sold, {
    buyer: 'gamma',
    seller: 'maker',
    nodes: 3,
    askId: `resale-${bought!.contractId}`,
  });
  t.true(sold!.priceMillicredits / 3 > bought!.priceMillicredits / 4);
  market.bid(
    bid('c', { nodes: 3, endSlot: 2, valueMillicredits: 9_000 }, { organisation: 'alpha' }),
    3,
  );
  const again = market.close(3);
  t.is(
    again.round.asks.find(({ organisation }) => organisation === 'maker')!.nodes,
    1,
    'what is sold is not sold twice',
  );
  t.is(triggered(market.effects, 'market-maker').length, 2);
});

test('what the maker holds is forgotten when its contracts are over', (t) => {
  const market = made();
  tradeAt(market, 0, 1_000);
  market.ask(ask('a', { organisation: 'beta', nodes: 4, endSlot: 2, reserveMillicredits: 900 }), 1);
  market.solve(market.close(1));
  market.bid(
    bid('b', { nodes: 1, endSlot: 2, valueMillicredits: 9_000 }, { organisation: 'gamma' }),
    2,
  );
  market.solve(market.close(2));
  t.is(market.state.safeguards!.resold.size, 1);
  market.report('c2', 'ended', 4 * 2 * 900_000, 2 * 900_000);
  t.is(market.state.safeguards!.resold.size, 0);
  // After its end nothing of a contract can be sold, settled or not.
  t.is(market.close(3, 2 * 900_000).round.asks.length, 0);
});
