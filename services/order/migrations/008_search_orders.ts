import { type Kysely, sql } from 'kysely';

/** Staff find orders by SKU, tracking number, total and each status, newest first. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createSkus(db);
  await fillSkus(db);
  await indexOrders(db);
}

/**
 * Which orders contain a SKU, in the order of the lists. A table of its own, written once with the order: an index on the
 * lines themselves would be written again at each of an order's changes, and would find the orders in no order, so that
 * all orders of a popular SKU had to be sorted for the first page.
 */
async function createSkus(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table order_skus (
      sku text not null,
      created_at timestamptz not null,
      -- No foreign key: only the trigger writes here, and orders are never deleted. Checking it for each row would cost
      -- more than writing it.
      order_id uuid not null,
      constraint order_skus_key primary key (sku, created_at, order_id)
    )`.execute(db);
  await sql`
    create function index_order_skus() returns trigger language plpgsql as $$
    begin
      insert into order_skus (sku, created_at, order_id)
      select distinct line->>'sku', new.created_at, new.id from jsonb_array_elements(new.lines) as line;
      return null;
    end $$`.execute(db);
}

/**
 * The orders placed so far. Placing goes on meanwhile: the trigger, which must wait for the orders being placed, and with
 * it the lock on the table, comes after the long part, and the orders of the last minutes are added after it. A trigger,
 * so that no order is left out that an order service of the version before still places.
 */
async function fillSkus(db: Kysely<unknown>): Promise<void> {
  const skusOf = (orders: ReturnType<typeof sql>) => sql`
    insert into order_skus (sku, created_at, order_id)
    select distinct line->>'sku', created_at, id from (${orders}) as placed, jsonb_array_elements(lines) as line
    on conflict do nothing`;
  await skusOf(sql`select id, created_at, lines from orders`).execute(db);
  await sql`
    create trigger index_skus after insert on orders
    for each row execute function index_order_skus()`.execute(db);
  // A statement of the service takes four seconds at most, so whatever the first part did not see is younger than this.
  const lately = sql`created_at > now() - interval '1 minute'`;
  await skusOf(sql`
    select id, created_at, lines from orders where recorded_at is not null and ${lately}
    union all
    select id, created_at, lines from orders where recorded_at is null and status = 'pending' and ${lately}`).execute(
    db,
  );
}

/**
 * For the conditions of the search. At a million orders they are built in some seconds. Every change of an order writes
 * its row into each index that has it, so those of the statuses leave out the ones that an order begins with and those of
 * most orders at their end: of these a page is found soon by age.
 */
async function indexOrders(db: Kysely<unknown>): Promise<void> {
  await sql`
    create index orders_by_payment_status on orders (payment_status, created_at desc, id desc)
    where recorded_at is not null and payment_status not in ('not_paid', 'captured')`.execute(db);
  await sql`
    create index orders_by_fulfillment_status on orders (fulfillment_status, created_at desc, id desc)
    where recorded_at is not null and fulfillment_status not in ('not_fulfilled', 'delivered')`.execute(db);
  // Finds the few unusual orders; where the bounds are wide, the first page is found by age.
  await sql`create index orders_by_total on orders (total_minor) where recorded_at is not null`.execute(db);
  await sql`
    create index orders_by_tracking_number on orders (tracking_number) where tracking_number is not null`.execute(db);
}
