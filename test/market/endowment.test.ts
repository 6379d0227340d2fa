import test from 'ava';
import fc from 'fast-check';
import { DAY_MS } from '../../core/kernel/units.ts';
import { decayed } from '../../core/market/endowment.ts';
import type { EndowmentTerms } from '../../core/market/endowment.ts';
import { giniIndex } from '../../core/metrics/market-safety.ts';
import { ADMIN, DrivenMarket } from './support/market.ts';
import { ask, bid } from './support/orders.ts';

const TERMS: EndowmentTerms = {
  startMs: 0,
  decayPartsPerMillionPerDay: 0,
  capMillicredits: null,
  basePartsPerMillion: 0,
  greatestPartsPerMillion: 1_000_000,
};

function sharing(terms: Partial<EndowmentTerms> = {}, opening = 100_000): DrivenMarket {
  const names = ['alpha', 'beta', 'gamma'];
  return new DrivenMarket({
    mechanism: 'k-double-auction',
    endowment: { ...TERMS, ...terms },
    organisations: names.map((name) => ({ name, openingBalanceMillicredits: opening })),
    members: names.map((organisation) => ({ organisation, contributedNodes: 10, priority: 0 })),
  });
}

let transfers = 0;

function share(market: DrivenMarket, poolMillicredits: unknown, timeMs: number, id?: string) {
  const transferId = id ?? `pool ${++transfers}`;
  return market.command({ kind: 'ShareOut', transferId, poolMillicredits }, ADMIN, timeMs);
}

/** The seller delivers so many nodes for one slot, for nothing. */
function deliver(market: DrivenMarket, seller: string, nodes: number, roundId: number): void {
  const buyer = seller === 'alpha' ? 'gamma' : 'alpha';
  market.ask(ask('a', { organisation: seller, nodes }), roundId);
  market.bid(bid('b', { nodes, valueMillicredits: 0 }, { organisation: buyer }), roundId);
  market.solve(market.close(roundId));
  market.report(`c${roundId + 1}`, 'ended', nodes * 900_000);
}

const balances = (market: DrivenMarket) =>
  ['alpha', 'beta', 'gamma'].map((name) => market.balance(name));

test('a pool is shared out by delivered node-hours, exactly, and once per transfer', (t) => {
  const market = sharing({}, 0);
  deliver(market, 'alpha', 1, 0);
  deliver(market, 'beta', 2, 1);
  t.is(share(market, 1_000, 0, 'week 1'), null);
  t.deepEqual(balances(market), [333, 667, 0]);
  t.is(share(market, 1_000, 0, 'week 1'), null);
  t.deepEqual(balances(market), [333, 667, 0]);
  t.is(share(market, 1_000, 0), null);
  t.deepEqual(balances(market), [333, 667, 0], 'nothing was delivered since');
});

test('what a member brings along counts by the base share, and one part is never the whole pool', (t) => {
  const market = sharing({ basePartsPerMillion: 500_000, greatestPartsPerMillion: 400_000 }, 0);
  // Ten nodes each for a quarter of an hour, of which half counts: 4,500 node-seconds.
  deliver(market, 'alpha', 10, 0);
  share(market, 1_000, 900_000);
  t.deepEqual(balances(market), [400, 200, 200], 'by 13,500 to 4,500 and 4,500, cut to 400');
});

test('credits that lie about decay day by day and stop at the cap', (t) => {
  const market = sharing({ decayPartsPerMillionPerDay: 10_000, capMillicredits: 98_500 });
  share(market, 0, DAY_MS - 1);
  t.deepEqual(balances(market), [98_500, 98_500, 98_500], 'the cap');
  share(market, 0, DAY_MS);
  t.is(market.balance('alpha'), 97_515);
  share(market, 0, 2 * DAY_MS + 5);
  t.is(market.balance('alpha'), 96_539);
  share(market, 0, 3 * DAY_MS - 1);
  t.is(market.balance('alpha'), 96_539, 'days begin where the last one ended');
  const patient = sharing({ decayPartsPerMillionPerDay: 10_000 });
  share(patient, 0, 2 * DAY_MS);
  t.is(patient.balance('alpha'), 98_010, 'two days at once are two days');
});

test('after a year of saving nobody has more than what decay leaves of its income', (t) => {
  const rich = sharing({ decayPartsPerMillionPerDay: 10_000, basePartsPerMillion: 1_000_000 }, 0);
  const hoard = sharing({ basePartsPerMillion: 1_000_000 }, 0);
  for (const market of [rich, hoard]) {
    for (let day = 1; day <= 365; day++) share(market, 3_000, day * DAY_MS);
  }
  // A geometric series: income ÷ decay is the most that there can be.
  t.true(rich.balance('alpha') < 100_000);
  t.is(hoard.balance('alpha'), 365_000);
});

test('decay is never more than asked for, never negative, and days add up', (t) => {
  const share = fc.integer({ min: 0, max: 1_000_000 });
  fc.assert(
    fc.property(fc.nat(2 ** 40), share, fc.nat(30), fc.nat(30), (balance, rate, a, b) => {
      t.is(decayed(decayed(balance, rate, a), rate, b), decayed(balance, rate, a + b));
      const exact = balance * Math.exp(a * Math.log1p(-Math.min(rate, 999_999) / 1e6));
      if (rate < 1_000_000)
        t.true(Math.abs(decayed(balance, rate, a) - exact) <= a + 1 + exact * 1e-9);
    }),
  );
});

test('who may share out, and what, is checked', (t) => {
  const market = sharing();
  const from = { role: 'organisation', name: 'alpha' };
  const command = { kind: 'ShareOut' as const, transferId: 'x', poolMillicredits: 5 };
  t.is(market.command(command, from), 'DENIED_NOT_ADMINISTRATOR');
  for (const bad of [-1, 0.5, NaN, 2 ** 53, '5', null]) {
    t.is(share(market, bad, 0), 'LEDGER_AMOUNT_INVALID');
  }
  t.is(share(new DrivenMarket(), 5, 0), 'MARKET_ENDOWMENT_NONE');
  t.deepEqual(balances(market), [100_000, 100_000, 100_000]);
});

test('the Gini index agrees with its definition', (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat(1_000), { minLength: 1, maxLength: 8 }), (amounts) => {
      const mean = amounts.reduce((a, b) => a + b, 0) / amounts.length;
      let differences = 0;
      for (const a of amounts) for (const b of amounts) differences += Math.abs(a - b);
      const expected = differences / (2 * amounts.length * amounts.length * mean);
      const found = giniIndex(amounts);
      if (mean === 0) t.is(found, null);
      else t.true(Math.abs(found! - expected) < 1e-9);
    }),
  );
});
