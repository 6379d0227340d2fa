/** Whose turn it is: a binary heap of small integers under an order that only the first changes. */

export class Turns {
  readonly #heap: number[] = [];
  readonly #before: (a: number, b: number) => boolean;

  /** @param before a total order; it may change for the first one only, followed by `moveFirst` */
  constructor(count: number, before: (a: number, b: number) => boolean) {
    this.#before = before;
    for (let i = 0; i < count; i++) {
      this.#heap.push(i);
      this.#rise(i);
    }
  }

  /** Undefined where nobody is left. */
  first(): number | undefined {
    return this.#heap[0];
  }

  /** The first one had its turn and now stands elsewhere. */
  moveFirst(): void {
    this.#sink(0);
  }

  dropFirst(): void {
    const last = this.#heap.pop()!;
    if (this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink(0);
  }

  #rise(at: number): void {
    const heap = this.#heap;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!this.#before(heap[at]!, heap[above]!)) return;
      this.#swap(at, above);
      at = above;
    }
  }

  #sink(at: number): void {
    const heap = this.#heap;
    for (;;) {
      let least = at;
      for (let below = 2 * at + 1; below <= 2 * at + 2 && below < heap.length; below++) {
        if (this.#before(heap[below]!, heap[least]!)) least = below;
      }
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #swap(a: number, b: number): void {
    const kept = this.#heap[a]!;
    this.#heap[a] = this.#heap[b]!;
    this.#heap[b] = kept;
  }
}
