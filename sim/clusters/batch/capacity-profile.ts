/**
 * Free capacity as a step function of time, for planning ahead: how many processors (or nodes) are
 * free from one instant to the next if every estimate is right.
 *
 * Piece i holds from times[i] to times[i + 1], the last one for ever; neighbours differ. Pieces
 * that lie wholly in the past are dropped from the front as time goes on.
 */
import type { Carrier } from '../../../core/kernel/carried.ts';
const INITIAL_CAPACITY = 64;

export class CapacityProfile {
  /** Pieces [head, end) of the columns are in use. */
  #head = 0;
  #end = 1;
  #times = new Float64Array(INITIAL_CAPACITY);
  #free = new Int32Array(INITIAL_CAPACITY);

  /** `free` from `fromTime` on, for ever. */
  constructor(fromTime: number, free: number) {
    this.reset(fromTime, free);
  }

  reset(fromTime: number, free: number): void {
    this.#head = 0;
    this.#end = 1;
    this.#times[0] = fromTime;
    this.#free[0] = free;
  }

  /** Becomes what `other` is. */
  assign(other: CapacityProfile): void {
    const used = other.#end - other.#head;
    while (this.#times.length < used) {
      this.#times = new Float64Array(this.#times.length * 2);
      this.#free = new Int32Array(this.#free.length * 2);
    }
    this.#times.set(other.#times.subarray(other.#head, other.#end));
    this.#free.set(other.#free.subarray(other.#head, other.#end));
    this.#head = 0;
    this.#end = used;
  }

  /** Takes away what `other` has free, from its first piece on. */
  subtract(other: CapacityProfile): void {
    for (let piece = other.#head; piece < other.#end; piece++) {
      const to = piece + 1 < other.#end ? other.#times[piece + 1]! : Infinity;
      if (other.#free[piece] !== 0) this.add(other.#times[piece]!, to, -other.#free[piece]!);
    }
  }

  /** Forgets what lies wholly before `now`. */
  advance(now: number): void {
    while (this.#head + 1 < this.#end && this.#times[this.#head + 1]! <= now) this.#head += 1;
  }

  /** Free at an instant; that of the first piece before it. */
  freeAt(time: number): number {
    return this.#free[this.#pieceAt(time)]!;
  }

  /** Adds `change` on [from, to); `to` may be Infinity. Nothing happens before the first piece. */
  add(from: number, to: number, change: number): void {
    if (!(from < to)) return;
    if (this.#end + 2 > this.#times.length) this.#makeRoom();
    const first = this.#cut(from);
    const last = to === Infinity ? this.#end : this.#cut(to);
    for (let piece = first; piece < last; piece++) this.#free[piece]! += change;
    if (last < this.#end) this.#join(last);
    this.#join(first);
  }

  /**
   * The earliest start in [from, latest) at which `size` stays free for `duration`; what comes at
   * or after `own` counts as free. `own` itself when there is none.
   */
  earliest(size: number, duration: number, from: number, latest: number, own: number): number {
    const times = this.#times;
    const free = this.#free;
    const end = this.#end;
    let piece = this.#pieceAt(from);
    let start = from;
    for (;;) {
      // Skip what is too full, then see whether what follows lasts.
      while (piece < end && free[piece]! < size) {
        piece += 1;
      }
      if (piece === end) return own;
      if (times[piece]! > start) start = times[piece]!;
      if (start >= latest) return own;
      const limit = Math.min(start + duration, own);
      do {
        piece += 1;
      } while (piece < end && times[piece]! < limit && free[piece]! >= size);
      if (piece === end || times[piece]! >= limit) return start;
    }
  }

  /** Most that is free at any instant of [from, to). */
  most(from: number, to: number): number {
    let piece = this.#pieceAt(from);
    let most = this.#free[piece]!;
    for (piece += 1; piece < this.#end && this.#times[piece]! < to; piece++) {
      if (this.#free[piece]! > most) most = this.#free[piece]!;
    }
    return most;
  }

  /** Least that is free at any instant of [from, to). */
  least(from: number, to: number): number {
    let piece = this.#pieceAt(from);
    let least = this.#free[piece]!;
    for (piece += 1; piece < this.#end && this.#times[piece]! < to; piece++) {
      if (this.#free[piece]! < least) least = this.#free[piece]!;
    }
    return least;
  }

  /** When the next piece after `time` starts; Infinity when there is none. */
  nextChange(time: number): number {
    const piece = this.#pieceAt(time);
    if (this.#times[piece]! > time) return this.#times[piece]!;
    return piece + 1 < this.#end ? this.#times[piece + 1]! : Infinity;
  }

  /** The last piece that starts at or before `time`. */
  #pieceAt(time: number): number {
    let low = this.#head;
    let high = this.#end - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#times[middle]! <= time) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Makes a piece start at `time` and returns it; there must be room for one more. */
  #cut(time: number): number {
    const piece = this.#pieceAt(time);
    if (this.#times[piece]! >= time) return piece;
    this.#times.copyWithin(piece + 2, piece + 1, this.#end);
    this.#free.copyWithin(piece + 2, piece + 1, this.#end);
    this.#times[piece + 1] = time;
    this.#free[piece + 1] = this.#free[piece]!;
    this.#end += 1;
    return piece + 1;
  }

  /** Drops the border in front of a piece that equals the one before it. */
  #join(piece: number): void {
    if (piece <= this.#head || this.#free[piece] !== this.#free[piece - 1]) return;
    this.#times.copyWithin(piece, piece + 1, this.#end);
    this.#free.copyWithin(piece, piece + 1, this.#end);
    this.#end -= 1;
  }

  #makeRoom(): void {
    const used = this.#end - this.#head;
    const capacity = used * 2 > this.#times.length ? this.#times.length * 2 : this.#times.length;
    const times = new Float64Array(capacity);
    times.set(this.#times.subarray(this.#head, this.#end));
    this.#times = times;
    const free = new Int32Array(capacity);
    free.set(this.#free.subarray(this.#head, this.#end));
    this.#free = free;
    this.#head = 0;
    this.#end = used;
  }

  carry(carrier: Carrier): void {
    this.#head = carrier.value('head', this.#head);
    this.#end = carrier.value('end', this.#end);
    this.#times = carrier.value('times', this.#times);
    this.#free = carrier.value('free', this.#free);
  }
}
