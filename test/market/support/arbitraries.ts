/** Random rounds and hostile orders for fast-check. */
import fc from 'fast-check';
import type { Ask, Bid, BidOption, MarketRound } from '../../../core/market/orders.ts';
import { ask, bid } from './orders.ts';

const SLOTS = 6;
const organisation = fc.constantFrom('alpha', 'beta', 'gamma', 'delta', 'epsilon');
const nodeClass = fc.constantFrom('A', 'B');
const securityLevel = fc.constantFrom('none', 'attested', 'full');
const window = fc
  .tuple(fc.integer({ min: 0, max: SLOTS - 1 }), fc.integer({ min: 1, max: SLOTS }))
  .map(([start, length]) => ({
    startSlot: start,
    endSlot: Math.min(SLOTS, start + length),
  }));

const option: fc.Arbitrary<BidOption> = fc
  .record({
    nodeClass,
    nodes: fc.integer({ min: 1, max: 5 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    window,
    valueMillicredits: fc.integer({ min: 0, max: 20_000 }),
  })
  .map(({ share, window: { startSlot, endSlot }, ...rest }) => ({
    ...rest,
    minimumNodes: Math.max(1, Math.round(share * rest.nodes)),
    startSlot,
    endSlot,
  }));

const someBid = fc.record({
  organisation,
  options: fc.array(option, { minLength: 1, maxLength: 3 }),
  securityLevel,
  acceptsRecall: fc.boolean(),
});

const someAsk = fc
  .record({
    organisation,
    nodeClass,
    nodes: fc.integer({ min: 1, max: 6 }),
    window,
    reserveMillicredits: fc.integer({ min: 0, max: 1_200 }),
    recall: fc.option(
      fc.record({ noticeMs: fc.nat(3_600_000), penaltyPartsPerMillion: fc.nat(1_000_000) }),
    ),
    securityLevel,
  })
  .map(({ window: { startSlot, endSlot }, ...rest }) => ({ ...rest, startSlot, endSlot }));

/** Gangs, scalable bids, windows, security levels, recall terms; up to 10 × 6 orders. */
export const mixedRound: fc.Arbitrary<MarketRound> = fc
  .record({
    roundId: fc.nat(1_000),
    bids: fc.array(someBid, { maxLength: 10 }),
    asks: fc.array(someAsk, { maxLength: 6 }),
  })
  .map(({ roundId, bids, asks }) => ({
    roundId,
    slotMs: 900_000,
    horizonSlots: SLOTS,
    bids: bids.map((order, i): Bid => ({ bidId: `b${i}`, ...order })),
    asks: asks.map((order, i): Ask => ({ askId: `a${i}`, ...order })),
    seed: `round ${roundId}`,
  }));

/** The same, every order with an organisation of its own. */
export const separateRound = mixedRound.map((round) => ({
  ...round,
  bids: round.bids.map((order) => ({ ...order, organisation: `buyer ${order.bidId}` })),
  asks: round.asks.map((order) => ({ ...order, organisation: `seller ${order.askId}` })),
}));

/** One node, one slot, one class, one option a bid: unit demand. */
export const unitRound: fc.Arbitrary<MarketRound> = fc
  .record({
    values: fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 4 }),
    reserves: fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 4 }),
  })
  .map(({ values, reserves }) => ({
    roundId: 1,
    slotMs: 900_000,
    horizonSlots: 1,
    bids: values.map((valueMillicredits, i) => bid(`b${i}`, { valueMillicredits })),
    asks: reserves.map((reserveMillicredits, i) => ask(`a${i}`, { reserveMillicredits })),
    seed: 'unit',
  }));

/** What a hostile party could send: nearly right, or nothing like an order. */
export const junkOrder: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue(),
  fc.constant(undefined),
  fc.constant(JSON.parse('{"__proto__": {"nodes": 1}, "constructor": 1}')),
  fc
    .tuple(
      fc.constantFrom('nodes', 'minimumNodes', 'startSlot', 'endSlot', 'valueMillicredits'),
      fc.constantFrom<unknown>(NaN, -1, 0.5, 2 ** 53, Infinity, '1', null, undefined, []),
    )
    .filter(([key, value]) => !(key === 'startSlot' && value === 0))
    .map(([key, value]) => {
      const order = bid('junk');
      return { ...order, options: [{ ...order.options[0], [key]: value }] };
    }),
  fc
    .tuple(
      fc.constantFrom('nodes', 'startSlot', 'endSlot', 'reserveMillicredits', 'recall'),
      fc.constantFrom<unknown>(NaN, -1, 0.5, 2 ** 53, Infinity, '1', undefined, [], {}),
    )
    .map(([key, value]) => ({ ...ask('junk'), [key]: value })),
  fc.constant({ ...bid('junk'), options: [] }),
  // Under the ids of others’ orders.
  fc.constantFrom<unknown>(
    { ...bid('b0'), options: [] },
    { ...bid('b1'), options: [{ ...bid('b1').options[0], valueMillicredits: NaN }] },
    { ...bid('b0'), constraints: [['cores', 'like', 1]] },
    { ...ask('a0'), nodes: 0 },
    { ...ask('a1'), nodeClass: 'Z', properties: { cores: [NaN] } },
  ),
  fc.constant({ ...bid('junk'), options: new Array(1_000_000).fill(null) }),
);
