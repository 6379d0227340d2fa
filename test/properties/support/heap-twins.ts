/**
 * Holds two things that should be alike against each other, object by object, private fields and
 * variables of closures included: the debugger sees what no code can. It knows nothing of how
 * snapshots are made, so it finds what they forget, and what two worlds have in common that one of
 * them could change.
 */
import { Session } from 'node:inspector';
import type { Runtime } from 'node:inspector';

/** What nobody needs to carry: `Class.field` → why. */
export type Exempt = Readonly<Record<string, string>>;

export interface Twins {
  /** Places where they differ. */
  readonly differences: readonly string[];
  /** Places of objects that both have, and that could be changed. */
  readonly shared: readonly string[];
  readonly objects: number;
}

/**
 * @param common objects that both may hold, with all that hangs on them: configuration, demand
 * @param exempt fields that are not looked at
 */
export function compareTwins(
  one: object,
  other: object,
  common: readonly object[],
  exempt: Exempt,
): Twins {
  const debug = new Debugger();
  try {
    const known = new Set<object>();
    for (const object of common) collect(debug, object, known);
    return new Comparison(debug, known, exempt).run(one, other);
  } finally {
    debug.close();
  }
}

/** What an object holds that a walk must follow, in order. */
type Members = readonly (readonly [name: string, value: unknown])[];

class Debugger {
  readonly #session = new Session();
  readonly #out: unknown[] = [];

  constructor() {
    this.#session.connect();
    Object.assign(globalThis, { heapTwinsOut: this.#out, heapTwinsIn: null });
  }

  close(): void {
    this.#session.disconnect();
    Reflect.deleteProperty(globalThis, 'heapTwinsOut');
    Reflect.deleteProperty(globalThis, 'heapTwinsIn');
  }

  #post<Answer>(method: string, parameters: object): Answer {
    let answer: Answer | undefined;
    this.#session.post(method, parameters, (error: Error | null, result: unknown) => {
      if (error) throw error;
      answer = result as Answer;
    });
    return answer!;
  }

  /** The debugger's name for an object. */
  #idOf(object: unknown): string {
    (globalThis as { heapTwinsIn?: unknown }).heapTwinsIn = object;
    const { result } = this.#post<Runtime.EvaluateReturnType>('Runtime.evaluate', {
      expression: 'heapTwinsIn',
    });
    return result.objectId!;
  }

  #valueOf(remote: Runtime.RemoteObject): unknown {
    if (remote.objectId === undefined) {
      if (remote.unserializableValue !== undefined) return Number(remote.unserializableValue);
      return remote.type === 'undefined' ? undefined : remote.value;
    }
    this.#post('Runtime.callFunctionOn', {
      objectId: remote.objectId,
      functionDeclaration: 'function () { heapTwinsOut.push(this); }',
    });
    return this.#out.pop();
  }

  #properties(objectId: string): Runtime.GetPropertiesReturnType & {
    readonly privateProperties?: readonly Runtime.PropertyDescriptor[];
  } {
    return this.#post('Runtime.getProperties', { objectId, ownProperties: true });
  }

  /** Private fields of an object of a class. */
  privateFields(object: object): Members {
    const { privateProperties = [] } = this.#properties(this.#idOf(object));
    return privateProperties.flatMap(({ name, value }) =>
      value && value.type !== 'function' ? [[name, this.#valueOf(value)] as const] : [],
    );
  }

  /** Variables of the functions around a function; those of its module are nobody's own. */
  closure(work: object): Members {
    const { internalProperties = [] } = this.#properties(this.#idOf(work));
    const scopes = internalProperties.find(({ name }) => name === '[[Scopes]]')?.value;
    if (!scopes?.objectId) return [];
    return this.#properties(scopes.objectId).result.flatMap(({ value: scope }) => {
      if (!scope?.objectId || !/^(Closure|Block|Local|With|Catch)/.test(scope.description!))
        return [];
      return this.#properties(scope.objectId).result.flatMap(({ name, value }) =>
        value ? [[name, this.#valueOf(value)] as const] : [],
      );
    });
  }
}

function membersOf(debug: Debugger, object: object): Members {
  if (typeof object === 'function') return isClass(object) ? [] : debug.closure(object);
  if (ArrayBuffer.isView(object)) return [['', Array.from(object as Uint8Array).join()]];
  if (object instanceof ArrayBuffer) return [];
  const own = Object.entries(Object.getOwnPropertyDescriptors(object))
    .filter(([key]) => !(Array.isArray(object) && key === 'length'))
    .map(([key, { value }]) => [key, value as unknown] as const);
  if (object instanceof Map) {
    return [...object].flatMap(([key, value], at) => [
      [`key ${at}`, key] as const,
      [typeof key === 'object' ? `entry ${at}` : String(key), value] as const,
    ]);
  }
  if (object instanceof Set) return [...object].map((value, at) => [`entry ${at}`, value] as const);
  const isPlain = Array.isArray(object) || isRecord(object);
  return isPlain ? own : [...own, ...debug.privateFields(object)];
}

