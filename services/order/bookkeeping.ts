import { type Kysely, type Transaction, type UpdateObject, sql } from 'kysely';
import type { OrderUpdate } from '../../activities/order.ts';
import { orderEvents } from '../../activities/order.ts';
import { storableText } from '../../platform/database/storable-text.ts';
import { createOutboxWriter, written } from '../../platform/events/outbox.ts';
import type { OrderDatabase, OrdersTable } from './database.ts';
import type { Selectable } from 'kysely';

export type OrderRow = Selectable<OrdersTable>;
export type Work = Transaction<OrderDatabase>;

/** What `written` emits when something is added to a story. */
export const HISTORY = 'order history';

const tell = createOutboxWriter('order', orderEvents);

export interface OrderSettings {
  /** How long delivered goods may be sent back. */
  returnWindowDays: number;
  /** Called after an order has moved, for those who wait for it. */
  moved(orderId: string): void;
}

/** One step of an order's bookkeeping: which orders it applies to, what it changes, and what is told of it. */
export interface Move {
  /** SQL condition on `orders`: where it does not hold the step was taken before, and nothing changes. */
  from: ReturnType<typeof sql<boolean>>;
  change: UpdateObject<OrderDatabase, 'orders'>;
  event?: (work: Work, order: OrderRow) => Promise<void>;
  /** Whether the story of a step that changes nothing is none: it was told when it did, or never happened. */
  toldOnlyIfMoved?: boolean;
}

/** Moves an order on, in one transaction with the story so far and the event. Taken again it does nothing. */
export async function advance(db: Kysely<OrderDatabase>, note: OrderUpdate, move: Move): Promise<OrderRow | undefined> {
  return db.transaction().execute(async (work) => {
    const order = await work
      .updateTable('orders')
      .set({ ...move.change, version: sql`version + 1`, updated_at: sql`now()` })
      .where('id', '=', note.orderId)
      .where(move.from)
      .returningAll()
      .executeTakeFirst();
    if (order || !move.toldOnlyIfMoved) await writeHistory(work, note);
    if (order) await move.event?.(work, order);
    return order;
  });
}

/** Adds what is new of the story; an entry told before stays as it was. */
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
  written.emit(HISTORY);
}

type EventType = Parameters<typeof tell>[1]['type'];

/** Tells of something that happened to `order`: every event of ours says whose order it is. */
export const announce = (work: Work, order: OrderRow, type: EventType, more: Record<string, unknown>): Promise<void> =>
  tell(work, { type, subject: order.id, data: { orderId: order.id, customerId: order.customer_id, ...more } });
