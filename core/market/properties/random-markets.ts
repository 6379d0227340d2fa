/**
 * Random markets, one family a claim domain: small enough for everything to be tried in them.
 *
 * Worth and reserve of a node-slot lie in [0, 2,000], around the price that `posted-price` starts
 * with; half of the markets use multiples of 200 only, so that equal prices are common. Which
 * orders exist is honest: what an organisation reports in `round` is what is true of it.
 */
import { randomStream } from '../../kernel/random.ts';
import type { RandomStream } from '../../kernel/random.ts';
import type { ClaimDomain } from '../mechanism.ts';
import type { Ask, Bid, BidOption, MarketRound } from '../orders.ts';

/** A domain in which a claim can be tried. */
export type MarketDomain = Exclude<ClaimDomain, 'never'>;

/** What is not known of an order but by its owner's word. */
export type Misreports = 'prices' | 'all';

export interface RandomMarket {
  readonly domain: MarketDomain;
  readonly seed: number;
  readonly round: MarketRound;
  /** What each side may misreport: its prices, or quantities and windows too. */
  readonly misreports: { readonly bids: Misreports; readonly asks: Misreports };
}

/** Most orders on each side. */
export const MOST_ORDERS = 4;
const HIGHEST_WORTH = 2_000;
const TIE_STEP = 200;
const SLOTS = 3;

/** The market of this seed; the same on every machine. */
export function randomMarket(
  domain: MarketDomain,
  seed: number,
  mostOrders = MOST_ORDERS,
): RandomMarket {
  const random = randomStream({ seed, replication: 0, entity: domain, purpose: 'properties' });
  const draw = new Draw(random, mostOrders);
  const family = FAMILIES[domain] ?? mixed;
  const { bids, asks, horizonSlots, ...terms } = family(draw);
  const shuffled = { bids: shuffle(bids, random), asks: shuffle(asks, random) };
  const round: MarketRound = {
    roundId: seed,
    slotMs: 900_000,
    horizonSlots,
    ...shuffled,
    seed: `market ${seed}`,
  };
  return { domain, seed, round: draw.chance(0.5) ? withMembers(round, draw) : round, ...terms };
}

/** The same round with what rules without prices go by: who brought how many nodes, and ranks. */
function withMembers(round: MarketRound, draw: Draw): MarketRound {
  const names = new Set([...round.bids, ...round.asks].map(({ organisation }) => organisation));
  const members = [...names].sort().map((organisation) => ({
    organisation,
    contributedNodes: draw.count(0, 4),
    priority: draw.count(0, 2),
  }));
  return { ...round, members };
}

const ALL = { bids: 'all', asks: 'all' } as const;

/**
 * The same market with one option a bid; and, where gangs are mixed, with one order an organisation.
 */
export function simplified(market: RandomMarket): RandomMarket {
  const { domain, round } = market;
  const isAlone = FAMILIES[domain] === undefined || FAMILIES[domain] === mixed;
  const bids = round.bids.map((bid) => ({
    ...bid,
    options: bid.options.slice(0, 1),
    organisation: isAlone ? `buyer of ${bid.bidId}` : bid.organisation,
  }));
  const asks = round.asks.map((ask) =>
    isAlone ? { ...ask, organisation: `seller of ${ask.askId}` } : ask,
  );
  return { ...market, round: { ...round, bids, asks } };
}

interface Family extends Pick<RandomMarket, 'misreports'> {
  readonly bids: Bid[];
  readonly asks: Ask[];
  readonly horizonSlots: number;
}

/** Short ways to draw orders. */
class Draw {
  readonly random: RandomStream;
  readonly most: number;
  readonly #step: number;

  constructor(random: RandomStream, most: number) {
    this.random = random;
    this.most = most;
    this.#step = random.uniform() < 0.5 ? TIE_STEP : 1;
  }

