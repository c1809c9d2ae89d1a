import { type Kysely, type RawBuilder, type Transaction, sql } from 'kysely';
import { z } from 'zod';
import { Sku } from '../../activities/identity.ts';
import type { SearchOrders } from '../../activities/order-search.ts';
import { type Age, decodeAge, olderThan } from '../../platform/database/cursor.ts';
import { emailBegins, nameHas } from './contacts.ts';
import type { OrderDatabase } from './database.ts';
import { hasLateParcel, hasTrackingNumber } from './parcels.ts';

type Condition = RawBuilder<boolean>;
/** A query for the ids and times of orders, newest first. */
type Way = RawBuilder<unknown>;
type Search = Omit<SearchOrders, 'limit'>;

/** The part of a search that all its ways share: what every order must meet, and how many are wanted. */
interface Wanted {
  conditions: readonly Condition[];
  after: Age | undefined;
  limit: number;
}

// More customers than share a surname. Of each of them the newest orders are looked up; beyond this, so many orders fit
// that going through the newest ones finds a page sooner.
const MAX_CUSTOMERS = 1_000;

/**
 * Reads what a search finds: `read` gets a query for the ids of the `limit` newest orders.
 *
 * What may be found in several ways, as the text of the one box, becomes a union of the first `limit` orders of each way,
 * because one condition with `or` could use no index. The database plans each search for its own values: a plan for any
 * values would be wrong for half of them.
 */
export const search = <Result>(
  db: Kysely<OrderDatabase>,
  { limit, ...request }: SearchOrders,
  read: (work: Transaction<OrderDatabase>, found: RawBuilder<unknown>) => Promise<Result>,
): Promise<Result> =>
  db.transaction().execute(async (work) => {
    await sql`select set_config('plan_cache_mode', 'force_custom_plan', true)`.execute(work);
    const ways = await waysTo(work, request, limit);
    const union = sql.join(
      ways.map((way) => sql`(${way})`),
      sql` union `,
    );
    const found = sql`
      select id from (${union}) as found order by found.created_at desc, found.id desc limit ${limit}`;
    return read(work, found);
  });

async function waysTo(work: Kysely<OrderDatabase>, request: Search, limit: number): Promise<Way[]> {
  const { q, email, sku, after } = request;
  const wanted = {
    conditions: conditionsOf(request),
    after: after === undefined ? undefined : decodeAge(after),
    limit,
  };
  const also = (...more: (Condition | false | undefined)[]): Wanted => ({
    ...wanted,
    conditions: [...wanted.conditions, ...more.filter((condition) => condition !== false && condition !== undefined)],
  });
  const withSku = sku !== undefined && containsSku(sku);
  if (q?.trim())
    return waysOfBox(work, q.trim(), also(email !== undefined && isOfCustomer(emailBegins(email)), withSku));
  if (email !== undefined) return [await byCustomers(work, emailBegins(email), also(withSku))];
  if (sku !== undefined) return [bySku(sku, wanted)];
  return [newest(wanted)];
}

/** The conditions on the order's own row, and on its parcels. */
function conditionsOf(request: Search): Condition[] {
  const { number, customerId, trackingNumber, late, status, paymentStatus, fulfillmentStatus } = request;
  const { from, before, minTotalMinor, maxTotalMinor, after } = request;
  const given: [unknown, () => Condition][] = [
    [number, () => sql`orders.number = ${number}`],
    [customerId, () => sql`orders.customer_id = ${customerId}::uuid`],
    [trackingNumber, () => hasTrackingNumber(trackingNumber!)],
    [late, () => hasLateParcel(late!)],
    [status, () => sql`orders.status = ${status}`],
    [paymentStatus, () => sql`orders.payment_status = ${paymentStatus}`],
    [fulfillmentStatus, () => sql`orders.fulfillment_status = ${fulfillmentStatus}`],
    [from, () => sql`orders.created_at >= ${from}::timestamptz`],
    [before, () => sql`orders.created_at < ${before}::timestamptz`],
    [minTotalMinor, () => sql`orders.total_minor >= ${minTotalMinor}`],
    [maxTotalMinor, () => sql`orders.total_minor <= ${maxTotalMinor}`],
    [after, () => olderThan(after!, 'orders.created_at')],
  ];
  return [
    sql`orders.recorded_at is not null`,
    ...given.filter(([value]) => value !== undefined).map(([, condition]) => condition()),
  ];
}

/** Everything that the text of the one box may be. */
async function waysOfBox(work: Kysely<OrderDatabase>, text: string, wanted: Wanted): Promise<Way[]> {
  const where = (condition: Condition) => newest({ ...wanted, conditions: [...wanted.conditions, condition] });
  if (z.uuid().safeParse(text).success) {
    return [where(sql`orders.id = ${text}::uuid`), where(sql`orders.customer_id = ${text}::uuid`)];
  }
  if (text.includes('@')) return [await byCustomers(work, emailBegins(text), wanted)];
  const number = /^#?(\d{1,15})$/.exec(text)?.[1];
  return [
    ...(number === undefined ? [] : [where(sql`orders.number = ${Number(number)}`)]),
    where(hasTrackingNumber(text)),
    ...(Sku.safeParse(text).success ? [bySku(text, wanted)] : []),
    await byCustomers(work, sql`(${emailBegins(text)} or ${nameHas(text)})`, wanted),
  ];
}

const and = (conditions: readonly Condition[]) => sql.join([...conditions], sql` and `);

const newest = ({ conditions, limit }: Wanted): Way => sql`
  select orders.id, orders.created_at from orders where ${and(conditions)}
   order by orders.created_at desc, orders.id desc limit ${limit}`;

/** The table of SKUs has the orders in this order, so only those of a page are read. */
const bySku = (sku: string, { conditions, after, limit }: Wanted): Way => sql`
  select orders.id, orders.created_at from order_skus join orders on orders.id = order_skus.order_id
   where order_skus.sku = ${sku} and ${and(conditions)}
     ${after ? sql`and (order_skus.created_at, order_skus.order_id) < (${after.at}, ${after.id}::uuid)` : sql``}
   order by order_skus.created_at desc, order_skus.order_id desc limit ${limit}`;

const containsSku = (sku: string): Condition => sql`exists (
  select from order_skus
   where order_skus.sku = ${sku} and order_skus.created_at = orders.created_at and order_skus.order_id = orders.id)`;

const isOfCustomer = (contact: Condition): Condition => sql`exists (
  select from contacts where contacts.customer_id = orders.customer_id and ${contact})`;

/** Orders of the customers with such a contact: the newest of each customer, so that a wholesaler's are not all read. */
async function byCustomers(work: Kysely<OrderDatabase>, contact: Condition, wanted: Wanted): Promise<Way> {
  const { conditions, limit } = wanted;
  const { rows } = await sql<{ customer_id: string }>`
    select customer_id from contacts where ${contact} limit ${MAX_CUSTOMERS + 1}`.execute(work);
  if (rows.length > MAX_CUSTOMERS) return newest({ ...wanted, conditions: [...conditions, isOfCustomer(contact)] });
  return sql`
    select found.id, found.created_at
      from unnest(${rows.map(({ customer_id }) => customer_id)}::uuid[]) as customer (customer_id)
     cross join lateral (${newest({
       ...wanted,
       conditions: [sql`orders.customer_id = customer.customer_id`, ...conditions],
     })}) as found
     order by found.created_at desc, found.id desc limit ${limit}`;
}
