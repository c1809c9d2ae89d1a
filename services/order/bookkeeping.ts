import { type Kysely, type RawBuilder, type Selectable, type Transaction, type UpdateObject, sql } from 'kysely';
import type { HistoryEntry } from '../../activities/order-status.ts';
import type { OrderUpdate } from '../../activities/order-update.ts';
import { orderEvents } from '../../activities/order-events.ts';
import { storableText } from '../../platform/database/storable-text.ts';
import { createOutboxWriter, newEvent, written } from '../../platform/events/outbox.ts';
import type { OrderDatabase, OrdersTable } from './database.ts';

export type OrderRow = Selectable<OrdersTable>;
export type Work = Transaction<OrderDatabase>;

/** The event that `written` emits when history entries are added. */
export const HISTORY_WRITTEN = 'order history';

const writeEvent = createOutboxWriter('order', orderEvents);
export type EventType = Parameters<typeof writeEvent>[1]['type'];

export interface OrderSettings {
  /** Length of the return window, which opens at delivery. */
  returnWindowDays: number;
  /** How long a customer may take to confirm a payment. */
  paymentActionMinutes: number;
  /** Called after an order has changed, to wake requests that wait for it. */
  moved(orderId: string): void;
}

/** A change of an order: when it applies, what it sets, and the event it publishes. */
export interface StatusChange {
  /** SQL condition on `orders`. If it does not hold, the change was applied before, and nothing changes. */
  appliesIf: RawBuilder<boolean>;
  set: UpdateObject<OrderDatabase, 'orders'>;
  event?: ChangeEvent;
  /** Whether history entries are dropped if the change does not apply. By default they are stored all the same. */
  recordsHistoryOnlyIfApplied?: boolean;
  /** When the order's workflow becomes due, of an order whose workflow is still to be started. */
  workflowDue?: RawBuilder<Date>;
  /** A statement that changes other rows too, given the part of the statement with the changed order. */
  also?: (changed: RawBuilder<unknown>) => RawBuilder<unknown>;
}

/** An event about the changed order. */
export interface ChangeEvent {
  type: EventType;
  /** SQL over the changed order's columns: the event's data, in addition to the ids and the number. */
  data: RawBuilder<unknown>;
}

/** What a change may have changed of an order; the columns that never change are left out. */
export type ChangedOrder = Pick<
  OrderRow,
  'version' | 'updated_at' | 'decided_at' | 'returnable_until' | 'tracking_number' | 'promised_by'
>;

/**
 * Applies a change, with the new history entries and the event, in one statement. A repeat changes nothing. Returns the
 * changed order; undefined if the change did not apply.
 */
export async function applyChange(
  db: Kysely<OrderDatabase>,
  { orderId, workflowId, entries }: OrderUpdate,
  { appliesIf, set, event, recordsHistoryOnlyIfApplied = false, workflowDue, also }: StatusChange,
): Promise<ChangedOrder | undefined> {
  const change = db
    .updateTable('orders')
    .set({ ...set, version: sql`version + 1`, updated_at: sql`now()` })
    .where('id', '=', orderId)
    .where(appliesIf)
    .returningAll();
  const told = recordsHistoryOnlyIfApplied ? sql`select id from changed` : sql`values (${orderId}::uuid)`;
  const parts = [
    sql`changed as (${change})`,
    ...(entries.length > 0 ? [sql`told as (${insertEntries(told, workflowId, entries)})`] : []),
    ...(event ? [sql`published as (${insertEvent(sql`changed`, event)})`] : []),
    ...(workflowDue ? [sql`due as (${setDue(sql`changed`, workflowDue)})`] : []),
    ...(also ? [sql`also as (${also(sql`changed`)})`] : []),
  ];
  const { rows } = await sql<ChangedOrder>`
    with ${sql.join(parts)}
    select version, updated_at, decided_at, returnable_until, tracking_number, promised_by from changed`.execute(db);
  const [changed] = rows;
  if (entries.length > 0) written.emit(HISTORY_WRITTEN);
  if (changed && event) written.emit('order');
  return changed;
}

/** Applies changes, and wakes the requests that wait for the order. */
export const changeAndNotify =
  (db: Kysely<OrderDatabase>, settings: OrderSettings) =>
  async (note: OrderUpdate, statusChange: StatusChange): Promise<void> => {
    await applyChange(db, note, statusChange);
    settings.moved(note.orderId);
  };

/** Adds new history entries. Entries that are stored already stay as they are. */
export async function writeHistory(
  work: Kysely<OrderDatabase>,
  { orderId, workflowId, entries }: OrderUpdate,
): Promise<void> {
  if (entries.length === 0) return;
  await insertEntries(sql`values (${orderId}::uuid)`, workflowId, entries).execute(work);
  written.emit(HISTORY_WRITTEN);
}

/** `told` is a query for the id of the order that the entries belong to; without a row nothing is inserted. */
export const insertEntries = (told: RawBuilder<unknown>, workflowId: string, entries: readonly HistoryEntry[]) => sql`
  insert into order_history (order_id, workflow_id, sequence, at, step, outcome, attempt, detail)
  select told.id, ${workflowId}, entry.sequence, entry.at, entry.step, entry.outcome, entry.attempt, entry.detail
    from (${told}) as told (id),
         jsonb_to_recordset(${JSON.stringify(entries.map(storable))}::jsonb) as entry (
           sequence integer, at timestamptz, step text, outcome text, attempt integer, detail text)
  on conflict (workflow_id, step, outcome, sequence) do nothing`;

const storable = ({ detail, ...entry }: HistoryEntry) => ({
  ...entry,
  ...(detail !== undefined && { detail: storableText(detail) }),
});

/** Inserts an event about each order of `orders`, a table or a part of the statement. */
export function insertEvent(orders: RawBuilder<unknown>, { type, data }: ChangeEvent) {
  const { id, source, traceparent } = newEvent('order');
  return sql`
  insert into outbox (id, source, type, subject, data, traceparent)
  select ${id}::uuid, ${source}, ${type}, id,
         jsonb_build_object('orderId', id, 'customerId', customer_id, 'number', number::text) || ${data}, ${traceparent}
    from ${orders}`;
}

/** Makes the workflows of these orders due, where they are still to be started. */
const setDue = (orders: RawBuilder<unknown>, at: RawBuilder<Date>) =>
  sql`update workflows_to_start set due_at = ${at} from ${orders} as due where order_id = due.id`;

/** Writes an event about `order` to the outbox, with the order's and the customer's id. */
export const writeOrderEvent = (
  work: Work,
  order: OrderRow,
  type: EventType,
  more: Record<string, unknown>,
): Promise<void> =>
  writeEvent(work, {
    type,
    subject: order.id,
    data: { orderId: order.id, customerId: order.customer_id, number: String(order.number), ...more },
  });
