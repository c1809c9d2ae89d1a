import type { InventoryActivities } from '../../../activities/inventory.ts';
import type { PaymentActivities } from '../../../activities/payment.ts';
import type { ShippingActivities } from '../../../activities/shipping.ts';
import type { OrderSteps, PlacedOrder } from './order.ts';

/** The steps of an order, however an engine calls them. */
export interface Steps {
  order: OrderSteps;
  inventory: Pick<InventoryActivities, 'reserveStock' | 'releaseStock'>;
  payment: Pick<PaymentActivities, 'authorizePayment' | 'voidPayment'>;
  shipping: Pick<ShippingActivities, 'bookShipment' | 'cancelShipment'>;
}

export type Outcome = { status: 'confirmed' } | { status: 'rejected'; reason: string };

/**
 * One order from placed to confirmed, or undone: the same text for every peer. Types are all it imports, so that a
 * workflow's sandbox takes it as well as a plain process does.
 */
export async function placeOrder(order: PlacedOrder, steps: Steps): Promise<Outcome> {
  const { orderId } = order;
  const undos: (() => Promise<void>)[] = [];
  await steps.order.recordOrder(order);
  try {
    undos.unshift(() => steps.inventory.releaseStock({ orderId }));
    const lines = order.lines.map(({ sku, quantity }) => ({ sku, quantity }));
    await steps.inventory.reserveStock({ orderId, lines });

    undos.unshift(() => steps.payment.voidPayment({ orderId }));
    const { total: amount, paymentMethod } = order;
    await steps.payment.authorizePayment({ orderId, amount, paymentMethod });

    undos.unshift(() => steps.shipping.cancelShipment({ orderId }));
    const { trackingNumber } = await steps.shipping.bookShipment({ orderId, address: order.shippingAddress });

    await steps.order.confirmOrder({ orderId, trackingNumber });
    return { status: 'confirmed' };
  } catch (error) {
    for (const undo of undos) await undo();
    await steps.order.rejectOrder({ orderId });
    return { status: 'rejected', reason: String(error) };
  }
}
