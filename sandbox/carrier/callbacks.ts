import type { Logger } from '../../platform/telemetry/logger.ts';
import type { Books } from '../sqlite.ts';
import { type Loop, startLoop } from '../loop.ts';
import { signCallback } from './callback-signature.ts';

/** News of parcels on their way to whoever asked for it: each waits here until it was taken. */
export const CALLBACKS_SCHEMA = `
  create table if not exists callbacks (
    sequence integer primary key,
    tracking_number text not null,
    body text not null,
    attempts integer not null default 0,
    next_at_ms integer not null,
    delivered_at text
  ) strict;
  create index if not exists callbacks_waiting on callbacks (tracking_number, sequence) where delivered_at is null;`;

export interface CallbackReceiver {
  url: string;
  secret: string;
}

/** Notes one piece of news, in the caller's transaction. */
export const noteCallback = (books: Books, trackingNumber: string, news: object) =>
  books.insert('callbacks', {
    tracking_number: trackingNumber,
    body: JSON.stringify(news),
    next_at_ms: Date.now(),
  });

// A receiver that restarts is back within seconds: retries start quickly and never lie far apart.
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 10_000;
const PATIENCE_MS = 5_000;
// So many parcels' news travel at once; the rest waits for its turn.
const AT_ONCE = 16;

interface Callback {
  sequence: number;
  body: string;
  attempts: number;
}

/** Delivers what waits until each was answered 2xx: for ever, and in order for each parcel. */
export function startCallbacks(books: Books, receiver: CallbackReceiver, logger: Logger): Loop {
  return startLoop(async (closing) => {
    const due = books.all<Callback>(
      `${OLDEST_OF_EACH_PARCEL} and next_at_ms <= ? order by next_at_ms limit ?`,
      Date.now(),
      AT_ONCE,
    );
    await Promise.all(due.map((callback) => deliver(callback, closing)));
    if (due.length > 0) return 0;
    const next = books.first<{ at: number | null }>(`select min(next_at_ms) as at from (${OLDEST_OF_EACH_PARCEL})`);
    return next?.at ? next.at - Date.now() : Infinity;
  });

  async function deliver({ sequence, body, attempts }: Callback, closing: AbortSignal): Promise<void> {
    try {
      await send(receiver, body, closing);
      books.run('update callbacks set delivered_at = ? where sequence = ?', new Date().toISOString(), sequence);
    } catch (error) {
      if (closing.aborted) return;
      const waitMs = Math.min(FIRST_RETRY_MS * 2 ** attempts, LAST_RETRY_MS);
      books.run(
        'update callbacks set attempts = attempts + 1, next_at_ms = ? where sequence = ?',
        Date.now() + waitMs,
        sequence,
      );
      logger.debug('callback not taken, trying again', { body, attempts: attempts + 1, error });
    }
  }
}

/** A parcel's later news waits behind its earlier. */
const OLDEST_OF_EACH_PARCEL = `
  select sequence, body, attempts, next_at_ms from callbacks
  where delivered_at is null and sequence in
    (select min(sequence) from callbacks where delivered_at is null group by tracking_number)`;

async function send({ url, secret }: CallbackReceiver, body: string, closing: AbortSignal): Promise<void> {
  const seconds = Math.floor(Date.now() / 1000);
  const response = await fetch(url, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', 'carrier-signature': signCallback({ secret, seconds, body }) },
    redirect: 'error',
    signal: AbortSignal.any([closing, AbortSignal.timeout(PATIENCE_MS)]),
  });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`answered ${response.status}`);
}
