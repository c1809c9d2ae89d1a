import { EventEmitter, once } from 'node:events';

// Another replica may have moved an order: then it is seen a quarter of a second later, at 4 small reads a second
// for all who wait together.
const LOOK_AGAIN_MS = 250;

/** Lets requests wait for an order to move, without asking the database more than they must. */
export class Waiting {
  readonly #moves = new EventEmitter().setMaxListeners(0);
  /** How many wait for each order. */
  readonly #waited = new Map<string, number>();
  readonly #movedAmong: (orderIds: string[]) => Promise<string[]>;
  #watching = false;

  /** `movedAmong` tells which of these orders have moved, wherever that was; without it only this process is heard. */
  constructor(movedAmong: (orderIds: string[]) => Promise<string[]> = async () => []) {
    this.#movedAmong = movedAmong;
  }

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
      const next = this.#nextMove(orderId, Math.max(0, deadline - Date.now()));
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
    this.#waited.set(orderId, (this.#waited.get(orderId) ?? 0) + 1);
    this.#watch();
    const stop = () => {
      clearTimeout(timer);
      given.abort();
      const left = this.#waited.get(orderId)! - 1;
      if (left > 0) this.#waited.set(orderId, left);
      else this.#waited.delete(orderId);
    };
    const moved = once(this.#moves, orderId, { signal: given.signal }).then(
      () => undefined,
      () => undefined,
    );
    return { moved, stop };
  }

  /** Looks for what has moved elsewhere, for as long as anybody waits. */
  #watch(): void {
    if (this.#watching) return;
    this.#watching = true;
    setTimeout(() => void this.#lookElsewhere(), LOOK_AGAIN_MS);
  }

  async #lookElsewhere(): Promise<void> {
    try {
      for (const orderId of await this.#movedAmong([...this.#waited.keys()])) this.moved(orderId);
    } catch {
      // Where it cannot be told now, it is told a quarter of a second later.
    }
    this.#watching = false;
    if (this.#waited.size > 0) this.#watch();
  }
}