  /** A whole number from `least` to `most`. */
  count(least: number, most: number): number {
    return least + this.random.integer(most - least + 1);
  }

  worth(): number {
    return this.#step * this.count(0, HIGHEST_WORTH / this.#step);
  }

  chance(share: number): boolean {
    return this.random.uniform() < share;
  }

  list<Item>(least: number, most: number, make: (i: number) => Item): Item[] {
    return Array.from({ length: this.count(least, most) }, (_, i) => make(i));
  }

  window(slots: number): { startSlot: number; endSlot: number } {
    const startSlot = this.count(0, slots - 1);
    return { startSlot, endSlot: this.count(startSlot + 1, slots) };
  }

  option(of: Partial<BidOption> = {}): BidOption {
    const nodes = of.nodes ?? 1;
    const startSlot = of.startSlot ?? 0;
    const endSlot = of.endSlot ?? 1;
    return {
      nodeClass: 'A',
      nodes,
      minimumNodes: nodes,
      startSlot,
      endSlot,
      valueMillicredits: this.worth() * nodes * (endSlot - startSlot),
      ...of,
    };
  }
}

function bidOf(i: number, options: BidOption[], more: Partial<Bid> = {}): Bid {
  const terms = { securityLevel: 'none', acceptsRecall: true } as const;
  return { bidId: `b${i}`, organisation: `buyer ${i}`, options, ...terms, ...more };
}

function askOf(i: number, reserveMillicredits: number, more: Partial<Ask> = {}): Ask {
  return {
    askId: `a${i}`,
    organisation: `seller ${i}`,
    nodeClass: 'A',
    nodes: 1,
    startSlot: 0,
    endSlot: 1,
    reserveMillicredits,
    recall: null,
    securityLevel: 'full',
    ...more,
  };
}

/** One node over one slot for everybody. */
function unitDemand(draw: Draw): Family {
  return {
    bids: draw.list(0, draw.most, (i) => bidOf(i, [draw.option()])),
    asks: draw.list(0, draw.most, (i) => askOf(i, draw.worth())),
    horizonSlots: 1,
    misreports: ALL,
  };
}

/**
 * Organisations that want, or have, several nodes over one slot: each further node is worth no more
 * to a buyer, and costs a seller no less, than the one before. As several unit orders, or as one
 * order whose nodes are all worth the same.
 */
function diminishingReturns(draw: Draw): Family {
  const bids: Bid[] = [];
  const asks: Ask[] = [];
  const sides = [draw.count(1, draw.most), draw.count(1, draw.most)];
  for (let i = 0; i < sides[0]!; i++) {
    const organisation = `buyer ${i}`;
    if (draw.chance(0.3)) {
      const option = { ...draw.option({ nodes: draw.count(1, 3) }), minimumNodes: 1 };
      bids.push(bidOf(bids.length, [option], { organisation }));
      continue;
    }
    draw.list(1, 3, () => bids.push(bidOf(bids.length, [draw.option()], { organisation })));
  }
  for (let i = 0; i < sides[1]!; i++) {
    const organisation = `seller ${i}`;
    if (draw.chance(0.3)) {
      const nodes = draw.count(1, 3);
      asks.push(askOf(asks.length, draw.worth(), { organisation, nodes }));
      continue;
    }
    draw.list(1, 3, () => asks.push(askOf(asks.length, draw.worth(), { organisation })));
  }
  return { bids, asks, horizonSlots: 1, misreports: ALL };
}

/**
 * Every bidder wants one gang in one window, every owner has one offer: its nodes and their window
 * are known, what it would take for them is not. In half of the markets one owner has all there is.
 */
