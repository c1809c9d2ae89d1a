import { type Kysely, sql } from 'kysely';

/** A return whose refund a person skipped stayed `received`, as if it still waited for the refund. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table returns
      drop constraint returns_status_check,
      add constraint returns_status_check
        check (status in ('requested', 'received', 'refunded', 'not_refunded', 'expired'))`.execute(db);
  await sql`
    update returns set status = 'not_refunded'
     where status = 'received' and exists (
       select from interventions
        where interventions.order_id = returns.order_id and workflow_id = 'return-' || returns.id
          and step = 'refundPayment' and action = 'skip')`.execute(db);
  // The goods of received returns, which changed the order only together with the refund.
  await sql`
    update orders set
        fulfillment_status = case when remaining.quantity = 0 then 'returned' else 'partially_returned' end,
        version = version + 1
      from (
        select order_id, (
            select sum((line->>'quantity')::bigint) from orders as bought, jsonb_array_elements(bought.lines) as line
             where bought.id = order_id)
          - sum((line->>'quantity')::bigint) as quantity
          from returns, jsonb_array_elements(received) as line
         where status in ('received', 'refunded', 'not_refunded')
         group by order_id) as remaining
     where orders.id = remaining.order_id and fulfillment_status in ('delivered', 'partially_returned')`.execute(db);
}
