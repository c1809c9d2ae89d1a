import { randomUUID } from 'node:crypto';
import { type Kysely, type Transaction, sql } from 'kysely';
import type { MailLink } from '../../activities/mail-link.ts';
import { userEvents, userRefusal } from '../../activities/user.ts';
import { createOutboxWriter } from '../../platform/events/outbox.ts';
import type { LinkPurpose, UserDatabase } from './database.ts';
import { digestOf, newSecret } from './refresh-tokens.ts';

const writeEvent = createOutboxWriter('user', userEvents);

const PURPOSES = {
  // OWASP's Forgot Password Cheat Sheet: as short as delivery allows. Somebody who reads the mailbox later cannot use it.
  password_reset: {
    event: 'user.password_reset_requested',
    token: 'pr',
    lifetime: sql<Date>`now() + interval '1 hour'`,
  },
  // It gives no access, so people may follow it the next morning.
  email_verification: {
    event: 'user.email_verification_requested',
    token: 'ev',
    lifetime: sql<Date>`now() + interval '1 day'`,
  },
} as const;

// More than anybody needs whose mail is late. Nobody can fill another person's mailbox.
const MOST_OPEN = 3;

/** A link that is to be mailed to this user at this address. */
export interface NewLink {
  userId: string;
  email: string;
  purpose: LinkPurpose;
}

/** Opens a link and publishes the event of it; does nothing if the user has enough of them. Lock the user before. */
export async function openLink(
  transaction: Transaction<UserDatabase>,
  { userId, email, purpose }: NewLink,
): Promise<void> {
  const open = await transaction
    .selectFrom('mail_links')
    .select('id')
    .where('user_id', '=', userId)
    .where('purpose', '=', purpose)
    .where('expires_at', '>', sql<Date>`now()`)
    .execute();
  if (open.length >= MOST_OPEN) return;
  const { event, lifetime } = PURPOSES[purpose];
  const id = randomUUID();
  await transaction
    .insertInto('mail_links')
    .values({ id, user_id: userId, guest_id: null, purpose, email, token_hash: null, expires_at: lifetime })
    .execute();
  await writeEvent(transaction, { type: event, subject: userId, data: { userId, linkId: id } });
}

/** Makes a new token for the link. */
export async function issueLink(db: Kysely<UserDatabase>, linkId: string): Promise<MailLink> {
  const link = await db
    .selectFrom('mail_links')
    .select(['purpose', 'expires_at'])
    .where('id', '=', linkId)
    .where('user_id', 'is not', null)
    .$narrowType<{ purpose: LinkPurpose }>()
    .executeTakeFirst();
  const token = newSecret(PURPOSES[link?.purpose ?? 'password_reset'].token);
  const issued = await db
    .updateTable('mail_links')
    .set({ token_hash: digestOf(token) })
    .where('id', '=', linkId)
    .where('user_id', 'is not', null)
    .where('expires_at', '>', sql<Date>`now()`)
    .executeTakeFirst();
  if (!link || issued.numUpdatedRows === 0n) throw invalidLink();
  return { token, expiresAt: link.expires_at.toISOString() };
}

interface GivenToken {
  token: string;
  purpose: LinkPurpose;
}

/** The user of a link that is valid: of an active account that still has the address. Refuses `LinkNotFound`. */
export async function userOfLink(db: Kysely<UserDatabase>, { token, purpose }: GivenToken): Promise<string> {
  const row = await db
    .selectFrom('mail_links')
    .innerJoin('users', 'users.id', 'mail_links.user_id')
    .select('users.id as userId')
    .where('token_hash', '=', digestOf(token))
    .where('purpose', '=', purpose)
    .where('expires_at', '>', sql<Date>`now()`)
    .where('deactivated_at', 'is', null)
    .whereRef('mail_links.email', '=', 'users.email')
    .executeTakeFirst();
  if (!row) throw invalidLink();
  return row.userId;
}

/** Uses up a valid link. Of several requests at once, one succeeds; the others get `LinkNotFound`. */
export async function spendLink(transaction: Transaction<UserDatabase>, link: GivenToken): Promise<void> {
  await userOfLink(transaction, link);
  const spent = await transaction
    .deleteFrom('mail_links')
    .where('token_hash', '=', digestOf(link.token))
    .executeTakeFirst();
  if (spent.numDeletedRows === 0n) throw invalidLink();
}

/** Call when the password has changed: links that were mailed before must not change it again. */
export async function withdrawResetLinks(transaction: Transaction<UserDatabase>, userId: string): Promise<void> {
  await transaction
    .deleteFrom('mail_links')
    .where('user_id', '=', userId)
    .where('purpose', '=', 'password_reset')
    .execute();
}

export const invalidLink = () =>
  userRefusal('LinkNotFound', 'this link was used, has expired, or never existed: ask for a new one');
