import type { InventoryActivities } from '../../../activities/inventory.ts';
import type { PaymentActivities } from '../../../activities/payment.ts';
import type { ShippingActivities } from '../../../activities/shipping.ts';
import type { OrderSteps, PlacedOrder } from './order.ts';

/** The steps of an order. How they are called depends on the engine. */
export interface Steps {
  order: OrderSteps;
  inventory: Pick<InventoryActivities, 'reserveStock' | 'releaseStock'>;
  payment: Pick<PaymentActivities, 'authorizePayment' | 'voidPayment'>;
  shipping: Pick<ShippingActivities, 'bookShipment' | 'cancelShipment'>;
}

export type Outcome = { status: 'confirmed' } | { status: 'rejected'; reason: string };

/**
 * Carries one order from placed to confirmed, or compensates it: the same code for every peer. It imports only types, so
 * that it runs in a workflow's sandbox as well as in a plain process.
 */
export async function placeOrder(order: PlacedOrder, steps: Steps): Promise<Outcome> {
  const { orderId } = order;
  const compensations: (() => Promise<unknown>)[] = [];
  await steps.order.recordOrder(order);
  try {
    compensations.unshift(() => steps.inventory.releaseStock({ orderId }));
    const lines = order.lines.map(({ sku, quantity }) => ({ sku, quantity }));
    await steps.inventory.reserveStock({ orderId, lines });

    compensations.unshift(() => steps.payment.voidPayment({ orderId }));
    const { total: amount, paymentMethod } = order;
    await steps.payment.authorizePayment({ orderId, amount, paymentMethod });

    compensations.unshift(() => steps.shipping.cancelShipment({ orderId }));
    const { trackingNumber } = await steps.shipping.bookShipment({ orderId, address: order.shippingAddress });

    await steps.order.confirmOrder({ orderId, trackingNumber });
    return { status: 'confirmed' };
  } catch (error) {
    for (const compensate of compensations) await compensate();
    await steps.order.rejectOrder({ orderId });
    return { status: 'rejected', reason: String(error) };
  }
}
