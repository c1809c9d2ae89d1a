import { setTimeout as sleep } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { written } from './outbox.ts';
import { Watermark, type SequencedTable } from './watermark.ts';

// Rows of this process are noticed at once; those of another replica within a quarter of a second, at the cost of one
// small read per interval, however many readers wait.
const POLL_MS = 250;

/** Waits for a table to grow, for any number of readers at different positions. */
export class Tail {
  readonly #name: string;
  readonly #watermark: Watermark;
  #closed = false;
  /** Counts notifications, so that one that arrives during a check is not missed. */
  #notifications = 0;
  #pause: { over: Promise<void>; end(): void } | undefined;

  /** @param name the event that `written` emits when this process adds to the table */
  constructor(name: string, db: Kysely<unknown>, table: SequencedTable) {
    this.#name = name;
    this.#watermark = new Watermark(db, table);
    written.on(name, this.#notify);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Ends all waiting. */
  close(): void {
    this.#closed = true;
    written.off(this.#name, this.#notify);
    this.#notify();
  }

  /** Reads the current watermark: the last settled sequence number. */
  look(): Promise<number> {
    return this.#watermark.look();
  }

  /** Resolves with the watermark as soon as it is beyond `sequence`, or at the deadline. */
  async beyond(sequence: number, deadline: number): Promise<number> {
    for (;;) {
      const notifications = this.#notifications;
      const upTo = this.#watermark.last > sequence ? this.#watermark.last : await this.#watermark.look();
      if (upTo > sequence || this.#closed || Date.now() >= deadline) return upTo;
      if (this.#notifications === notifications) await this.#nextPoll();
    }
  }

  readonly #notify = (): void => {
    this.#notifications += 1;
    this.#pause?.end();
  };

  /** Shared by all waiting readers, so that they poll together. */
  #nextPoll(): Promise<void> {
    if (!this.#pause) {
      const interrupted = new AbortController();
      const over = sleep(POLL_MS, undefined, { signal: interrupted.signal }).catch(() => undefined);
      this.#pause = { over: over.then(() => (this.#pause = undefined)), end: () => interrupted.abort() };
    }
    return this.#pause.over;
  }
}
