import { type Kysely, type Transaction, sql } from 'kysely';
import { type Background, keepDoing } from '../../platform/background.ts';
import type { Logger } from '../../platform/telemetry/logger.ts';
import type { OrderDatabase } from './database.ts';

type Work = Transaction<OrderDatabase>;

// Some 20 ms of one transaction, in which these orders can change in no other way.
const ORDERS_AT_ONCE = 100;
// The delay until a user sees the orders at most, when nothing holds them up.
const EVERY_MS = 2_000;
// Longer than it takes to store an order for which the user service allowed the guest to order. One that takes longer is found
// within an hour, as the order of a customer without contact.
const UNTIL_STORED = sql<string>`interval '1 minute'`;

/** Notes that the guest's orders belong to this user. The first claim of a guest counts; a repeat looks for more orders. */
export async function noteClaim(work: Kysely<OrderDatabase>, guestId: string, userId: string): Promise<void> {
  await work
    .insertInto('guest_claims')
    .values({ guest_id: guestId, user_id: userId, settled_at: null })
    .onConflict((conflict) =>
      conflict.column('guest_id').doUpdateSet({ claimed_at: sql`now()`, due_at: sql`now()`, settled_at: null }),
    )
    .execute();
}

/** Moves the orders of claimed guests until it is closed. Safe to run in several processes at once. */
export const keepMovingOrders = (db: Kysely<OrderDatabase>, logger: Logger): Background =>
  keepDoing(async () => (await someAreDue(db)) && moveNext(db), {
    pauseMs: EVERY_MS,
    failing: 'could not move orders of guests to their accounts',
    logger,
  });

/** Cheaper than a transaction: nearly always there are none. */
const someAreDue = async (db: Kysely<OrderDatabase>): Promise<boolean> =>
  (await db
    .selectFrom('guest_claims')
    .select('guest_id')
    .where('settled_at', 'is', null)
    .where('due_at', '<=', sql<Date>`now()`)
    .limit(1)
    .executeTakeFirst()) !== undefined;

/**
 * Moves the next orders of the guest who is due; returns whether one was. An order moves when it is decided: until then the
 * guest acts, who may have to confirm the payment, and whose cart the order takes its lines from. After a minute the guest's
 * orders are looked for once more, because one may have been on its way.
 */
export const moveNext = (db: Kysely<OrderDatabase>): Promise<boolean> =>
  db.transaction().execute(async (work) => {
    const claim = await work
      .selectFrom('guest_claims')
      .select(['guest_id', 'user_id'])
      .where('settled_at', 'is', null)
      .where('due_at', '<=', sql<Date>`now()`)
      .orderBy('due_at')
      .limit(1)
      .forUpdate()
      .skipLocked()
      .executeTakeFirst();
    if (!claim) return false;
    const moved = await moveOrders(work, { guestId: claim.guest_id, userId: claim.user_id });
    if (moved === ORDERS_AT_ONCE) return true;
    const undecided = await hasOrders(work, claim.guest_id);
    if (!undecided) await forgetContact(work, claim.guest_id);
    await work
      .updateTable('guest_claims')
      .set({
        due_at: undecided ? sql`now() + interval '2 seconds'` : sql`claimed_at + ${UNTIL_STORED}`,
        settled_at: sql`case when ${!undecided} and claimed_at + ${UNTIL_STORED} <= now() then now() end`,
      })
      .where('guest_id', '=', claim.guest_id)
      .execute();
    return true;
  });

interface Claim {
  guestId: string;
  userId: string;
}

/**
 * Returns how many were moved. `updated_at` stays: metrics tell by it how long an order has waited for its next step. Other
 * work locks an order before its returns, and so does this.
 */
async function moveOrders(work: Work, { guestId, userId }: Claim): Promise<number> {
  const { rows } = await sql<{ id: string }>`
    update orders set customer_id = ${userId}, version = version + 1
     where id in (
       select id from orders
        where customer_id = ${guestId} and recorded_at is not null and status <> 'pending'
        order by created_at, id limit ${ORDERS_AT_ONCE} for no key update)
    returning id`.execute(work);
  const orderIds = rows.map(({ id }) => id);
  // A statement of its own, which sees a return that was requested while this one waited for the order.
  await sql`
    update returns set customer_id = ${userId}
     where order_id = any(${orderIds}::uuid[]) and customer_id = ${guestId}`.execute(work);
  return rows.length;
}

const hasOrders = async (work: Work, guestId: string): Promise<boolean> =>
  (await work
    .selectFrom('orders')
    .select('id')
    .where('customer_id', '=', guestId)
    .where('recorded_at', 'is not', null)
    .limit(1)
    .executeTakeFirst()) !== undefined;

/** Nobody has this id any more. */
const forgetContact = (work: Work, guestId: string) =>
  work.deleteFrom('contacts').where('customer_id', '=', guestId).execute();
