import test from 'ava';
import fc from 'fast-check';
import { strategies } from '../../core/agents/registry.ts';
import type { ClusterView, MarketTerms, Spare, Want } from '../../core/agents/view.ts';
import { HOUR_MS, MINUTE_MS } from '../../core/kernel/units.ts';

const TERMS: MarketTerms = {
  roundStartMs: 100 * HOUR_MS,
  slotMs: HOUR_MS,
  horizonSlots: 48,
  setupMs: { none: 5 * MINUTE_MS, attested: 6 * MINUTE_MS, full: 8 * MINUTE_MS },
  releaseMs: 5 * MINUTE_MS,
  lastPrices: [],
  classSecurity: { standard: 'full', legacy: 'none' },
  recallPenaltyPartsPerMillion: 200_000,
};

function want(changes: Partial<Want> = {}): Want {
  return {
    wantId: 'w',
    nodes: 4,
    minimumNodes: 4,
    nodeClasses: ['legacy', 'standard'],
    durationMs: 3 * HOUR_MS,
    earliestStartMs: 100 * HOUR_MS,
    latestEndMs: 130 * HOUR_MS,
    valueMillicredits: 12_000,
    certainty: 1,
    securityLevel: 'none',
    acceptsRecall: false,
    ...changes,
  };
}

function spare(changes: Partial<Spare> = {}): Spare {
  return {
    spareId: 's',
    nodeClass: 'standard',
    nodes: 6,
    fromMs: 100 * HOUR_MS,
    untilMs: 110 * HOUR_MS,
    costMillicreditsPerNodeHour: 200,
    recallNoticeMs: null,
    ...changes,
  };
}

function view(changes: Partial<ClusterView> = {}): ClusterView {
  return {
    organisation: 'org',
    kind: 'hpc',
    nowMs: 100 * HOUR_MS,
    wants: [want()],
    spares: [spare()],
    ownNodes: 100,
    balanceMillicredits: 1e9,
    givenNodeMs: 0,
    receivedNodeMs: 0,
    ...changes,
  };
}

const NONE = { bidIds: [], askIds: [] };

test('a truthful agent bids its value over the work and the overhead around it', (t) => {
  const { orders } = strategies.get('truthful')!.decide(view(), TERMS, NONE, {}, {});
  const [bid] = orders.bids;
  // 3 h of work and 10 min of overhead: four slots.
  t.deepEqual(
    bid!.options.map(({ nodeClass, startSlot, endSlot, valueMillicredits }) => [
      nodeClass,
      startSlot,
      endSlot,
      valueMillicredits,
    ]),
    [
      ['legacy', 0, 4, 12_000],
      ['standard', 0, 4, 12_000],
      ['legacy', 12, 16, 11_400],
      ['standard', 12, 16, 11_400],
    ],
  );
  t.deepEqual(
    orders.asks.map(({ startSlot, endSlot, reserveMillicredits }) => [
      startSlot,
      endSlot,
      reserveMillicredits,
    ]),
    [[0, 10, 200]],
  );
});

test('nobody bids for nodes that cannot prove what it needs, nor for too late', (t) => {
  const secure = view({ wants: [want({ securityLevel: 'attested' })] });
  const decide = (v: ClusterView) =>
    strategies.get('truthful')!.decide(v, TERMS, NONE, {}, {}).orders;
  t.true(decide(secure).bids[0]!.options.every(({ nodeClass }) => nodeClass === 'standard'));
  t.deepEqual(decide(view({ wants: [want({ latestEndMs: 102 * HOUR_MS })] })).bids, []);
});

test('an adaptive seller asks more after a sale, less after an idle round, never under cost', (t) => {
  const { decide } = strategies.get('reserve-adaptive')!;
  const first = decide(view(), TERMS, NONE, {}, {});
  t.is(first.orders.asks[0]!.reserveMillicredits, 200);
  const sold = decide(view(), TERMS, { bidIds: [], askIds: ['s'] }, first.memory, {});
  t.is(sold.orders.asks[0]!.reserveMillicredits, 210);
  const idle = decide(view(), TERMS, NONE, first.memory, {});
  t.is(idle.orders.asks[0]!.reserveMillicredits, 200);
});

test('who has given more than received bids more and asks more', (t) => {
  const { decide } = strategies.get('reciprocal')!;
  const giver = decide(view({ givenNodeMs: 100 * 24 * HOUR_MS }), TERMS, NONE, {}, {}).orders;
  t.is(giver.bids[0]!.options[0]!.valueMillicredits, 15_000);
  t.is(giver.asks[0]!.reserveMillicredits, 250);
  const taker = decide(view({ receivedNodeMs: 100 * 24 * HOUR_MS }), TERMS, NONE, {}, {}).orders;
  t.is(taker.bids[0]!.options[0]!.valueMillicredits, 9_000);
  t.is(taker.asks[0]!.reserveMillicredits, 200, 'never under cost');
});

test('every strategy sends orders of whole slots inside the horizon, in whole millicredits', (t) => {
  const times = fc.integer({ min: 100 * HOUR_MS, max: 200 * HOUR_MS });
  const wants = fc.record({
    nodes: fc.integer({ min: 1, max: 50 }),
    durationMs: fc.integer({ min: 1, max: 100 * HOUR_MS }),
    earliestStartMs: times,
    latestEndMs: times,
    valueMillicredits: fc.nat(1e9),
    certainty: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  const spares = fc.record({ nodes: fc.nat(50), fromMs: times, untilMs: times });
  fc.assert(
    fc.property(wants, spares, fc.boolean(), (w, s, gang) => {
      for (const { decide } of strategies.values()) {
        const seen = view({
          wants: [want({ ...w, minimumNodes: gang ? w.nodes : 1 })],
          spares: [spare(s)],
        });
        const { bids, asks } = decide(seen, TERMS, NONE, {}, {}).orders;
        for (const option of bids.flatMap(({ options }) => options)) {
          t.true(option.startSlot >= 0 && option.startSlot < option.endSlot);
          t.true(option.endSlot <= TERMS.horizonSlots);
          t.true(Number.isSafeInteger(option.valueMillicredits) && option.valueMillicredits >= 0);
        }
        for (const ask of asks) {
          t.true(ask.startSlot >= 0 && ask.startSlot < ask.endSlot);
          t.true(ask.endSlot <= TERMS.horizonSlots);
          t.true(Number.isSafeInteger(ask.reserveMillicredits));
        }
      }
    }),
    { numRuns: 300 },
  );
});
