import { setInterval } from 'node:timers';
import { type Kysely, sql } from 'kysely';
import { z } from 'zod';
import type { Logger } from '../telemetry/logger.ts';
import type { OutboxDatabase } from './outbox.ts';
import type { InboxDatabase } from './inbox.ts';

/** Settings of every service that tells or hears of events. */
export const retentionSettings = {
  /** How long events are kept for subscribers that are down: far above any outage. The same for every process. */
  EVENT_RETENTION_DAYS: z.coerce
    .number({ error: 'must be a number of days from 1 to 3650' })
    .int({ error: 'must be a number of days from 1 to 3650' })
    .min(1, { error: 'must be a number of days from 1 to 3650' })
    .max(3650, { error: 'must be a number of days from 1 to 3650' })
    .default(30),
};

// Few enough that nobody who writes meanwhile waits for it.
const BATCH = 1_000;
const PURGE_EVERY_MS = 60 * 60 * 1000;

/** Purges now and every hour in the background; what it answers ends that, and waits for a purge under way. */
export function keepPurging(purge: () => Promise<void>, logger: Logger): () => Promise<void> {
  let last: Promise<void>;
  const attempt = () => {
    last = purge().catch((error: unknown) => void logger.warn('events not purged', { error }));
  };
  attempt();
  const timer = setInterval(attempt, PURGE_EVERY_MS);
  return () => {
    clearInterval(timer);
    return last;
  };
}

/**
 * Forgets events that are older than this. The newest of them stays: a cursor at it or beyond it is still known, so
 * that a subscriber which has missed nothing is not told that it might have.
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
 * Forgets which events were handled, later than any publisher forgets the events: one that is read again, as after a
 * publisher's database was restored, must not be handled again.
 */
export async function purgeInbox(db: Kysely<InboxDatabase>, days: number): Promise<void> {
  const purgeBatch = () =>
    sql`delete from inbox where position in (
          select position from inbox
           where state <> 'waiting' and settled_at < now() - make_interval(days => ${2 * days})
           order by settled_at limit ${BATCH})`.execute(db);
  while ((await purgeBatch()).numAffectedRows! > 0n);
}
