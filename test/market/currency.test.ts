import test from 'ava';
import fc from 'fast-check';
import { ledgerImbalance } from '../../core/market/ledger.ts';
import type { MarketConfiguration, MarketEffect } from '../../core/market/protocol.ts';
import { ADMIN, DrivenMarket } from './support/market.ts';
import { ask, bid } from './support/orders.ts';

/** Alpha and beta are members, gamma is an outsider; a credit is worth half a unit of money. */
function mixed(more: Partial<MarketConfiguration> = {}): DrivenMarket {
  const credits = (name: string, openingBalanceMillicredits: number) => ({
    name,
    openingBalanceMillicredits,
  });
  return new DrivenMarket({
    mechanism: 'k-double-auction',
    organisations: [credits('alpha', 50_000), credits('beta', 50_000), credits('gamma', 0)],
    money: {
      outsiders: ['gamma'],
      perMillionMillicredits: 500_000,
      openingBalances: [
        { organisation: 'gamma', amount: 20_000 },
        { organisation: 'alpha', amount: 3_000 },
        { organisation: 'beta', amount: 500 },
      ],
    },
    ...more,
  });
}

function trade(
  market: DrivenMarket,
  roundId: number,
  buyer: string,
  seller: string,
  price: number,
) {
  market.ask(ask('a', { organisation: seller, reserveMillicredits: price }), roundId);
  market.bid(bid('b', { valueMillicredits: price }, { organisation: buyer }), roundId);
  return market.solve(market.close(roundId));
}

const money = (market: DrivenMarket, account: string) =>
  market.state.moneyLedger!.balances.get(account) ?? 0;

const entries = (effects: readonly MarketEffect[]) =>
  effects.flatMap((effect) =>
    effect.kind === 'LedgerEntry' ? [effect.currency ?? 'credits'] : [],
  );

test('members trade in credits, with an outsider in money at the fixed rate', (t) => {
  const market = mixed();
  t.deepEqual(entries(trade(market, 0, 'alpha', 'beta', 10_000)), ['credits']);
  t.deepEqual(entries(trade(market, 1, 'gamma', 'beta', 10_001)), ['money']);
  const { contract, buyerDepositMillicredits } = market.state.contracts.get('c2')!;
  t.like(contract, { currency: 'money', priceMillicredits: 5_000, receiptMillicredits: 5_000 });
  t.is(buyerDepositMillicredits, 5_000, 'an outsider pays in advance');
  t.is(money(market, 'gamma'), 15_000);
  t.is(market.state.contracts.get('c1')!.contract.currency, undefined);
  market.report('c1', 'ended', 900_000);
  t.deepEqual(entries(market.report('c2', 'ended', 900_000)), ['money']);
  t.is(money(market, 'beta'), 5_500);
  t.is(market.balance('beta'), 60_000);
  t.is(market.balance('gamma'), 0);
});

test('a member without money cannot buy from an outsider, credits or not', (t) => {
  const market = mixed();
  const effects = trade(market, 0, 'beta', 'gamma', 10_000);
  t.like(
    effects.find(({ kind }) => kind === 'ContractVoided'),
    {
      refusal: { code: 'MARKET_BALANCE_INSUFFICIENT' },
    },
  );
  t.is(market.balance('beta'), 50_000);
});

test('credits are for members, money is for all, and other currencies are unknown', (t) => {
  const market = mixed();
  const endow = (organisation: string, currency?: unknown) =>
    market.command(
      {
        kind: 'Endow',
        transferId: `${organisation} ${String(currency)}`,
        organisation,
        amountMillicredits: 5,
        ...(currency === undefined ? {} : { currency }),
      },
      ADMIN,
    );
  t.is(endow('gamma'), 'MARKET_MONEY_ONLY');
  t.is(endow('gamma', 'money'), null);
  t.is(endow('alpha', 'money'), null);
  t.is(endow('alpha', 'credits'), null);
  t.is(endow('alpha', 'shells'), 'MARKET_CURRENCY_UNKNOWN');
  t.is(money(market, 'gamma'), 20_005);
  const plain = new DrivenMarket();
  t.is(
    plain.command(
      {
        kind: 'Endow',
        transferId: 'x',
        organisation: 'alpha',
        amountMillicredits: 5,
        currency: 'money',
      },
      ADMIN,
    ),
    'MARKET_CURRENCY_UNKNOWN',
  );
});

test('whatever is traded and however it ends, each currency sums to 0 by itself', (t) => {
  const name = fc.constantFrom('alpha', 'beta', 'gamma');
  const events = fc.array(
    fc.record({
      buyer: name,
      seller: name,
      price: fc.integer({ min: 0, max: 40_000 }),
      what: fc.constantFrom('ended', 'not-delivered', 'not-taken', 'failed', 'open'),
      delivered: fc.integer({ min: 0, max: 900_000 }),
    }),
    { maxLength: 12 },
  );
  let inMoney = 0;
  fc.assert(
    fc.property(events, (list) => {
      const market = mixed({
        clearingHouse: {
          nodeClasses: ['A'],
          priceWindowMs: 1e9,
          zScore: 1,
          liquidationSlots: 1,
          variationMargin: true,
          replacementPartsPerMillion: 500_000,
          exchangeCapitalMillicredits: 100,
          leastShareMillicredits: 50,
          stressPartsPerMillion: 200_000,
          reviewMs: 1,
        },
      });
      list.forEach(({ buyer, seller, price, what, delivered }, roundId) => {
        const effects = trade(market, roundId, buyer, seller, price);
        for (const effect of effects) {
          if (effect.kind !== 'ContractFormed' || what === 'open') continue;
          if (effect.contract.currency) inMoney += 1;
          market.report(effect.contract.contractId, what, delivered);
        }
        // The driver has checked the invariants after each event; this is the sum, in plain sight.
        t.is(ledgerImbalance(market.state.ledger), 0);
        t.is(ledgerImbalance(market.state.moneyLedger!), 0);
      });
    }),
    { numRuns: 100, seed: 11 },
  );
  t.true(inMoney > 20, `${inMoney}`);
});
