import type { Money } from '../../activities/money.ts';
import type { CustomerAction } from '../../activities/payment.ts';

/** Identifies a payment to the processor. */
export interface CardPayment {
  orderId: string;
  /** The result of `open`; null if it returned null or was never called. */
  reference: string | null;
}

/** An effect on a payment. */
export interface CardEffect extends CardPayment {
  /** The effect's idempotency key: a repeat gets the processor's first response and has no further effect. */
  key: string;
}

/** The amount to hold, and the payment method to hold it on. */
export interface CardTerms {
  amount: Money;
  /** The processor's token; a card number never reaches this service. */
  paymentMethod: string;
}

export interface CardAuthorization extends CardEffect, CardTerms {
  /** Whether the order waits for the card's holder. If not, a card that asks for them is declined. */
  customerMayAct: boolean;
}

export interface CardRefund extends CardEffect {
  amount: Money;
}

/** The processor carried out the step. `id` is its id of the effect; null if nothing had to be done. */
export interface Receipt {
  id: string | null;
}

/** Nothing is held yet: the card's holder must act first. */
export interface AwaitsCustomer {
  customerAction: CustomerAction;
}

/** A request for one of the four effects. */
export type CardRequest =
  | (CardAuthorization & { step: 'authorize' })
  | (CardEffect & { step: 'void' | 'capture' })
  | (CardRefund & { step: 'refund' });

/**
 * The company that moves the money. A definite refusal is thrown as a `Refusal` with a code of PaymentRefusal.
 * After any other error the outcome is unknown: the request is repeated under the same key.
 */
export interface CardProcessor {
  /**
   * Registers the payment without holding money, for a processor that forgets idempotency keys after a while: its
   * reference is saved before money moves. Opening an order again returns the same reference. Null if the processor
   * finds everything by our keys and the order's id. Refuses `CardDeclined` for an unknown payment method.
   */
  open(payment: { orderId: string } & CardTerms): Promise<string | null>;
  /**
   * Holds the money, or says what the card's holder must do first. Refuses `CardDeclined`, `InsufficientFunds`,
   * `PaymentNotCompleted` if the holder did not confirm, and `Undone` once the payment was voided.
   */
  authorize(effect: CardAuthorization): Promise<Receipt | AwaitsCustomer>;
  /**
   * Releases the hold and prevents any later hold for this order, even if nothing was held (`id` is then null).
   * Refuses `VoidRefused` and `AlreadyCaptured`.
   */
  void(effect: CardEffect): Promise<Receipt>;
  /** Captures the whole hold. Refuses `CaptureRefused`. */
  capture(effect: CardEffect): Promise<Receipt>;
  /** Refunds an amount. Refuses `RefundRefused`, `RefundExceedsCapture` and `NotCaptured`. */
  refund(effect: CardRefund): Promise<Receipt>;
  /**
   * Looks up an earlier request: returns its receipt or what the card's holder must do, as it is now, throws its refusal,
   * or returns undefined if it may be sent (again).
   */
  find(request: CardRequest): Promise<Receipt | AwaitsCustomer | undefined>;
  /** Whether money is held for this payment now. */
  isHeld(payment: CardPayment): Promise<boolean>;
  /** Checks the signature of an event and reads it. Refuses `InvalidSignature` and `InvalidEvent`. */
  readEvent(event: { payload: string; signature: string }): ProcessorEvent;
}

/** Which payment an event is about, by one of these; null for events about anything else. What has happened is looked up. */
export type ProcessorEvent = { orderId: string } | { reference: string } | null;
