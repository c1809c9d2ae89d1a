import { type Kysely, sql } from 'kysely';

/**
 * Which order a mail is about was known only to the data of its event. As a generated column it is right for existing
 * rows too, and for those that an older version of the service still writes. This rewrites the table under a lock,
 * for which mails wait: 200,000 take 2 s.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table mails
      add column order_id uuid generated always as ((data->>'orderId')::uuid) stored,
      -- A mail that staff had sent again is a mail of its own. Its id is that of their request.
      add column resend_of uuid references mails,
      add column resent_by text,
      add constraint resent_mail_says_by_whom check ((resend_of is null) = (resent_by is null))`.execute(db);
  // An order has a dozen mails at most: among them its newest of one kind is found without an index of its own.
  await sql`
    create index mails_of_order on mails (order_id, created_at desc, id desc) where order_id is not null`.execute(db);
}
