import ipaddr from 'ipaddr.js';
import { type Kysely, sql } from 'kysely';
import type { UserDatabase } from './database.ts';

/** Whether this user has signed in from here before. Asked in the same way where there is no such user. */
export async function isKnown(
  db: Kysely<UserDatabase>,
  userId: string | undefined,
  address: string | undefined,
): Promise<boolean> {
  const row = await db
    .selectFrom('known_addresses')
    .select('seen_at')
    .where('user_id', '=', userId ?? null)
    .where('address', '=', networkOf(address) ?? null)
    .executeTakeFirst();
  return row !== undefined;
}

export async function noteAddress(
  db: Kysely<UserDatabase>,
  userId: string,
  address: string | undefined,
): Promise<void> {
  const network = networkOf(address);
  if (network === undefined) return;
  await db
    .insertInto('known_addresses')
    .values({ user_id: userId, address: network })
    .onConflict((conflict) => conflict.columns(['user_id', 'address']).doUpdateSet({ seen_at: sql`now()` }))
    .execute();
}

/** After a change of password the places where the old one was used are strangers again. */
export async function forgetAddresses(db: Kysely<UserDatabase>, userId: string): Promise<void> {
  await db.deleteFrom('known_addresses').where('user_id', '=', userId).execute();
}

// RFC 6177: a site gets a /64 of IPv6 at least, and each of its machines changes its address within that.
const IPV6_PREFIX_PARTS = 4;

/** The address, or of IPv6 the network that one household has. */
function networkOf(address: string | undefined): string | undefined {
  if (address === undefined || !ipaddr.isValid(address)) return undefined;
  const parsed = ipaddr.process(address);
  return parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, IPV6_PREFIX_PARTS).join(':') : parsed.toString();
}
