import ipaddr from 'ipaddr.js';
import { type Kysely, sql } from 'kysely';
import type { UserDatabase } from './database.ts';

/** Whether the user has signed in from this address before. Runs the same query if there is no such user. */
export async function isKnownAddress(
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

export async function rememberAddress(
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

/** Call when the password changes: sign-ins from these addresses used the old one. */
export async function forgetAddresses(db: Kysely<UserDatabase>, userId: string): Promise<void> {
  await db.deleteFrom('known_addresses').where('user_id', '=', userId).execute();
}

// RFC 6177: a site gets at least a /64, within which each of its machines changes its address.
const IPV6_PREFIX_GROUPS = 4;

/** The IPv4 address, or the /64 network of an IPv6 address. */
function networkOf(address: string | undefined): string | undefined {
  if (address === undefined || !ipaddr.isValid(address)) return undefined;
  const parsed = ipaddr.process(address);
  return parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, IPV6_PREFIX_GROUPS).join(':') : parsed.toString();
}
