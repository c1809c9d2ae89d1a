import { z } from 'zod';
import type { EventShapes } from '../platform/contract/event.ts';
import { OrderRef } from './identity.ts';
import { Money } from './money.ts';
import { OutsideLedger, ReadOutsideLedger } from './outside-ledger.ts';
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
  /** Whose order it is. Absent: of a caller that knows no saved payment methods. */
  customerId: z.uuid().optional(),
  /** Whether the customer, who has an account, saves the payment method for later orders. */
  savePaymentMethod: z.boolean().optional(),
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

/** A refund that was given up. */
export const ForgoneRefund = z.object({ refunded: Money });
export type ForgoneRefund = z.infer<typeof ForgoneRefund>;

export const CapturePayment = z.strictObject({
  orderId: z.uuid(),
  /** The parcel that is paid for. Absent: the order's first, whose id is the order's. */
  parcelId: z.uuid().optional(),
  /** What to capture now. Absent: all that is held. */
  amount: Money.optional(),
  /**
   * What is captured of the order from here on, `amount` included. What is held above it is released with the last capture
   * (outstanding = amount). A processor that captures only once takes all of it now. Absent: as `amount`.
   */
  outstanding: Money.optional(),
});
export type CapturePayment = z.infer<typeof CapturePayment>;
/** What this step took; zero where an earlier capture took all. */
export const Captured = z.object({ captured: Money });
export type Captured = z.infer<typeof Captured>;

/** What the processor had captured and has taken back. */
export const FailedCapture = z.strictObject({
  orderId: z.uuid(),
  /** Identifies the capture that takes the place of the one that failed. */
  captureId: z.uuid(),
  amount: Money,
});
export type FailedCapture = z.infer<typeof FailedCapture>;
export const RecapturePayment = FailedCapture.extend({
  /** Identifies the new hold. A hold that was declined stays so. */
  holdId: z.uuid(),
});
export type RecapturePayment = z.infer<typeof RecapturePayment>;

export const RenewHold = z.strictObject({
  orderId: z.uuid(),
  /** Identifies the new hold. The first hold's id is the order's. */
  holdId: z.uuid(),
  /** What is still to be captured. */
  amount: Money,
  paymentMethod: PaymentMethod,
  /** As in AuthorizePayment. */
  customerMayAct: z.boolean().optional(),
  /** Who names the payment method. Absent: the order had it before. */
  customerId: z.uuid().optional(),
});
export type RenewHold = z.infer<typeof RenewHold>;

/** `disputeId`: the processor's. */
export const DisputeRef = z.strictObject({ orderId: z.uuid(), disputeId: z.string().regex(/^[A-Za-z0-9_]{1,100}$/) });
export type DisputeRef = z.infer<typeof DisputeRef>;
/** `won`: the shop keeps the money. */
export const DisputeOutcome = z.enum(['won', 'lost']);
export const Dispute = z.object({
  status: z.enum(['open', ...DisputeOutcome.options]),
  amount: Money,
  /** Whether the processor has taken the money back. */
  withdrawn: z.boolean(),
  /** In the processor's words. */
  reason: z.string(),
  /** Until when the processor wants an answer; null if it wants none. */
  respondBy: z.iso.datetime().nullable(),
});
export type Dispute = z.infer<typeof Dispute>;

/**
 * What workflows call on the payment service, durably. Implemented in services/payment/.
 * Each effect is identified by the order and the step. A repeat changes nothing and returns the first response.
 * An unknown outcome at the processor is a fault, so that the call is retried with the same idempotency key.
 * A refused void, capture or refund is not final: a repeat asks the processor again, with a new key.
 *
 * An order's money may be held several times: each hold has an id, and the newest is captured. It may be captured in several
 * parts, one for each parcel. All that is captured is never more than the order's amount, nor more of a hold than it holds.
 */
