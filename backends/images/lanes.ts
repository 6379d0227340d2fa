/** One thing at a time under each name; names do not wait for each other. */
export class Lanes {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** Runs it after all that was given before under the name. */
  run<Value>(name: string, job: () => Promise<Value>): Promise<Value> {
    const before = this.#tails.get(name) ?? Promise.resolve();
    const done = before.then(job, job);
    this.#tails.set(name, done);
    const leave = () => {
      if (this.#tails.get(name) === done) this.#tails.delete(name);
    };
    done.then(leave, leave);
    return done;
  }

  /** Resolves once nothing runs. */
  async idle(): Promise<void> {
    while (this.#tails.size > 0) await Promise.allSettled(this.#tails.values());
  }
}
