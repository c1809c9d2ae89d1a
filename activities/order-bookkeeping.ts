import { z } from 'zod';
import { FulfillmentStatus, HistoryEntry, PaymentStatus, Rejection, Step } from './order-status.ts';
import { type Implementation, activity } from '../platform/contract/operation.ts';
import { Money } from './money.ts';
import { CustomerAction } from './payment.ts';
import { RefundOutcome } from './refund.ts';
import { ReceivedLine } from './return.ts';

/** The common part of every bookkeeping request: the order and its new history entries. */
export const OrderUpdate = z.strictObject({
  orderId: z.uuid(),
  /** The workflow that sends the entries; part of their identity. */
  workflowId: z.string(),
  entries: z.array(HistoryEntry),
});
export type OrderUpdate = z.infer<typeof OrderUpdate>;
/** `again`: the order was recorded before, be it by an earlier attempt of the same call. */
export const RecordOrderResult = z.object({ again: z.boolean() });
export type RecordOrderResult = z.infer<typeof RecordOrderResult>;
export const AwaitCustomer = OrderUpdate.extend({ customerAction: CustomerAction });
export type AwaitCustomer = z.infer<typeof AwaitCustomer>;
/** Until when the customer may act. */
export const AwaitCustomerResult = z.object({ expiresAt: z.iso.datetime() });
export type AwaitCustomerResult = z.infer<typeof AwaitCustomerResult>;
export const ConfirmOrder = OrderUpdate.extend({
  trackingNumber: z.string(),
  /** True if the caller fenced the order with withholdOrder to give it up, and then found that it must go forward. */
  despiteWithheld: z.boolean().optional(),
});
export type ConfirmOrder = z.infer<typeof ConfirmOrder>;
/** `confirmed`: the order was confirmed before it could be fenced. */
export const WithholdOrderResult = z.object({ confirmed: z.boolean() });
export type WithholdOrderResult = z.infer<typeof WithholdOrderResult>;
/** The payment and fulfillment statuses that the order ends with. */
const OrderEnding = OrderUpdate.extend({ paymentStatus: PaymentStatus, fulfillmentStatus: FulfillmentStatus });
export const RejectOrder = OrderEnding.extend({ rejection: Rejection });
export type RejectOrder = z.infer<typeof RejectOrder>;
export const CancelOrder = OrderEnding.extend({ reason: z.string().max(500).optional() });
export type CancelOrder = z.infer<typeof CancelOrder>;
/** The end of the return window. */
export const DeliverOrderResult = z.object({ returnableUntil: z.iso.datetime() });
export type DeliverOrderResult = z.infer<typeof DeliverOrderResult>;

export const OpenIntervention = OrderUpdate.extend({
  interventionId: z.uuid(),
  step: Step,
  reason: z.string().max(1000),
  /** The payment status while the intervention is open; absent if the step moves no money. */
  paymentStatus: PaymentStatus.optional(),
});
export type OpenIntervention = z.infer<typeof OpenIntervention>;
/** `refund_manually`: only of a refund: a person has paid the money back in another way. */
export const InterventionAction = z.enum(['retry', 'skip', 'refund_manually']);
export type InterventionAction = z.infer<typeof InterventionAction>;
export const CloseIntervention = OrderUpdate.extend({
  interventionId: z.uuid(),
  action: InterventionAction,
  note: z.string().max(1000),
  resolvedBy: z.string(),
});
export type CloseIntervention = z.infer<typeof CloseIntervention>;

export const ReturnUpdate = OrderUpdate.extend({ returnId: z.uuid() });
export type ReturnUpdate = z.infer<typeof ReturnUpdate>;
/** `manually`: not through the card. */
export const RefundReturn = ReturnUpdate.extend({ manually: z.boolean().optional() });
export type RefundReturn = z.infer<typeof RefundReturn>;
export const ReceiveReturn = ReturnUpdate.extend({ lines: z.array(ReceivedLine).min(1).max(4000) });
export type ReceiveReturn = z.infer<typeof ReceiveReturn>;

export const EndRefund = OrderUpdate.extend({ refundId: z.uuid(), outcome: RefundOutcome });
export type EndRefund = z.infer<typeof EndRefund>;

