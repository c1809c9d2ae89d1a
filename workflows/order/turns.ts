/** Lets one change of an order go on at a time, in the order in which they came. */
export class Turns {
  #last: Promise<void> = Promise.resolve();
  #open = 0;

  async take<Result>(work: () => Promise<Result>): Promise<Result> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    this.#open += 1;
    await before;
    try {
      return await work();
    } finally {
      this.#open -= 1;
      resolve();
    }
  }

  /** Whether nothing goes on and nothing waits for its turn. */
  get idle(): boolean {
    return this.#open === 0;
  }
}
