import { type Kysely, type RawBuilder, sql } from 'kysely';
import { withAsciiDomain } from '../../activities/email.ts';
import type { OrderRequests } from '../../activities/order.ts';
import { userEvents } from '../../activities/user.ts';
import { storableText } from '../../platform/database/storable-text.ts';
import { subscription } from '../../platform/events/subscription.ts';
import type { OrderDatabase } from './database.ts';
import { noteClaim } from './guest-claims.ts';

interface Profile {
  userId: string;
  email: string;
  name: string;
}

/** Keeps who the customers are, so that staff find orders by it without a call to the user service, and whose orders move. */
export const users = subscription<typeof userEvents, OrderDatabase>('user', userEvents, {
  'user.created': ({ data }, work) => keepContact(work, data),
  'user.updated': ({ data }, work) => keepContact(work, data),
  'guest.updated': ({ data: { guestId, ...guest } }, work) => keepContact(work, { userId: guestId, ...guest }),
  'guest.claimed': ({ data: { guestId, userId } }, work) => noteClaim(work, guestId, userId),
});

/** The events of one user arrive in order, so the last one is the current profile. */
async function keepContact(work: Kysely<OrderDatabase>, { userId, email, name }: Profile): Promise<void> {
  await work
    .insertInto('contacts')
    .values({ customer_id: userId, email, name })
    .onConflict((conflict) => conflict.column('customer_id').doUpdateSet({ email, name }))
    .execute();
}

export const createContactRequests = (db: Kysely<OrderDatabase>): Pick<OrderRequests, 'getContacts'> => ({
  async getContacts({ customerIds }) {
    const rows = await db
      .selectFrom('contacts')
      .select(['customer_id', 'email', 'name'])
      .where('customer_id', '=', sql<string>`any(${customerIds}::uuid[])`)
      .execute();
    return { items: rows.map(({ customer_id, ...contact }) => ({ customerId: customer_id, ...contact })) };
  },
});

// What comes after every character in the sequence of code points, which the index is in.
const LAST_CHARACTER = '\u{10ffff}';

/** SQL condition on `contacts`: the e-mail address begins with this text, in any case. */
export function emailBegins(beginning: string): RawBuilder<boolean> {
  const text = storableText(withAsciiDomain(beginning.trim()));
  const email = sql`lower(contacts.email) collate "C"`;
  return sql<boolean>`${email} >= lower(${text}) and ${email} < lower(${text}) || ${LAST_CHARACTER}`;
}

/** SQL condition on `contacts`: for each word of this text, a word of the name begins with it. */
export const nameHas = (words: string): RawBuilder<boolean> =>
  sql<boolean>`contacts.terms @@ name_query(${storableText(words)})`;
