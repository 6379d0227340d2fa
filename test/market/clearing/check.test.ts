import test from 'ava';
import { checkClearing } from '../../../core/market/clearing/check.ts';
import { exchangeThreshold } from '../../../core/market/mechanisms/exchange-threshold.ts';
import type { Clearing, Fill } from '../../../core/market/orders.ts';
import { ask, bid, round } from '../support/orders.ts';

const orders = round(
  [
    bid('gang', { nodes: 3, startSlot: 1, endSlot: 3, valueMillicredits: 9_000 }),
    bid('small', { startSlot: 1, endSlot: 3, valueMillicredits: 2_000 }, { organisation: 'both' }),
    bid('secret', { valueMillicredits: 10 }, { securityLevel: 'full' }),
  ],
  [
    ask('early', { nodes: 4, endSlot: 4, reserveMillicredits: 100 }),
    ask('late', { nodes: 4, startSlot: 2, endSlot: 8 }),
    ask('own', { nodes: 4, endSlot: 8, organisation: 'both', securityLevel: 'none' }),
    ask('recallable', {
      nodes: 1,
      endSlot: 8,
      recall: { noticeMs: 0, penaltyPartsPerMillion: 0 },
      reserveMillicredits: 500,
    }),
  ],
);
const { properties } = exchangeThreshold;
const right = exchangeThreshold.clear(orders, {}, {}).clearing;

/** The clearing with one thing about the gang's fill changed. */
function withFill(change: Partial<Fill>): Clearing {
  const fills = right.fills.map((fill) => (fill.bidId === 'gang' ? { ...fill, ...change } : fill));
  return { ...right, fills };
}

function verdict(clearing: Clearing, claims = properties): string | undefined {
  const refusal = checkClearing(orders, clearing, claims);
  if (refusal) return refusal.message;
  return undefined;
}

test('a right clearing stands', (t) => {
  t.true(right.fills.length >= 2);
  t.is(verdict(right), undefined);
});

test('a solver that passes over a constraint is found', (t) => {
  const constraints = [['cores', '>=', 64] as const];
  const bids = orders.bids.map((order) => ({ ...order, constraints }));
  const refusal = checkClearing({ ...orders, bids }, right, properties);
  t.regex(refusal?.message ?? '', /uses an ask that may not serve it/);
});

test('every planted fault in a fill is found', (t) => {
  const part = (askId: string, nodes: number) => [{ askId, nodes }];
  t.is(verdict(withFill({ bidId: 'nobody' })), 'the fill of nobody is for no bid of the round');
  t.regex(verdict({ ...right, fills: [...right.fills, right.fills[0]!] })!, /is its second/);
  t.regex(verdict(withFill({ optionIndex: 1 }))!, /does not have/);
  t.regex(verdict(withFill({ optionIndex: -1 }))!, /does not have/);
  t.regex(verdict(withFill({ nodes: 2, parts: part('early', 2) }))!, /not asked for/);
  t.regex(verdict(withFill({ nodes: 4, parts: part('early', 4) }))!, /not asked for/);
  t.regex(verdict(withFill({ nodes: NaN }))!, /not asked for/);
  t.regex(verdict(withFill({ parts: part('nothing', 3) }))!, /no ask of the round/);
  t.regex(verdict(withFill({ parts: [...part('early', 1), ...part('early', 2)] }))!, /twice/);
  t.regex(verdict(withFill({ parts: part('early', 2) }))!, /do not add up/);
  t.regex(verdict(withFill({ parts: [...part('early', 3), ...part('own', 0)] }))!, /without nodes/);
  t.regex(verdict(withFill({ parts: part('late', 3) }))!, /beyond the window/);
  const both = [{ ...right.fills[0]!, bidId: 'small', nodes: 1, parts: part('own', 1) }];
  t.regex(verdict({ ...right, fills: both })!, /may not serve/);
  const secret = [{ ...both[0]!, bidId: 'secret' }];
  t.regex(verdict({ ...right, fills: secret })!, /may not serve/);
});

