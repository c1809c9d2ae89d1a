import { z } from 'zod';
import { FulfillmentStatus, PaymentStatus, Rejection, Step } from './order-status.ts';
import { OrderUpdate } from './order-update.ts';
import { parcelActivities } from './parcel.ts';
import { type Implementation, activity } from '../platform/contract/operation.ts';
import { Money } from './money.ts';
import { CustomerAction, PaymentMethod } from './payment.ts';
import { RefundOutcome } from './refund.ts';
import { ReceivedLine } from './return.ts';

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
  /** When the carrier promises to deliver it by. */
  promisedBy: z.iso.datetime().optional(),
  /** True if the caller fenced the order with withholdOrder to give it up, and then found that it must go forward. */
  despiteWithheld: z.boolean().optional(),
});
export type ConfirmOrder = z.infer<typeof ConfirmOrder>;
/** Until when the customer may name another payment method. */
export const AwaitPaymentMethod = OrderUpdate.extend({ until: z.iso.datetime() });
export type AwaitPaymentMethod = z.infer<typeof AwaitPaymentMethod>;
/** `paymentMethod`: the one that holds the money now. `customerAction`: what its holder must do first. */
export const RenewPayment = OrderUpdate.extend({
  paymentMethod: PaymentMethod,
  customerAction: CustomerAction.optional(),
});
export type RenewPayment = z.infer<typeof RenewPayment>;
/** `confirmed`: the order was confirmed before it could be fenced. */
export const WithholdOrderResult = z.object({ confirmed: z.boolean() });
export type WithholdOrderResult = z.infer<typeof WithholdOrderResult>;
/** The payment and fulfillment statuses that the order ends with. */
const OrderEnding = OrderUpdate.extend({ paymentStatus: PaymentStatus, fulfillmentStatus: FulfillmentStatus });
export const RejectOrder = OrderEnding.extend({ rejection: Rejection });
export type RejectOrder = z.infer<typeof RejectOrder>;
/** `rejection`: of a confirmed order that could not be held any longer. */
export const CancelOrder = OrderEnding.extend({
  reason: z.string().max(500).optional(),
  rejection: Rejection.optional(),
});
export type CancelOrder = z.infer<typeof CancelOrder>;

export const OpenIntervention = OrderUpdate.extend({
  interventionId: z.uuid(),
  step: Step,
  reason: z.string().max(1000),
  /** The payment status while the intervention is open; absent if the step moves no money. */
  paymentStatus: PaymentStatus.optional(),
  /** Workflows that an operator has terminated. This one asks in their place: their open questions are closed. */
  inPlaceOf: z.array(z.string()).max(100).optional(),
});
export type OpenIntervention = z.infer<typeof OpenIntervention>;
/**
 * `refund_manually`: only of a refund: a person has paid the money back in another way. `collect_manually`: only of a capture that
 * was taken back: a person has got the money in another way.
 */
export const InterventionAction = z.enum(['retry', 'skip', 'refund_manually', 'collect_manually']);
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
/** `paid`: what the processor has paid of it before. */
export const SkipRefund = ReturnUpdate.extend({ paid: Money.optional() });
export type SkipRefund = z.infer<typeof SkipRefund>;
export const ReceiveReturn = ReturnUpdate.extend({ lines: z.array(ReceivedLine).min(1).max(4000) });
export type ReceiveReturn = z.infer<typeof ReceiveReturn>;

/** `refundId`: of a refund, or of the return that it pays for. `replacementId`: of the refund that takes its place. */
export const TakeBackRefund = OrderUpdate.extend({ refundId: z.uuid(), replacementId: z.uuid(), amount: Money });
export type TakeBackRefund = z.infer<typeof TakeBackRefund>;
/**
 * `parcelId`: of the parcel whose capture failed, or the `captureId` of a capture that took its place and failed too. `captureId`:
 * of the capture that takes its place.
 */
export const TakeBackCapture = OrderUpdate.extend({ parcelId: z.uuid(), captureId: z.uuid(), amount: Money });
export type TakeBackCapture = z.infer<typeof TakeBackCapture>;
/** `collected_manually`: a person has got the money in another way. `not_collected`: a person has written it off. */
export const RecaptureOutcome = z.enum(['recaptured', 'collected_manually', 'not_collected']);
export type RecaptureOutcome = z.infer<typeof RecaptureOutcome>;
export const EndFailedCapture = OrderUpdate.extend({ captureId: z.uuid(), outcome: RecaptureOutcome });
export type EndFailedCapture = z.infer<typeof EndFailedCapture>;
/** `paid`: what the processor has paid of a refund that was given up. */
export const EndRefund = OrderUpdate.extend({ refundId: z.uuid(), outcome: RefundOutcome, paid: Money.optional() });
export type EndRefund = z.infer<typeof EndRefund>;

/**
 * The order service's bookkeeping, which the order and return workflows call as local activities of its worker.
 * Implemented in services/order/. Each changes the order at most once, in one transaction with the new history entries
 * and the event. A repeat changes nothing: history entries that are stored already are skipped.
 */
export const orderActivities = {
  ...parcelActivities,
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
  /**
   * The card holds the money no longer, and the order's customer must name another payment method: `awaiting_customer`.
   * Publishes `order.payment_method_required`.
   */
  awaitPaymentMethod: activity({ request: AwaitPaymentMethod }),
  /** Another payment method holds the money: `authorized`; or, with `customerAction`, does once its holder has confirmed. */
  renewPayment: activity({ request: RenewPayment }),
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
   * A refund that was paid was not: the order's books take it back, and another refund takes its place, which the caller
   * carries out. `taken` is false where people have settled the refund before: then nothing changes. Refuses `OrderNotFound`.
   */
  takeBackRefund: activity({
    request: TakeBackRefund,
    response: z.object({ taken: z.boolean() }),
    refuses: ['OrderNotFound'],
  }),
  /**
   * What was captured was taken back: it does not count as captured until it is collected. `taken` is false where it failed
   * before, or people had taken the money over: then nothing changes. Refuses `OrderNotFound`.
   */
  takeBackCapture: activity({
    request: TakeBackCapture,
    response: z.object({ taken: z.boolean() }),
    refuses: ['OrderNotFound'],
  }),
  /**
   * What became of the money that was taken back. Unless it is written off, it counts as captured, and what is owed of it by now
   * is refunded. Refuses `OrderNotFound`.
   */
  endFailedCapture: activity({ request: EndFailedCapture, refuses: ['OrderNotFound'] }),
  /**
   * The refund is paid: the return is `refunded`, the order partly or fully `refunded`.
   * Publishes `order.refunded`. Refuses `OrderNotFound`.
   */
  refundReturn: activity({ request: RefundReturn, refuses: ['OrderNotFound'] }),
  /** A person skipped the refund: the return is `not_refunded`. Refuses `OrderNotFound`. */
  skipRefund: activity({ request: SkipRefund, refuses: ['OrderNotFound'] }),
  /** The goods did not arrive in time: the return is `expired`, and its pieces can be returned again. */
  expireReturn: activity({ request: ReturnUpdate }),
};
export type OrderActivities = Implementation<typeof orderActivities>;
