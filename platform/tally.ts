/** Counts how often each key occurred. */
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

  /** The most frequent key. `compare` decides between equally frequent ones, so that the result does not depend on order. */
  mostFrequent(compare: (left: Key, right: Key) => number): Key | undefined {
    return [...this.#counts].toSorted(([a, countA], [b, countB]) => countB - countA || compare(a, b))[0]?.[0];
  }

  toJSON(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }

  /** `noPrice 273, noDescription 125`, the most frequent first; `none` if nothing occurred. */
  asText(): string {
    const counts = [...this.#counts]
      .toSorted(([, a], [, b]) => b - a)
      .map(([key, count]) => `${key} ${count}`)
      .join(', ');
    return counts || 'none';
  }
}
