import test from 'ava';
import fc from 'fast-check';
import { coverTwo } from '../../../core/market/clearing-house/fund.ts';
import type { ClearingHouseConfiguration } from '../../../core/market/clearing-house/configuration.ts';
import type { MarketConfiguration, MarketEffect } from '../../../core/market/protocol.ts';
import { ADMIN, DrivenMarket, kinds } from '../support/market.ts';
import { ask, bid } from '../support/orders.ts';

const SLOT_MS = 900_000;

const HOUSE: ClearingHouseConfiguration = {
  nodeClasses: ['A'],
  priceWindowMs: 86_400_000,
  zScore: 2.33,
  liquidationSlots: 4,
  variationMargin: true,
  replacementPartsPerMillion: 500_000,
  exchangeCapitalMillicredits: 2_000,
  leastShareMillicredits: 1_000,
  stressPartsPerMillion: 0,
  reviewMs: 3_600_000,
};

function house(
  terms: Partial<ClearingHouseConfiguration> = {},
  more: Partial<MarketConfiguration> = {},
): DrivenMarket {
  return new DrivenMarket({
    mechanism: 'k-double-auction',
    clearingHouse: { ...HOUSE, ...terms },
    organisations: ['alpha', 'beta', 'gamma', 'delta'].map((name) => ({
      name,
      openingBalanceMillicredits: 100_000,
    })),
    ...more,
  });
}

let orders = 0;

/** One node of the seller for the buyer at the price, from a slot of the round on. */
function trade(
  market: DrivenMarket,
  roundId: number,
  price: number,
  { buyer = 'alpha', seller = 'beta', startSlot = 0, timeMs = roundId * SLOT_MS } = {},
) {
  const id = `o${++orders}`;
  const window = { startSlot, endSlot: startSlot + 1 };
  market.ask(
    ask(id, { organisation: seller, reserveMillicredits: price, ...window }),
    roundId,
    timeMs,
  );
  market.bid(
    bid(id, { valueMillicredits: price, ...window }, { organisation: buyer }),
    roundId,
    timeMs,
  );
  return market.solve(market.close(roundId, timeMs), timeMs);
}

function take(market: DrivenMarket, organisation: string, leave: number): void {
  const amountMillicredits = leave - market.balance(organisation);
  const transferId = `take ${++orders}`;
  market.command({ kind: 'Endow', transferId, organisation, amountMillicredits }, ADMIN);
}

function used(effects: readonly MarketEffect[]) {
  return effects.flatMap((effect) => (effect.kind === 'WaterfallUsed' ? [effect] : []));
}

test('a buyer that cannot pay: deposit, own share, capital, the others pro rata, in this order', (t) => {
  const market = house();
  trade(market, 0, 10_000);
  t.is(market.balance('/fund'), 4_000, 'every member has the least share');
  t.is(market.state.contracts.get('c1')!.buyerDepositMillicredits, 1_000);
  take(market, 'alpha', 500);
  const effects = market.report('c1', 'ended', SLOT_MS);
  const [waterfall] = used(effects);
  // 10,000 are due, 1,500 are there: deposit and account. Then 1,000 own, 2,000 capital, 3,000 fund.
  t.like(waterfall, {
    defaulter: 'alpha',
    creditor: 'beta',
    lossMillicredits: 8_500,
    defaulterMillicredits: 0,
    ownShareMillicredits: 1_000,
    capitalMillicredits: 2_000,
    mutualMillicredits: 3_000,
    haircutMillicredits: 2_500,
  });
  t.is(market.balance('beta'), 99_000 + 10_000 - 2_500);
  t.is(market.balance('/fund'), 0);
  t.like(
    effects.find(({ kind }) => kind === 'ContractSettled'),
    {
      outcome: 'defaulted-buyer',
      buyerPaidMillicredits: 2_500,
      sellerReceivedMillicredits: 7_500,
    },
  );
});

test('with enough in the fund the seller is paid in full, and each other member bears its part', (t) => {
  const market = house({ leastShareMillicredits: 10_000 });
  trade(market, 0, 10_000);
  take(market, 'alpha', 0);
  market.report('c1', 'ended', SLOT_MS);
  t.is(market.balance('beta'), 100_000 - 10_000 + 10_000);
  t.deepEqual(
    [...market.state.clearingHouse!.shares],
    [
      ['alpha', 1_000],
      ['beta', 10_000],
      ['gamma', 10_000],
      ['delta', 10_000],
    ],
  );
  t.is(market.balance('/capital'), 2_000);
});

