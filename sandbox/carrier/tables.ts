import type { SqliteFile } from '../sqlite.ts';

const TABLES = [
  `create table if not exists parcels (
    tracking_number text primary key,
    order_id text not null,
    -- The order's id for its first parcel.
    parcel_id text not null,
    address text not null,
    status text not null check (status in
      ('booked', 'dispatched', 'delayed', 'lost', 'returned_to_sender', 'delivered', 'canceled')),
    promised_by text,
    moved_at_ms integer not null,
    -- A parcel is booked once, regardless of the Idempotency-Key.
    unique (order_id, parcel_id)
  ) strict`,
  `create index if not exists parcels_to_move on parcels (moved_at_ms) where status in ('booked', 'dispatched')`,
  `-- Parcels that can no longer be booked, even if there was nothing to cancel.
  create table if not exists canceled_parcels (
    order_id text not null,
    parcel_id text not null,
    primary key (order_id, parcel_id)
  ) strict`,
  `create table if not exists ledger (
    sequence integer primary key,
    id text not null unique,
    order_id text not null,
    type text not null check (type in ('booking', 'cancellation', 'dispatch', 'delivery', 'return')),
    tracking_number text not null references parcels,
    idempotency_key text,
    at text not null,
    unique (tracking_number, type)
  ) strict`,
  'create index if not exists ledger_of_order on ledger (order_id)',
];

/** The carrier's parcels and its ledger. */
export const PARCELS_SCHEMA = TABLES.map((statement) => `${statement};`).join('\n');

/** The columns of an entry of the ledger, as the API shows it. */
export const ENTRY_COLUMNS = `id, order_id as "orderId", type, tracking_number as "trackingNumber",
  idempotency_key as "idempotencyKey", at`;

/**
 * Copies the tables of a file that an older version has written, in which an order had one parcel, into those of this
 * version: SQLite cannot change the keys and checks of a table.
 */
export function upgradeParcels(db: SqliteFile): void {
  if (db.first(`select 1 from pragma_table_info('parcels') where name = 'parcel_id'`)) return;
  db.transaction(() => {
    const before = ['drop index parcels_to_move', 'drop index ledger_of_order'];
    const renamed = ['ledger', 'parcels'].map((name) => `alter table ${name} rename to old_${name}`);
    for (const statement of [...before, ...renamed, ...TABLES, ...COPIES]) db.run(statement);
  });
}

const COPIES = [
  `insert into parcels (tracking_number, order_id, parcel_id, address, status, moved_at_ms)
    select tracking_number, order_id, order_id, address, status, moved_at_ms from old_parcels order by rowid`,
  `insert into ledger (sequence, id, order_id, type, tracking_number, idempotency_key, at)
    select sequence, id, order_id, type, tracking_number, idempotency_key, at from old_ledger`,
  'insert into canceled_parcels (order_id, parcel_id) select order_id, order_id from canceled_orders',
  'drop table old_ledger',
  'drop table old_parcels',
  'drop table canceled_orders',
];
