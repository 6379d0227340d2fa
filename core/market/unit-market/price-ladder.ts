/**
 * One side of an order book: the prices at which orders rest, best first, and a queue at each.
 *
 * Levels are linked to their neighbours, so that going from one to the next costs nothing. A new one
 * is put into its place by binary search in blocks of bounded length, so that neither many prices nor
 * the order in which they come make it slow.
 */
import type { Millicredits } from '../../kernel/units.ts';

/** An order that waits in the book. */
export interface Resting {
  readonly order: number;
  readonly organisation: number;
  /** Of the whole book: lower is earlier. */
  readonly arrival: number;
  units: number;
  /** Fewer units than this are of no use. */
  readonly minimum: number;
  readonly level: Level;
  earlier: Resting | null;
  later: Resting | null;
}

/** All orders of one side at one price, first come first. */
export interface Level {
  readonly price: Millicredits;
  first: Resting | null;
  last: Resting | null;
  better: Level | null;
  worse: Level | null;
}

export type NewResting = Pick<
  Resting,
  'order' | 'organisation' | 'arrival' | 'units' | 'minimum'
> & { readonly price: Millicredits };

/** A block that has grown to this many levels is split in two. */
const LONGEST_BLOCK = 256;

export class PriceLadder {
  best: Level | null = null;
  /** Units of all orders. */
  units = 0;
  /** 1 where lower prices are better, −1 where higher ones are. */
  readonly #sign: 1 | -1;
  readonly #levels = new Map<Millicredits, Level>();
  readonly #orders = new Map<number, Resting>();
  readonly #blocks: Level[][] = [];

  constructor(side: 'buy' | 'sell') {
    this.#sign = side === 'sell' ? 1 : -1;
  }

  find(order: number): Resting | undefined {
    return this.#orders.get(order);
  }

  /** Puts an order behind those of its price that came earlier. */
  add({ price, ...about }: NewResting): void {
    const level = this.#levels.get(price) ?? this.#newLevel(price);
    let earlier = level.last;
    while (earlier && earlier.arrival > about.arrival) earlier = earlier.earlier;
    const later = earlier ? earlier.later : level.first;
    const resting: Resting = { ...about, level, earlier, later };
    if (earlier) earlier.later = resting;
    else level.first = resting;
    if (later) later.earlier = resting;
    else level.last = resting;
    this.#orders.set(about.order, resting);
    this.units += about.units;
  }

  /** Lowers what an order has by so many units; without any it is gone. */
  take(resting: Resting, units: number): void {
    resting.units -= units;
    this.units -= units;
    if (resting.units === 0) this.#remove(resting);
  }

  *[Symbol.iterator](): Generator<Resting> {
    for (let level = this.best; level; level = level.worse) {
      for (let resting = level.first; resting; resting = resting.later) yield resting;
    }
  }

  #remove(resting: Resting): void {
    const { level, earlier, later } = resting;
    if (earlier) earlier.later = later;
    else level.first = later;
    if (later) later.earlier = earlier;
    else level.last = earlier;
    this.#orders.delete(resting.order);
    if (!level.first) this.#removeLevel(level);
  }

  #newLevel(price: Millicredits): Level {
    const blocks = this.#blocks;
    if (blocks.length === 0) blocks.push([]);
    const b = this.#blockOf(price);
    const block = blocks[b]!;
    const at = this.#placeIn(block, price);
    const better = block[at - 1] ?? blocks[b - 1]?.at(-1) ?? null;
    const worse = better ? better.worse : this.best;
    const level: Level = { price, first: null, last: null, better, worse };
    if (better) better.worse = level;
    else this.best = level;
    if (worse) worse.better = level;
    block.splice(at, 0, level);
    if (block.length > LONGEST_BLOCK) blocks.splice(b + 1, 0, block.splice(block.length >> 1));
    this.#levels.set(price, level);
    return level;
  }

  #removeLevel(level: Level): void {
    const { better, worse, price } = level;
    if (better) better.worse = worse;
    else this.best = worse;
    if (worse) worse.better = better;
    this.#levels.delete(price);
    const b = this.#blockOf(price);
    const block = this.#blocks[b]!;
    block.splice(this.#placeIn(block, price), 1);
    if (block.length === 0) this.#blocks.splice(b, 1);
  }

  /** The last block that does not begin behind the price, or the first. */
  #blockOf(price: Millicredits): number {
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#isBehind(this.#blocks[middle]![0]!, price)) high = middle - 1;
      else low = middle;
    }
    return low;
  }

  /** Where the price stands in a block, or would. */
  #placeIn(block: readonly Level[], price: Millicredits): number {
    let low = 0;
    let high = block.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const { price: there } = block[middle]!;
      if (there === price || this.#isBehind(block[middle]!, price)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #isBehind(level: Level, price: Millicredits): boolean {
    return this.#sign * (level.price - price) > 0;
  }
}