export const paymentActivities = {
  /**
   * Places a hold on the card. While the card's holder must confirm it, nothing is held: a repeat asks the processor again.
   * With `savePaymentMethod` the payment method is listed for its user once the money is held. One that was saved before can be
   * used by its user alone, until it is removed: otherwise it is `CardDeclined`.
   * Refuses `CardDeclined`, `InsufficientFunds` and `PaymentNotCompleted` (the holder did not confirm), all final, and
   * `Undone` after voidPayment.
   */
  authorizePayment: activity({
    request: AuthorizePayment,
    response: Authorization,
    refuses: ['CardDeclined', 'InsufficientFunds', 'PaymentNotCompleted', 'Undone'],
  }),
  /**
   * Places another hold, which takes the place of those before it for every later capture. A refusal leaves the older hold as
   * it was. Refuses as authorizePayment does; `Undone` also once everything that is outstanding was captured or released.
   */
  renewHold: activity({
    request: RenewHold,
    response: Authorization,
    refuses: ['CardDeclined', 'InsufficientFunds', 'PaymentNotCompleted', 'Undone'],
  }),
  /** Releases every hold that another one has replaced. Refuses `VoidRefused`. */
  releaseReplacedHolds: activity({ request: OrderRef, refuses: ['VoidRefused'] }),
  /**
   * Compensates authorizePayment and renewHold, even if they never happened: they then cannot happen any more.
   * `released` says whether money was held. Refuses `VoidRefused` if the processor refuses, and `AlreadyCaptured` once
   * anything was captured.
   */
  voidPayment: activity({ request: OrderRef, response: Voided, refuses: ['VoidRefused', 'AlreadyCaptured'] }),
  /**
   * Releases a hold that came after it was given up: the card's holder confirmed too late. Refuses `VoidRefused`,
   * `AlreadyCaptured`, and `NotUndone` if no hold of the payment was given up.
   */
  releaseLateHold: activity({ request: OrderRef, refuses: ['VoidRefused', 'AlreadyCaptured', 'NotUndone'] }),
  /**
   * Captures what a parcel costs, or all that is held: the saga's point of no return. Refuses `CaptureRefused` if the
   * processor refuses or less is held, `NotAuthorized` if there is no hold or voidPayment was called, and `HoldExpired` if
   * the hold is gone: after renewHold the same request captures the new hold. While another capture of the order is under
   * way, one that must come after it is a fault.
   */
  capturePayment: activity({
    request: CapturePayment,
    response: Captured,
    refuses: ['CaptureRefused', 'NotAuthorized', 'HoldExpired'],
  }),
  /**
   * Captures again what the processor has taken back: holds it on the payment method that paid for the order last, and captures it
   * at once. Refuses as renewHold and capturePayment do; `CaptureRefused` also while other parcels are to be captured or captured
   * again, and once it was given up; and `NotCaptured` if nothing was taken back.
   */
  recapturePayment: activity({
    request: RecapturePayment,
    refuses: [
      'CardDeclined',
      'InsufficientFunds',
      'PaymentNotCompleted',
      'Undone',
      'CaptureRefused',
      'NotAuthorized',
      'HoldExpired',
      'NotCaptured',
    ],
  }),
  /**
   * Gives a failed capture up: recapturePayment then refuses it, also late, and what it holds is released. Refuses
   * `AlreadyCaptured` if recapturePayment has captured it, `VoidRefused`, and `NotCaptured`.
   */
  forgoCapture: activity({ request: FailedCapture, refuses: ['AlreadyCaptured', 'VoidRefused', 'NotCaptured'] }),
  /** Gives a failed capture up, and enters into the books that a person has got the money. Refuses as forgoCapture does. */
  recordManualCapture: activity({ request: FailedCapture, refuses: ['AlreadyCaptured', 'VoidRefused', 'NotCaptured'] }),
  /**
   * Gives back what is held and will not be captured, for example of a canceled last parcel: from then on nothing is
   * captured and no hold is placed. Nothing to release is no error. `released` says whether money was held. Refuses
   * `VoidRefused`.
   */
  releaseRest: activity({ request: OrderRef, response: Voided, refuses: ['VoidRefused'] }),
  /**
   * Refunds captured money, identified by the refund instead of the step. Refuses `RefundRefused` (by the processor, or
   * another currency, or once it was given up), `RefundExceedsCapture` (more than is left) and `NotCaptured`. A refund that
   * was paid and has failed since is not paid again: a repeat returns the first response, and `refundFailed` tells of it.
   */
  refundPayment: activity({
    request: RefundPayment,
    refuses: ['RefundRefused', 'RefundExceedsCapture', 'NotCaptured'],
  }),
  /**
   * Gives a refund up: refundPayment then refuses it, also late. `refunded` is what the processor has paid of it: a part, or
   * zero. Refuses `AlreadyRefunded` if all of it was paid.
   */
  forgoRefund: activity({
    request: RefundPayment,
    response: ForgoneRefund,
    refuses: ['AlreadyRefunded', 'NotCaptured'],
  }),
  /**
   * Gives a refund up, and enters into the books that a person has paid it outside of the card processor, also of what was
   * captured and has been taken back since. Refuses `AlreadyRefunded`, and as refundPayment does.
   */
  recordManualRefund: activity({
    request: RefundPayment,
    refuses: ['AlreadyRefunded', 'RefundRefused', 'RefundExceedsCapture', 'NotCaptured'],
  }),
  /** Asks the processor how a dispute stands that an event has told of, and enters what it says into the books. */
  readDispute: activity({ request: DisputeRef, response: Dispute }),
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
  /** The same for what the processor had captured and has taken back, which `capturedMinor` leaves out. */
  manuallyCapturedMinor: z.int().default(0),
});
export type OrderPaymentTotals = z.infer<typeof OrderPaymentTotals>;

