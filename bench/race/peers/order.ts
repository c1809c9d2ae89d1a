import { OrderRef } from '../../../activities/identity.ts';
import { type Implementation, activity } from '../../../platform/contract/operation.ts';
import { PlaceOrder } from '../../../activities/order-placing.ts';
import { ConfirmOrder } from '../../../activities/order-bookkeeping.ts';

/** The order that every system receives: the same as the gateway sends to the order service. */
export const PlacedOrder = PlaceOrder;
export type PlacedOrder = PlaceOrder;

/** The carrier's report of a movement, as it sends it. */
export interface CarrierReport {
  id: string;
  trackingNumber: string;
  orderId: string;
  type: 'dispatched' | 'delivered';
  at: string;
}

const Confirmation = ConfirmOrder.pick({ orderId: true, trackingNumber: true });

/** The bookkeeping of a peer's own order table. Each is named by the order: a repeat changes nothing. */
export const orderSteps = {
  recordOrder: activity({ request: PlacedOrder }),
  confirmOrder: activity({ request: Confirmation }),
  rejectOrder: activity({ request: OrderRef }),
  dispatchOrder: activity({ request: OrderRef }),
  captureOrder: activity({ request: OrderRef }),
  deliverOrder: activity({ request: OrderRef }),
};
export type OrderSteps = Implementation<typeof orderSteps>;