function isRecord(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  return prototype === Object.prototype || prototype === null;
}

function isClass(object: object): boolean {
  return /^class\b/.test(String(object));
}

function isReference(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function collect(debug: Debugger, from: object, into: Set<object>): void {
  const stack = [from];
  for (let object = stack.pop(); object !== undefined; object = stack.pop()) {
    if (into.has(object)) continue;
    into.add(object);
    for (const [, value] of membersOf(debug, object)) if (isReference(value)) stack.push(value);
  }
}

/** Enough to see what is wrong. */
const MOST_DIFFERENCES = 20;

class Comparison {
  readonly #debug: Debugger;
  readonly #common: ReadonlySet<object>;
  readonly #exempt: Exempt;
  /** Objects of the one → their twins, and the other way round. */
  readonly #twins = new Map<object, object>();
  readonly #back = new Map<object, object>();
  readonly #differences: string[] = [];
  readonly #shared: string[] = [];
  readonly #queue: [path: string, one: object, other: object][] = [];

  constructor(debug: Debugger, common: ReadonlySet<object>, exempt: Exempt) {
    this.#debug = debug;
    this.#common = common;
    this.#exempt = exempt;
  }

  run(one: object, other: object): Twins {
    this.#meet('', one, other);
    for (let next = this.#queue.pop(); next !== undefined; next = this.#queue.pop()) {
      if (this.#differences.length >= MOST_DIFFERENCES) break;
      this.#compare(...next);
    }
    const { size: objects } = this.#twins;
    return { differences: this.#differences, shared: this.#shared, objects };
  }

  #meet(path: string, one: unknown, other: unknown): void {
    if (!isReference(one) || !isReference(other)) {
      if (!Object.is(one, other)) this.#differ(path, `${shown(one)} and ${shown(other)}`);
      return;
    }
    if (one === other) {
      if (!this.#common.has(one) && !this.#isHarmless(one)) this.#shared.push(path);
      return;
    }
    const twin = this.#twins.get(one);
    if (twin === undefined && !this.#back.has(other)) {
      this.#twins.set(one, other);
      this.#back.set(other, one);
      this.#queue.push([path, one, other]);
      return;
    }
    // Constants are one object in the original, and may have become several equal ones.
    if (twin !== other && !(Object.isFrozen(one) || isConstant(one))) {
      this.#differ(path, 'what is one object there is not here');
    }
  }

  /** Nobody can change it: frozen, or nothing but code. */
  #isHarmless(object: object): boolean {
    if (Object.isFrozen(object)) return true;
    if (isRecord(object)) {
      const members = Object.values(object) as unknown[];
      return members.every((member) => typeof member === 'function' && this.#isHarmless(member));
    }
    if (typeof object !== 'function') return false;
    return isClass(object) || this.#debug.closure(object).length === 0;
  }

  #compare(path: string, one: object, other: object): void {
    if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) {
      this.#differ(path, 'objects of different classes');
      return;
    }
    if (typeof one === 'function' && String(one) !== String(other)) {
      this.#differ(path, 'different functions');
      return;
    }
    const [mine, its] = [membersOf(this.#debug, one), membersOf(this.#debug, other)];
    const kind = one.constructor?.name ?? '';
    const look = ([name]: readonly [string, unknown]) => !(`${kind}.${name}` in this.#exempt);
    const [ours, theirs] = [mine.filter(look), its.filter(look)];
    const names = (members: Members) => members.map(([name]) => name).join();
    if (names(ours) !== names(theirs)) {
      this.#differ(path, `members ${cut(names(ours))} and ${cut(names(theirs))}`);
      return;
    }
    for (const [at, [name, value]] of ours.entries()) {
      this.#meet(`${path}/${name}`, value, theirs[at]![1]);
    }
  }

  #differ(path: string, what: string): void {
    this.#differences.push(`${path}: ${what}`);
  }
}

/** Plain data without anything in it that could change. */
function isConstant(object: object): boolean {
  return (
    isRecord(object) &&
    Object.values(object).every((value) => !isReference(value) || Object.keys(value).length === 0)
  );
}

function shown(value: unknown): string {
  return isReference(value) ? `an object of ${value.constructor?.name}` : String(value);
}

function cut(text: string): string {
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
