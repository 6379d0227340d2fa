/** From an allocation and payments to the `Clearing` that a mechanism answers with. */
import type { Bid, ClassPrice, Clearing, Fill, MarketRound, SearchReport } from '../orders.ts';
import { resaleAsks } from '../standing.ts';
import type { Allocation } from './allocation.ts';
import type { Instance } from './instance.ts';

/** Nothing is traded. */
export function emptyClearing(round: MarketRound, rejected: Clearing['rejected']): Clearing {
  return {
    fills: [],
    receipts: new Map(),
    surplusMillicredits: 0,
    prices: classPrices(round, []),
    welfareMillicredits: 0,
    rejected,
  };
}

/**
 * @param payment millicredits by bid
 * @param receipt millicredits by ask
 */
export function clearingOf(
  round: MarketRound,
  allocation: Allocation,
  payment: readonly number[],
  receipt: readonly number[],
  search?: SearchReport,
): Clearing {
  const { instance } = allocation;
  const fills: Fill[] = [];
  let surplus = 0;
  for (let b = 0; b < instance.bids.length; b++) {
    if (allocation.optionOf[b]! < 0) continue;
    fills.push(fillOf(instance, allocation, b, payment[b]!));
    surplus += payment[b]!;
  }
  const receipts = new Map<string, number>();
  for (let a = 0; a < instance.asks.length; a++) {
    if (receipt[a] === 0) continue;
    receipts.set(instance.asks[a]!.askId, receipt[a]!);
    surplus -= receipt[a]!;
  }
  return {
    fills,
    receipts,
    surplusMillicredits: surplus,
    prices: classPrices({ ...round, bids: instance.bids }, fills),
    welfareMillicredits: allocation.welfare,
    rejected: instance.rejected,
    ...(search ? { search } : {}),
  };
}

function fillOf(
  instance: Instance,
  allocation: Allocation,
  bid: number,
  paymentMillicredits: number,
): Fill {
  const parts = allocation.partsOf[bid]!;
  const named = [];
  for (let p = 0; p < parts.length; p += 2) {
    named.push({ askId: instance.asks[parts[p]!]!.askId, nodes: parts[p + 1]! });
  }
  return {
    bidId: instance.bids[bid]!.bidId,
    optionIndex: allocation.optionOf[bid]! - instance.firstOption[bid]!,
    nodes: allocation.nodesOf[bid]!,
    parts: named,
    paymentMillicredits,
  };
}

/**
 * Published prices: by class, Σ payments / Σ node-slots of the fills, rounded down; null where
 * nothing of a class on offer was traded. Classes in the order of their names. An id that several
 * bids have is the first one's; give only bids that can stand where others may have theirs.
 */
export function classPrices(
  round: Pick<MarketRound, 'asks' | 'bids' | 'standing'>,
  fills: readonly Fill[],
): ClassPrice[] {
  const volume = new Map<string, { payments: number; nodeSlots: number }>();
  for (const ask of [...round.asks, ...resaleAsks(round).keys()]) {
    const nodeClass: unknown = ask?.nodeClass;
    if (typeof nodeClass !== 'string' || volume.has(nodeClass)) continue;
    volume.set(nodeClass, { payments: 0, nodeSlots: 0 });
  }
  if (fills.length > 0) {
    const bids = new Map<string, Bid>();
    for (const bid of round.bids) if (!bids.has(bid?.bidId)) bids.set(bid?.bidId, bid);
    for (const fill of fills) {
      const option = bids.get(fill.bidId)!.options[fill.optionIndex]!;
      const traded = volume.get(option.nodeClass)!;
      traded.payments += fill.paymentMillicredits;
      traded.nodeSlots += fill.nodes * (option.endSlot - option.startSlot);
    }
  }
  const names = [...volume.keys()].sort();
  return names.map((nodeClass) => {
    const { payments, nodeSlots } = volume.get(nodeClass)!;
    const price = nodeSlots > 0 ? Math.floor(payments / nodeSlots) : null;
    return { nodeClass, millicreditsPerNodeSlot: price };
  });
}