test('a member in default may not order until its share is whole, its contracts are closed out', (t) => {
  const market = house();
  trade(market, 0, 10_000);
  trade(market, 1, 10_000, { startSlot: 4, seller: 'gamma' });
  take(market, 'alpha', 0);
  const effects = market.report('c1', 'ended', SLOT_MS);
  t.deepEqual(
    effects.flatMap((effect) =>
      effect.kind === 'ContractSettled' ? [[effect.contractId, effect.outcome]] : [],
    ),
    [
      ['c1', 'defaulted-buyer'],
      ['c2', 'defaulted-buyer'],
    ],
  );
  t.is(market.state.contracts.size, 0);
  const order = bid('again', {}, { organisation: 'alpha' });
  t.is(market.bid(order, 5), 'MARKET_MEMBER_IN_DEFAULT');
  const review = (roundId: number) =>
    trade(market, roundId, 100, { buyer: 'delta', seller: 'beta' });
  review(5);
  t.is(market.bid(order, 6), 'MARKET_MEMBER_IN_DEFAULT', 'it could not pay its share');
  take(market, 'alpha', 5_000);
  t.deepEqual(
    review(9).filter(({ kind }) => kind === 'MemberStanding'),
    [{ kind: 'MemberStanding', organisation: 'alpha', suspended: false }],
  );
  t.is(market.bid(order, 10), null);
});

test('a seller that does not deliver pays what a replacement costs, up to the limit', (t) => {
  const market = house({ variationMargin: false });
  trade(market, 0, 10_000, { startSlot: 6 });
  trade(market, 1, 12_000, { buyer: 'delta', seller: 'gamma' });
  const before = market.balance('alpha');
  market.report('c1', 'not-delivered', 0, 2 * SLOT_MS);
  // The price rose by 2,000: 1,000 are the deposit, 1,000 come from the seller's account.
  t.is(market.balance('alpha'), before + 1_000 + 2_000);
  t.is(market.balance('beta'), 99_000 - 2_000);
  t.is(market.state.clearingHouse!.suspended.size, 0, 'who pays is in no default');
  const dear = house({ variationMargin: false });
  trade(dear, 0, 10_000, { startSlot: 6 });
  trade(dear, 1, 90_000, { buyer: 'delta', seller: 'gamma' });
  dear.report('c1', 'not-delivered', 0, 2 * SLOT_MS);
  t.is(dear.balance('alpha'), 99_000 + 5_000, 'half above the price, no more');
});

test('initial margin is the larger of the share and z times sigma over the liquidation time', (t) => {
  const market = house({ variationMargin: false });
  for (const [roundId, price] of [1_000, 1_200, 1_000, 1_200].entries())
    trade(market, roundId, price);
  trade(market, 4, 5_000);
  const live = market.state.contracts.get('c5')!;
  // Changes of ±200 only: sigma = 200, over four slots twice as much.
  t.is(live.buyerDepositMillicredits, Math.ceil(2.33 * 200 * 2));
  t.is(live.sellerDepositMillicredits, Math.ceil(2.33 * 200 * 2));
  trade(market, 5, 100);
  t.is(
    market.state.contracts.get('c6')!.buyerDepositMillicredits,
    100,
    'never more than the price',
  );
});

test('deposits follow the price of the class, and come back as it does', (t) => {
  const market = house({ zScore: 0 });
  trade(market, 0, 10_000, { startSlot: 7 });
  const deposits = () => {
    const live = market.state.contracts.get('c1')!;
    return [live.buyerDepositMillicredits, live.sellerDepositMillicredits];
  };
  t.deepEqual(deposits(), [1_000, 1_000]);
  trade(market, 1, 13_000, { buyer: 'delta', seller: 'gamma' });
  t.deepEqual(deposits(), [1_000, 4_000]);
  trade(market, 2, 8_000, { buyer: 'delta', seller: 'gamma' });
  t.deepEqual(deposits(), [3_000, 1_000]);
  trade(market, 3, 10_000, { buyer: 'delta', seller: 'gamma' });
  t.deepEqual(deposits(), [1_000, 1_000]);
  t.is(market.balance('alpha'), 100_000 - 1_000 - 1_000);
});

test('a call that is not paid ends a contract that has not begun, never one that is running', (t) => {
  const market = house({ zScore: 0 });
  trade(market, 0, 10_000, { startSlot: 7 });
  trade(market, 1, 10_000, { buyer: 'gamma' });
  market.report('c2', 'started', 0, SLOT_MS);
  take(market, 'beta', 10);
  const effects = trade(market, 1 + 1, 30_000, {
    buyer: 'delta',
    seller: 'gamma',
    timeMs: SLOT_MS,
  });
  t.false(market.state.contracts.has('c1'));
  t.true(market.state.contracts.has('c2'));
  t.like(used(effects)[0], { defaulter: 'beta', creditor: 'alpha' });
});

test('the fund covers the two largest, found by trying all pairs', (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat(1e12), { maxLength: 8 }), (exposures) => {
      let most = Math.max(0, ...exposures);
      for (let i = 0; i < exposures.length; i++) {
        for (let j = 0; j < i; j++) most = Math.max(most, exposures[i]! + exposures[j]!);
      }
      t.is(coverTwo(exposures), most);
    }),
  );
});

