import test from 'ava';
import fc from 'fast-check';
import type { Mechanism } from '../../../core/market/mechanism.ts';
import { easyPool } from '../../../core/market/mechanisms/easy-pool.ts';
import { leasing } from '../../../core/market/mechanisms/leasing.ts';
import { isCompatible } from '../../../core/market/orders.ts';
import type { Bid, Fill, MarketRound } from '../../../core/market/orders.ts';
import { mixedRound } from '../support/arbitraries.ts';
import { clear } from '../support/conformance.ts';
import { ask, bid, round } from '../support/orders.ts';

test('the example: what ends before the reservation overtakes, what would delay it does not', (t) => {
  const orders = round(
    [
      bid('running', { nodes: 2, endSlot: 2 }),
      bid('head', { nodes: 3, endSlot: 1 }),
      bid('long', { nodes: 1, endSlot: 4 }),
      bid('short', { nodes: 1, endSlot: 2 }),
    ],
    [ask('a', { nodes: 3, endSlot: 4 })],
  );
  const served = (mechanism: Mechanism) => clear(mechanism, orders).fills.map((fill) => fill.bidId);
  t.deepEqual(served(easyPool), ['running', 'short']);
  t.deepEqual(served(leasing), ['running', 'long']);
});

/** Earliest slot at which one of the bid's options could start beside these fills; slot by slot. */
function earliestStart(orders: MarketRound, fills: readonly Fill[], waiting: Bid): number {
  const freeAt = (askId: string, slot: number) => {
    const own = orders.asks.find((other) => other.askId === askId)!;
    if (slot < own.startSlot || slot >= own.endSlot) return 0;
    let free = own.nodes;
    for (const fill of fills) {
      const taken = orders.bids.find(({ bidId }) => bidId === fill.bidId)!.options[
        fill.optionIndex
      ]!;
      if (slot < taken.startSlot || slot >= taken.endSlot) continue;
      for (const part of fill.parts) if (part.askId === askId) free -= part.nodes;
    }
    return free;
  };
  let earliest = Infinity;
  for (const { nodeClass, startSlot, endSlot, minimumNodes } of waiting.options) {
    const usable = orders.asks.filter((a) => a.nodeClass === nodeClass && isCompatible(waiting, a));
    const whole = usable.filter((a) => a.startSlot <= startSlot && a.endSlot >= endSlot);
    if (whole.reduce((sum, { nodes }) => sum + nodes, 0) < minimumNodes) continue;
    const length = endSlot - startSlot;
    for (let start = startSlot; start + length <= orders.horizonSlots; start++) {
      let nodes = 0;
      for (const { askId } of usable) {
        const slots = Array.from({ length }, (_, i) => freeAt(askId, start + i));
        nodes += Math.min(...slots);
      }
      if (nodes < minimumNodes) continue;
      earliest = Math.min(earliest, start);
      break;
    }
  }
  return earliest;
}

/** One class that many want for short times, so that somebody has to wait. */
const contested = mixedRound.map((orders): MarketRound => ({
  ...orders,
  bids: orders.bids.map((of) => ({
    ...of,
    options: of.options.slice(0, 1).map((option) => ({
      ...option,
      nodeClass: 'A',
      minimumNodes: option.nodes,
      endSlot: Math.min(option.endSlot, option.startSlot + 2),
    })),
    securityLevel: 'none',
    acceptsRecall: true,
  })),
  asks: orders.asks.map((of) => ({ ...of, nodeClass: 'A', startSlot: 0 })),
}));

/** By how much the first that waits is delayed by those who came after it; null: nobody waits. */
function delayOfHead(mechanism: Mechanism, orders: MarketRound): number | null {
  const { fills } = clear(mechanism, orders);
  const place = new Map(orders.bids.map(({ bidId }, i) => [bidId, i]));
  const served = new Set(fills.map(({ bidId }) => bidId));
  const empty = (waiting: Bid) => earliestStart(orders, [], waiting) < Infinity;
  const head = orders.bids.findIndex((waiting) => !served.has(waiting.bidId) && empty(waiting));
  if (head < 0) return null;
  const before = fills.filter(({ bidId }) => place.get(bidId)! < head);
  const promised = earliestStart(orders, before, orders.bids[head]!);
  if (promised === Infinity) return 0;
  return earliestStart(orders, fills, orders.bids[head]!) - promised;
}

test('nobody who comes later delays the reservation of the head', (t) => {
  let waiting = 0;
  let delayed = 0;
  for (const orders of fc.sample(contested, { numRuns: 300, seed: 7 })) {
    const delay = delayOfHead(easyPool, orders);
    if (delay === null) continue;
    waiting += 1;
    t.is(delay, 0);
    // The planted fault: the same without a reservation.
    if (delayOfHead(leasing, orders)! > 0) delayed += 1;
  }
  t.true(waiting >= 50, `${waiting} rounds in which somebody waits`);
  t.true(delayed > 0, 'without a reservation some heads are delayed');
});
