/**
 * A running 64-bit digest of structured values: cheap enough to take in every event of a
 * simulation, so that two runs can be compared event by event. It detects differences, not
 * forgery; the journal's hash chain is the one that is tamper-evident.
 *
 * Two 32-bit lanes, each mixed as in MurmurHash3's finaliser (Appleby, public domain).
 */
const scratch = new DataView(new ArrayBuffer(8));

/** Keys are few and come again and again: each is read once, and one word stands for it. */
const keyWords = new Map<string, number>();
/** Keys of hostile input are not kept beyond this many. */
const KEPT_KEYS = 4_096;

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

  /** Two code units a word. */
  #addString(value: string): void {
    const { length } = value;
    this.#mix(length ^ 0x5bd1e995);
    const even = length & ~1;
    for (let i = 0; i < even; i += 2) {
      this.#mix(value.charCodeAt(i) | (value.charCodeAt(i + 1) << 16));
    }
    if (even < length) this.#mix(value.charCodeAt(even));
  }

  #addArray(values: readonly unknown[]): void {
    this.#mix(values.length ^ 0x2545f491);
    for (const value of values) this.add(value);
  }

  #addObject(value: Record<string, unknown>): void {
    for (const key in value) {
      const member = value[key];
      if (member === undefined) continue;
      this.#mix(keyWord(key));
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
}

function keyWord(key: string): number {
  let word = keyWords.get(key);
  if (word === undefined) {
    word = key.length ^ 0x1b873593;
    for (let i = 0; i < key.length; i++) word = finalise(Math.imul(word, 31) + key.charCodeAt(i));
    if (keyWords.size < KEPT_KEYS) keyWords.set(key, word);
  }
  return word;
}

function finalise(lane: number): number {
  let h = lane ^ (lane >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
