import { type Kysely, sql } from 'kysely';
import type { WebhookDatabase } from './database.ts';

// Ten times as long as all attempts take: long enough to find out what went wrong and to send again.
const KEPT_DAYS = 30;
const BATCH = 1_000;

/** Deletes deliveries that ended long ago. */
export async function purgeDeliveries(db: Kysely<WebhookDatabase>): Promise<void> {
  const purgeBatch = () =>
    sql`delete from deliveries where id in (
          select id from deliveries
           where state <> 'pending' and updated_at < now() - make_interval(days => ${KEPT_DAYS})
           order by updated_at limit ${BATCH})`.execute(db);
  while ((await purgeBatch()).numAffectedRows! > 0n);
}
