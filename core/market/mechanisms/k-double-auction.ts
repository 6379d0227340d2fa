/**
 * `k-double-auction`: uniform-price call auction.
 *
 * Paper: Chatterjee & Samuelson, "Bargaining under Incomplete Information", Oper. Res. 31 (1983);
 * Satterthwaite & Williams, J. Econ. Theory 48 (1989) for many traders.
 * Rule: with buyers b(1) ≥ b(2) … and sellers s(1) ≤ s(2) …, k the last rank with b(k) ≥ s(k), all of
 * rank 1 … k trade at lo + κ · (hi − lo), lo = max(s(k), b(k+1)), hi = min(b(k), s(k+1)), κ = ½.
 * Claims: individually rational, strongly budget balanced; efficient on reports for unit demand in
 * one window. Not truthful: a gain of O(1/n) is left.
 * Complexity: O(n log n) a bucket, plus bids × asks of the class to find who meets whom.
 *
 * It is a mechanism for *units*. In a round a unit is one node over one window: bids with the same
 * class, window, security level and recall acceptance form a *bucket*, an auction of its own, in
 * which a bid for n nodes is n unit bids at 1/n of its value and an ask is a unit ask for each node
 * that it has free over the whole window. Buckets are cleared one after another, by first slot, last
 * slot, class and terms; a bid with several options stands in the bucket of its first, and, if that
 * does not serve it, of its next, after all firsts. A gang that would be filled in part is refused,
 * `MARKET_GANG_NOT_FILLED`, and the bucket cleared without it: gangs are not a claim of this
 * mechanism. An organisation that bids in a bucket does not sell in it.
 *
 * Example: bids 9 and 8, asks 4 and 3: two trades, any price in [4, 8] clears, κ = ½ makes it 6.
 *
 * Parameter `k`: κ in [0, 1].
 */
import { Allocation, worthOf } from '../clearing/allocation.ts';
import { compileRound } from '../clearing/instance.ts';
import type { Instance } from '../clearing/instance.ts';
import { clearingOf } from '../clearing/result.ts';
import type { Mechanism } from '../mechanism.ts';
import type { Rejection } from '../orders.ts';

/** Range of prices that clear k trades; null where there is no trade. */
export interface ClearingRange {
  readonly trades: number;
  readonly low: number;
  readonly high: number;
}

/**
 * @param bids unit bids, highest first
 * @param asks unit asks, lowest first
 */
export function clearingRange(
  bids: readonly number[],
  asks: readonly number[],
): ClearingRange | null {
  let k = 0;
  while (k < bids.length && k < asks.length && bids[k]! >= asks[k]!) k += 1;
  if (k === 0) return null;
  return {
    trades: k,
    low: Math.max(asks[k - 1]!, bids[k] ?? -Infinity),
    high: Math.min(bids[k - 1]!, asks[k] ?? Infinity),
  };
}

/** Price in the range, in whole units, rounded down. */
export function kappaPrice({ low, high }: ClearingRange, kappa: number): number {
  return low + Math.floor(kappa * (high - low));
}

export const kDoubleAuction: Mechanism = {
  name: 'k-double-auction',
  version: 1,
  properties: {
    individualRationality: 'always',
    incentiveCompatibility: 'never',
    efficiency: 'unit-demand',
    budgetBalance: 'strong',
    falseNameProofness: 'never',
    gangs: false,
    windows: true,
  },
  clear(round, parameters, state) {
    const instance = compileRound(round, 'id', 'cheapest');
    const asked = parameters['k'] ?? 0.5;
    const kappa = asked >= 0 && asked <= 1 ? asked : 0.5;
    const call = new CallAuction(instance, kappa);
    call.clear();
    const { allocation, payment, receipt } = call;
    const clearing = clearingOf(round, allocation, payment, receipt);
    return { clearing: { ...clearing, rejected: call.rejections() }, state };
  },
};

/** Nodes of one ask over a bucket's window; price in millicredits a node. */
interface UnitAsk {
  readonly ask: number;
  readonly price: number;
  readonly nodes: number;
}

/** The units of a bucket, cheapest first, and how far they are sold. */
class UnitSupply {
  readonly #asks: readonly UnitAsk[];
  #at = 0;
  #used = 0;
  #offeredAt = 0;
  #offeredUsed = 0;
  #offeredPrice = 0;
  /** Price of the dearest unit sold. */
  lastPrice = 0;

  constructor(asks: readonly UnitAsk[]) {
    this.#asks = asks;
  }

  /** Price of the cheapest unit that is not sold. */
  get nextPrice(): number {
    return this.#asks[this.#at]?.price ?? Infinity;
  }

  /** The cheapest units, as many as wanted and not above the limit; `take` sells them. */
  offer(wanted: number, limit: number): { parts: number[]; nodes: number } {
    const parts: number[] = [];
    let nodes = 0;
    let at = this.#at;
    let used = this.#used;
    this.#offeredPrice = this.lastPrice;
    while (nodes < wanted && at < this.#asks.length) {
      const unit = this.#asks[at]!;
      if (unit.price > limit) break;
      const more = Math.min(wanted - nodes, unit.nodes - used);
      parts.push(unit.ask, more);
      this.#offeredPrice = unit.price;
      nodes += more;
      used += more;
      if (used < unit.nodes) continue;
      at += 1;
      used = 0;
    }
    this.#offeredAt = at;
    this.#offeredUsed = used;
    return { parts, nodes };
  }

  take(): void {
    this.#at = this.#offeredAt;
    this.#used = this.#offeredUsed;
    this.lastPrice = this.#offeredPrice;
  }
}

class CallAuction {
  readonly instance: Instance;
  readonly kappa: number;
  readonly allocation: Allocation;
  readonly payment: number[];
  readonly receipt: number[];
  readonly #brokenGangs = new Set<number>();

