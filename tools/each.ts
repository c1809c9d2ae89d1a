/**
 * Does `work` for each item in order, `concurrency` of them at a time, until all are done.
 * After a failure what has begun is finished and nothing new begun; the first one is thrown.
 */
export async function each<Item>(
  items: Iterable<Item>,
  concurrency: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  const failures: unknown[] = [];
  const lane = async () => {
    for (;;) {
      if (failures.length > 0) return;
      const next = iterator.next();
      if (next.done) return;
      await work(next.value).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  if (failures.length > 0) throw failures[0];
}