function singleMinded(draw: Draw): Family {
  const isPool = draw.chance(0.5);
  const bids = draw.list(1, draw.most, (i) =>
    bidOf(i, [draw.option({ nodes: draw.count(1, 3), ...draw.window(SLOTS) })]),
  );
  const asks = draw.list(1, isPool ? 1 : draw.most, (i) =>
    askOf(i, draw.chance(0.5) ? draw.worth() : draw.worth() >> 1, {
      nodes: draw.count(1, isPool ? 4 : 2),
      ...(draw.chance(0.7) ? { endSlot: SLOTS } : draw.window(SLOTS)),
    }),
  );
  return { bids, asks, horizonSlots: SLOTS, misreports: { bids: 'all', asks: 'prices' } };
}

/**
 * Nobody moves the price. Half are mixed markets in which prices are misreported; in the others,
 * of one slot and without gangs, quantities too.
 */
function priceTaking(draw: Draw): Family {
  if (draw.chance(0.5))
    return { ...mixed(draw, 0), misreports: { bids: 'prices', asks: 'prices' } };
  const bids = draw.list(1, draw.most, (i) =>
    bidOf(i, [{ ...draw.option({ nodes: draw.count(1, 3) }), minimumNodes: 1 }]),
  );
  const asks = draw.list(1, draw.most, (i) => askOf(i, draw.worth(), { nodes: draw.count(1, 3) }));
  return { bids, asks, horizonSlots: 1, misreports: ALL };
}

/**
 * Gangs and scalable bids, alternatives, windows, classes, security levels, recall terms. A third
 * of the markets is crowded: all want and offer the same window of one class, so that mechanisms
 * for single nodes have something to do.
 */
function mixed(draw: Draw, sharing = 0.2): Family {
  const isCrowded = draw.chance(0.35);
  const from = (share: number) => !isCrowded && draw.chance(share);
  const window = draw.window(SLOTS);
  const nodeClass = () => (from(0.2) ? 'B' : 'A');
  const level = () => (['none', 'attested', 'full'] as const)[draw.count(0, 2)]!;
  const organisation = (side: string, i: number) =>
    i > 0 && draw.chance(sharing) ? `${side} ${i - 1}` : `${side} ${i}`;
  const bids = draw.list(1, draw.most, (i) => {
    const wanted = nodeClass();
    const options = draw.list(1, isCrowded ? 1 : 2, () => {
      const nodes = draw.count(1, isCrowded ? 2 : 3);
      const when = isCrowded ? window : draw.window(SLOTS);
      const option = draw.option({ nodeClass: wanted, nodes, ...when });
      return draw.chance(0.3) ? { ...option, minimumNodes: draw.count(1, nodes) } : option;
    });
    return bidOf(i, options, {
      organisation: organisation('buyer', i),
      securityLevel: from(0.3) ? level() : 'none',
      acceptsRecall: !from(0.2),
    });
  });
  const asks = draw.list(draw.chance(0.05) ? 0 : 1, draw.most, (i) =>
    askOf(i, draw.chance(0.5) ? draw.worth() : draw.worth() >> 1, {
      organisation: organisation('seller', i),
      nodeClass: nodeClass(),
      nodes: draw.count(1, isCrowded ? 2 : 3),
      ...(from(0.3) ? draw.window(SLOTS) : { endSlot: SLOTS }),
      recall: from(0.2) ? { noticeMs: 600_000, penaltyPartsPerMillion: 100_000 } : null,
      securityLevel: from(0.3) ? level() : 'full',
    }),
  );
  return { bids, asks, horizonSlots: SLOTS, misreports: ALL };
}

/** Domains without a family of their own are tried in mixed markets. */
const FAMILIES: Readonly<Partial<Record<MarketDomain, (draw: Draw) => Family>>> = {
  always: mixed,
  'unit-demand': unitDemand,
  'diminishing-returns': diminishingReturns,
  'single-minded': singleMinded,
  'price-taking': priceTaking,
  // Small enough for every optimum to be proved.
  'proved-optimum': mixed,
};

function shuffle<Item>(list: readonly Item[], random: RandomStream): Item[] {
  const shuffled = [...list];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
  }
  return shuffled;
}
