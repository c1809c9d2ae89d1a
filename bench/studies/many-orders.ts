import { type Kysely, sql } from 'kysely';
import { connect } from '../../platform/database/connection.ts';

/** The customer with the most orders: one in twenty. */
export const WHOLESALER = '00000000-0000-4000-8000-000000000001';
/** A SKU of one order in ten; every other order has one of 4,000 SKUs. */
export const POPULAR_SKU = 'POPULAR';

// Inserting a million orders takes minutes.
const NO_TIMEOUT = 0;

const idOf = (number: string) =>
  sql`overlay(overlay(md5(${sql.raw(number)}) placing '4' from 13) placing '8' from 17)::uuid`;

/**
 * Fills an order database, connected as its owner, with `count` orders: one per second up to now, most of them completed,
 * each with its history and events, some with a return or an intervention.
 */
export async function fillWithOrders(ownerUrl: string, count: number): Promise<void> {
  const owner = connect<unknown>(ownerUrl, 1, NO_TIMEOUT);
  // The rows are consistent by construction; checking each reference would double the time.
  await sql`set session_replication_role = replica`.execute(owner);
  await sql`set synchronous_commit = off`.execute(owner);
  try {
    await insertOrders(owner, count);
    await insertSkus(owner);
    await insertContacts(owner, count);
    await insertHistoryAndEvents(owner);
    await insertReturns(owner);
    await insertInterventions(owner);
    await varyStatuses(owner);
    await promiseDelivery(owner);
    await insertParcels(owner);
    for (const table of [
      'orders',
      'parcels',
      'order_skus',
      'contacts',
      'order_history',
      'outbox',
      'returns',
      'interventions',
    ]) {
      await sql`vacuum analyze ${sql.id(table)}`.execute(owner);
    }
  } finally {
    await owner.destroy();
  }
}

async function insertOrders(owner: Kysely<unknown>, count: number): Promise<void> {
  await sql`
    insert into orders (id, customer_id, status, payment_status, fulfillment_status, lines, total_minor, currency,
                        shipping_address, payment_method, rejection, tracking_number, version, recorded_at, decided_at,
                        created_at, updated_at)
    select ${idOf("'order ' || n")},
           case when n % 20 = 0 then ${WHOLESALER}::uuid else ${idOf(`'customer ' || n % ${Math.ceil(count / 8)}`)} end,
           status, 'captured', 'delivered',
           jsonb_build_array(jsonb_build_object('sku', case when n % 10 = 0 then ${sql.lit(POPULAR_SKU)} else 'SKU-' || n % 4000 end, 'name', 'White hanging heart T-light holder',
             'quantity', 1 + n % 13, 'unitPrice', jsonb_build_object('amountMinor', 255, 'currency', 'GBP'))),
           case when n % 2003 = 0 then 50000000 else 255 * (1 + n % 13) end, 'GBP',
           '{"name": "Ada Lovelace", "line1": "12 High Street", "city": "London", "postalCode": "N1 9GU", "country": "GB"}',
           'pm_card_visa', case status when 'rejected' then '{"code": "OutOfStock", "detail": "none left"}'::jsonb end,
           'SB-' || n, 7, at, at + interval '80 milliseconds', at, at + interval '3 days'
      from generate_series(1, ${count}::int) as n,
           lateral (select date_trunc('milliseconds', now()) - (${count}::int - n) * interval '1 second' as at,
                           case when n % 1009 = 0 then 'requires_action' when n % 25 = 0 then 'rejected'
                                when n % 33 = 0 then 'canceled' when n % 12 = 0 then 'confirmed'
                                else 'completed' end as status)`.execute(owner);
}

/** The trigger that adds them is off here. */
async function insertSkus(owner: Kysely<unknown>): Promise<void> {
  await sql`
    insert into order_skus (sku, created_at, order_id)
    select line->>'sku', created_at, id from orders, jsonb_array_elements(lines) as line order by 1, 2`.execute(owner);
}

/** Every tenth customer is called Smith, every thousandth Zhukov; twice as many people have an account as have ordered. */
async function insertContacts(owner: Kysely<unknown>, count: number): Promise<void> {
  const customers = Math.ceil(count / 8);
  await sql`
    insert into contacts (customer_id, email, name)
    select ${idOf("'customer ' || n")}, 'customer' || n || '@example.com',
           'Ada ' || case when n % 1000 = 500 then 'Zhukov' when n % 10 = 0 then 'Smith' else 'No' || n end
      from generate_series(0, ${2 * customers}::int) as n`.execute(owner);
  await sql`
    insert into contacts (customer_id, email, name)
    values (${WHOLESALER}::uuid, 'buyer@wholesale.example', 'Wilhelmina Wholesale')`.execute(owner);
}

async function insertHistoryAndEvents(owner: Kysely<unknown>): Promise<void> {
  await sql`
    insert into order_history (order_id, workflow_id, sequence, at, step, outcome)
    select id, 'order-' || id, sequence, created_at + sequence * interval '15 milliseconds', step, 'succeeded'
      from orders, unnest(array['record', 'reserveStock', 'authorizePayment', 'bookShipment', 'confirm', 'dispatch',
                                'capturePayment', 'deliver', 'complete']) with ordinality as steps (step, sequence)
     order by created_at, sequence`.execute(owner);
  await sql`
    insert into outbox (id, source, type, subject, data, occurred_at)
    select gen_random_uuid(), '/services/order', type, id, jsonb_build_object('orderId', id, 'customerId', customer_id),
           created_at
      from orders, unnest(array['order.placed', 'order.confirmed', 'order.completed']) as type
     order by created_at`.execute(owner);
}

