import { z } from 'zod';
import type { EventShapes } from '../platform/contract/event.ts';
import { OrderRef } from './identity.ts';
import { Money } from './money.ts';
import {
  type Implementation,
  Nothing,
  PageRequest,
  type RefusalOf,
  activity,
  operation,
  pageOf,
} from '../platform/contract/operation.ts';
import { refusalFor } from '../platform/contract/refusal.ts';

/** The card processor's token for a payment method. Card numbers never reach this platform. */
export const PaymentMethod = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_]{2,99}$/, 'must be a payment method token such as pm_card_visa');

export const AuthorizePayment = z.strictObject({
  orderId: z.uuid(),
  amount: Money,
  paymentMethod: PaymentMethod,
  /** Whether the caller waits for the card's holder. Absent: a card whose holder must confirm is declined. */
  customerMayAct: z.boolean().optional(),
});
export type AuthorizePayment = z.infer<typeof AuthorizePayment>;

/** Confirm on this page. */
export const ConfirmOnPage = z.object({ type: z.literal('redirect'), url: z.url() });
/** Confirm in Stripe's own library, which takes this secret (https://docs.stripe.com/js/payment_intents/handle_next_action). */
export const ConfirmInStripe = z.object({ type: z.literal('stripe'), clientSecret: z.string() });
/** What the card's holder must do before the money is held (strong customer authentication, EMV 3-D Secure). */
export const CustomerAction = z.discriminatedUnion('type', [ConfirmOnPage, ConfirmInStripe]);
export type CustomerAction = z.infer<typeof CustomerAction>;

/** A hold; or, with `authorizationId` null, what the card's holder must do first. */
export const Authorization = z.object({
  authorizationId: z.string().nullable(),
  customerAction: CustomerAction.optional(),
});
export type Authorization = z.infer<typeof Authorization>;
export const Voided = z.object({ released: z.boolean() });
export type Voided = z.infer<typeof Voided>;
export const RefundPayment = z.strictObject({
  orderId: z.uuid(),
  /** Identifies the refund: its own id, or the id of the return that it pays for. */
  refundId: z.uuid(),
  amount: Money,
});
export type RefundPayment = z.infer<typeof RefundPayment>;

/**
 * What workflows call on the payment service, durably. Implemented in services/payment/.
 * Each effect is identified by the order and the step. A repeat changes nothing and returns the first response.
 * An unknown outcome at the processor is a fault, so that the call is retried with the same idempotency key.
 * A refused void, capture or refund is not final: a repeat asks the processor again, with a new key.
 */
export const paymentActivities = {
  /**
   * Places a hold on the card. While the card's holder must confirm it, nothing is held: a repeat asks the processor again.
   * Refuses `CardDeclined`, `InsufficientFunds` and `PaymentNotCompleted` (the holder did not confirm), all final, and
   * `Undone` after voidPayment.
   */
  authorizePayment: activity({
    request: AuthorizePayment,
    response: Authorization,
    refuses: ['CardDeclined', 'InsufficientFunds', 'PaymentNotCompleted', 'Undone'],
  }),
  /**
   * Compensates authorizePayment, even if it never happened: it then cannot happen any more.
   * `released` says whether money was held. Refuses `VoidRefused` if the processor refuses, and `AlreadyCaptured`.
   */
  voidPayment: activity({ request: OrderRef, response: Voided, refuses: ['VoidRefused', 'AlreadyCaptured'] }),
  /**
   * Releases a hold that came after voidPayment: the card's holder confirmed too late. Refuses `VoidRefused`,
   * `AlreadyCaptured`, and `NotUndone` if the payment was not voided.
   */
  releaseLateHold: activity({ request: OrderRef, refuses: ['VoidRefused', 'AlreadyCaptured', 'NotUndone'] }),
  /**
   * Captures the whole authorized amount: the saga's point of no return. Refuses `CaptureRefused` if the processor
   * refuses, and `NotAuthorized` if there is no hold or voidPayment was called.
   */
  capturePayment: activity({ request: OrderRef, refuses: ['CaptureRefused', 'NotAuthorized'] }),
  /**
   * Refunds captured money, identified by the refund instead of the step. Refuses `RefundRefused` (by the processor, or
   * another currency), `RefundExceedsCapture` (more than is left) and `NotCaptured`.
   */
  refundPayment: activity({
    request: RefundPayment,
    refuses: ['RefundRefused', 'RefundExceedsCapture', 'NotCaptured'],
  }),
  /** Gives a refund up: refundPayment then refuses it, also late. Refuses `AlreadyRefunded` if it was paid. */
  forgoRefund: activity({ request: RefundPayment, refuses: ['AlreadyRefunded', 'NotCaptured'] }),
  /**
   * Gives a refund up, and enters into the books that a person has paid it outside of the card processor. Refuses
   * `AlreadyRefunded`, and as refundPayment does.
   */
  recordManualRefund: activity({
    request: RefundPayment,
    refuses: ['AlreadyRefunded', 'RefundRefused', 'RefundExceedsCapture', 'NotCaptured'],
  }),
};
export type PaymentActivities = Implementation<typeof paymentActivities>;

