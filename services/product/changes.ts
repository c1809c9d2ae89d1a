import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type Background, keepDoing } from '../../platform/background.ts';
import { isPooled } from '../../platform/database/check.ts';
import { clientConfig } from '../../platform/database/url.ts';
import type { Logger } from '../../platform/telemetry/logger.ts';
import type { ProductCache } from './cache.ts';

// A connection may die silently, as when a network is cut. Together: the longest time for which changes can be missed.
const HEARTBEAT_MS = 5_000;
const RESPONSE_TIMEOUT_MS = 3_000;
const RECONNECT_MS = 500;
/** The longest time of a timer. */
const FOREVER_MS = 2 ** 31 - 1;

interface Followed {
  url: string;
  cache: ProductCache;
  logger: Logger;
}

/** Invalidates the cache entry of every product that changes, over a connection of its own, which it renews if lost. */
export const followChanges = ({ url, cache, logger }: Followed): Background =>
  keepDoing((closing) => listen({ url, cache, logger }, closing).then(() => false), {
    pauseMs: RECONNECT_MS,
    failing: 'not notified of product changes, reading past the cache',
    logger,
  });

/** Listens until `closing`. Throws if the connection is lost. */
async function listen({ url, cache, logger }: Followed, closing: AbortSignal): Promise<void> {
  const client = new pg.Client({
    ...clientConfig(url),
    // Shown in pg_stat_activity.
    application_name: 'product changes',
    keepAlive: true,
    connectionTimeoutMillis: RESPONSE_TIMEOUT_MS,
    query_timeout: RESPONSE_TIMEOUT_MS,
  });
  const lost = new AbortController();
  const lose = (error?: Error) => lost.abort(error ?? new Error('the connection was closed'));
  client.on('error', lose);
  client.on('end', () => lose());
  client.on('notification', ({ payload }) => cache.invalidate(payload ?? ''));
  try {
    await client.connect();
    if (await isPooled(client)) {
      // In transaction mode notifications would reach whichever client uses the server's connection at that moment.
      logger.warn('no notifications of product changes through a connection pooler, reading past the cache');
      return await pause(FOREVER_MS, closing);
    }
    await client.query('listen product_changed');
    lost.signal.throwIfAborted();
    cache.enable();
    while (!closing.aborted) {
      await pause(HEARTBEAT_MS, AbortSignal.any([closing, lost.signal]));
      lost.signal.throwIfAborted();
      await client.query('select 1');
    }
  } finally {
    cache.disable();
    await client.end().catch(() => undefined);
  }
}

const pause = (ms: number, until: AbortSignal) => sleep(ms, undefined, { signal: until }).catch(() => undefined);
