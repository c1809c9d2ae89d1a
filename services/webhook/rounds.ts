import { type Kysely, sql } from 'kysely';
import type { DeliveryRound } from '../../activities/webhook.ts';
import type { WebhookDatabase } from './database.ts';

/** Begins the round after this one. Of several concurrent calls one begins it. */
export async function beginNextRound(db: Kysely<WebhookDatabase>, { deliveryId, round }: DeliveryRound): Promise<void> {
  await db
    .updateTable('deliveries')
    .set({ state: 'pending', round: round + 1, next_attempt_at: sql<Date>`now()`, updated_at: sql`now()` })
    .where('id', '=', deliveryId)
    .where('round', '=', round)
    .execute();
}
