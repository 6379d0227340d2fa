/**
 * What earlier marketplaces for bare metal did, or should have done (behaviours 75 to 86 of the
 * acceptance list): each was a test of FLOCX, or fails there.
 */
import test from 'ava';
import { mechanisms } from '../../core/market/mechanisms/registry.ts';
import type { Bid } from '../../core/market/orders.ts';
import { clear } from './support/conformance.ts';
import { DrivenMarket, ADMIN, kinds } from './support/market.ts';
import { ask, bid, round } from './support/orders.ts';

const exchange = mechanisms.get('exchange-threshold')!;
const NODE = { cores: 16, memoryGiB: 128, vendor: 'Dell', flags: ['vmx'] };
const OFFER = ask('offer', { properties: NODE, reserveMillicredits: 10 });

function demanding(bidId: string, ...constraints: Bid['constraints'] & object): Bid {
  return bid(bidId, { valueMillicredits: 1_000 }, { constraints });
}

function served(bids: readonly Bid[], asks = [OFFER], mechanism = exchange): string[] {
  return clear(mechanism, round(bids, asks)).fills.map(({ bidId }) => bidId);
}

test('75 every operator decides whether an offer serves a bid, in every mechanism', (t) => {
  const cases: [string, string | null, unknown, boolean][] = [
    ['cores', '==', 16, true],
    ['cores', '==', 8, false],
    ['cores', '!=', 8, true],
    ['cores', '!=', 16, false],
    ['cores', '>', 8, true],
    ['cores', '>', 16, false],
    ['cores', '>=', 16, true],
    ['cores', '<', 32, true],
    ['cores', '<', 16, false],
    ['cores', '<=', 16, true],
    ['vendor', 'eq', 'Dell', true],
    ['vendor', '!eq', 'Dell', false],
    ['vendor', 'ne', 'HP', true],
    ['vendor', 'startswith', 'De', true],
    ['vendor', 'endswith', 'ell', true],
    ['vendor', 'matches', 'D*l', true],
    ['vendor', '!matches', 'D*l', false],
    ['vendor', 'in', ['Dell', 'HP'], true],
    ['vendor', '!in', ['Dell', 'HP'], false],
    ['flags', 'contains', 'vmx', true],
    ['flags', '!contains', 'vmx', false],
    ['vendor', null, null, true],
  ];
  for (const [name, mechanism] of mechanisms) {
    const trades = served([bid('plain')], [OFFER], mechanism).length > 0;
    for (const [path, operator, value, expected] of cases) {
      const bids = [demanding('b', [path, operator, value])];
      const got = served(bids, [OFFER], mechanism).length > 0;
      t.is(got, expected && trades, `${name}: ${path} ${operator}`);
    }
  }
  const { rejected } = clear(exchange, round([demanding('b', ['cores', 'almost', 16])], [OFFER]));
  t.deepEqual(rejected, [{ orderId: 'b', code: 'MARKET_CONSTRAINT_INVALID' }]);
  const typed = clear(exchange, round([demanding('b', ['cores', '>', 'many'])], [OFFER]));
  t.is(typed.rejected[0]!.code, 'MARKET_CONSTRAINT_INVALID');
});

test('76 no offer, one or two serve a bid for as many nodes', (t) => {
  const second = { ...OFFER, askId: 'second', organisation: 'other' };
  const small = { ...OFFER, askId: 'small', properties: { cores: 4 } };
  const two = bid('b', { nodes: 2 }, { constraints: [['cores', '>=', 16]] });
  t.deepEqual(served([two], [small, small]), []);
  t.deepEqual(served([two], [OFFER, small]), []);
  t.deepEqual(served([two], [OFFER, small, second]), ['b']);
});

test('77 of two equal bids for one offer exactly one is served', (t) => {
  t.is(served([bid('b1'), bid('b2')]).length, 1);
  const market = new DrivenMarket();
  market.ask({ ...OFFER, organisation: 'gamma' });
  market.bid({ ...bid('job'), organisation: 'alpha' });
  market.bid({ ...bid('job'), organisation: 'beta' });
  const effects = market.solve(market.close());
  t.is(kinds(effects).filter((kind) => kind === 'ContractFormed').length, 1);
});

test('78 an offer in another window serves nobody', (t) => {
  const late = { ...OFFER, startSlot: 1, endSlot: 3 };
  t.deepEqual(served([bid('b', { startSlot: 0, endSlot: 2 })], [late]), []);
  t.deepEqual(served([bid('b', { startSlot: 2, endSlot: 4 })], [late]), []);
});

