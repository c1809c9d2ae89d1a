import { setTimeout as sleep } from 'node:timers/promises';
import type { FeedPage, FeedRequests } from '../../platform/contract/event.ts';
import { productEvents } from '../../activities/product.ts';
import type { Logger } from '../../platform/telemetry/logger.ts';
import type { CatalogueCache } from './cache.ts';

const TYPES = Object.keys(productEvents);
const PAGE = 1_000;
// A change is told the moment it is made; this is only how long one question for it stays open.
const POLL_MS = 5_000;
// A question that stays open for so much longer has got lost, and changes may have with it.
const GRACE_MS = 2_000;
const PAUSE_MS = 500;

/**
 * Follows the product service's feed for as long as the process runs, from its end on, and tells the cache what has
 * changed. No inbox: what is missed while nobody listens costs a cache nothing, as long as it then keeps nothing.
 */
export function followCatalogue(feed: FeedRequests, cache: CatalogueCache, logger: Logger): () => void {
  const stopping = new AbortController();
  const { signal } = stopping;
  void (async () => {
    let after: string | null = null;
    while (!signal.aborted) {
      try {
        after = await follow(feed, cache, { after, signal });
      } catch (error) {
        cache.distrust();
        if (!signal.aborted) logger.warn('changes of the catalogue are not heard of', { error });
      }
      await sleep(PAUSE_MS * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
    }
  })();
  return () => stopping.abort();
}

/** Reads to the feed's end, trusts the cache from there on, and comes back where the feed has started anew. */
async function follow(
  feed: FeedRequests,
  cache: CatalogueCache,
  { after, signal }: { after: string | null; signal: AbortSignal },
): Promise<string | null> {
  let caughtUp = false;
  for (;;) {
    const page = await inTime(feed.readFeed({ after, types: TYPES, limit: PAGE, patienceMs: caughtUp ? POLL_MS : 0 }));
    if (signal.aborted) return after;
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

async function inTime(asked: Promise<FeedPage>): Promise<FeedPage> {
  const answered = new AbortController();
  const late = sleep(POLL_MS + GRACE_MS, undefined, { signal: answered.signal }).then(() => {
    throw new Error('the product service took too long');
  });
  return Promise.race([asked, late]).finally(() => answered.abort());
}
