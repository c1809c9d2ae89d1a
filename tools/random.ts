/** Pseudo-random numbers, the same for the same seed (mulberry32). */
export class Random {
  #state: number;

  /** `seed` is a whole number. */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from `least` to `most`. */
  within({ least, most }: { least: number; most: number }): number {
    return least + Math.floor(this.share() * (most - least + 1));
  }

  oneOf<Item>(items: readonly Item[]): Item {
    return items[this.within({ least: 0, most: items.length - 1 })]!;
  }

  /** At least 0, less than 1. */
  share(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}
