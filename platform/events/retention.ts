import { type Kysely, sql } from 'kysely';
import { z } from 'zod';
import { keepDoing } from '../background.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { OutboxDatabase } from './outbox.ts';
import type { InboxDatabase } from './inbox.ts';

/** Settings of every service that publishes or subscribes to events. */
export const retentionSettings = {
  /** How long events are kept for subscribers that are down: far above any outage. The same in every process. */
  EVENT_RETENTION_DAYS: z.coerce
    .number({ error: 'must be a number of days from 1 to 3650' })
    .int({ error: 'must be a number of days from 1 to 3650' })
    .min(1, { error: 'must be a number of days from 1 to 3650' })
    .max(3650, { error: 'must be a number of days from 1 to 3650' })
    .default(30),
};

// Few enough rows that concurrent writers do not wait noticeably.
const BATCH = 1_000;
const PURGE_EVERY_MS = 60 * 60 * 1000;

/** Purges now and every hour in the background. The returned function stops it and waits for a running purge. */
export function keepPurging(purge: () => Promise<void>, logger: Logger): () => Promise<void> {
  const purging = keepDoing(() => purge().then(() => false), {
    pauseMs: PURGE_EVERY_MS,
    failing: 'could not purge old rows',
    logger,
  });
  return () => purging.close();
}

/**
 * Deletes events older than `days`. Keeps the newest of them: cursors at it or beyond remain valid, so that a subscriber
 * that has missed nothing is not told to restart.
 */
export async function purgeOutbox(db: Kysely<OutboxDatabase>, days: number): Promise<void> {
  const purgeBatch = () =>
    sql`with oldest as (select sequence, occurred_at from outbox order by sequence limit ${BATCH}),
             boundary as (select max(sequence) as sequence from oldest
                           where occurred_at < now() - make_interval(days => ${days}))
        delete from outbox using boundary where outbox.sequence < boundary.sequence`.execute(db);
  while ((await purgeBatch()).numAffectedRows! > 0n);
}

/**
 * Deletes handled events after twice `days`, later than any publisher deletes them: an event that is read again, for
 * example after a restore of the publisher's database, must not be handled again.
 */
export async function purgeInbox(db: Kysely<InboxDatabase>, days: number): Promise<void> {
  const purgeBatch = () =>
    sql`delete from inbox where position in (
          select position from inbox
           where state <> 'waiting' and settled_at < now() - make_interval(days => ${2 * days})
           order by settled_at limit ${BATCH})`.execute(db);
  while ((await purgeBatch()).numAffectedRows! > 0n);
}
