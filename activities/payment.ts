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

/** A processor's token for a way to pay. Card numbers never pass through here. */
export const PaymentMethod = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_]{2,99}$/, 'must be a payment method token such as pm_card_visa');

export const AuthorizePayment = z.strictObject({ orderId: z.uuid(), amount: Money, paymentMethod: PaymentMethod });
export type AuthorizePayment = z.infer<typeof AuthorizePayment>;
export const Authorization = z.object({ authorizationId: z.string() });
export type Authorization = z.infer<typeof Authorization>;
export const RefundPayment = z.strictObject({
  orderId: z.uuid(),
  /** Names the refund: the return it pays for. */
  refundId: z.uuid(),
  amount: Money,
});
export type RefundPayment = z.infer<typeof RefundPayment>;

/**
 * What a workflow may ask of the payment service, durably. Implemented in services/payment/.
 * Each is named by the order and the step: a repeat changes nothing and gets the first answer.
 * An unknown outcome at the processor is a fault here, so it is asked again under the same key.
 */
export const paymentActivities = {
  /** Holds the money on the card. Refuses `CardDeclined`, `InsufficientFunds` and `Undone` after voidPayment. */
  authorizePayment: activity({
    request: AuthorizePayment,
    response: Authorization,
    refuses: ['CardDeclined', 'InsufficientFunds', 'Undone'],
  }),
  /**
   * Undoes authorizePayment, even if it never happened: it then cannot happen any more.
   * Refuses `VoidRefused` when the processor does, for good, and `AlreadyCaptured`.
   */
  voidPayment: activity({ request: OrderRef, refuses: ['VoidRefused', 'AlreadyCaptured'] }),
  /** Takes the held money: the saga's point of no return. Refuses `CaptureRefused` and `NotAuthorized`. */
  capturePayment: activity({ request: OrderRef, refuses: ['CaptureRefused', 'NotAuthorized'] }),
  /** Gives captured money back. Refuses `RefundRefused`, `RefundExceedsCapture` and `NotCaptured`. */
  refundPayment: activity({
    request: RefundPayment,
    refuses: ['RefundRefused', 'RefundExceedsCapture', 'NotCaptured'],
  }),
};
export type PaymentActivities = Implementation<typeof paymentActivities>;

/** What the money ledger says of one order, in minor units of `currency`. */
export const OrderPaymentBook = z.object({
  orderId: z.uuid(),
  currency: z.string(),
  authorizedMinor: z.int(),
  voidedMinor: z.int(),
  capturedMinor: z.int(),
  refundedMinor: z.int(),
});
export type OrderPaymentBook = z.infer<typeof OrderPaymentBook>;

/** What the payment service can be asked at its door. */
export const paymentRequests = {
  /** For reconciliation: what the ledger says, by ascending order id. */
  listBooks: operation({ request: PageRequest, response: pageOf(OrderPaymentBook) }),
  /** For reconciliation: every entry that does not balance and every payment at odds with the ledger, in words. */
  checkBalances: operation({ request: Nothing, response: z.object({ discrepancies: z.array(z.string()) }) }),
};
export type PaymentRequests = Implementation<typeof paymentRequests>;

/** The reasons this service may say no. Anything else that goes wrong is retried. */
export type PaymentRefusal = RefusalOf<typeof paymentActivities> | RefusalOf<typeof paymentRequests>;
export const paymentRefusal = refusalFor<PaymentRefusal>();

const PaymentEvent = z.object({ orderId: z.uuid(), amount: Money });
/** Subject: the order's id. */
export const paymentEvents = {
  'payment.authorized': PaymentEvent,
  'payment.captured': PaymentEvent,
  'payment.failed': z.object({ orderId: z.uuid(), step: z.string(), reason: z.string() }),
  'payment.voided': PaymentEvent,
  'payment.refunded': PaymentEvent.extend({ refundId: z.uuid() }),
} satisfies EventShapes;
