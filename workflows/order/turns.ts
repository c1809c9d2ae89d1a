/** Lets one change of an order go on at a time, in the order in which they came. */
export class Turns {
  #last: Promise<void> = Promise.resolve();
  #open = 0;
  #beside: Promise<void> | undefined;
  #sparesOthers = false;

  /** `sparesOthers`: the work touches no parcel that has not left. */
  async take<Result>(work: () => Promise<Result>, { sparesOthers = false } = {}): Promise<Result> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    this.#open += 1;
    await before;
    while (this.#beside) await this.#beside;
    this.#sparesOthers = sparesOthers;
    try {
      return await work();
    } finally {
      this.#sparesOthers = false;
      this.#open -= 1;
      resolve();
    }
  }

  /** Does this beside the turn that goes on, which may wait for a person; the next turn waits for it. One at a time. */
  async beside<Result>(work: () => Promise<Result>): Promise<Result> {
    while (this.#beside) await this.#beside;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#beside = promise;
    this.#open += 1;
    try {
      return await work();
    } finally {
      this.#beside = undefined;
      this.#open -= 1;
      resolve();
    }
  }

  /** Waits for what is done beside the turn. Returns whether anything was. */
  async untilNoneBeside(): Promise<boolean> {
    const waits = this.#beside !== undefined;
    while (this.#beside) await this.#beside;
    return waits;
  }

  /** Whether what goes on touches no parcel that has not left. */
  get sparesOthers(): boolean {
    return this.#sparesOthers;
  }

  /** Whether nothing goes on and nothing waits for its turn. */
  get idle(): boolean {
    return this.#open === 0;
  }
}
