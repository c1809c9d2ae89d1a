import { setTimeout as sleep } from 'node:timers/promises';
import { productEvents } from '../../activities/product.ts';
import { type Background, keepDoing } from '../../platform/background.ts';
import type { FeedPage, FeedRequests } from '../../platform/contract/event.ts';
import type { Logger } from '../../platform/telemetry/logger.ts';
import type { CatalogueCache } from './cache.ts';

const TYPES = Object.keys(productEvents);
const PAGE_SIZE = 1_000;
// The product service responds as soon as there is a change; this is how long one poll stays open without any.
const POLL_MS = 5_000;
// A poll that stays open for this much longer is lost, and changes may be lost with it.
const GRACE_MS = 2_000;
const PAUSE_MS = 500;

/**
 * Follows the product service's feed from its end and reports changes to the cache. It needs no inbox: while it cannot
 * follow, the cache keeps nothing, so a missed change does no harm.
 */
export function followCatalogue(feed: FeedRequests, cache: CatalogueCache, logger: Logger): Background {
  const closing = new AbortController();
  const { signal } = closing;
  let after: string | null = null;
  const followOnce = async () => {
    try {
      after = await follow(feed, cache, { after, signal });
    } catch (error) {
      cache.distrust();
      if (!signal.aborted) throw error;
    }
    return false;
  };
  // Replicas that lost the product service at the same time come back at different times.
  const pauseMs = PAUSE_MS * (0.5 + Math.random());
  const loop = keepDoing(followOnce, { pauseMs, failing: 'catalogue changes not followed', logger });
  return {
    close() {
      closing.abort();
      return loop.close();
    },
  };
}

/** Reads to the feed's end, trusts the cache from then on, and returns when the feed has restarted. */
async function follow(
  feed: FeedRequests,
  cache: CatalogueCache,
  { after, signal }: { after: string | null; signal: AbortSignal },
): Promise<string | null> {
  let caughtUp = false;
  for (;;) {
    const request = { after, types: TYPES, limit: PAGE_SIZE, patienceMs: caughtUp ? POLL_MS : 0 };
    const page = await withDeadline(feed.readFeed(request), signal);
    after = page.next;
    if (page.restarted) {
      cache.distrust();
      return after;
    }
    for (const { subject, data } of page.events) cache.forget(subject, Number(data.version));
    if (!caughtUp && page.events.length === 0) {
      caughtUp = true;
      cache.trust();
    }
  }
}

/** Fails at the deadline, and at once when `signal` is aborted. */
async function withDeadline(poll: Promise<FeedPage>, signal: AbortSignal): Promise<FeedPage> {
  const finished = new AbortController();
  const late = sleep(POLL_MS + GRACE_MS, undefined, { signal: AbortSignal.any([signal, finished.signal]) });
  const timeout = late.then(() => {
    throw new Error('the product service did not respond in time');
  });
  return Promise.race([poll, timeout]).finally(() => finished.abort());
}
