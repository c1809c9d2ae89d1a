/**
 * Lets at most `width` pieces of work run at once and at most `queue` wait for their turn.
 * Whoever comes when the queue is full is turned away with a fault: the caller may try again later.
 */
export function createTurnstile({ width, queue }: { width: number; queue: number }) {
  let running = 0;
  const waiting: (() => void)[] = [];

  return async function pass<Result>(work: () => Promise<Result>): Promise<Result> {
    if (running < width) {
      running += 1;
    } else {
      if (waiting.length >= queue) throw new Error(`${queue} are waiting already, try again later`);
      await new Promise<void>((admit) => waiting.push(admit));
    }
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      // Whoever is admitted takes the place that is given up here.
      if (next) next();
      else running -= 1;
    }
  };
}
