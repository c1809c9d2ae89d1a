import type { z } from 'zod';
import { OrderRef } from '../../../activities/identity.ts';
import { Done, type Operations } from '../../../platform/contract/operation.ts';
import { ConfirmOrder, DraftOrder } from '../../../activities/order.ts';

/** An order as every system is asked to place it: as the gateway asks the order service. */
export const PlacedOrder = DraftOrder;
export type PlacedOrder = DraftOrder;

const Confirmation = ConfirmOrder.pick({ orderId: true, trackingNumber: true });

/** The bookkeeping of a peer's own order table. Each is named by the order: again, it changes nothing. */
export interface OrderSteps {
  recordOrder(order: PlacedOrder): Promise<void>;
  confirmOrder(confirmation: z.infer<typeof Confirmation>): Promise<void>;
  rejectOrder(order: OrderRef): Promise<void>;
}

export const orderSteps = {
  recordOrder: { request: PlacedOrder, response: Done, repeatable: true },
  confirmOrder: { request: Confirmation, response: Done, repeatable: true },
  rejectOrder: { request: OrderRef, response: Done, repeatable: true },
} satisfies Operations<OrderSteps>;
