/**
 * Declares tests that mostly wait, and plays up to `limit` of them at a time; each reports under its own name.
 * Call `test` inside `describe` in place of `it`.
 */
export function concurrently(limit: number): (name: string, play: () => Promise<void>) => void {
  const plays: { play: () => Promise<void>; outcome: PromiseWithResolvers<void> }[] = [];
  let started = false;
  const start = () => {
    if (started) return;
    started = true;
    const queue = [...plays];
    const playOn = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        await next.play().then(next.outcome.resolve, next.outcome.reject);
      }
    };
    for (let lane = 0; lane < limit; lane++) void playOn();
  };
  // Mocha may have been asked for some of the tests only; the others have begun all the same.
  after(async () => {
    if (started) await Promise.allSettled(plays.map(({ outcome }) => outcome.promise));
  });
  return (name, play) => {
    const outcome = Promise.withResolvers<void>();
    // The failure is reported by its own test, which may come much later.
    outcome.promise.catch(() => undefined);
    plays.push({ play, outcome });
    it(name, () => {
      start();
      return outcome.promise;
    });
  };
}
