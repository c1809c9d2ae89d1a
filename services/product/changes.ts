import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Logger } from '../../platform/telemetry/logger.ts';
import type { ProductCache } from './cache.ts';

// A connection may die without a word, as when a network is cut: how long changes can then go unheard, at most.
const HEARTBEAT_MS = 5_000;
const ANSWER_MS = 3_000;
const RECONNECT_MS = 500;

/** Tells the cache of every change that commits, on a connection of its own, until it is closed. Reconnects by itself. */
export function followChanges({ url, cache, logger }: { url: string; cache: ProductCache; logger: Logger }): {
  close(): Promise<void>;
} {
  const closing = new AbortController();
  const ended = (async () => {
    while (!closing.signal.aborted) {
      await listen(url, cache, closing.signal).catch((error: unknown) =>
        logger.warn('product changes are not heard, the cache is bypassed', { error }),
      );
      await pause(RECONNECT_MS, closing.signal);
    }
  })();
  return {
    async close() {
      closing.abort();
      await ended;
    },
  };
}

/** Listens until the connection is lost, which it throws, or no longer wanted. */
async function listen(url: string, cache: ProductCache, closing: AbortSignal): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    // What a person sees in pg_stat_activity.
    application_name: 'product changes',
    keepAlive: true,
    connectionTimeoutMillis: ANSWER_MS,
    query_timeout: ANSWER_MS,
  });
  const lost = new AbortController();
  const lose = (error?: Error) => lost.abort(error ?? new Error('the connection was closed'));
  client.on('error', lose);
  client.on('end', () => lose());
  client.on('notification', ({ payload }) => cache.forget(payload ?? ''));
  try {
    await client.connect();
    await client.query('listen product_changed');
    lost.signal.throwIfAborted();
    cache.trust();
    while (!closing.aborted) {
      await pause(HEARTBEAT_MS, AbortSignal.any([closing, lost.signal]));
      lost.signal.throwIfAborted();
      await client.query('select 1');
    }
  } finally {
    cache.distrust();
    await client.end().catch(() => undefined);
  }
}

const pause = (ms: number, until: AbortSignal) => sleep(ms, undefined, { signal: until }).catch(() => undefined);
