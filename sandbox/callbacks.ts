import { signatureOf } from '../platform/http/signed-body.ts';
import type { Logger } from '../platform/telemetry/logger.ts';
import { type Loop, startLoop } from './loop.ts';
import type { SqliteFile } from './sqlite.ts';

/** Callbacks about parcels or payments. Each stays here until the receiver has accepted it. */
export const CALLBACKS_SCHEMA = `
  create table if not exists callbacks (
    sequence integer primary key,
    -- The parcel or the order that it is about.
    subject text not null,
    body text not null,
    attempts integer not null default 0,
    next_at_ms integer not null,
    delivered_at text
  ) strict;
  create index if not exists callbacks_waiting on callbacks (subject, sequence) where delivered_at is null;`;

/** Renames a column of a file that an older version has written. */
export function upgradeCallbacks(db: SqliteFile): void {
  const isOld = db.first(`select 1 from pragma_table_info('callbacks') where name = 'tracking_number'`);
  if (isOld) db.run('alter table callbacks rename column tracking_number to subject');
}

export interface CallbackReceiver {
  url: string;
  secret: string;
  /** The header with the signature. */
  header: string;
}

/** Queues a callback in the caller's transaction. */
export const queueCallback = (db: SqliteFile, subject: string, event: object) =>
  db.insert('callbacks', {
    subject,
    body: JSON.stringify(event),
    next_at_ms: Date.now(),
  });

// A receiver that restarts is back within seconds, so retries start quickly and stay close together.
const FIRST_RETRY_MS = 250;
const MAX_RETRY_MS = 10_000;
const TIMEOUT_MS = 5_000;
// Callbacks about this many subjects are sent at the same time.
const CONCURRENCY = 16;

interface Callback {
  sequence: number;
  body: string;
  attempts: number;
}

/** Delivers queued callbacks until each gets a 2xx response, without a limit, and in order for each subject. */
export function startCallbacks(db: SqliteFile, receiver: CallbackReceiver, logger: Logger): Loop {
  return startLoop(async (closing) => {
    const due = db.all<Callback>(
      `${OLDEST_OF_EACH_SUBJECT} and next_at_ms <= ? order by next_at_ms limit ?`,
      Date.now(),
      CONCURRENCY,
    );
    await Promise.all(due.map((callback) => deliver(callback, closing)));
    if (due.length > 0) return 0;
    const next = db.first<{ at: number | null }>(`select min(next_at_ms) as at from (${OLDEST_OF_EACH_SUBJECT})`);
    return next?.at ? next.at - Date.now() : Infinity;
  });

  async function deliver({ sequence, body, attempts }: Callback, closing: AbortSignal): Promise<void> {
    try {
      await send(receiver, body, closing);
      db.run('update callbacks set delivered_at = ? where sequence = ?', new Date().toISOString(), sequence);
    } catch (error) {
      if (closing.aborted) return;
      const waitMs = Math.min(FIRST_RETRY_MS * 2 ** attempts, MAX_RETRY_MS);
      db.run(
        'update callbacks set attempts = attempts + 1, next_at_ms = ? where sequence = ?',
        Date.now() + waitMs,
        sequence,
      );
      logger.debug('callback not accepted, retrying', { body, attempts: attempts + 1, error });
    }
  }
}

/** Later callbacks about a subject wait for its earlier ones. */
const OLDEST_OF_EACH_SUBJECT = `
  select sequence, body, attempts, next_at_ms from callbacks
  where delivered_at is null and sequence in
    (select min(sequence) from callbacks where delivered_at is null group by subject)`;

async function send({ url, secret, header }: CallbackReceiver, body: string, closing: AbortSignal): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', [header]: signatureOf(secret, body) },
    redirect: 'error',
    signal: AbortSignal.any([closing, AbortSignal.timeout(TIMEOUT_MS)]),
  });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`the receiver responded with ${response.status}`);
}
