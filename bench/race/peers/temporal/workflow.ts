import { proxyActivities } from '@temporalio/workflow';
import type { InventoryActivities } from '../../../../activities/inventory.ts';
import type { PaymentActivities } from '../../../../activities/payment.ts';
import type { ShippingActivities } from '../../../../activities/shipping.ts';
import type { OrderSteps, PlacedOrder } from '../order.ts';
import { type Outcome, placeOrder } from '../saga.ts';

// As in Temporal's samples: one activity per step, on the queue of the service that owns it, with the default retries.
const on = <Activities>(taskQueue: string) => proxyActivities<Activities>({ taskQueue, startToCloseTimeout: '10s' });

export const orderWorkflow = (order: PlacedOrder): Promise<Outcome> =>
  placeOrder(order, {
    order: on<OrderSteps>('order'),
    inventory: on<InventoryActivities>('inventory'),
    payment: on<PaymentActivities>('payment'),
    shipping: on<ShippingActivities>('shipping'),
  });
