/**
 * Does `work` for each item in order, `concurrency` of them at a time, until all are done or `stop` is aborted:
 * what has begun is then finished and nothing new begun. The first failure ends it likewise and is thrown.
 */
export async function each<Item>(
  items: Iterable<Item>,
  concurrency: number,
  work: (item: Item) => Promise<void>,
  stop?: AbortSignal,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  const failures: unknown[] = [];
  const lane = async () => {
    for (;;) {
      if (failures.length > 0 || stop?.aborted) return;
      const next = iterator.next();
      if (next.done) return;
      await work(next.value).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  if (failures.length > 0) throw failures[0];
}
