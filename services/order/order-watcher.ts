import { EventEmitter, once } from 'node:events';

// Another replica may have moved an order: this process then sees it within 250 ms, at the cost of 4 small reads a
// second for all waiting requests together.
const POLL_INTERVAL_MS = 250;

/** Lets requests wait for an order to move, with as few database reads as possible. */
export class OrderWatcher {
  readonly #moves = new EventEmitter().setMaxListeners(0);
  /** The number of requests waiting for each order. */
  readonly #waiters = new Map<string, number>();
  readonly #movedAmong: (orderIds: string[]) => Promise<string[]>;
  #polling = false;

  /** `movedAmong` returns which of these orders have moved, in any process; without it only this process is observed. */
  constructor(movedAmong: (orderIds: string[]) => Promise<string[]> = async () => []) {
    this.#movedAmong = movedAmong;
  }

  /** An order has moved in this process. */
  moved(orderId: string): void {
    this.#moves.emit(orderId);
  }

  /** Returns the result of `poll` as soon as there is one, or undefined after the timeout. */
  async waitUntil<Found>(
    orderId: string,
    timeoutMs: number,
    poll: () => Promise<Found | undefined>,
  ): Promise<Found | undefined> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const next = this.#nextMove(orderId, Math.max(0, deadline - Date.now()));
      try {
        const found = await poll();
        if (found !== undefined) return found;
        await next.moved;
      } finally {
        next.stop();
      }
      if (Date.now() >= deadline) return poll();
    }
  }

  /** Starts to listen before the poll, so that no move is missed in between. */
  #nextMove(orderId: string, timeoutMs: number): { moved: Promise<void>; stop(): void } {
    const aborter = new AbortController();
    const timer = setTimeout(() => aborter.abort(), timeoutMs);
    this.#waiters.set(orderId, (this.#waiters.get(orderId) ?? 0) + 1);
    this.#schedulePoll();
    const stop = () => {
      clearTimeout(timer);
      aborter.abort();
      const remaining = this.#waiters.get(orderId)! - 1;
      if (remaining > 0) this.#waiters.set(orderId, remaining);
      else this.#waiters.delete(orderId);
    };
    const moved = once(this.#moves, orderId, { signal: aborter.signal }).then(
      () => undefined,
      () => undefined,
    );
    return { moved, stop };
  }

  /** Polls for orders moved by other processes, as long as any request waits. */
  #schedulePoll(): void {
    if (this.#polling) return;
    this.#polling = true;
    setTimeout(() => void this.#pollDatabase(), POLL_INTERVAL_MS);
  }

  async #pollDatabase(): Promise<void> {
    try {
      for (const orderId of await this.#movedAmong([...this.#waiters.keys()])) this.moved(orderId);
    } catch {
      // The next poll tries again.
    }
    this.#polling = false;
    if (this.#waiters.size > 0) this.#schedulePoll();
  }
}
