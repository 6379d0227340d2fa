/**
 * Snapshots of a thing with state (`core/kernel/carried.ts`): its state as plain data that nobody else
 * has a hand on, and that can be put back into a thing of the same make any number of times.
 */
import { OcxError } from '../../core/kernel/errors.ts';
import type { Carried, Carrier, Container } from '../../core/kernel/carried.ts';
import { PlainCopier } from './plain-copy.ts';
import type { Anchors } from './plain-copy.ts';

/** Path of a piece of state → copy of it; pieces may share parts. */
export type Snapshot = ReadonlyMap<string, unknown>;

/** @throws OcxError INVARIANT_VIOLATED for state that cannot be carried */
export function capture(root: Carried, anchors: Anchors): Snapshot {
  const saver = new Saver(anchors);
  root.carry(saver);
  return saver.values;
}

/**
 * Puts a snapshot into a thing that was built anew.
 *
 * @throws OcxError INVARIANT_VIOLATED where the snapshot is of another make
 */
export function restore(root: Carried, snapshot: Snapshot, anchors: Anchors): void {
  const restorer = new Restorer(snapshot, anchors);
  root.carry(restorer);
  restorer.checkAllTaken();
}

abstract class PathCarrier implements Carrier {
  abstract readonly restores: boolean;
  readonly #path: string[] = [];

  abstract value<Value>(name: string, current: Value): Value;
  abstract fill(name: string, container: Container): void;

  part(name: string, part: Carried): void {
    this.#path.push(name);
    part.carry(this);
    this.#path.pop();
  }

  parts(parts: Readonly<Record<string, Carried>>): void {
    for (const [name, part] of Object.entries(parts)) this.part(name, part);
  }

  fills(containers: Readonly<Record<string, Container>>): void {
    for (const [name, container] of Object.entries(containers)) this.fill(name, container);
  }

  protected at(name: string): string {
    return [...this.#path, name].join('/');
  }
}

class Saver extends PathCarrier {
  readonly restores = false;
  readonly values = new Map<string, unknown>();
  readonly #copier: PlainCopier;

  constructor(anchors: Anchors) {
    super();
    this.#copier = new PlainCopier(anchors, true);
  }

  value<Value>(name: string, current: Value): Value {
    const path = this.at(name);
    if (this.values.has(path)) throw misfit(`two pieces of state are called ${path}`);
    this.values.set(path, this.#copier.copy(path, current));
    return current;
  }

  fill(name: string, container: Container): void {
    this.value(name, container);
  }
}

class Restorer extends PathCarrier {
  readonly restores = true;
  readonly #snapshot: Snapshot;
  readonly #taken = new Set<string>();
  readonly #copier: PlainCopier;

  constructor(snapshot: Snapshot, anchors: Anchors) {
    super();
    this.#snapshot = snapshot;
    this.#copier = new PlainCopier(anchors, false);
  }

  value<Value>(name: string, _current: Value): Value {
    const path = this.at(name);
    if (!this.#snapshot.has(path)) throw misfit(`the snapshot holds no ${path}`);
    this.#taken.add(path);
    return this.#copier.copy(path, this.#snapshot.get(path) as Value);
  }

  fill(name: string, container: Container): void {
    const saved = this.value(name, container);
    if (container instanceof Map) {
      container.clear();
      for (const [key, value] of saved as Map<unknown, unknown>) container.set(key, value);
    } else if (container instanceof Set) {
      container.clear();
      for (const value of saved as Set<unknown>) container.add(value);
    } else if (Array.isArray(container)) {
      container.length = 0;
      for (const value of saved as unknown[]) container.push(value);
    } else {
      const numbers = saved as typeof container;
      if (numbers.length !== container.length) throw misfit(`${name} has another length`);
      container.set(numbers);
    }
  }

  checkAllTaken(): void {
    for (const path of this.#snapshot.keys()) {
      if (!this.#taken.has(path)) throw misfit(`nothing takes ${path} of the snapshot`);
    }
  }
}

function misfit(message: string): OcxError {
  return new OcxError({ code: 'INVARIANT_VIOLATED', message });
}