  constructor(instance: Instance, kappa: number) {
    this.instance = instance;
    this.kappa = kappa;
    this.allocation = new Allocation(instance);
    this.payment = new Array<number>(instance.bids.length).fill(0);
    this.receipt = new Array<number>(instance.asks.length).fill(0);
  }

  clear(): void {
    const { bids, firstOption } = this.instance;
    for (let rank = 0; ; rank++) {
      const waiting: number[] = [];
      for (let b = 0; b < bids.length; b++) {
        const o = firstOption[b]! + rank;
        if (o < firstOption[b + 1]! && this.allocation.optionOf[b] === -1) waiting.push(o);
      }
      if (waiting.length === 0 && rank > 0) return;
      for (const bucket of this.#buckets(waiting)) this.#clearBucket(bucket);
      if (waiting.length === 0) return;
    }
  }

  rejections(): Rejection[] {
    const refused: Rejection[] = [];
    for (const b of this.#brokenGangs) {
      if (this.allocation.optionOf[b] !== -1) continue;
      refused.push({ orderId: this.instance.bids[b]!.bidId, code: 'MARKET_GANG_NOT_FILLED' });
    }
    return [...this.instance.rejected, ...refused];
  }

  /** Options by class, window and terms, in the order in which buckets are cleared. */
  #buckets(options: readonly number[]): number[][] {
    const { instance } = this;
    const { optionFrom, optionTo, optionClass, optionBid, bids } = instance;
    const terms = (o: number) => {
      const { securityLevel, acceptsRecall } = bids[optionBid[o]!]!;
      const level = securityLevel === 'full' ? 0 : securityLevel === 'attested' ? 1 : 2;
      return level * 2 + (acceptsRecall ? 1 : 0);
    };
    const className = (o: number) => instance.nodeClasses[optionClass[o]!]!;
    const compare = (a: number, b: number) =>
      optionFrom[a]! - optionFrom[b]! ||
      optionTo[a]! - optionTo[b]! ||
      (className(a) < className(b) ? -1 : className(a) > className(b) ? 1 : terms(a) - terms(b));
    const sorted = [...options].sort((a, b) => compare(a, b) || a - b);
    const buckets: number[][] = [];
    for (const o of sorted) {
      const last = buckets[buckets.length - 1];
      if (last && compare(last[0]!, o) === 0) last.push(o);
      else buckets.push([o]);
    }
    return buckets;
  }

  /** Highest bids first against cheapest asks; one price for all. */
  #clearBucket(bucket: readonly number[]): void {
    const { instance, kappa } = this;
    const unitBid = (o: number) => Math.floor(instance.optionValue[o]! / instance.optionNodes[o]!);
    const byPrice = [...bucket].sort((a, b) => unitBid(b) - unitBid(a) || a - b);
    const supply = new UnitSupply(this.#unitAsks(bucket));
    const served: { option: number; nodes: number; parts: number[] }[] = [];
    let lastBid = 0;
    let nextBid = -Infinity;
    for (const o of byPrice) {
      const wanted = instance.optionNodes[o]!;
      const { parts, nodes } = supply.offer(wanted, unitBid(o));
      const isBroken = nodes > 0 && nodes < instance.optionMinimum[o]!;
      if (isBroken) this.#brokenGangs.add(instance.optionBid[o]!);
      // A unit that loses bounds the price; a broken gang does not take part any more.
      else if (nodes < wanted) nextBid = Math.max(nextBid, unitBid(o));
      if (isBroken || nodes === 0) continue;
      supply.take();
      served.push({ option: o, nodes, parts });
      lastBid = unitBid(o);
    }
    if (served.length === 0) return;
    const range = {
      trades: served.length,
      low: Math.max(supply.lastPrice, nextBid),
      high: Math.min(lastBid, supply.nextPrice),
    };
    const price = kappaPrice(range, kappa);
    for (const { option, nodes, parts } of served) this.#trade(option, nodes, parts, price);
  }

  #trade(o: number, nodes: number, parts: readonly number[], price: number): void {
    const { instance } = this;
    const slots = instance.optionSlots[o]!;
    let cost = 0;
    for (let p = 0; p < parts.length; p += 2) {
      cost += instance.asks[parts[p]!]!.reserveMillicredits * slots * parts[p + 1]!;
      this.receipt[parts[p]!]! += price * parts[p + 1]!;
    }
    this.allocation.restore(o, nodes, parts, worthOf(instance, o, nodes) - cost);
    this.payment[instance.optionBid[o]!] = price * nodes;
  }

  /** Unit asks of a bucket, cheapest first: what each ask has free over the window. */
  #unitAsks(bucket: readonly number[]): UnitAsk[] {
    const { instance, allocation } = this;
    const { firstCandidate, candidates } = instance;
    const owners = new Set(bucket.map((o) => instance.bidOwner[instance.optionBid[o]!]!));
    const first = bucket[0]!;
    // The asks that may serve any one bid of the bucket, minus those of all its bidders.
    const asks = new Set<number>();
    for (const o of bucket) {
      for (let i = firstCandidate[o]!; i < firstCandidate[o + 1]!; i++) asks.add(candidates[i]!);
    }
    const supply: UnitAsk[] = [];
    for (const ask of asks) {
      if (owners.has(instance.askOwner[ask]!)) continue;
      const nodes = allocation.freeOver(
        ask,
        instance.optionFrom[first]!,
        instance.optionTo[first]!,
      );
      if (nodes <= 0) continue;
      const price = instance.asks[ask]!.reserveMillicredits * instance.optionSlots[first]!;
      supply.push({ ask, price, nodes });
    }
    return supply.sort((a, b) => a.price - b.price || a.ask - b.ask);
  }
}
