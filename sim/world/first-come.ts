/** Demand that was there first goes first; among equals the organisations take turns. */
import type { Carrier } from '../../core/kernel/carried.ts';
import type { Bid } from '../../core/market/orders.ts';

export class FirstCome {
  /** Bid id → round in which this piece of demand was first bid for. */
  readonly #firstSeen = new Map<string, number>();
  /** By the name under which it trades: place of an organisation among the members. */
  readonly #places: ReadonlyMap<string, number>;
  readonly #members: number;

  /** @param owners name of a member of the market → organisation behind it */
  constructor(members: readonly string[], owners: ReadonlyMap<string, string>) {
    this.#members = members.length;
    const place = new Map(members.map((name, index) => [name, index]));
    this.#places = new Map([...owners].map(([name, owner]) => [name, place.get(owner)!]));
  }

  /** @param round rounds that were held before */
  order(bids: readonly Bid[], round: number): Bid[] {
    const turn = (bid: Bid) => (this.#places.get(bid.organisation)! + round) % this.#members;
    const seen = (bid: Bid) => {
      const first = this.#firstSeen.get(bid.bidId);
      if (first === undefined) this.#firstSeen.set(bid.bidId, round);
      return first ?? round;
    };
    return bids
      .map((bid, index) => ({ bid, index, first: seen(bid), turn: turn(bid) }))
      .sort((a, b) => a.first - b.first || a.turn - b.turn || a.index - b.index)
      .map(({ bid }) => bid);
  }

  /** The demand behind a bid was served; it is new when it comes again. */
  served(bidId: string): void {
    this.#firstSeen.delete(bidId);
  }

  carry(carrier: Carrier): void {
    carrier.fill('firstSeen', this.#firstSeen);
  }
}
