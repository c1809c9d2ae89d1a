import { type Generated, type Kysely, type UpdateObject, sql } from 'kysely';
import type { OrderSteps, PlacedOrder } from './order.ts';

export interface PeerOrderDatabase {
  orders: {
    id: string;
    customer_id: string;
    status: Generated<'pending' | 'confirmed' | 'rejected'>;
    payment_status: Generated<'authorized' | 'captured'>;
    fulfillment_status: Generated<'booked' | 'shipped' | 'delivered'>;
    lines: string;
    total_minor: number;
    currency: string;
    shipping_address: string;
    payment_method: string;
    tracking_number: Generated<string | null>;
    updated_at: Generated<Date>;
  };
}

/**
 * A peer's steps on its own order table. They do less than the platform's, which also write history entries and events:
 * the difference favours the peers.
 */
export function createOrderSteps(db: Kysely<PeerOrderDatabase>): OrderSteps {
  const decide = (orderId: string, change: { status: 'confirmed' | 'rejected'; tracking_number?: string }) =>
    db
      .updateTable('orders')
      .set({ ...change, updated_at: sql`now()` })
      .where('id', '=', orderId)
      .where('status', '=', 'pending')
      .execute();

  const advance = (orderId: string, change: UpdateObject<PeerOrderDatabase, 'orders'>) =>
    db
      .updateTable('orders')
      .set({ ...change, updated_at: sql`now()` })
      .where('id', '=', orderId)
      .where('status', '=', 'confirmed')
      .execute();

  return {
    recordOrder: async (order) => void (await insertOrder(db, order)),
    confirmOrder: async ({ orderId, trackingNumber }) =>
      void (await decide(orderId, { status: 'confirmed', tracking_number: trackingNumber })),
    rejectOrder: async ({ orderId }) => void (await decide(orderId, { status: 'rejected' })),
    dispatchOrder: async ({ orderId }) => void (await advance(orderId, { fulfillment_status: 'shipped' })),
    captureOrder: async ({ orderId }) => void (await advance(orderId, { payment_status: 'captured' })),
    deliverOrder: async ({ orderId }) => void (await advance(orderId, { fulfillment_status: 'delivered' })),
  };
}

/** Records the order as pending; false if it is recorded already. */
export async function insertOrder(db: Kysely<PeerOrderDatabase>, order: PlacedOrder): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('orders')
    .values({
      id: order.orderId,
      customer_id: order.customerId,
      lines: JSON.stringify(order.lines),
      total_minor: order.total.amountMinor,
      currency: order.total.currency,
      shipping_address: JSON.stringify(order.shippingAddress),
      payment_method: order.paymentMethod,
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}
