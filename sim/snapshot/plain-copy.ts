/**
 * Deep copies of plain data: what is shared stays shared, cycles stay cycles, and nothing of a copy is
 * the original's. What is no plain data is refused with its place, never copied halfway: a function
 * may close over state that nobody sees, an object of a class has fields that nobody else can read.
 */
import { OcxError } from '../../core/kernel/errors.ts';

/** Objects that are not copied but named: each world has its own under the same name. */
export interface Anchors {
  readonly names: ReadonlyMap<object, string>;
  readonly objects: ReadonlyMap<string, object>;
}

/** @param named objects of this world by names that every such world gives them */
export function anchorsOf(named: Iterable<readonly [string, object]>): Anchors {
  const objects = new Map(named);
  return { objects, names: new Map([...objects].map(([name, object]) => [object, name])) };
}

/** Key of a saved anchor; no plain data of a run has such a key. */
const ANCHOR = '@anchor';

type TypedArray = Float64Array | Int32Array | Int16Array | Uint8Array;

export class PlainCopier {
  readonly #anchors: Anchors;
  /** On saving anchors become names, on restoring names become this world's objects. */
  readonly #saves: boolean;
  readonly #copies = new Map<object, object>();
  /** Where in the data it is, for the message of a refusal. */
  readonly #path: string[] = [];

  constructor(anchors: Anchors, saves: boolean) {
    this.#anchors = anchors;
    this.#saves = saves;
  }

  /** @param name of the value, for messages */
  copy<Value>(name: string, value: Value): Value {
    this.#path.length = 0;
    this.#path.push(name);
    return this.#copy(value) as Value;
  }

  #copy(value: unknown): unknown {
    if (typeof value === 'function' || typeof value === 'symbol') {
      throw this.#refusal(`a ${typeof value}`);
    }
    if (typeof value !== 'object' || value === null) return value;
    const known = this.#copies.get(value);
    if (known !== undefined) return known;
    const anchor = this.#anchor(value);
    if (anchor !== undefined) return this.#keep(value, anchor);
    return this.#copyObject(value);
  }

  #keep<Copy extends object>(value: object, copy: Copy): Copy {
    this.#copies.set(value, copy);
    return copy;
  }

  #anchor(value: object): object | undefined {
    if (this.#saves) {
      const name = this.#anchors.names.get(value);
      return name === undefined ? undefined : { [ANCHOR]: name };
    }
    if (!Object.hasOwn(value, ANCHOR)) return undefined;
    const name = (value as { readonly [ANCHOR]: string })[ANCHOR];
    const object = this.#anchors.objects.get(name);
    if (object === undefined) throw this.#refusal(`${name}, which is not there any more`);
    return object;
  }

  #copyObject(value: object): object {
    if (Array.isArray(value)) return this.#copyArray(value);
    if (value instanceof Map) {
      const copy = this.#keep(value, new Map<unknown, unknown>());
      for (const [key, entry] of value) {
        copy.set(this.#copy(key), this.#copyAt(String(key), entry));
      }
      return copy;
    }
    if (value instanceof Set) {
      const copy = this.#keep(value, new Set<unknown>());
      for (const entry of value) copy.add(this.#copyAt('entry', entry));
      return copy;
    }
    if (ArrayBuffer.isView(value)) return this.#copyTyped(value as TypedArray);
    if (value instanceof ArrayBuffer) return this.#keep(value, value.slice(0));
    return this.#copyRecord(value);
  }

  #copyArray(value: readonly unknown[]): unknown[] {
    const copy = this.#keep(value, new Array<unknown>(value.length));
    // Places that were never written stay so.
    for (const [at, entry] of value.entries()) {
      if (at in value) copy[at] = this.#copyAt(String(at), entry);
    }
    return copy;
  }

  /** Two views on one buffer are two views on one copy of it. */
  #copyTyped(value: TypedArray): object {
    const buffer = this.#copy(value.buffer) as ArrayBuffer;
    const Kind = value.constructor as new (b: ArrayBuffer, at: number, n: number) => TypedArray;
    return this.#keep(value, new Kind(buffer, value.byteOffset, value.length));
  }

  #copyRecord(value: object): object {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) {
      throw this.#refusal(`an object of the class ${value.constructor.name}`);
    }
    const copy = this.#keep(value, Object.create(prototype) as Record<string, unknown>);
    for (const key of Reflect.ownKeys(value)) {
      const { get, set, value: member } = Object.getOwnPropertyDescriptor(value, key)!;
      if (typeof key === 'symbol' || get || set) throw this.#refusal(`the member ${String(key)}`);
      (copy as Record<string, unknown>)[key] = this.#copyAt(key, member);
    }
    return copy;
  }

  #copyAt(place: string, value: unknown): unknown {
    if (typeof value !== 'object' && typeof value !== 'function') return value;
    this.#path.push(place);
    const copy = this.#copy(value);
    this.#path.pop();
    return copy;
  }

  #refusal(what: string): OcxError {
    return new OcxError({
      code: 'INVARIANT_VIOLATED',
      message: `a snapshot cannot carry ${what} at ${this.#path.join('.')}`,
      remedy: 'this is a bug: keep what changes as plain data',
    });
  }
}
