import { type Kysely, sql } from 'kysely';

/** An order may wait for the holder of its card. Rows from before satisfy both checks, so none has to be read under the lock. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table orders
      drop constraint orders_payment_status_check,
      add constraint orders_payment_status_check
        check (payment_status in ('not_paid', 'awaiting_customer', 'authorized', 'captured', 'partially_refunded',
          'refunded', 'canceled', 'requires_action')) not valid,
      -- What the customer must do, and until when.
      add column next_action jsonb,
      -- Nobody waits for a customer who was not told what to do.
      add constraint awaited_customer_knows
        check (payment_status <> 'awaiting_customer' or next_action is not null) not valid`.execute(db);
}