test('79 a negative price, a second offer under one id and an offer of others’ nodes are refused', (t) => {
  const market = new DrivenMarket();
  const offer = { ...OFFER, organisation: 'beta' };
  t.is(market.ask({ ...offer, reserveMillicredits: -1 }), 'MARKET_MONEY_NEGATIVE');
  t.is(market.ask(offer), null);
  t.is(market.ask({ ...offer, nodes: 2 }), 'CONFLICT_ORDER_ID');
  const posted = { kind: 'PostAsk', roundId: 0, ask: { ...offer, askId: 'x' } } as const;
  const thief = { role: 'organisation', name: 'alpha' };
  t.is(market.command(posted, thief), 'DENIED_NOT_OWN_ORDER');
  const stranger = { role: 'organisation', name: 'nobody' };
  t.is(market.command(posted, stranger), 'DENIED_NOT_MEMBER');
});

test('80 an offer of exactly the window that is wanted serves', (t) => {
  const exact = { ...OFFER, startSlot: 2, endSlot: 5 };
  t.deepEqual(served([bid('b', { startSlot: 2, endSlot: 5 })], [exact]), ['b']);
});

test('81 an offer dearer than the bid never serves it where anybody’s price counts', (t) => {
  const dear = { ...OFFER, reserveMillicredits: 1_001 };
  for (const [name, mechanism] of mechanisms) {
    if (mechanism.properties.individualRationality === 'never') continue;
    t.deepEqual(served([bid('b', { valueMillicredits: 1_000 })], [dear], mechanism), [], name);
  }
});

test('82 a bid for k nodes takes exactly k', (t) => {
  const many = { ...OFFER, nodes: 10 };
  for (const [name, mechanism] of mechanisms) {
    for (const nodes of [1, 2, 7]) {
      const bids = [bid('b', { nodes, valueMillicredits: 1_500 * nodes })];
      const { fills } = clear(mechanism, round(bids, [many]));
      for (const fill of fills) {
        t.is(fill.nodes, nodes, name);
        t.deepEqual(fill.parts, [{ askId: 'offer', nodes }], name);
      }
    }
  }
});

test('83 a bid on a property that no offer has is not served, and the others are', (t) => {
  const bids = [
    demanding('gpu', ['gpu.count', '>=', 1]),
    demanding('none', ['serial', 'startswith', 'N']),
    demanding('list', ['disks', '!contains', 'x']),
    demanding('plain', ['cores', '>=', 1]),
  ];
  const silent = ask('silent', { properties: {} });
  t.deepEqual(served(bids, [silent, ask('bare'), OFFER]), ['plain']);
});

test('84 a pattern that would stall a regular expression takes next to no time', (t) => {
  const text = `${'a'.repeat(127)}!`;
  const offer = { ...OFFER, properties: { name: text } };
  const patterns = [`${'a*'.repeat(29)}b`, '(a+)+$', '*a*a*a*a*a*a*a*a*a*a*a*a*b'];
  const bids = patterns.map((pattern, i) => demanding(`b${i}`, ['name', 'matches', pattern]));
  served(bids, [offer]);
  const before = performance.now();
  t.deepEqual(served(bids, [offer]), []);
  t.true(performance.now() - before < 10);
});

test('85 a contract that is due now is ready, one for later waits', (t) => {
  const market = new DrivenMarket();
  market.ask({ ...OFFER, organisation: 'beta', endSlot: 8 });
  market.bid({ ...bid('now'), organisation: 'alpha' });
  market.bid({ ...bid('later', { startSlot: 4, endSlot: 5 }), organisation: 'alpha' });
  market.solve(market.close());
  const states = [...market.state.contracts.values()].map(({ contract, state }) => [
    contract.wantRef,
    state,
  ]);
  t.deepEqual(Object.fromEntries(states), { now: 'deposited', later: 'scheduled' });
});

test('86 a withdrawn offer and a void contract free what they held', (t) => {
  const market = new DrivenMarket();
  const offer = { ...OFFER, organisation: 'beta' };
  market.ask(offer);
  const from = { role: 'organisation', name: 'beta' };
  const withdrawal = { kind: 'WithdrawOrder', roundId: 0, side: 'ask', orderId: 'offer' } as const;
  t.is(market.command(withdrawal, from), null);
  t.is(market.ask({ ...offer, reserveMillicredits: 20 }), null);
  market.bid({ ...bid('job'), organisation: 'alpha' });
  market.solve(market.close());
  t.is(market.state.contracts.size, 1);
  t.is(market.command({ kind: 'VoidContract', contractId: 'c1' }, ADMIN), null);
  t.is(market.state.contracts.size, 0);
  t.is(market.balance('/escrow'), 0);
  t.is(market.ask(offer, 1), null);
  t.is(market.bid({ ...bid('job'), organisation: 'gamma' }, 1), null);
  market.solve(market.close(1));
  t.is([...market.state.contracts.values()][0]!.contract.buyer, 'gamma');
});
