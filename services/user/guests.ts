import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { z } from 'zod';
import type { BeginGuestOrder, CustomerContact, GuestRequests, IssueGuestLink } from '../../activities/guest.ts';
import type { MailLink } from '../../activities/mail-link.ts';
import { userEvents, userRefusal } from '../../activities/user.ts';
import { createOutboxWriter } from '../../platform/events/outbox.ts';
import type { UserDatabase } from './database.ts';
import { invalidLink } from './mail-links.ts';
import { digestOf, newSecret } from './refresh-tokens.ts';

const writeEvent = createOutboxWriter('user', userEvents);

// Longer than delivery and the usual return window of 30 days take together. The link gives access to the orders of one
// guest only, so it may live longer than one that gives access to an account.
const LINK_LIFETIME = sql<Date>`now() + interval '90 days'`;

/** Orders without an account. Nothing here reads accounts by their address, so no answer and no time tells of one. */
export const createGuestRequests = (db: Kysely<UserDatabase>): GuestRequests => ({
  async createGuest({ email }) {
    const guestId = randomUUID();
    await db.insertInto('guests').values({ id: guestId, email }).execute();
    return { guestId };
  },
  beginGuestOrder: (order) => beginOrder(db, order),
  issueGuestLink: (link) => issueLink(db, link),
  async openGuestLink({ token }) {
    const row = await db
      .selectFrom('mail_links')
      .innerJoin('guests', 'guests.id', 'mail_links.guest_id')
      .select('guests.id')
      .where('token_hash', '=', digestOf(token))
      .where('expires_at', '>', sql<Date>`now()`)
      .where('claimed_by', 'is', null)
      .executeTakeFirst();
    if (!row) throw invalidLink();
    return { guestId: row.id };
  },
  getContact: ({ customerId }) => contactOf(db, customerId),
});

const beginOrder = (db: Kysely<UserDatabase>, { guestId, name, email }: BeginGuestOrder): Promise<void> =>
  db.transaction().execute(async (transaction) => {
    const guest = await transaction
      .selectFrom('guests')
      .selectAll()
      .where('id', '=', guestId)
      .forUpdate()
      .executeTakeFirst();
    if (!guest || guest.claimed_by !== null) {
      throw userRefusal('SessionEnded', 'this guest has ended: sign in if the orders belong to an account now');
    }
    const isOther = email !== undefined && email.toLowerCase() !== guest.email.toLowerCase();
    if (isOther && guest.ordered_at) {
      throw userRefusal('ContactDiffers', 'earlier orders of this guest have another e-mail address: be another guest');
    }
    const changed = { email: isOther ? email : guest.email, name };
    if (guest.ordered_at && guest.name === name) return;
    await transaction
      .updateTable('guests')
      .set({ ...changed, ordered_at: sql`coalesce(ordered_at, now())` })
      .where('id', '=', guestId)
      .execute();
    await writeEvent(transaction, { type: 'guest.updated', subject: guestId, data: { guestId, ...changed } });
  });

async function issueLink(db: Kysely<UserDatabase>, { guestId, linkId }: IssueGuestLink): Promise<MailLink> {
  const token = newSecret('go');
  const hash = digestOf(token);
  const issued = await db
    .insertInto('mail_links')
    .columns(['id', 'guest_id', 'purpose', 'email', 'token_hash', 'expires_at'])
    .expression((builder) =>
      builder
        .selectFrom('guests')
        .select([
          sql<string>`${linkId}::uuid`.as('id'),
          'guests.id as guest_id',
          sql<'guest_orders'>`'guest_orders'`.as('purpose'),
          'email',
          sql<Buffer>`${hash}::bytea`.as('token_hash'),
          LINK_LIFETIME.as('expires_at'),
        ])
        .where('guests.id', '=', guestId)
        .where('ordered_at', 'is not', null)
        .where('claimed_by', 'is', null),
    )
    .onConflict((conflict) =>
      conflict
        .column('id')
        .doUpdateSet({ token_hash: hash, expires_at: LINK_LIFETIME })
        .where('mail_links.guest_id', '=', guestId),
    )
    .returning('expires_at')
    .executeTakeFirst();
  if (!issued) throw invalidLink();
  return { token, expiresAt: issued.expires_at.toISOString() };
}

async function contactOf(db: Kysely<UserDatabase>, customerId: string): Promise<CustomerContact> {
  const id = z.uuid().safeParse(customerId).data ?? null;
  const guest = await db
    .selectFrom('guests')
    .select(['email', 'name', 'claimed_by'])
    .where('id', '=', id)
    .executeTakeFirst();
  const user = await db
    .selectFrom('users')
    .select(['email', 'name'])
    .where('id', '=', guest?.claimed_by ?? id)
    .executeTakeFirst();
  if (user) return { ...user, isGuest: false, claimedBy: guest?.claimed_by ?? null };
  if (guest) return { email: guest.email, name: guest.name ?? 'Guest', isGuest: true, claimedBy: null };
  throw userRefusal('UserNotFound', 'there is no such user');
}
