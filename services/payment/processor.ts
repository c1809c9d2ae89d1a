import type { Money } from '../../activities/money.ts';
import type { OutsideLedgerPage, ReadOutsideLedger } from '../../activities/outside-ledger.ts';
import type { CustomerAction } from '../../activities/payment.ts';

/** Identifies a hold to the processor. */
export interface CardHold {
  orderId: string;
  /** The first hold's id is the order's. */
  holdId: string;
  /** The result of `open`; null if it returned null or was never called. */
  reference: string | null;
}

/** An effect on a hold. */
export interface CardEffect extends CardHold {
  /** The effect's idempotency key: a repeat gets the processor's first response and has no further effect. */
  key: string;
}

/** The amount to hold, and the payment method to hold it on. */
export interface CardTerms {
  amount: Money;
  /** The processor's token; a card number never reaches this service. */
  paymentMethod: string;
}

/** A hold that is opened. */
export interface CardOpening extends Pick<CardHold, 'orderId' | 'holdId'>, CardTerms {
  /** The result of `addCustomer`. Null: it needs none. */
  customer: string | null;
  /** An earlier hold of the order was placed on the payment method, or it was saved before. */
  usedBefore: boolean;
}

export interface CardAuthorization extends CardEffect, CardTerms {
  /** The customer of the user whose saved payment method it is, or who saves it. Null: it is neither. */
  customer: string | null;
  /** Whether the payment method is to be attached to the customer once it was charged, so that later orders can name it. */
  save: boolean;
  /** An earlier hold of the order was placed on the payment method, or it was saved before. */
  usedBefore: boolean;
  /** Whether the order waits for the card's holder. If not, a card that asks for them is declined. */
  customerMayAct: boolean;
}

export interface CardVoid extends CardEffect {
  /** Also if something of the hold was captured: releases what was not. */
  rest: boolean;
}

export interface CardCapture extends CardEffect {
  /** The parcel that is paid for: an order has at most one capture of each. */
  parcelId: string;
  amount: Money;
  /** Whether the amount is all that was ever held. */
  whole: boolean;
  /** The last capture of the hold: releases what is left of it. */
  final: boolean;
  /** Whether the hold can be captured several times. If not, this is its only capture. */
  several: boolean;
}

export interface CardRefund extends CardEffect {
  amount: Money;
}

/** A payment that the card's holder does not accept, as the processor says that it stands. */
export interface CardDispute {
  status: 'open' | 'won' | 'lost';
  amount: Money;
  /** Whether the processor has taken the money back. */
  withdrawn: boolean;
  /** In the processor's words. */
  reason: string;
  /** RFC 3339: until when it wants an answer. Null: it wants none. */
  respondBy: string | null;
}

/** The processor carried out the step. `id` is its id of the effect; null if nothing had to be done. */
export interface Receipt {
  id: string | null;
  /** Of a hold: whether it can be captured several times. Absent: as the processor's holds in general. */
  capturesSeveral?: boolean;
  /** Of a hold with `save`: the payment method as it was saved. */
  saved?: SavedCard | undefined;
}

/** A payment method that is attached to a customer, and what may be shown of its card. */
export interface SavedCard {
  /** The token for later orders, perhaps another one than was charged. */
  paymentMethod: string;
  brand: string;
  last4: string;
  expiryMonth: number;
  expiryYear: number;
}

/** The customer to register at the processor: the payer of one order, or a user of the platform. */
export type Owner = { orderId: string } | { userId: string };

/** Nothing is held yet: the card's holder must act first. */
export interface AwaitsCustomer {
  customerAction: CustomerAction;
}

/** A request for one of the four effects. */
export type CardRequest =
  | (CardAuthorization & { step: 'authorize' })
  | (CardVoid & { step: 'void' })
  | (CardCapture & { step: 'capture' })
  | (CardRefund & { step: 'refund' });