test('the review sizes the fund to the two largest and shares it by who brings the risk', (t) => {
  const market = house({ stressPartsPerMillion: 500_000, leastShareMillicredits: 0, zScore: 0 });
  trade(market, 0, 10_000, { startSlot: 7 });
  // Stress of a half: 5,000 a side, 1,000 of it deposited; both sides are the two largest.
  t.is(market.balance('/fund'), 8_000);
  t.deepEqual([...market.state.clearingHouse!.shares.values()], [4_000, 4_000, 0, 0]);
  market.report('c1', 'ended', SLOT_MS, SLOT_MS);
  trade(market, 4, 10, { buyer: 'delta', seller: 'gamma' });
  t.true(market.balance('/fund') < 20, 'what is not needed is given back');
});

test('a price ten times as high, and the two largest sellers gone: no loss beyond the fund', (t) => {
  const spike = (terms: Partial<ClearingHouseConfiguration> | null) => {
    const organisations = ['alpha', 'beta', 'gamma', 'delta'].map((name) => ({
      name,
      openingBalanceMillicredits: 1_000_000,
    }));
    const base = house(terms ?? {}, {
      organisations,
      ...(terms ? {} : { clearingHouse: undefined! }),
    });
    trade(base, 0, 1_000, { startSlot: 7, buyer: 'alpha', seller: 'beta' });
    trade(base, 1, 1_000, { startSlot: 6, buyer: 'alpha', seller: 'gamma' });
    take(base, 'beta', 0);
    take(base, 'gamma', 0);
    trade(base, 5, 10_000, { buyer: 'alpha', seller: 'delta' });
    for (const id of ['c1', 'c2']) base.report(id, 'not-delivered', 0, 6 * SLOT_MS);
    const formed = trade(base, 6, 10_000, { buyer: 'alpha', seller: 'delta' });
    return { base, reopens: kinds(formed).includes('ContractFormed') };
  };
  const terms = {
    stressPartsPerMillion: 10_000_000,
    replacementPartsPerMillion: 9_000_000,
    reviewMs: 1,
  };
  const safe = spike({ ...terms, leastShareMillicredits: 0, exchangeCapitalMillicredits: 0 });
  const waterfalls = used(safe.base.effects);
  t.is(waterfalls.length, 2);
  for (const { haircutMillicredits } of waterfalls) t.is(haircutMillicredits, 0);
  t.true(safe.reopens);
  // Without a clearing house alpha has two deposits of a tenth of the old price, and no more.
  const bare = spike(null);
  const compensation = ({ base }: typeof safe) =>
    base.effects
      .flatMap((effect) => (effect.kind === 'ContractSettled' ? [effect] : []))
      .filter(({ contractId }) => contractId === 'c1' || contractId === 'c2')
      .map(({ buyerPaidMillicredits }) => -buyerPaidMillicredits);
  t.deepEqual(compensation(safe), [9_000, 9_000], 'what two replacements cost more');
  t.deepEqual(compensation(bare), [100, 100]);
});

/** Anything that can happen to a market; the driver checks the invariants after each event. */
const happening = fc.oneof(
  fc.record({
    kind: fc.constant('trade' as const),
    price: fc.integer({ min: 0, max: 40_000 }),
    buyer: fc.constantFrom('alpha', 'beta', 'gamma'),
    startSlot: fc.nat(7),
  }),
  fc.record({
    kind: fc.constant('report' as const),
    what: fc.constantFrom('started', 'ended', 'recalled', 'not-delivered', 'not-taken', 'failed'),
    contract: fc.integer({ min: 1, max: 12 }),
    share: fc.integer({ min: 0, max: 4 }),
  }),
  fc.record({
    kind: fc.constant('take' as const),
    from: fc.constantFrom('alpha', 'beta', 'gamma', 'delta'),
    leave: fc.integer({ min: 0, max: 2_000 }),
  }),
);

test('whatever happens, the ledger sums to 0, the fund is its shares, nobody is overdrawn', (t) => {
  let waterfalls = 0;
  let conserved = 0;
  fc.assert(
    fc.property(fc.array(happening, { minLength: 20, maxLength: 40 }), (events) => {
      const market = house({ stressPartsPerMillion: 300_000 });
      let roundId = 0;
      for (const event of events) {
        const timeMs = roundId * SLOT_MS;
        if (event.kind === 'take') take(market, event.from, event.leave);
        else if (event.kind === 'report') {
          const { contract, what, share } = event;
          market.report(`c${contract}`, what, (share * SLOT_MS) / 4, timeMs);
        } else trade(market, ++roundId, event.price, { ...event, seller: 'delta' });
      }
      for (const use of used(market.effects)) {
        waterfalls += 1;
        const sum =
          use.defaulterMillicredits +
          use.ownShareMillicredits +
          use.capitalMillicredits +
          use.mutualMillicredits +
          use.haircutMillicredits;
        if (sum === use.lossMillicredits) conserved += 1;
      }
    }),
    { numRuns: 150, seed: 7 },
  );
  t.true(waterfalls > 30, `${waterfalls}`);
  t.is(conserved, waterfalls);
});
