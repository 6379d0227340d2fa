/**
 * JSON (RFC 8259) from untrusted files: with the place of every object and list, a limit on depth,
 * and whole numbers beyond 2^53 kept as text.
 */
import { OcxError } from '../core/kernel/errors.ts';
import type { TextPlace } from './set-aside.ts';
import { readTextFile } from './input.ts';

/** A value; integers that a double does not hold are text, objects have no prototype. */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

export interface JsonDocument {
  readonly value: JsonValue;
  readonly lines: number;
  /** Where an object or list of this document begins. */
  placeOf(value: object): TextPlace;
}

const MAXIMUM_DEPTH = 64;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** What a text may not hold, or only escaped. */
const UNPLAIN = /[\\\u0000-\u001f]/;
const BLANK = /[ \t\r\n]*/y;

/** @throws OcxError INPUT_JSON with line and column; INPUT_… as `readTextFile` */
export function readJson(path: string): JsonDocument {
  return new Parser(path, readTextFile(path), 1).document();
}

/**
 * One line of a file of JSON lines.
 *
 * @throws OcxError INPUT_JSON with line and column
 */
export function parseJsonLine(path: string, text: string, line: number): JsonDocument {
  return new Parser(path, text, line).document();
}

/** A member of an object; undefined where it is not one or has none. */
export function member(value: JsonValue | undefined, key: string): JsonValue | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

class Parser {
  readonly #path: string;
  readonly #text: string;
  readonly #firstLine: number;
  readonly #starts = new WeakMap<object, number>();
  #lineStarts: number[] | null = null;
  #at = 0;

  constructor(path: string, text: string, firstLine: number) {
    this.#path = path;
    this.#text = text;
    this.#firstLine = firstLine;
  }

  document(): JsonDocument {
    const value = this.#value(0);
    this.#skip();
    if (this.#at < this.#text.length) throw this.#damaged('there is text behind the document');
    const { line } = this.#place(this.#text.length);
    return {
      value,
      lines: line,
      placeOf: (object) => this.#place(this.#starts.get(object) ?? 0),
    };
  }

  #value(depth: number): JsonValue {
    if (depth > MAXIMUM_DEPTH) throw this.#damaged(`it is nested deeper than ${MAXIMUM_DEPTH}`);
    this.#skip();
    const start = this.#at;
    const first = this.#text[start];
    if (first === '{' || first === '[') {
      const value = first === '{' ? this.#object(depth) : this.#list(depth);
      this.#starts.set(value, start);
      return value;
    }
    if (first === '"') return this.#string();
    for (const [word, value] of [
      ['true', true],
      ['false', false],
      ['null', null],
    ] as const) {
      if (!this.#text.startsWith(word, start)) continue;
      this.#at += word.length;
      return value;
    }
    return this.#number();
  }

  #object(depth: number): JsonObject {
    const object: Record<string, JsonValue> = Object.create(null);
    this.#at += 1;
    if (this.#closes('}')) return object;
    for (;;) {
      this.#skip();
      if (this.#text[this.#at] !== '"') throw this.#damaged('a key is expected');
      const key = this.#string();
      this.#skip();
      if (this.#text[this.#at] !== ':') throw this.#damaged('a colon is expected');
      this.#at += 1;
      object[key] = this.#value(depth + 1);
      if (this.#closes('}')) return object;
      if (this.#text[this.#at] !== ',') throw this.#damaged('a comma or } is expected');
      this.#at += 1;
    }
  }

  #list(depth: number): JsonValue[] {
    const list: JsonValue[] = [];
    this.#at += 1;
    if (this.#closes(']')) return list;
    for (;;) {
      list.push(this.#value(depth + 1));
      if (this.#closes(']')) return list;
      if (this.#text[this.#at] !== ',') throw this.#damaged('a comma or ] is expected');
      this.#at += 1;
    }
  }

  #closes(bracket: string): boolean {
    this.#skip();
    if (this.#text[this.#at] !== bracket) return false;
    this.#at += 1;
    return true;
  }

  #string(): string {
    const start = this.#at;
    let end = this.#text.indexOf('"', start + 1);
    while (end >= 0 && this.#backslashesBefore(end) % 2 === 1) {
      end = this.#text.indexOf('"', end + 1);
    }
    if (end < 0) {
      this.#at = this.#text.length;
      throw this.#damaged('a text never ends');
    }
    const text = this.#text.slice(start, end + 1);
    this.#at = end + 1;
    if (!UNPLAIN.test(text)) return text.slice(1, -1);
    try {
      return JSON.parse(text) as string;
    } catch {
      this.#at = start;
      throw this.#damaged('a text is damaged');
    }
  }

  #backslashesBefore(at: number): number {
    let count = 0;
    while (this.#text[at - 1 - count] === '\\') count += 1;
    return count;
  }

  #number(): number | string {
    const text = this.#match(NUMBER);
    if (text === null) throw this.#damaged('a value is expected');
    const value = Number(text);
    return /^-?\d+$/.test(text) && !Number.isSafeInteger(value) ? text : value;
  }

  #skip(): void {
    this.#match(BLANK);
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return null;
    this.#at = pattern.lastIndex;
    return match[0];
  }

  #place(offset: number): TextPlace {
    const starts = (this.#lineStarts ??= lineStarts(this.#text));
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return { line: this.#firstLine + low, column: offset - starts[low]! + 1 };
  }

  #damaged(message: string): OcxError {
    const ended = this.#at >= this.#text.length;
    return new OcxError({
      code: ended ? 'INPUT_TRUNCATED' : 'INPUT_JSON',
      message: ended ? 'the JSON ends too early' : `the JSON is damaged: ${message}`,
      place: { file: this.#path, ...this.#place(this.#at) },
      remedy: 'check that this is the right file and complete',
    });
  }
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}
