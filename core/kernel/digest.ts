/**
 * A running 64-bit digest of structured values: cheap enough to take in every event of a
 * simulation, so that two runs can be compared event by event. It detects differences, not
 * forgery; the journal's hash chain is the one that is tamper-evident.
 *
 * Two 32-bit lanes, each mixed as in MurmurHash3's finaliser (Appleby, public domain).
 */
import type { Carrier } from './carried.ts';
const scratch = new DataView(new ArrayBuffer(8));

export class Digest {
  #a = 0x9e3779b9 | 0;
  #b = 0x85ebca6b | 0;

  /** Takes in any JSON-like value; keys in insertion order, `undefined` members as absent. */
  add(value: unknown): void {
    switch (typeof value) {
      case 'number':
        this.#addNumber(value);
        return;
      case 'string':
        this.#addString(value);
        return;
      case 'boolean':
        this.#mix(value ? 3 : 2);
        return;
      case 'object':
        if (value === null) this.#mix(1);
        else if (Array.isArray(value)) this.#addArray(value);
        else this.#addObject(value as Record<string, unknown>);
        return;
      default:
        this.#mix(0);
    }
  }

  /** 16 hex digits. */
  toString(): string {
    const hex = (lane: number) => (lane >>> 0).toString(16).padStart(8, '0');
    return hex(finalise(this.#a)) + hex(finalise(this.#b));
  }

  #addNumber(value: number): void {
    if ((value | 0) === value && !Object.is(value, -0)) {
      this.#mix(5);
      this.#mix(value);
      return;
    }
    scratch.setFloat64(0, value);
    this.#mix(scratch.getInt32(0));
    this.#mix(scratch.getInt32(4));
  }

  /** Two code units a word; the lanes stay in registers meanwhile. */
  #addString(value: string): void {
    const { length } = value;
    let a = this.#a;
    let b = this.#b;
    let word = length ^ 0x5bd1e995;
    for (let i = 0; ; i += 2) {
      a = Math.imul(a ^ word, 0x85ebca6b);
      a = (a << 13) | (a >>> 19);
      b = Math.imul(b + word, 0xc2b2ae35) ^ a;
      b = (b << 17) | (b >>> 15);
      if (i >= length) break;
      word = value.charCodeAt(i);
      if (i + 1 < length) word |= value.charCodeAt(i + 1) << 16;
    }
    this.#a = a;
    this.#b = b;
  }

  #addArray(values: readonly unknown[]): void {
    this.#mix(values.length ^ 0x2545f491);
    for (const value of values) this.add(value);
  }

  #addObject(value: Record<string, unknown>): void {
    for (const key in value) {
      const member = value[key];
      if (member === undefined) continue;
      this.#addString(key);
      this.add(member);
    }
    this.#mix(0x7ed55d16);
  }

  #mix(word: number): void {
    const a = Math.imul(this.#a ^ word, 0x85ebca6b);
    this.#a = (a << 13) | (a >>> 19);
    const b = Math.imul(this.#b + word, 0xc2b2ae35) ^ this.#a;
    this.#b = (b << 17) | (b >>> 15);
  }

  carry(carrier: Carrier): void {
    this.#a = carrier.value('a', this.#a);
    this.#b = carrier.value('b', this.#b);
  }
}

function finalise(lane: number): number {
  let h = lane ^ (lane >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
