import type { Money } from '../../activities/money.ts';

/** A payment as the processor is to know it. */
export interface CardPayment {
  orderId: string;
  /** What `open` returned; null where it returned null, or nothing was ever opened. */
  reference: string | null;
}

/** An effect on a payment. */
export interface CardEffect extends CardPayment {
  /** Names the effect: asked again under one key, the processor gives its first answer and does nothing more. */
  key: string;
}

/** How much is to be held, and on what. */
export interface CardTerms {
  amount: Money;
  /** The processor's token; a card number never comes this far. */
  paymentMethod: string;
}

export interface CardRefund extends CardEffect {
  amount: Money;
}

/** The processor did it. `id` is its own name for what it did: null where nothing had to be done. */
export interface Receipt {
  id: string | null;
}

/** One of the four effects, as it is or was asked for. */
export type CardRequest =
  | (CardEffect & CardTerms & { step: 'authorize' })
  | (CardEffect & { step: 'void' | 'capture' })
  | (CardRefund & { step: 'refund' });

/**
 * The company that moves the money. A considered no is a `Refusal` with a code of PaymentRefusal.
 * Anything else that is thrown leaves the outcome unknown: it is asked again, under the same key.
 */
export interface CardProcessor {
  /**
   * Makes the payment known without holding money, for a processor that forgets our keys after a while: its own
   * reference is kept before money moves. Opening one order again gives the same reference. Null where the
   * processor finds everything by our keys and the order's id. Refuses `CardDeclined` for an unknown payment method.
   */
  open(payment: { orderId: string } & CardTerms): Promise<string | null>;
  /** Holds the money. Refuses `CardDeclined`, `InsufficientFunds`, and `Undone` once the payment was voided. */
  authorize(effect: CardEffect & CardTerms): Promise<Receipt>;
  /**
   * Lets go of what is held, and sees to it that nothing can be held for this order any more, also where nothing was
   * (`id` is then null). Refuses `VoidRefused` and `AlreadyCaptured`.
   */
  void(effect: CardEffect): Promise<Receipt>;
  /** Takes all that is held. Refuses `CaptureRefused`. */
  capture(effect: CardEffect): Promise<Receipt>;
  /** Gives back. Refuses `RefundRefused`, `RefundExceedsCapture` and `NotCaptured`. */
  refund(effect: CardRefund): Promise<Receipt>;
  /** What came of an earlier request: its receipt, its refusal thrown, or undefined where it may be asked (again). */
  find(request: CardRequest): Promise<Receipt | undefined>;
}
