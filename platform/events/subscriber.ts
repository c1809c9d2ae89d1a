import { setTimeout as sleep } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { FeedRequests } from '../contract/event.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { SubscriberMetrics } from './metrics.ts';
import { DEAD_AFTER_ATTEMPTS, dueLetters, handle, nextAttemptIn } from './handling.ts';
import { type InboxDatabase, cursorOf, keepPage } from './inbox.ts';
import type { Subscription } from './subscription.ts';

export interface SubscriberOptions {
  db: Kysely<InboxDatabase>;
  subscriptions: readonly Subscription[];
  /** Each publisher's door. */
  feeds: Readonly<Record<string, FeedRequests>>;
  figures: SubscriberMetrics;
  logger: Logger;
}

// An event is a few hundred bytes, one of a wholesale order a hundred kilobytes.
const PAGE = 100;
// A poll costs its publisher little more than a connection; a subscriber that stops leaves none open for longer.
const POLL_MS = 5_000;
// Where a publisher or our own database does not answer.
const PAUSE_MS = 1_000;
// What another replica has read and then did not handle, because it ended, is found so much later.
const LOOK_AGAIN_MS = 1_000;
// While another replica is at all that is due.
const LEAST_PAUSE_MS = 20;
// Of a pool of ten connections, so that requests always find one.
const AT_ONCE = 4;

/**
 * Follows the feeds of other services and does what its subscriptions say, until it is closed. One loop a publisher
 * reads on and keeps what it reads in the inbox; one more handles what is in there, several subjects at a time.
 */
export class Subscriber {
  readonly #options: SubscriberOptions;
  readonly #subscriptions: ReadonlyMap<string, Subscription>;
  readonly #closing = new AbortController();
  readonly #handling: Promise<void>;
  #news = new AbortController();

  constructor(options: SubscriberOptions) {
    this.#options = options;
    this.#subscriptions = new Map(options.subscriptions.map((one) => [one.publisher, one]));
    // A poll that waits at a publisher is not waited for: what it brings after the end is dropped, and read again.
    for (const one of options.subscriptions) void this.#repeat(() => this.#read(one), `reading ${one.publisher}`);
    this.#handling = this.#repeat(() => this.#handleDue(), 'handling events');
  }

  /** Looks at once whether something is due. */
  wake(): void {
    this.#news.abort();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.wake();
    await this.#handling;
  }

  async #repeat(work: () => Promise<void>, what: string): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await work().catch(async (error: unknown) => {
        if (signal.aborted) return;
        this.#options.logger.warn(`${what} failed, trying again`, { error });
        await sleep(PAUSE_MS * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
      });
    }
  }

  async #read({ publisher, handlers }: Subscription): Promise<void> {
    const { db, feeds, figures, logger } = this.#options;
    const cursor = await cursorOf(db, publisher);
    const types = Object.keys(handlers);
    const page = await feeds[publisher]!.readFeed({ after: cursor, types, limit: PAGE, patienceMs: POLL_MS });
    if (this.#closing.signal.aborted) return;
    await keepPage(db, { publisher, cursor, page });
    figures.read(publisher);
    if (page.restarted) {
      figures.restarted(publisher);
      logger.error('events may be lost: the publisher knows our place in its feed no more; reading from its oldest', {
        publisher,
        cursor,
      });
    }
    if (page.events.length > 0) this.wake();
  }

  async #handleDue(): Promise<void> {
    const { db } = this.#options;
    this.#news = new AbortController();
    const due = (await dueLetters(db, 100)).values();
    const handled = await Promise.all(Array.from({ length: AT_ONCE }, () => this.#handleEach(due)));
    if (handled.some(Boolean)) return;
    const pauseMs = Math.min(LOOK_AGAIN_MS, Math.max(LEAST_PAUSE_MS, (await nextAttemptIn(db)) ?? LOOK_AGAIN_MS));
    await sleep(pauseMs, undefined, { signal: this.#news.signal }).catch(() => undefined);
  }

  /** Whether there was anything to do; not where another replica is at it. */
  async #handleEach(positions: Iterable<number>): Promise<boolean> {
    let any = false;
    for (const position of positions) {
      if (this.#closing.signal.aborted) break;
      const { outcome, letter, error } = await handle(this.#options.db, position, this.#subscriptions);
      if (!letter) continue;
      any = true;
      const { id, publisher, type, subject } = letter;
      this.#options.figures.handled(publisher, outcome);
      if (outcome !== 'failed') continue;
      const attempts = letter.attempts + 1;
      // Said once, when it becomes one: whoever watches over the log is not to be woken every five minutes.
      const level = attempts === DEAD_AFTER_ATTEMPTS ? 'error' : 'warn';
      this.#options.logger.log(level, 'event not handled', { eventId: id, publisher, type, subject, attempts, error });
    }
    return any;
  }
}
