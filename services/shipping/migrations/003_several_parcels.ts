import { type Kysely, sql } from 'kysely';

/**
 * An order may be sent in several parcels. `parcel_id` is null for the order's first, whose id is the order's: so rows
 * from before are valid as they are, no row has to be written under the lock, and a service of the version before, which
 * knows no parcels, books as it did. Only the index is built: at a million shipments in a second.
 *
 * Until that service is replaced, its cancellations fail, `on conflict (order_id)` finding no such key, and the workflows
 * repeat them. Its reports of movements are about all parcels of an order: the order services, which alone ask for
 * further parcels, are replaced after it.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table shipments
      add column parcel_id uuid,
      -- When the carrier has promised to deliver by; null if it has promised nothing.
      add column promised_by timestamptz,
      drop constraint shipments_pkey,
      drop constraint shipments_status_check,
      add constraint shipments_status_check check (status in
        ('booked', 'dispatched', 'delayed', 'lost', 'returned_to_sender', 'delivered', 'canceled')) not valid`.execute(
    db,
  );
  // The key of a parcel, and the order of the lists.
  await sql`
    create unique index shipments_key on shipments (order_id, coalesce(parcel_id, order_id))`.execute(db);
  await sql`
    alter table movements
      drop constraint movements_type_check,
      add constraint movements_type_check
        check (type in ('dispatched', 'delivered', 'delayed', 'lost', 'returned_to_sender')) not valid`.execute(db);
}
