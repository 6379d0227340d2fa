/**
 * False reports of one organisation, the others staying honest: other prices, quantities and
 * windows, orders held back or made up, and the same orders under several names.
 *
 * Prices are drawn where they can matter: at, just below and just above what the others report,
 * at the ends, and at shares of the honest one. An ask never offers nodes that are not there.
 */
import type { RandomStream } from '../../kernel/random.ts';
import type { Ask, Bid, BidOption, MarketRound } from '../orders.ts';
import type { RandomMarket } from './random-markets.ts';
import { MADE_UP } from './utility.ts';

export interface Deviation {
  readonly round: MarketRound;
  /** Names under which the organisation comes. */
  readonly names: ReadonlySet<string>;
}

interface Orders {
  readonly bids: readonly Bid[];
  readonly asks: readonly Ask[];
}

const FACTORS = [0, 0.5, 0.9, 1.1, 2, 10];
/** Beyond every honest worth of a node-slot. */
const EXTREME = 1_000_000;

/** One false report under the organisation's own name. */
export function falseReport(
  market: RandomMarket,
  organisation: string,
  random: RandomStream,
): Deviation {
  const liar = new Liar(market, organisation, random);
  const own = ownOrders(market.round, organisation);
  return withOrders(market.round, organisation, liar.lie(own), new Set([organisation]));
}

/**
 * The organisation's orders under several names, in parts where they have parts; and, where
 * `withLies`, with other prices and made-up bids too.
 */
export function falseNames(
  market: RandomMarket,
  organisation: string,
  random: RandomStream,
  withLies: boolean,
): Deviation {
  const liar = new Liar(market, organisation, random);
  const own = ownOrders(market.round, organisation);
  const split = liar.divide(withLies && random.uniform() < 0.5 ? liar.lie(own) : own, withLies);
  const names = new Set([...split.bids, ...split.asks].map((order) => order.organisation));
  return withOrders(market.round, organisation, split, names);
}

function ownOrders({ bids, asks }: MarketRound, organisation: string): Orders {
  return {
    bids: bids.filter((bid) => bid.organisation === organisation),
    asks: asks.filter((ask) => ask.organisation === organisation),
  };
}

/** The round with an organisation's orders replaced, each in the place of the one it stands for. */
function withOrders(
  round: MarketRound,
  organisation: string,
  orders: Orders,
  names: ReadonlySet<string>,
): Deviation {
  const bids = inPlace(round.bids, organisation, orders.bids, ({ bidId }) => bidId);
  const asks = inPlace(round.asks, organisation, orders.asks, ({ askId }) => askId);
  return { round: { ...round, bids, asks }, names };
}

function inPlace<Order extends { readonly organisation: string }>(
  all: readonly Order[],
  organisation: string,
  replacements: readonly Order[],
  idOf: (order: Order) => string,
): Order[] {
  const left = [...replacements];
  const placed: Order[] = [];
  for (const order of all) {
    if (order.organisation !== organisation) placed.push(order);
    else {
      const id = idOf(order);
      const isFor = (other: Order) => idOf(other) === id || idOf(other).startsWith(id + MADE_UP);
      placed.push(...left.filter(isFor));
      left.splice(0, left.length, ...left.filter((other) => !isFor(other)));
    }
  }
  return [...placed, ...left];
}

class Liar {
  readonly #market: RandomMarket;
  readonly #organisation: string;
  readonly #random: RandomStream;

  constructor(market: RandomMarket, organisation: string, random: RandomStream) {
    this.#market = market;
    this.#organisation = organisation;
    this.#random = random;
  }