/**
 * The order service's bookkeeping, which the order and return workflows call as local activities of its worker.
 * Implemented in services/order/. Each changes the order at most once, in one transaction with the new history entries
 * and the event. A repeat changes nothing: history entries that are stored already are skipped.
 */
export const orderActivities = {
  /** Places the drafted order: `pending`. Publishes `order.placed`. A repeat returns `again: true`. */
  recordOrder: activity({ request: OrderUpdate, response: RecordOrderResult }),
  /** Adds history entries and changes nothing else. */
  noteSteps: activity({ request: OrderUpdate }),
  /**
   * The card's holder must confirm the payment of a pending order: `awaiting_customer`. Publishes
   * `order.payment_action_required`. A repeat returns the first response.
   */
  awaitCustomer: activity({ request: AwaitCustomer, response: AwaitCustomerResult }),
  /** The card's holder has confirmed the payment of a pending order: `authorized`. */
  authorizeOrder: activity({ request: OrderUpdate }),
  /**
   * Confirms a pending order: `confirmed`, `authorized`, `booked`. Publishes `order.confirmed`. Does nothing, and adds
   * no history, if the order is not pending, or if it is fenced and `despiteWithheld` is not set.
   */
  confirmOrder: activity({ request: ConfirmOrder }),
  /** Fences a pending order: no other caller can confirm it from now on. The tombstone of confirmOrder. */
  withholdOrder: activity({ request: OrderUpdate, response: WithholdOrderResult }),
  /** Ends a pending order as `rejected`. Publishes `order.rejected`. */
  rejectOrder: activity({ request: RejectOrder }),
  /** Ends a pending or confirmed order that has not been shipped as `canceled`. Publishes `order.canceled`. */
  cancelOrder: activity({ request: CancelOrder }),
  /** The carrier has the parcel: `shipped`. Publishes `order.shipped`. */
  dispatchOrder: activity({ request: OrderUpdate }),
  /** The payment is captured: `captured`. */
  captureOrder: activity({ request: OrderUpdate }),
  /** The parcel has arrived: `delivered`. Opens the return window and publishes `order.delivered`. */
  deliverOrder: activity({ request: OrderUpdate, response: DeliverOrderResult }),
  /** The return window has closed: `completed`. Publishes `order.completed`. */
  completeOrder: activity({ request: OrderUpdate }),
  /** A hold that came after the order was given up is released. Publishes `order.payment_released`. */
  releasePayment: activity({ request: OrderUpdate }),
  /** A step was refused permanently and a person must decide: `requires_action`. Publishes `order.action_required`. */
  openIntervention: activity({ request: OpenIntervention }),
  /**
   * A person has decided. Restores the order's status once its last intervention is closed; `paymentStatus` stays
   * `requires_action` if a payment step was skipped.
   */
  closeIntervention: activity({ request: CloseIntervention }),
  /**
   * The goods of a return have arrived: the return is `received`, the order partly or fully `returned`, whatever becomes
   * of the money. Returns what was paid for the goods, in the order's currency. Refuses `OrderNotFound`.
   */
  receiveReturn: activity({
    request: ReceiveReturn,
    response: z.object({ refund: Money }),
    refuses: ['OrderNotFound'],
  }),
  /**
   * A refund without a return has ended. If money was paid, the order is partly or fully `refunded`, and `order.refunded` is
   * published. Refuses `OrderNotFound`.
   */
  endRefund: activity({ request: EndRefund, refuses: ['OrderNotFound'] }),
  /**
   * The refund is paid: the return is `refunded`, the order partly or fully `refunded`.
   * Publishes `order.refunded`. Refuses `OrderNotFound`.
   */
  refundReturn: activity({ request: RefundReturn, refuses: ['OrderNotFound'] }),
  /** A person skipped the refund: the return is `not_refunded`. Refuses `OrderNotFound`. */
  skipRefund: activity({ request: ReturnUpdate, refuses: ['OrderNotFound'] }),
  /** The goods did not arrive in time: the return is `expired`, and its pieces can be returned again. */
  expireReturn: activity({ request: ReturnUpdate }),
};
export type OrderActivities = Implementation<typeof orderActivities>;
