/**
 * Runs `work` for each item in order, at most `concurrency` at a time.
 * After a failure it starts no new item, waits for those that run, and throws the first error.
 */
export async function forEach<Item>(
  items: Iterable<Item>,
  concurrency: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  const failures: unknown[] = [];
  const runNext = async () => {
    for (;;) {
      if (failures.length > 0) return;
      const next = iterator.next();
      if (next.done) return;
      await work(next.value).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, runNext));
  if (failures.length > 0) throw failures[0];
}
