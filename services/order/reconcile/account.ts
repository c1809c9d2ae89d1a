import type { OrderStockTotals } from '../../../activities/inventory.ts';
import type { OrderSummary } from '../../../activities/order.ts';
import type { OrderPaymentTotals } from '../../../activities/payment.ts';
import type { Shipment } from '../../../activities/shipping.ts';
import { z } from 'zod';

/** One effect in the card processor's own ledger. */
export const ProcessorItem = z.object({
  orderId: z.string(),
  type: z.enum(['authorization', 'capture', 'void', 'refund']),
  amountMinor: z.int(),
  currency: z.string(),
});
export type ProcessorItem = z.infer<typeof ProcessorItem>;

/** One effect in the carrier's own ledger. */
export const CarrierItem = z.object({
  orderId: z.string(),
  type: z.enum(['booking', 'cancellation', 'dispatch', 'delivery', 'return']),
  trackingNumber: z.string(),
});
export type CarrierItem = z.infer<typeof CarrierItem>;

/** What the six ledgers and Temporal record about one order. Undefined: that ledger has no entry. */
export interface Account {
  orderId: string;
  order?: OrderSummary | undefined;
  payment?: OrderPaymentTotals | undefined;
  stock?: OrderStockTotals | undefined;
  /** One for each parcel. */
  shipments: readonly Shipment[];
  processor: readonly ProcessorItem[];
  carrier: readonly CarrierItem[];
  /** Whether the order's workflow runs. */
  workflowRuns: boolean;
  /** The order service has stored the order and not recorded it yet. Its workflow may run already. */
  draft: boolean;
}

/** An account whose order is in the order service. */
export type OrderAccount = Account & { order: OrderSummary };
