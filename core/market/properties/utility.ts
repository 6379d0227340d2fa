/**
 * What a clearing is worth to an organisation in truth, whatever it reported and under however many
 * names it came: worth of what it got, less what it paid, plus what it received, less what its
 * nodes cost it.
 *
 * Reports are linked to the true order that they stand for by their id: everything up to `~`.
 */
import type { Ask, Bid, BidOption, Clearing, MarketRound } from '../orders.ts';

/** What is true of an organisation: orders as it would report them honestly. */
export interface Truth {
  readonly bids: readonly Bid[];
  readonly asks: readonly Ask[];
}

interface Piece {
  readonly origin: string;
  readonly option: BidOption;
  readonly nodes: number;
}

/** Marks the part of an order's id that is made up. */
export const MADE_UP = '~';

/** The id of the true order behind a reported one. */
export function originOf(orderId: string): string {
  const at = orderId.indexOf(MADE_UP);
  return at < 0 ? orderId : orderId.slice(0, at);
}

/** What is true of one organisation of an honest round. */
export function truthOf({ bids, asks }: MarketRound, organisation: string): Truth {
  return {
    bids: bids.filter((bid) => bid.organisation === organisation),
    asks: asks.filter((ask) => ask.organisation === organisation),
  };
}

/**
 * @param names under which the organisation came to the reported round
 * @returns millicredits
 */
export function utilityOf(
  truth: Truth,
  names: ReadonlySet<string>,
  reported: MarketRound,
  clearing: Clearing,
): number {
  const bids = new Map(reported.bids.map((bid) => [bid.bidId, bid]));
  const asks = new Map(reported.asks.map((ask) => [ask.askId, ask]));
  const pieces: Piece[] = [];
  const sold: { origin: string; nodes: number; slots: number }[] = [];
  let utility = 0;
  for (const fill of clearing.fills) {
    const bid = bids.get(fill.bidId)!;
    const option = bid.options[fill.optionIndex]!;
    if (names.has(bid.organisation)) {
      utility -= fill.paymentMillicredits;
      pieces.push({ origin: originOf(bid.bidId), option, nodes: fill.nodes });
    }
    for (const { askId, nodes } of fill.parts) {
      if (!names.has(asks.get(askId)!.organisation)) continue;
      sold.push({ origin: originOf(askId), nodes, slots: option.endSlot - option.startSlot });
    }
  }
  for (const [askId, receipt] of clearing.receipts) {
    if (names.has(asks.get(askId)?.organisation ?? '')) utility += receipt;
  }
  return utility + worthOf(truth.bids, pieces) - costOf(truth.asks, sold);
}

function worthOf(bids: readonly Bid[], pieces: readonly Piece[]): number {
  if (pieces.length === 0 || bids.length === 0) return 0;
  const shared = sharedOption(bids);
  if (shared) {
    // Nodes are alike: the most valuable uses come first.
    const worths = bids.flatMap(({ options }) => marginalWorths(options[0]!));
    worths.sort((a, b) => b - a);
    return sum(worths.slice(0, nodesFor(shared, pieces)));
  }
  let worth = 0;
  for (const { bidId, options } of bids) {
    const own = pieces.filter(({ origin }) => origin === bidId);
    let best = 0;
    for (const option of options)
      best = Math.max(best, worthOfNodes(option, nodesFor(option, own)));
    worth += best;
  }
  return worth;
}

/** The window that all bids want, where they want nodes that are worth something one by one. */
function sharedOption(bids: readonly Bid[]): BidOption | null {
  const first = bids[0]!.options[0]!;
  const { securityLevel: level, acceptsRecall: recall } = bids[0]!;
  const alike = bids.every(({ options, securityLevel, acceptsRecall }) => {
    const { nodeClass, startSlot, endSlot, minimumNodes } = options[0]!;
    return (
      options.length === 1 &&
      securityLevel === level &&
      acceptsRecall === recall &&
      minimumNodes === 1 &&
      nodeClass === first.nodeClass &&
      startSlot === first.startSlot &&
      endSlot === first.endSlot
    );
  });
  return alike ? first : null;
}

function marginalWorths(option: BidOption): number[] {
  return Array.from(
    { length: option.nodes },
    (_, i) => worthOfNodes(option, i + 1) - worthOfNodes(option, i),
  );
}

function worthOfNodes({ nodes, minimumNodes, valueMillicredits }: BidOption, had: number): number {
  if (had < minimumNodes) return 0;
  return Math.floor((valueMillicredits * Math.min(had, nodes)) / nodes);
}

/** Nodes that are there over the whole of the option's window. */
function nodesFor(option: BidOption, pieces: readonly Piece[]): number {
  let nodes = 0;
  for (const { option: got, nodes: more } of pieces) {
    const contains = got.startSlot <= option.startSlot && got.endSlot >= option.endSlot;
    if (contains && got.nodeClass === option.nodeClass) nodes += more;
  }
  return nodes;
}

function costOf(
  asks: readonly Ask[],
  sold: readonly { origin: string; nodes: number; slots: number }[],
): number {
  if (sold.length === 0) return 0;
  const isOneSlot = asks.every((ask) => ask.endSlot === 1 && ask.nodeClass === asks[0]!.nodeClass);
  if (isOneSlot) {
    // Nodes are alike: the cheapest are handed over.
    const costs = asks.flatMap((ask) => new Array<number>(ask.nodes).fill(ask.reserveMillicredits));
    costs.sort((a, b) => a - b);
    return sum(costs.slice(0, sum(sold.map(({ nodes }) => nodes))));
  }
  let cost = 0;
  for (const { origin, nodes, slots } of sold) {
    cost += asks.find(({ askId }) => askId === origin)!.reserveMillicredits * nodes * slots;
  }
  return cost;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
