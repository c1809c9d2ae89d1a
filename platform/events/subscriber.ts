import { setTimeout as sleep } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { FeedRequests } from '../contract/event.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { SubscriberMetrics } from './metrics.ts';
import { DEAD_AFTER_ATTEMPTS, dueEvents, handle, nextAttemptIn } from './handling.ts';
import { type InboxDatabase, cursorOf, storePage } from './inbox.ts';
import type { Subscription } from './subscription.ts';

export interface SubscriberOptions {
  db: Kysely<InboxDatabase>;
  subscriptions: readonly Subscription[];
  /** By publisher. */
  feeds: Readonly<Record<string, FeedRequests>>;
  metrics: SubscriberMetrics;
  logger: Logger;
}

// An event is a few hundred bytes, or a hundred kilobytes for a wholesale order.
const PAGE_SIZE = 100;
// A poll costs its publisher little more than a connection; after a subscriber stops, none stays open for longer.
const POLL_MS = 5_000;
// After a publisher or the database has failed.
const RETRY_MS = 1_000;
// How soon this replica finds events that another replica stored and then did not handle, because it stopped.
const MAX_PAUSE_MS = 1_000;
// While another replica is handling everything that is due.
const MIN_PAUSE_MS = 20;
// Out of a pool of ten connections, so that requests always get one.
const CONCURRENCY = 4;

/**
 * Reads the feeds of other services and runs the handlers of its subscriptions until closed. One loop per publisher reads
 * the feed and stores its events in the inbox; another loop handles the events there, several subjects at a time.
 */
export class Subscriber {
  readonly #options: SubscriberOptions;
  readonly #subscriptions: ReadonlyMap<string, Subscription>;
  readonly #closing = new AbortController();
  readonly #handling: Promise<void>;
  #wake = new AbortController();

  constructor(options: SubscriberOptions) {
    this.#options = options;
    this.#subscriptions = new Map(options.subscriptions.map((subscription) => [subscription.publisher, subscription]));
    // `close` does not wait for a pending poll: events it returns afterwards are dropped and read again later.
    for (const subscription of options.subscriptions) {
      void this.#repeat(() => this.#read(subscription), `reading the events of ${subscription.publisher}`);
    }
    this.#handling = this.#repeat(() => this.#handleDue(), 'handling events');
  }

  /** Checks at once for due events. */
  wake(): void {
    this.#wake.abort();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.wake();
    await this.#handling;
  }

  async #repeat(work: () => Promise<void>, description: string): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await work().catch(async (error: unknown) => {
        if (signal.aborted) return;
        this.#options.logger.warn(`${description} failed, retrying`, { error });
        await sleep(RETRY_MS * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
      });
    }
  }

  async #read({ publisher, handlers }: Subscription): Promise<void> {
    const { db, feeds, metrics, logger } = this.#options;
    const cursor = await cursorOf(db, publisher);
    const types = Object.keys(handlers);
    const page = await feeds[publisher]!.readFeed({ after: cursor, types, limit: PAGE_SIZE, patienceMs: POLL_MS });
    if (this.#closing.signal.aborted) return;
    await storePage(db, { publisher, cursor, page });
    metrics.read(publisher);
    if (page.restarted) {
      metrics.restarted(publisher);
      logger.error('events may be lost: the publisher does not recognize our cursor; reading from its oldest event', {
        publisher,
        cursor,
      });
    }
    if (page.events.length > 0) this.wake();
  }

  async #handleDue(): Promise<void> {
    const { db } = this.#options;
    this.#wake = new AbortController();
    const due = (await dueEvents(db, 100)).values();
    const handled = await Promise.all(Array.from({ length: CONCURRENCY }, () => this.#handleEach(due)));
    if (handled.some(Boolean)) return;
    const pauseMs = Math.min(MAX_PAUSE_MS, Math.max(MIN_PAUSE_MS, (await nextAttemptIn(db)) ?? MAX_PAUSE_MS));
    await sleep(pauseMs, undefined, { signal: this.#wake.signal }).catch(() => undefined);
  }

  /** Returns whether it handled any event, as opposed to events that another replica is handling. */
  async #handleEach(positions: Iterable<number>): Promise<boolean> {
    let any = false;
    for (const position of positions) {
      if (this.#closing.signal.aborted) break;
      const { outcome, row, error } = await handle(this.#options.db, position, this.#subscriptions);
      if (!row) continue;
      any = true;
      const { id, publisher, type, subject } = row;
      this.#options.metrics.handled(publisher, outcome);
      if (outcome !== 'failed') continue;
      const attempts = row.attempts + 1;
      // An error only once, when it becomes a dead letter, so that nobody is alerted every five minutes.
      const level = attempts === DEAD_AFTER_ATTEMPTS ? 'error' : 'warn';
      this.#options.logger.log(level, 'could not handle event', {
        eventId: id,
        publisher,
        type,
        subject,
        attempts,
        error,
      });
    }
    return any;
  }
}