async function insertReturns(owner: Kysely<unknown>): Promise<void> {
  await sql`
    insert into returns (id, order_id, customer_id, status, lines, received, refund_minor, reason, created_at)
    select gen_random_uuid(), id, customer_id, 'refunded', '[{"sku": "SKU-1", "quantity": 1}]',
           '[{"sku": "SKU-1", "quantity": 1, "condition": "resellable"}]', 255, 'broken', created_at
      from (select *, row_number() over (order by created_at) as n from orders) as numbered
     where n % 4 = 3`.execute(owner);
}

/** Few are open: the others were resolved. */
async function insertInterventions(owner: Kysely<unknown>): Promise<void> {
  await sql`
    insert into interventions (id, order_id, workflow_id, step, reason, state, action, note, resolved_by, opened_at,
                               resolved_at)
    select gen_random_uuid(), id, 'order-' || id, 'capturePayment', 'refused for good', state,
           case state when 'resolved' then 'retry' end, case state when 'resolved' then 'seen' end,
           case state when 'resolved' then 'admin' end, created_at, case state when 'resolved' then now() end
      from (select *, row_number() over (order by created_at) as n from orders) as numbered,
           lateral (select case when n % 1000 = 7 then 'open' else 'resolved' end as state)
     where n % 20 = 7`.execute(owner);
}

/** Three in a hundred confirmed orders are booked, one is shipped, the others were delivered and can be returned. */
async function varyStatuses(owner: Kysely<unknown>): Promise<void> {
  await sql`
    update orders set fulfillment_status = case when n % 100 = 0 then 'shipped' else 'booked' end,
                      payment_status = case when n % 100 = 0 then 'captured' else 'authorized' end
      from (select id as numbered, row_number() over (order by created_at) as n from orders where status = 'confirmed')
             as confirmed
     where id = numbered and n % 50 in (0, 1) `.execute(owner);
  await sql`
    update orders set returnable_until = created_at + interval '30 days'
     where fulfillment_status = 'delivered' and status in ('confirmed', 'completed')`.execute(owner);
  await sql`
    insert into order_history (order_id, workflow_id, sequence, at, step, outcome)
    select id, 'order-' || id, 100, updated_at, 'cancel', 'started' from orders where status = 'canceled'`.execute(
    owner,
  );
}

/** Deliveries were promised for three days after the order; of those that are not delivered yet, half are late. */
async function promiseDelivery(owner: Kysely<unknown>): Promise<void> {
  await sql`
    update orders set promised_by = case when n % 2 = 0 then now() - interval '1 day' else created_at + interval '3 days' end
      from (select id as numbered, row_number() over (order by created_at) as n from orders
             where fulfillment_status in ('booked', 'shipped')) as underway
     where id = numbered`.execute(owner);
  await sql`
    update orders set promised_by = created_at where fulfillment_status = 'delivered' and status = 'completed'`.execute(
    owner,
  );
}

/**
 * One in eight orders with several pieces, and one in three of those on their way, travels in two parcels, the second one with
 * the last piece. Of some only the first has left; of these one in four is lost.
 */
async function insertParcels(owner: Kysely<unknown>): Promise<void> {
  await sql`
    update orders set in_parcels = true,
                      captured_minor = case when payment_status = 'captured' then total_minor else 0 end,
                      fulfillment_status = case fulfillment_status when 'shipped' then 'partially_shipped' else fulfillment_status end
      from (select id as numbered, row_number() over (order by fulfillment_status, created_at) as n from orders
             where status in ('confirmed', 'completed') and (lines->0->>'quantity')::int > 1) as divisible
     where id = numbered and (n % 8 = 0 or (fulfillment_status <> 'delivered' and n % 3 = 0))`.execute(owner);
  await sql`
    insert into parcels (id, order_id, lines, status, tracking_number, promised_by, price_minor, captured_minor, created_at,
                         updated_at)
    select case part when 1 then orders.id else gen_random_uuid() end, orders.id,
           jsonb_build_array(jsonb_build_object('sku', lines->0->'sku', 'quantity', quantity, 'unitMinor', 255)),
           case fulfillment_status when 'partially_shipped' then case part when 1 then 'dispatched' else 'booked' end
             else fulfillment_status end,
           tracking_number || case part when 1 then '' else '-2' end, promised_by,
           case part when 1 then total_minor - 255 else 255 end,
           case when payment_status = 'captured' then case part when 1 then total_minor - 255 else 255 end end,
           created_at + (part - 1) * interval '1 hour', updated_at
      from orders, generate_series(1, 2) as part,
           lateral (select case part when 1 then (lines->0->>'quantity')::int - 1 else 1 end as quantity) as divided
     where in_parcels order by created_at`.execute(owner);
  await sql`
    update parcels set status = 'lost'
      from (select id as numbered, row_number() over (order by created_at) as n from parcels where status = 'dispatched')
             as underway
     where id = numbered and n % 4 = 0`.execute(owner);
  await sql`
    update orders set fulfillment_status = 'lost' where id in (select order_id from parcels where status = 'lost')`.execute(
    owner,
  );
}
