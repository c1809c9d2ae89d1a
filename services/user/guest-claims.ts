import { type Kysely, type Transaction, sql } from 'kysely';
import { userEvents } from '../../activities/user.ts';
import { createOutboxWriter } from '../../platform/events/outbox.ts';
import type { UserDatabase } from './database.ts';

const writeEvent = createOutboxWriter('user', userEvents);

// Some 20 ms of one transaction. Anybody may have made any number of guests with the address.
const GUESTS_AT_ONCE = 100;

/**
 * Has the guests with the user's address claimed for the user, if there are any with orders and the address is verified.
 * Call it when the address is verified and at each sign-in. Without either, no order ever changes hands.
 */
export async function requestClaim(transaction: Transaction<UserDatabase>, userId: string): Promise<void> {
  await sql`
    insert into guest_claims (user_id)
    select id from users
     where id = ${userId} and ${mayClaim}
       and exists (select from guests where ${isOfUser} and ${isClaimable})`.execute(transaction);
}

const mayClaim = sql<boolean>`users.email_verified_at is not null and users.deactivated_at is null`;
const isOfUser = sql<boolean>`lower(guests.email) = lower(users.email)`;
const isClaimable = sql<boolean>`guests.ordered_at is not null and guests.claimed_by is null`;

/**
 * Claims the next guests; returns whether there was anything to do. Each guest is claimed once: `guest.claimed` tells the
 * order service to move the orders. Safe to run in several processes at once.
 */
export const claimNext = (db: Kysely<UserDatabase>): Promise<boolean> =>
  db.transaction().execute(async (transaction) => {
    const next = await transaction
      .selectFrom('guest_claims')
      .selectAll()
      .orderBy('id')
      .limit(1)
      .forUpdate()
      .skipLocked()
      .executeTakeFirst();
    if (!next) return false;
    const claimed = await claim(transaction, next.user_id);
    for (const guestId of claimed) {
      const data = { guestId, userId: next.user_id };
      await writeEvent(transaction, { type: 'guest.claimed', subject: guestId, data });
    }
    // From now on the orders are reached by the account.
    if (claimed.length > 0) await transaction.deleteFrom('mail_links').where('guest_id', 'in', claimed).execute();
    if (claimed.length < GUESTS_AT_ONCE) {
      await transaction.deleteFrom('guest_claims').where('id', '=', next.id).execute();
    }
    return true;
  });

/** Returns the ids of the guests who were claimed. A guest who is about to order is waited for. */
async function claim(transaction: Transaction<UserDatabase>, userId: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    update guests set claimed_by = ${userId}, claimed_at = now()
     where ${isClaimable} and id in (
       select guests.id from guests join users on ${isOfUser}
        where users.id = ${userId} and ${mayClaim} and ${isClaimable}
        order by guests.id limit ${GUESTS_AT_ONCE} for no key update of guests)
    returning id`.execute(transaction);
  return rows.map(({ id }) => id);
}
