import { setTimeout as sleep } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { written } from './outbox.ts';
import { Watermark, type Sequenced } from './watermark.ts';

// What this process wrote is heard of at once; another replica's a quarter of a second later, for one tiny read each
// time, however many wait.
const LOOK_AGAIN_MS = 250;

/** Waits for a table to grow, on behalf of any number of readers who are each somewhere else in it. */
export class Tail {
  readonly #name: string;
  readonly #settled: Watermark;
  #closed = false;
  /** Counts what was heard of, so that nothing said during a look is slept through. */
  #heard = 0;
  #pause: { over: Promise<void>; end(): void } | undefined;

  /** @param name what `written` emits when this process adds to the table */
  constructor(name: string, db: Kysely<unknown>, table: Sequenced) {
    this.#name = name;
    this.#settled = new Watermark(db, table);
    written.on(name, this.#hear);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Lets go of all who wait. */
  close(): void {
    this.#closed = true;
    written.off(this.#name, this.#hear);
    this.#hear();
  }

  /** The last settled sequence number, as of now. */
  look(): Promise<number> {
    return this.#settled.look();
  }

  /** The last settled sequence number as soon as it is beyond this one, or whatever it is at the deadline. */
  async beyond(sequence: number, deadline: number): Promise<number> {
    for (;;) {
      const heard = this.#heard;
      const upTo = this.#settled.last > sequence ? this.#settled.last : await this.#settled.look();
      if (upTo > sequence || this.#closed || Date.now() >= deadline) return upTo;
      if (this.#heard === heard) await this.#nextLook();
    }
  }

  readonly #hear = (): void => {
    this.#heard += 1;
    this.#pause?.end();
  };

  /** One for all who wait, so that they look together. */
  #nextLook(): Promise<void> {
    if (!this.#pause) {
      const interrupted = new AbortController();
      const over = sleep(LOOK_AGAIN_MS, undefined, { signal: interrupted.signal }).catch(() => undefined);
      this.#pause = { over: over.then(() => (this.#pause = undefined)), end: () => interrupted.abort() };
    }
    return this.#pause.over;
  }
}
