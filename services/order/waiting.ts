import { EventEmitter, once } from 'node:events';

// Another replica may have moved the order: then it is seen a quarter of a second later, at 4 small reads a second.
const LOOK_AGAIN_MS = 250;

/** Lets requests wait for an order to move, without asking the database more than they must. */
export class Waiting {
  readonly #moves = new EventEmitter().setMaxListeners(0);

  /** An order has moved in this process. */
  moved(orderId: string): void {
    this.#moves.emit(orderId);
  }

  /** Answers what `look` does as soon as that is something, or undefined once patience is at an end. */
  async until<Found>(
    orderId: string,
    patienceMs: number,
    look: () => Promise<Found | undefined>,
  ): Promise<Found | undefined> {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const next = this.#nextMove(orderId, Math.min(LOOK_AGAIN_MS, Math.max(0, deadline - Date.now())));
      try {
        const found = await look();
        if (found !== undefined) return found;
        await next.moved;
      } finally {
        next.stop();
      }
      if (Date.now() >= deadline) return look();
    }
  }

  /** Listens before the look, so that no move falls between the two. */
  #nextMove(orderId: string, patienceMs: number): { moved: Promise<void>; stop(): void } {
    const given = new AbortController();
    const timer = setTimeout(() => given.abort(), patienceMs);
    const stop = () => {
      clearTimeout(timer);
      given.abort();
    };
    const moved = once(this.#moves, orderId, { signal: given.signal }).then(
      () => undefined,
      () => undefined,
    );
    return { moved, stop };
  }
}
