import { type Kysely, sql } from 'kysely';
import type { UserRequests } from '../../activities/user.ts';
import { type Background, keepDoing } from '../../platform/background.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import type { Logger } from '../../platform/telemetry/logger.ts';
import type { OrderDatabase } from './database.ts';
import { noteClaim } from './guest-claims.ts';

export interface MissingContactsOptions {
  db: Kysely<OrderDatabase>;
  users: Pick<UserRequests, 'getContact'>;
  logger: Logger;
}

const FIRST = '00000000-0000-0000-0000-000000000000';
// Two index lookups for each customer: a few milliseconds a page.
const PAGE = 500;
// A customer of many years who orders for the first time waits this long until staff find the order by name.
const EVERY_MS = 60 * 60 * 1000;
// After a fault, as at a start at which the user service is not up yet.
const RETRY_MS = 30_000;

/**
 * Asks the user service, at the start and every hour, who those customers are of whom no event told: who signed up and last
 * changed their profile before the oldest event that is kept (`EVENT_RETENTION_DAYS`).
 */
export function keepFindingContacts(options: MissingContactsOptions): Background {
  let after = FIRST;
  let restUntil = 0;
  return keepDoing(
    async () => {
      if (Date.now() < restUntil) return false;
      const last = await findContactsAfter(options, after);
      after = last ?? FIRST;
      if (last === undefined) restUntil = Date.now() + EVERY_MS;
      return last !== undefined;
    },
    { pauseMs: RETRY_MS, failing: 'could not read who the customers are', logger: options.logger },
  );
}

/** Looks at the next page of customers. Returns the last one's id; undefined if there are none. */
export async function findContactsAfter(
  { db, users }: Omit<MissingContactsOptions, 'logger'>,
  after: string,
): Promise<string | undefined> {
  const customers = await customersAfter(db, after);
  for (const { id, known } of customers) if (!known) await askWho(db, users, id);
  return customers.at(-1)?.id;
}

/** Customers in the sequence of their ids, each found by its first entry in the index of orders. */
async function customersAfter(db: Kysely<OrderDatabase>, after: string): Promise<{ id: string; known: boolean }[]> {
  const { rows } = await sql<{ id: string; known: boolean }>`
    with recursive customers (id) as (
      (select customer_id from orders where recorded_at is not null and customer_id > ${after}::uuid
        order by customer_id limit 1)
      union all
      select (select customer_id from orders where recorded_at is not null and customer_id > customers.id
               order by customer_id limit 1)
        from customers where id is not null
    ), page as (select id from customers where id is not null limit ${PAGE})
    select id, exists (select from contacts where customer_id = page.id) as known from page order by id`.execute(db);
  return rows;
}

/** An event that comes meanwhile is newer than this answer. */
async function askWho(
  db: Kysely<OrderDatabase>,
  users: Pick<UserRequests, 'getContact'>,
  customerId: string,
): Promise<void> {
  const contact = await users.getContact({ customerId }).catch((error: unknown) => {
    if (error instanceof Refusal && error.code === 'UserNotFound') return undefined;
    throw error;
  });
  if (!contact) return;
  // An order that came after the last look for orders of this guest, or an event that an older order service passed over.
  if (contact.claimedBy !== null) return noteClaim(db, customerId, contact.claimedBy);
  await db
    .insertInto('contacts')
    .values({ customer_id: customerId, email: contact.email, name: contact.name })
    .onConflict((conflict) => conflict.column('customer_id').doNothing())
    .execute();
}
