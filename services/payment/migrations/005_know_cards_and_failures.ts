import { type Kysely, sql } from 'kysely';

/**
 * Rows from before satisfy the check, so none has to be read under the lock, and the version before this one may still write
 * them: it sets none of these columns.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table payments
      -- The processor's id of the customer whose payment methods the holds are placed on, at a processor that needs one.
      add column customer text,
      -- Whether the card of the only hold can be captured several times. Null: as with every card of the processor.
      add column captures_several boolean,
      -- A capture was recorded after which no more is captured of the order.
      add column settled boolean not null default false`.execute(db);
  await sql`alter table holds add column captures_several boolean`.execute(db);
  await sql`
    alter table operations
      drop constraint operations_state_check,
      -- failed: it was done, and the processor has taken it back since.
      add constraint operations_state_check
        check (state in ('asked', 'done', 'refused', 'given_up', 'failed')) not valid`.execute(db);
}