  /** One thing or several at once. */
  lie(own: Orders): Orders {
    const { bids, asks } = this.#market.misreports;
    const kinds = (own.bids.length > 0 ? bids : asks) === 'prices' ? 1 : 6;
    let orders = own;
    do {
      const kind = this.#pick(kinds);
      if (kind <= 1) orders = this.#reprice(orders, false);
      else if (kind === 2) orders = this.#reprice(orders, true);
      else if (kind === 3) orders = this.#requantify(orders);
      else if (kind === 4) orders = this.#holdBack(orders);
      else orders = this.#rewindow(orders);
    } while (this.#random.uniform() < 0.3);
    return orders;
  }

  #reprice({ bids, asks }: Orders, all: boolean): Orders {
    const chosen = this.#pick(bids.length + asks.length);
    const isChosen = (i: number) => all || i === chosen;
    return {
      bids: bids.map((bid, i) =>
        isChosen(i) ? { ...bid, options: bid.options.map((o) => this.#otherValue(o)) } : bid,
      ),
      asks: asks.map((ask, i) =>
        isChosen(bids.length + i)
          ? { ...ask, reserveMillicredits: this.#otherPrice(ask.reserveMillicredits, 1) }
          : ask,
      ),
    };
  }

  #otherValue(option: BidOption): BidOption {
    const times = option.nodes * (option.endSlot - option.startSlot);
    const valueMillicredits = this.#otherPrice(option.valueMillicredits, times);
    return { ...option, valueMillicredits };
  }

  /** A price of `times` node-slots that differs from the honest one where it can matter. */
  #otherPrice(honest: number, times: number): number {
    const { bids, asks } = this.#market.round;
    const kind = this.#pick(8);
    if (kind === 0) return EXTREME * times;
    if (kind <= 2) return Math.round(honest * FACTORS[this.#pick(FACTORS.length)]!);
    const shift = this.#pick(3) - 1;
    const at = this.#pick(bids.length + asks.length);
    const ask = asks[at - bids.length];
    if (ask) return Math.max(0, ask.reserveMillicredits * times + shift);
    const { valueMillicredits, nodes, startSlot, endSlot } = bids[at]!.options[0]!;
    if (kind === 3) return Math.max(0, valueMillicredits + shift);
    const each = Math.floor(valueMillicredits / (nodes * (endSlot - startSlot)));
    return Math.max(0, each * times + shift);
  }

  /** More or fewer nodes wanted at the same price a node, or fewer offered. */
  #requantify({ bids, asks }: Orders): Orders {
    const chosen = this.#pick(bids.length + asks.length);
    return {
      bids: bids.map((bid, i) =>
        i === chosen ? { ...bid, options: bid.options.map((o) => this.#otherNodes(o)) } : bid,
      ),
      asks: asks.map((ask, i) =>
        bids.length + i === chosen && ask.nodes > 1
          ? { ...ask, nodes: 1 + this.#pick(ask.nodes - 1) }
          : ask,
      ),
    };
  }

  #otherNodes(option: BidOption): BidOption {
    const nodes = 1 + this.#pick(option.nodes + 1);
    const minimumNodes = this.#pick(2) === 0 ? nodes : 1 + this.#pick(nodes);
    const keepsValue = this.#pick(2) === 0;
    const valueMillicredits = keepsValue
      ? option.valueMillicredits
      : Math.floor((option.valueMillicredits * nodes) / option.nodes);
    return { ...option, nodes, minimumNodes, valueMillicredits };
  }

  #holdBack({ bids, asks }: Orders): Orders {
    const dropped = this.#pick(bids.length + asks.length);
    return {
      bids: bids.filter((_, i) => i !== dropped),
      asks: asks.filter((_, i) => bids.length + i !== dropped),
    };
  }

  #rewindow({ bids, asks }: Orders): Orders {
    const { horizonSlots } = this.#market.round;
    if (horizonSlots === 1) return this.#reprice({ bids, asks }, true);
    const wider = (option: BidOption): BidOption => {
      const startSlot = this.#pick(option.startSlot + 1);
      const endSlot = option.endSlot + this.#pick(horizonSlots - option.endSlot + 1);
      return { ...option, startSlot, endSlot };
    };
    const narrower = (ask: Ask): Ask => {
      const startSlot = ask.startSlot + this.#pick(ask.endSlot - ask.startSlot);
      return { ...ask, startSlot, endSlot: startSlot + 1 + this.#pick(ask.endSlot - startSlot) };
    };
    return {
      bids: bids.map((bid) => ({ ...bid, options: bid.options.map(wider) })),
      asks: asks.map(narrower),
    };
  }

  /** Each order, or each part of one, under one of three names. */
  divide({ bids, asks }: Orders, withLies: boolean): Orders {
    const dividedBids = bids.flatMap((bid) => this.#bidParts(bid, withLies));
    const dividedAsks = asks.flatMap((ask) => this.#askParts(ask));
    if (withLies && bids.length > 0 && this.#pick(4) === 0) {
      const option = this.#otherValue(bids[0]!.options[0]!);
      const bidId = `${bids[0]!.bidId}${MADE_UP}shill`;
      dividedBids.push({ ...bids[0]!, bidId, organisation: this.#name(), options: [option] });
    }
    return { bids: dividedBids, asks: dividedAsks };
  }

  #name(): string {
    return [this.#organisation, 'alias x', 'another alias'][this.#pick(3)]!;
  }

  #bidParts(bid: Bid, withLies: boolean): Bid[] {
    const option = bid.options[0]!;
    const isDivisible = option.minimumNodes === 1 || withLies;
    if (bid.options.length > 1 || option.nodes === 1 || !isDivisible || this.#pick(2) === 0) {
      return [{ ...bid, organisation: this.#name() }];
    }
    // A node of a gang may be worth as much as the whole gang: whoever has the others needs it.
    const each = this.#pick(2) === 0 && withLies ? option.nodes : 1;
    return Array.from({ length: option.nodes }, (_, i) => {
      const worth =
        Math.floor((option.valueMillicredits * (i + 1)) / option.nodes) -
        Math.floor((option.valueMillicredits * i) / option.nodes);
      const part = { ...option, nodes: 1, minimumNodes: 1, valueMillicredits: worth * each };
      const bidId = `${bid.bidId}${MADE_UP}${i}`;
      return { ...bid, bidId, organisation: this.#name(), options: [part] };
    });
  }

  #askParts(ask: Ask): Ask[] {
    if (ask.nodes === 1 || this.#pick(2) === 0) return [{ ...ask, organisation: this.#name() }];
    return Array.from({ length: ask.nodes }, (_, i) => {
      const askId = `${ask.askId}${MADE_UP}${i}`;
      return { ...ask, askId, nodes: 1, organisation: this.#name() };
    });
  }

  #pick(count: number): number {
    return this.#random.integer(count);
  }
}