test('selling a node twice in one slot is found', (t) => {
  const fills: Fill[] = ['gang', 'small'].map((bidId) => ({
    bidId,
    optionIndex: 0,
    nodes: bidId === 'gang' ? 3 : 1,
    parts: [{ askId: 'early', nodes: bidId === 'gang' ? 3 : 1 }],
    paymentMillicredits: 0,
  }));
  const crowded = { ...orders, asks: [{ ...orders.asks[0]!, nodes: 3 }] };
  const refusal = checkClearing(crowded, { ...right, fills }, properties);
  t.regex(refusal!.message, /more nodes of an ask than it has/);
});

test('every planted fault in the money is found', (t) => {
  const paid = right.fills.find(({ bidId }) => bidId === 'gang')!.paymentMillicredits;
  t.regex(verdict(withFill({ paymentMillicredits: 9_001 }))!, /more than the bid says/);
  t.regex(verdict(withFill({ paymentMillicredits: -1 }))!, /no amount of money/);
  t.regex(verdict(withFill({ paymentMillicredits: 0.5 }))!, /no amount of money/);
  t.is(
    verdict(withFill({ paymentMillicredits: paid - 1 })),
    'the surplus is not payments less receipts',
  );
  const [first, ...rest] = right.receipts;
  const less = new Map([[first![0], 0], ...rest]);
  t.regex(verdict({ ...right, receipts: less })!, /less than its reserve|not payments less/);
  const gift = new Map([...right.receipts, ['recallable', 5]]);
  t.is(verdict({ ...right, receipts: gift }), 'recallable is paid and sells nothing');
  const odd = new Map([[first![0], NaN], ...rest]);
  t.regex(verdict({ ...right, receipts: odd })!, /is no money/);
  t.regex(verdict(right, { ...properties, budgetBalance: 'no-money' })!, /money moves/);
});

test('a welfare or price that is not that of the fills is found', (t) => {
  const welfareMillicredits = right.welfareMillicredits + 1;
  t.is(verdict({ ...right, welfareMillicredits }), 'the welfare is not what the fills are worth');
  const prices = right.prices.map((price) => ({ ...price, millicreditsPerNodeSlot: 1 }));
  t.is(verdict({ ...right, prices }), 'the prices are not those of the fills');
});

test('slot prices that cannot be prices of what is on offer are found', (t) => {
  const wrong: unknown[] = [
    [{ nodeClass: 'nowhere', startSlot: 0, endSlot: 1, millicreditsPerNodeSlot: 1 }],
    [{ nodeClass: 'A', startSlot: 0, endSlot: 99, millicreditsPerNodeSlot: 1 }],
    [{ nodeClass: 'A', startSlot: 1, endSlot: 1, millicreditsPerNodeSlot: 1 }],
    [{ nodeClass: 'A', startSlot: 0, endSlot: 1, millicreditsPerNodeSlot: -1 }],
    [{ nodeClass: 'A', startSlot: 0, endSlot: 1, millicreditsPerNodeSlot: 0.5 }],
    [2, 0].map((startSlot) => ({
      nodeClass: 'A',
      startSlot,
      endSlot: startSlot + 1,
      millicreditsPerNodeSlot: 1,
    })),
  ];
  t.true(right.slotPrices!.length > 0);
  for (const slotPrices of wrong) {
    const other = { ...right, slotPrices: slotPrices as [] };
    t.regex(verdict(other)!, /the slot prices are not prices/, JSON.stringify(slotPrices));
  }
});

test('a solver that contradicts itself is found', (t) => {
  const search = right.search!;
  const objectiveMillicredits = search.objectiveMillicredits + 1;
  t.is(
    verdict({ ...right, search: { ...search, objectiveMillicredits } }),
    'the objective is not the welfare',
  );
  for (const upperBoundMillicredits of [right.welfareMillicredits - 1, NaN]) {
    t.is(
      verdict({ ...right, search: { ...search, upperBoundMillicredits } }),
      'the welfare is above its own upper bound',
    );
  }
});

test('a deficit is found where a weak balance is claimed', (t) => {
  const paid = right.fills.reduce((sum, fill) => sum + fill.paymentMillicredits, 0);
  const fills = right.fills.map((fill) => ({ ...fill, paymentMillicredits: 0 }));
  const deficit = { ...right, fills, surplusMillicredits: -paid };
  const weak = { ...properties, budgetBalance: 'weak' as const };
  t.is(verdict(deficit, weak), 'receipts exceed payments');
});
