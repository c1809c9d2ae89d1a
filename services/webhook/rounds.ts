import { type Kysely, sql } from 'kysely';
import type { DeliveryRound } from '../../activities/webhook.ts';
import type { WebhookDatabase } from './database.ts';

/** Has a new round follow this one; of several who ask at the same time one begins it. */
export async function beginAgain(db: Kysely<WebhookDatabase>, { deliveryId, round }: DeliveryRound): Promise<void> {
  await db
    .updateTable('deliveries')
    .set({ state: 'pending', round: round + 1, next_attempt_at: sql<Date>`now()`, updated_at: sql`now()` })
    .where('id', '=', deliveryId)
    .where('round', '=', round)
    .execute();
}
