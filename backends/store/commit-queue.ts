/**
 * Group commit: what is handed over while a transaction is under way, or within the same turn of
 * the event loop, shares the next one. A failure is final for the queue, because whoever appends
 * has gone on in memory meanwhile.
 */
import type { StoreEntry } from './store.ts';

interface Waiting {
  readonly entries: readonly StoreEntry[];
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/** Entries that one transaction takes at most; the rest goes into the next one. */
const GROUP_MAXIMUM = 1_000;

export class CommitQueue {
  readonly #commit: (entries: readonly StoreEntry[]) => void | Promise<void>;
  #waiting: Waiting[] = [];
  #running: Promise<void> | null = null;
  #failure: { readonly error: unknown } | null = null;

  /** @param commit writes all entries in one transaction; durable when it returns or resolves */
  constructor(commit: (entries: readonly StoreEntry[]) => void | Promise<void>) {
    this.#commit = commit;
  }

  add(entries: readonly StoreEntry[]): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure.error as Error);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ entries, done: resolve, failed: reject });
    this.#running ??= this.#run();
    return promise;
  }

  /** Resolves once nothing waits any more, whether it went well or not. */
  async drained(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Whatever else arrives in this turn comes along.
      await new Promise((resolve) => setImmediate(resolve));
      const group = this.#takeGroup();
      try {
        await this.#commit(group.flatMap(({ entries }) => entries));
      } catch (error) {
        this.#failure = { error };
        for (const { failed } of [...group, ...this.#waiting]) failed(error);
        this.#waiting = [];
        break;
      }
      for (const { done } of group) done();
    }
    this.#running = null;
  }

  #takeGroup(): Waiting[] {
    let size = 0;
    let count = 0;
    while (count < this.#waiting.length && size < GROUP_MAXIMUM) {
      size += this.#waiting[count]!.entries.length;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }
}
