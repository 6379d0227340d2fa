/**
 * Clears a round of the market by a rule for units, bucket by bucket.
 *
 * A bid stands in the bucket of its first option; if that does not serve it, in that of its next
 * one, after all firsts have been cleared, and so on. Where `isBound`, every node is offered in one
 * bucket only (`supply.ts`): in the first pass of options that brings a bucket for it. A bid for
 * several nodes is as many units at an equal share of its value, rounded down; one that a rule would
 * fill below its minimum is refused, `MARKET_GANG_NOT_FILLED`.
 *
 * Equal prices are put in order by lot (`lottery.ts`), then by id within an organisation.
 */
import { Allocation, worthOf } from '../clearing/allocation.ts';
import { compileUnits } from '../clearing/instance.ts';
import type { Instance } from '../clearing/instance.ts';
import { clearingOf } from '../clearing/result.ts';
import { Lottery } from '../lottery.ts';
import type { Mechanism, MechanismParameters } from '../mechanism.ts';
import type { Clearing, MarketRound } from '../orders.ts';
import { bucketsOf } from './buckets.ts';
import type { Bucket } from './buckets.ts';
import { bindSupply } from './supply.ts';
import type { BoundSupply } from './supply.ts';
import { unitBook } from './unit-book.ts';
import type { BookRule, Draw, UnitBook, UnitTrades } from './unit-book.ts';

export interface UnitMechanism extends Pick<Mechanism, 'name' | 'version' | 'properties'> {
  /** Whether a node stands in one bucket a round, or in every one in which it is still free. */
  readonly isBound: boolean;
  rule(parameters: MechanismParameters): BookRule;
}

/** The mechanism that clears every bucket of a round by this rule. */
export function unitMechanism({ isBound, rule, ...about }: UnitMechanism): Mechanism {
  return {
    ...about,
    clear: (round, parameters, state) => ({
      clearing: clearUnits(round, rule(parameters), isBound),
      state,
    }),
  };
}

function clearUnits(round: MarketRound, rule: BookRule, isBound: boolean): Clearing {
  const auction = new UnitRound(round, rule, isBound);
  auction.clear();
  const { allocation, payment, receipt } = auction;
  const clearing = clearingOf(round, allocation, payment, receipt);
  return { ...clearing, rejected: auction.rejections() };
}

class UnitRound {
  readonly instance: Instance;
  readonly allocation: Allocation;
  readonly payment: number[];
  readonly receipt: number[];
  readonly #rule: BookRule;
  readonly #draw: Draw;
  /** Asks that stand in no bucket yet; null where they may stand in several. */
  readonly #untouched: Set<number> | null;
  readonly #brokenGangs = new Set<number>();
  /** By ask: whether any of it is sold yet. */
  readonly #isSold: Uint8Array;

  constructor(round: MarketRound, rule: BookRule, isBound: boolean) {
    const instance = compileUnits(round);
    this.instance = instance;
    this.allocation = new Allocation(instance);
    this.payment = new Array<number>(instance.bids.length).fill(0);
    this.receipt = new Array<number>(instance.asks.length).fill(0);
    this.#isSold = new Uint8Array(instance.asks.length);
    this.#rule = rule;
    this.#draw = drawOf(round, instance);
    this.#untouched = isBound ? new Set(instance.asks.keys()) : null;
  }

  clear(): void {
    for (let rank = 0; ; rank++) {
      const waiting = this.#waiting(rank);
      if (waiting === null) return;
      const buckets = bucketsOf(this.instance, waiting);
      const untouched = this.#untouched;
      if (untouched) {
        const { compare } = this.#draw;
        const supply = bindSupply(this.instance, buckets, untouched, compare);
        buckets.forEach((bucket, i) => this.#clearBucket(bucket, supply[i]!));
      } else for (const bucket of buckets) this.#clearBucket(bucket, this.#freeSupply(bucket));
    }
  }

  rejections(): Clearing['rejected'] {
    const refused = [...this.#brokenGangs]
      .filter((b) => this.allocation.optionOf[b] === -1)
      .map((b) => ({ orderId: this.instance.bids[b]!.bidId, code: 'MARKET_GANG_NOT_FILLED' }));
    return [...this.instance.rejected, ...refused];
  }

  /** Options of this rank whose bids are not served; null where no bid has so many. */
  #waiting(rank: number): number[] | null {
    const { bids, firstOption } = this.instance;
    const waiting: number[] = [];
    let exists = false;
    for (let b = 0; b < bids.length; b++) {
      const o = firstOption[b]! + rank;
      if (o >= firstOption[b + 1]!) continue;
      exists = true;
      if (this.allocation.optionOf[b] === -1) waiting.push(o);
    }
    return exists ? waiting : null;
  }

  #freeSupply({ options: [first], asks }: Bucket): BoundSupply[] {
    const { optionFrom, optionTo } = this.instance;
    const supply: BoundSupply[] = [];
    for (const ask of asks) {
      const nodes = this.#isSold[ask]
        ? this.allocation.freeOver(ask, optionFrom[first!]!, optionTo[first!]!)
        : this.instance.asks[ask]!.nodes;
      if (nodes > 0) supply.push({ ask, nodes });
    }
    return supply;
  }

  #clearBucket({ options }: Bucket, supply: readonly BoundSupply[]): void {
    if (supply.length === 0) return;
    const { instance } = this;
    const slots = instance.optionSlots[options[0]!]!;
    const book = unitBook(
      options.map((o) => ({
        order: o,
        organisation: instance.bidOwner[instance.optionBid[o]!]!,
        price: Math.floor(instance.optionValue[o]! / instance.optionNodes[o]!),
        units: instance.optionNodes[o]!,
        minimum: instance.optionMinimum[o]!,
      })),
      supply.map(({ ask, nodes }) => ({
        order: ask,
        organisation: instance.askOwner[ask]!,
        price: instance.asks[ask]!.reserveMillicredits * slots,
        units: nodes,
      })),
      this.#draw,
    );
    this.#settle(book, this.#rule(book));
  }

  /** Gives the units bought, best bid first, from those sold, cheapest first. */
  #settle(book: UnitBook, { bought, sold, paid, received, broken }: UnitTrades): void {
    for (const i of broken) this.#brokenGangs.add(this.instance.optionBid[book.bids[i]!.order]!);
    let at = 0;
    let left = sold[0] ?? 0;
    for (let i = 0; i < bought.length; i++) {
      const nodes = bought[i]!;
      if (nodes === 0) continue;
      const parts: number[] = [];
      let cost = 0;
      for (let missing = nodes; missing > 0;) {
        while (left === 0) left = sold[++at]!;
        const { order, price } = book.asks[at]!;
        const taken = Math.min(missing, left);
        parts.push(order, taken);
        this.#isSold[order] = 1;
        cost += price * taken;
        missing -= taken;
        left -= taken;
      }
      const o = book.bids[i]!.order;
      this.allocation.restore(o, nodes, parts, worthOf(this.instance, o, nodes) - cost);
      this.payment[this.instance.optionBid[o]!] = paid[i]!;
    }
    for (let j = 0; j < received.length; j++) this.receipt[book.asks[j]!.order]! += received[j]!;
  }
}

function drawOf(round: MarketRound, { organisations }: Instance): Draw {
  const lottery = new Lottery(round);
  return {
    compare: (a, b) => lottery.compare(organisations[a]!, organisations[b]!),
    isHeads: (organisation) => lottery.isHeads(organisations[organisation]!),
  };
}
