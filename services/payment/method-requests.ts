import { type Kysely, type Selectable, sql } from 'kysely';
import { type PaymentRequests, type SavedPaymentMethod, paymentRefusal } from '../../activities/payment.ts';
import { type Background, repeat } from '../../platform/background.ts';
import { decodeCursor, encodeCursor, sequenceOf } from '../../platform/database/cursor.ts';
import type { Logger } from '../../platform/telemetry/logger.ts';
import type { PaymentDatabase, SavedMethodTable } from './database.ts';
import type { PaymentDependencies } from './operation.ts';

/** Users read and remove the payment methods that they have saved. */
export function createMethodRequests(
  dependencies: PaymentDependencies,
): Pick<PaymentRequests, 'listPaymentMethods' | 'removePaymentMethod'> {
  const { db } = dependencies;
  return {
    async listPaymentMethods({ userId, after, limit }) {
      const [position] = after === undefined ? [undefined] : decodeCursor(after, 1);
      const rows = await db
        .selectFrom('saved_methods')
        .selectAll()
        .where('user_id', '=', userId)
        .where('removed_at', 'is', null)
        .$if(position !== undefined, (query) => query.where('position', '<', sequenceOf(position!)))
        .orderBy('position', 'desc')
        .limit(limit + 1)
        .execute();
      const items = rows.slice(0, limit);
      const next = rows.length > limit ? encodeCursor([String(items.at(-1)!.position)]) : null;
      return { items: items.map(viewOf), next };
    },

    async removePaymentMethod({ userId, id }) {
      // Recorded first: from now on nobody can use it, and it will be detached, whatever happens to this process.
      const removed = await db
        .updateTable('saved_methods')
        .set({ removed_at: sql`coalesce(removed_at, now())` })
        .where('token', '=', id)
        .where('user_id', '=', userId)
        .returning('detached_at')
        .executeTakeFirst();
      if (!removed) throw paymentRefusal('PaymentMethodNotFound', 'there is no such saved payment method');
      if (!removed.detached_at) await detach(dependencies, id);
    },
  };
}

const viewOf = (row: Selectable<SavedMethodTable>): SavedPaymentMethod => ({
  id: row.token,
  brand: row.brand,
  last4: row.last4,
  expires: `${row.expiry_year}-${String(row.expiry_month).padStart(2, '0')}`,
  savedAt: row.saved_at.toISOString(),
});

async function detach({ db, processor }: PaymentDependencies, token: string): Promise<void> {
  await processor.detach(token);
  await db
    .updateTable('saved_methods')
    .set({ detached_at: sql`now()` })
    .where('token', '=', token)
    .execute();
}

// Nobody waits: a removed payment method cannot be used in the meantime.
const SWEEP_MS = 60_000;
const SWEEP_SIZE = 20;

/** Detaches the removed payment methods that a crash or an outage of the processor has left, until it is closed. */
export const keepDetaching = (dependencies: PaymentDependencies, logger: Logger): Background =>
  repeat(() => detachLeft(dependencies), {
    everyMs: SWEEP_MS,
    failing: 'could not detach removed payment methods',
    logger,
  });

/** In random order, and all of them: one that cannot be detached holds no other up. */
export async function detachLeft(dependencies: PaymentDependencies): Promise<void> {
  const failures: unknown[] = [];
  for (const token of await findLeft(dependencies.db)) {
    await detach(dependencies, token).catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
}

async function findLeft(db: Kysely<PaymentDatabase>): Promise<string[]> {
  const rows = await db
    .selectFrom('saved_methods')
    .select('token')
    .where('removed_at', 'is not', null)
    .where('detached_at', 'is', null)
    .orderBy(sql`random()`)
    .limit(SWEEP_SIZE)
    .execute();
  return rows.map(({ token }) => token);
}
