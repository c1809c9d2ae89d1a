import { z } from 'zod';
import { ShippingAddress } from './address.ts';
import { Quantity, Sku, StockLine } from './identity.ts';
import { Lane } from './lane.ts';
import { Money } from './money.ts';
import { PlacingStep } from './order-status.ts';
import { PaymentMethod } from './payment.ts';

/** An order line, with the product's name and price at the time of placing. */
export const PricedLine = z.strictObject({ sku: Sku, name: z.string(), quantity: Quantity, unitPrice: Money });
export type PricedLine = z.infer<typeof PricedLine>;

export const PlaceOrder = z.strictObject({
  /** Derived from the caller and the Idempotency-Key. */
  orderId: z.uuid(),
  customerId: z.uuid(),
  lines: z.array(PricedLine).min(1).max(2000),
  total: Money,
  shippingAddress: ShippingAddress,
  paymentMethod: PaymentMethod,
  /** Whether the payment method is saved for later orders. */
  savePaymentMethod: z.boolean().optional(),
  /** Whether the lines come from the customer's cart and leave it with the order. */
  fromCart: z.boolean().optional(),
});
export type PlaceOrder = z.infer<typeof PlaceOrder>;

/** What the order service itself did of an order before its workflow, in the lane `express`. */
export const Attempt = z.strictObject({
  /** It confirmed the order. */
  confirmedAt: z.iso.datetime().optional(),
  /** When the carrier promises to deliver the confirmed order by. */
  promisedBy: z.iso.datetime().optional(),
  /** It gave up, and these steps may have happened. */
  tried: z.array(PlacingStep).max(10).optional(),
});
export type Attempt = z.infer<typeof Attempt>;

/** How an order's workflow is started; `startOptionsOf` in workflows/order/messages.ts makes the client's options of it. */
export const OrderStart = z.object({
  input: z.object({
    orderId: z.uuid(),
    customerId: z.uuid(),
    lines: z.array(StockLine),
    total: Money,
    paymentMethod: PaymentMethod,
    savePaymentMethod: z.boolean().optional(),
    shippingAddress: ShippingAddress,
    fromCart: z.boolean().optional(),
    /** After how many days a hold is renewed. Absent: never. */
    authorizationDays: z.number().positive().max(365).optional(),
    attempt: Attempt.optional(),
  }),
  lane: Lane,
  /** What the Temporal Web UI shows until the workflow itself has run, in Markdown. Only of a confirmed order. */
  details: z.string().optional(),
});
export type OrderStart = z.infer<typeof OrderStart>;