/** The money ledger's totals of one order, in minor units of `currency`. */
export const OrderPaymentTotals = z.object({
  orderId: z.uuid(),
  currency: z.string(),
  authorizedMinor: z.int(),
  voidedMinor: z.int(),
  capturedMinor: z.int(),
  /** Through the processor. */
  refundedMinor: z.int(),
  /** By people, outside of the processor. */
  manuallyRefundedMinor: z.int(),
});
export type OrderPaymentTotals = z.infer<typeof OrderPaymentTotals>;

/** An event of the card processor: the body as it came, and its signature. */
export const ReceiveEvent = z.strictObject({ payload: z.string().max(100_000), signature: z.string().max(2_000) });
export type ReceiveEvent = z.infer<typeof ReceiveEvent>;
/**
 * What an event means for an order. `nothing`: it is about none of ours, or nobody waits for it. `awaited`: the order waits
 * for the card's holder. `heldLate`: money is held for a payment that was voided, and must be released.
 */
export const ReceivedEvent = z.discriminatedUnion('meaning', [
  z.object({ meaning: z.literal('nothing') }),
  z.object({ meaning: z.enum(['awaited', 'heldLate']), orderId: z.uuid() }),
]);
export type ReceivedEvent = z.infer<typeof ReceivedEvent>;

/** What the payment service's HTTP API offers. */
export const paymentRequests = {
  /**
   * Takes an event of the card processor. Its content is not believed: it only says which payment to look at. A repeat gives
   * the same answer. Refuses `InvalidSignature`, and `InvalidEvent` if its body cannot be read.
   */
  receiveEvent: operation({
    request: ReceiveEvent,
    response: ReceivedEvent,
    refuses: ['InvalidSignature', 'InvalidEvent'],
  }),
  /** For reconciliation: the ledger's totals of every order, by ascending order id. Refuses `BadCursor`. */
  listBooks: operation({ request: PageRequest, response: pageOf(OrderPaymentTotals), refuses: ['BadCursor'] }),
  /** For reconciliation: a sentence for every payment that differs from the ledger. */
  checkBalances: operation({ request: Nothing, response: z.object({ discrepancies: z.array(z.string()) }) }),
};
export type PaymentRequests = Implementation<typeof paymentRequests>;

export type PaymentRefusal = RefusalOf<typeof paymentActivities> | RefusalOf<typeof paymentRequests>;
export const paymentRefusal = refusalFor<PaymentRefusal>();

const PaymentEvent = z.object({ orderId: z.uuid(), amount: Money });
/** Events of the payment service. Their subject is the order's id. */
export const paymentEvents = {
  'payment.authorized': PaymentEvent,
  'payment.captured': PaymentEvent,
  'payment.failed': z.object({ orderId: z.uuid(), step: z.string(), reason: z.string() }),
  'payment.voided': PaymentEvent,
  /** `manually`: outside of the card processor. */
  'payment.refunded': PaymentEvent.extend({ refundId: z.uuid(), manually: z.boolean().optional() }),
} satisfies EventShapes;