/** A payment method that a user has saved, as far as it may be shown. `id` names it in an order. */
export const SavedPaymentMethod = z.object({
  id: z.string(),
  brand: z.string(),
  last4: z.string(),
  /** The last month in which it is valid: `2034-12`. */
  expires: z.string(),
  savedAt: z.iso.datetime(),
});
export type SavedPaymentMethod = z.infer<typeof SavedPaymentMethod>;
export const ListPaymentMethods = PageRequest.extend({ userId: z.uuid() });
export type ListPaymentMethods = z.infer<typeof ListPaymentMethods>;
export const SavedPaymentMethodRef = z.strictObject({ userId: z.uuid(), id: PaymentMethod });
export type SavedPaymentMethodRef = z.infer<typeof SavedPaymentMethodRef>;

/** An event of the card processor: the body as it came, and its signature. */
export const ReceiveEvent = z.strictObject({ payload: z.string().max(100_000), signature: z.string().max(2_000) });
export type ReceiveEvent = z.infer<typeof ReceiveEvent>;
/**
 * What an event means for an order. `nothing`: it is about none of ours, or nobody waits for it. `awaited`: the order waits
 * for the card's holder. `heldLate`: money is held for a payment that was voided, and must be released. `holdExpired`: nothing
 * is held any more by the hold that was to be captured. `refundFailed`: the processor has said yes to a refund, and could not pay
 * this amount of it, which was to be paid back from this hold. Each hold of a refund fails on its own. `captureFailed`: the
 * processor had captured these amounts for these parcels, and has taken them back. `disputed`: the card's holder does not accept
 * the payment, or did not, and the dispute is recorded. The first hold's id is the order's, and so is
 * the first parcel's.
 */
export const ReceivedEvent = z.discriminatedUnion('meaning', [
  z.object({ meaning: z.literal('nothing') }),
  z.object({ meaning: z.enum(['awaited', 'heldLate']), orderId: z.uuid() }),
  z.object({ meaning: z.literal('holdExpired'), orderId: z.uuid(), holdId: z.uuid() }),
  z.object({ meaning: z.literal('disputed'), ...DisputeRef.shape }),
  z.object({
    meaning: z.literal('captureFailed'),
    orderId: z.uuid(),
    captures: z.array(z.object({ parcelId: z.uuid(), amount: Money })),
  }),
  z.object({
    meaning: z.literal('refundFailed'),
    orderId: z.uuid(),
    refundId: z.uuid(),
    holdId: z.uuid(),
    amount: Money,
  }),
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
  /** The payment methods that a user has saved and not removed, newest first. Refuses `BadCursor`. */
  listPaymentMethods: operation({
    request: ListPaymentMethods,
    response: pageOf(SavedPaymentMethod),
    refuses: ['BadCursor'],
  }),
  /**
   * Removes a saved payment method, here at once and then at the card processor. A repeat changes nothing. Refuses
   * `PaymentMethodNotFound` for one that this user has never saved.
   */
  removePaymentMethod: operation({ request: SavedPaymentMethodRef, refuses: ['PaymentMethodNotFound'] }),
  /** For reconciliation: the ledger's totals of every order, by ascending order id. Refuses `BadCursor`. */
  listBooks: operation({ request: PageRequest, response: pageOf(OrderPaymentTotals), refuses: ['BadCursor'] }),
  /** For reconciliation: a sentence for every payment that differs from the ledger. */
  checkBalances: operation({ request: Nothing, response: z.object({ discrepancies: z.array(z.string()) }) }),
  /** For reconciliation: the card processor's own ledger. A fault if the processor does not respond. */
  readProcessorLedger: operation({ request: ReadOutsideLedger, response: OutsideLedger }),
};
export type PaymentRequests = Implementation<typeof paymentRequests>;

export type PaymentRefusal = RefusalOf<typeof paymentActivities> | RefusalOf<typeof paymentRequests>;
export const paymentRefusal = refusalFor<PaymentRefusal>();

const PaymentEvent = z.object({ orderId: z.uuid(), amount: Money });
/** Events of the payment service. Their subject is the order's id. */
export const paymentEvents = {
  'payment.authorized': PaymentEvent,
  /** `manually`: outside of the card processor, after that had taken it back. */
  'payment.captured': PaymentEvent.extend({ manually: z.boolean().optional() }),
  /** After `payment.captured`: the processor has taken this amount back. The first parcel's id is the order's. */
  'payment.capture_failed': PaymentEvent.extend({ parcelId: z.uuid() }),
  /** The card's holder does not accept the payment, or asks about it. `reason`: in the processor's words. */
  'payment.disputed': PaymentEvent.extend({ disputeId: z.string(), reason: z.string() }),
  /** `won`: the shop keeps the money. */
  'payment.dispute_closed': PaymentEvent.extend({ disputeId: z.string(), outcome: DisputeOutcome }),
  'payment.failed': z.object({ orderId: z.uuid(), step: z.string(), reason: z.string() }),
  'payment.voided': PaymentEvent,
  /** `manually`: outside of the card processor. */
  'payment.refunded': PaymentEvent.extend({ refundId: z.uuid(), manually: z.boolean().optional() }),
  /** After `payment.refunded`: the processor could not pay this amount of it. */
  'payment.refund_failed': PaymentEvent.extend({ refundId: z.uuid() }),
} satisfies EventShapes;
