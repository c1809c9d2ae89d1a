/**
 * Returns a replacement for `it` for tests that mostly wait. It runs up to `limit` of them at the same time; each is
 * reported under its own name.
 */
export function concurrently(limit: number): (name: string, run: () => Promise<void>) => void {
  const tests: { run: () => Promise<void>; outcome: PromiseWithResolvers<void> }[] = [];
  let started = false;
  const start = () => {
    if (started) return;
    started = true;
    const queue = [...tests];
    const runNext = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        await next.run().then(next.outcome.resolve, next.outcome.reject);
      }
    };
    for (let running = 0; running < limit; running++) void runNext();
  };
  // If tests are selected by name, the others have started too.
  after(async () => {
    if (started) await Promise.allSettled(tests.map(({ outcome }) => outcome.promise));
  });
  return (name, run) => {
    const outcome = Promise.withResolvers<void>();
    // The test itself reports the failure, possibly much later.
    outcome.promise.catch(() => undefined);
    tests.push({ run, outcome });
    it(name, () => {
      start();
      return outcome.promise;
    });
  };
}
