import { type Kysely, type Transaction, type UpdateObject, sql } from 'kysely';
import type { OrderUpdate } from '../../activities/order-bookkeeping.ts';
import { orderEvents } from '../../activities/order.ts';
import { storableText } from '../../platform/database/storable-text.ts';
import { createOutboxWriter, written } from '../../platform/events/outbox.ts';
import type { OrderDatabase, OrdersTable } from './database.ts';
import type { Selectable } from 'kysely';

export type OrderRow = Selectable<OrdersTable>;
export type Work = Transaction<OrderDatabase>;

/** The event that `written` emits when history entries are added. */
export const HISTORY_WRITTEN = 'order history';

const writeEvent = createOutboxWriter('order', orderEvents);

export interface OrderSettings {
  /** Length of the return window, which opens at delivery. */
  returnWindowDays: number;
  /** Called after an order has changed, to wake requests that wait for it. */
  moved(orderId: string): void;
}

/** A change of an order: when it applies, what it sets, and the event it publishes. */
export interface StatusChange {
  /** SQL condition on `orders`. If it does not hold, the change was applied before, and nothing changes. */
  appliesIf: ReturnType<typeof sql<boolean>>;
  set: UpdateObject<OrderDatabase, 'orders'>;
  event?: (work: Work, order: OrderRow) => Promise<void>;
  /** Whether history entries are dropped if the change does not apply. By default they are stored all the same. */
  recordsHistoryOnlyIfApplied?: boolean;
}

/**
 * Applies a change in one transaction with the new history entries and the event. A repeat changes nothing.
 * Returns the changed order; undefined if the change did not apply.
 */
export async function applyChange(
  db: Kysely<OrderDatabase>,
  note: OrderUpdate,
  { appliesIf, set, event, recordsHistoryOnlyIfApplied = false }: StatusChange,
): Promise<OrderRow | undefined> {
  return db.transaction().execute(async (work) => {
    const order = await work
      .updateTable('orders')
      .set({ ...set, version: sql`version + 1`, updated_at: sql`now()` })
      .where('id', '=', note.orderId)
      .where(appliesIf)
      .returningAll()
      .executeTakeFirst();
    if (order || !recordsHistoryOnlyIfApplied) await writeHistory(work, note);
    if (order) await event?.(work, order);
    return order;
  });
}

/** Adds new history entries. Entries that are stored already stay as they are. */
export async function writeHistory(work: Kysely<OrderDatabase>, note: OrderUpdate): Promise<void> {
  if (note.entries.length === 0) return;
  await work
    .insertInto('order_history')
    .values(
      note.entries.map(({ sequence, at, step, outcome, attempt, detail }) => ({
        order_id: note.orderId,
        workflow_id: note.workflowId,
        sequence,
        at,
        step,
        outcome,
        attempt: attempt ?? null,
        detail: detail === undefined ? null : storableText(detail),
      })),
    )
    .onConflict((conflict) => conflict.columns(['workflow_id', 'step', 'outcome', 'sequence']).doNothing())
    .execute();
  written.emit(HISTORY_WRITTEN);
}

type EventType = Parameters<typeof writeEvent>[1]['type'];

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
