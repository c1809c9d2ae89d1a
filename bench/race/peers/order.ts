import { z } from 'zod';
import { ShippingAddress } from '../../../activities/address.ts';
import { OrderRef } from '../../../activities/identity.ts';
import { Money } from '../../../activities/money.ts';
import { Done, type Operations } from '../../../activities/operation.ts';
import { PricedLine } from '../../../activities/order.ts';
import { PaymentMethod } from '../../../activities/payment.ts';

/** An order as every system is asked to place it. */
export const PlacedOrder = z.strictObject({
  orderId: z.uuid(),
  customerId: z.uuid(),
  lines: z.array(PricedLine).min(1).max(2000),
  total: Money,
  shippingAddress: ShippingAddress,
  paymentMethod: PaymentMethod,
});
export type PlacedOrder = z.infer<typeof PlacedOrder>;

const Confirmation = OrderRef.extend({ trackingNumber: z.string() });

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