/**
 * The company that moves the money. A definite refusal is thrown as a `Refusal` with a code of PaymentRefusal.
 * After any other error the outcome is unknown: the request is repeated under the same key.
 */
export interface CardProcessor {
  /** Of holds whose receipt does not say it. If not, every capture must be final. */
  capturesSeveralTimes: boolean;
  /** Whether a payment method can be used for more than one hold only by a customer. If not, only saved ones have one. */
  needsCustomers: boolean;
  /** Registers a customer, whose id is saved before a hold is opened. A repeat that comes soon returns the same id. */
  addCustomer(owner: Owner): Promise<string>;
  /** Detaches a saved payment method from its customer: nobody can use it again. A repeat changes nothing. */
  detach(paymentMethod: string): Promise<void>;
  /**
   * Registers a hold without holding money, for a processor that forgets idempotency keys after a while: its
   * reference is saved before money moves. Opening a hold again returns the same reference. Null if the processor
   * finds everything by our keys and ids. Refuses `CardDeclined` for an unknown payment method.
   */
  open(hold: CardOpening): Promise<string | null>;
  /**
   * Holds the money, or says what the card's holder must do first. Refuses `CardDeclined`, `InsufficientFunds`,
   * `PaymentNotCompleted` if the holder did not confirm, and `Undone` once the hold was voided.
   */
  authorize(effect: CardAuthorization): Promise<Receipt | AwaitsCustomer>;
  /**
   * Releases the hold and prevents that it is held later, even if nothing was held (`id` is then null).
   * Refuses `VoidRefused` and, unless `rest`, `AlreadyCaptured` if something of it was captured.
   */
  void(effect: CardVoid): Promise<Receipt>;
  /** Captures an amount of the hold. Refuses `CaptureRefused`, and `HoldExpired` if the hold is gone. */
  capture(effect: CardCapture): Promise<Receipt>;
  /** Refunds an amount of what was captured of the hold. Refuses `RefundRefused`, `RefundExceedsCapture` and `NotCaptured`. */
  refund(effect: CardRefund): Promise<Receipt>;
  /**
   * Looks up an earlier request: returns its receipt or what the card's holder must do, as it is now, throws its refusal,
   * or returns undefined if it may be sent (again).
   */
  find(request: CardRequest): Promise<Receipt | AwaitsCustomer | undefined>;
  /** Whether money of this hold is held now. */
  isHeld(hold: CardHold): Promise<boolean>;
  /** Whether the card's bank has released what was not captured of this hold by itself. */
  hasHoldExpired(hold: CardHold): Promise<boolean>;
  /** Whether a capture of the hold that the processor had said yes to has failed since. `id`: of its receipt. */
  hasCaptureFailed(capture: CardHold & { id: string }): Promise<boolean>;
  /** How a dispute of the hold stands. Undefined if there is none with this id. */
  findDispute(dispute: CardHold & { id: string }): Promise<CardDispute | undefined>;
  /** Whether a refund that the processor had said yes to has failed since. `id`: of its receipt. */
  hasRefundFailed(id: string): Promise<boolean>;
  /** Checks the signature of an event and reads it. Refuses `InvalidSignature` and `InvalidEvent`. */
  readEvent(event: { payload: string; signature: string }): ProcessorEvent;
  /** Reads its ledger of all effects. Absent: it has none that could be read as a whole, or compared. */
  readLedger?(request: ReadOutsideLedger): Promise<OutsideLedgerPage>;
}

/**
 * Which hold an event is about, by its id or its reference; null for events about anything else. What has happened is looked
 * up. `refund`: of a refund of it, by its receipt. `expiry`: whether the hold is gone must be asked.
 * `captures`: whether its captures stand. `dispute`: of a dispute, by its id.
 */
export type ProcessorEvent =
  | (({ orderId: string; holdId: string } | { reference: string }) & {
      refund?: string;
      expiry?: boolean;
      captures?: boolean;
      dispute?: string;
    })
  | null;
