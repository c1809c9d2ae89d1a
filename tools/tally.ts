/** How often each of a set of things was met. */
export class Tally<Key extends string = string> {
  readonly #counts = new Map<Key, number>();

  add(key: Key, count = 1): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + count);
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  get size(): number {
    return this.#counts.size;
  }

  /** The one met most often; of several the first by `before`, so that the same file always gives the same answer. */
  mostFrequent(before: (left: Key, right: Key) => number): Key | undefined {
    return [...this.#counts].toSorted(([a, countA], [b, countB]) => countB - countA || before(a, b))[0]?.[0];
  }

  toJSON(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }

  /** `noPrice 273, noDescription 125`, the most frequent first. */
  inWords(): string {
    return [...this.#counts]
      .toSorted(([, a], [, b]) => b - a)
      .map(([key, count]) => `${key} ${count}`)
      .join(', ');
  }
}
