import { type StoredOutcome, refusal } from '../outcomes.ts';
import type { SqliteFile } from '../sqlite.ts';
import type { Confirmations } from './confirmations.ts';
import type { Customers } from './customers.ts';
import type { Disputes } from './disputes.ts';
import { type Amount, Entries, type Hold, type HoldRef } from './entries.ts';
import { behaviourOf } from './payment-methods.ts';

const VOIDED = refusal(409, 'Voided', 'this order was voided');

export interface Authorization extends HoldRef, Amount {
  paymentMethod: string;
  /** Whose payment method it is, or becomes with `save`. */
  customer?: string | undefined;
  save?: boolean | undefined;
  customerMayAct?: boolean | undefined;
}

/** The processor's decisions. Each must be called in the transaction that stores its outcome. */
export class Ledger {
  readonly #db: SqliteFile;
  readonly #entries: Entries;
  readonly #confirmations: Confirmations;
  readonly #customers: Customers;
  readonly #disputes: Disputes;

  constructor(
    db: SqliteFile,
    { confirmations, customers, disputes }: { confirmations: Confirmations; customers: Customers; disputes: Disputes },
  ) {
    this.#db = db;
    this.#customers = customers;
    this.#disputes = disputes;
    this.#entries = new Entries(db);
    this.#confirmations = confirmations;
  }

  /** The test card that a request is about: the one that it names, or the hold's. */
  cardOf({ paymentMethod, ...hold }: HoldRef & { paymentMethod?: string | undefined }): string | undefined {
    if (paymentMethod === undefined) return this.#entries.hold(hold).paymentMethod;
    return this.#customers.find(paymentMethod)?.card ?? paymentMethod;
  }

  authorize(request: Authorization, key: string): StoredOutcome {
    const { orderId, holdId = orderId, customer, save } = request;
    const saved = this.#customers.find(request.paymentMethod);
    if (saved && (saved.detached || saved.customer !== customer))
      return refusal(402, 'PaymentMethodNotUsable', 'the payment method is not one of this customer');
    if (customer === undefined ? save : !this.#customers.knows(customer))
      return refusal(400, 'UnknownCustomer', 'unknown customer');
    const outcome = this.#authorize({ ...request, paymentMethod: saved?.card ?? request.paymentMethod }, key);
    if (!save || !customer || saved || outcome.status >= 400) return outcome;
    this.#customers.save({ orderId, holdId }, { customer, card: request.paymentMethod });
    return outcome.status === 201 ? this.#withSaved(outcome, { orderId, holdId }) : outcome;
  }

  #withSaved({ status, body }: StoredOutcome, hold: Pick<Hold, 'orderId' | 'holdId'>): StoredOutcome {
    const saved = this.#customers.savedWith(hold);
    return { status, body: { ...body, ...(saved && { saved }) } };
  }

  #authorize(request: Authorization, key: string): StoredOutcome {
    const { orderId, holdId = orderId, paymentMethod, amountMinor, currency, customerMayAct = false } = request;
    const behaviour = behaviourOf(paymentMethod);
    if (!behaviour) return refusal(400, 'UnknownPaymentMethod', 'unknown payment method');
    const hold = this.#entries.hold(request);
    if (hold.authorization && hold.closed !== 'voided')
      return refusal(409, 'AlreadyAuthorized', 'this order is already authorized');
    if (hold.closed) return VOIDED;
    if (behaviour.renewalDeclined && holdId !== orderId)
      return refusal(402, 'CardDeclined', 'the card’s bank does not hold the money again');
    if (behaviour.confirmation) {
      return customerMayAct
        ? this.#confirmations.ask({ orderId, holdId, paymentMethod, amountMinor, currency, idempotencyKey: key })
        : refusal(402, 'ConfirmationRequired', 'this card needs its holder’s confirmation');
    }
    return this.#entries.refuseOrAdd('authorization', { orderId, holdId, paymentMethod, key, amountMinor, currency });
  }

  /** The card's holder confirms, or fails to. A repeat changes nothing. Without `holdId`: the newest hold that asks. */
  confirm(ref: HoldRef, outcome: 'succeeded' | 'failed'): StoredOutcome {
    return this.#db.transaction(() => {
      const asked = this.#confirmations.find(ref);
      if (!asked) return refusal(404, 'NotFound', 'nobody was asked to confirm this payment');
      const { paymentMethod, idempotencyKey: key, orderId, holdId } = asked;
      const isClosed = this.#entries.hold(asked).closed !== undefined;
      // The holder of the other card confirms in the same moment as the void, so to say.
      const tooLate = isClosed && behaviourOf(paymentMethod)?.confirmation !== 'told on request';
      if (asked.outcome === null && tooLate) return VOIDED;
      if (asked.outcome !== null && asked.outcome !== outcome) {
        return refusal(409, 'AlreadyDecided', `the card’s holder has acted before: ${asked.outcome}`);
      }
      if (asked.outcome === null) {
        if (outcome === 'succeeded') this.#entries.refuseOrAdd('authorization', { ...asked, key });
        this.#confirmations.decide(asked, outcome);
      }
      return { status: 200, body: { orderId, status: this.statusOf({ orderId, holdId }) } };
    });
  }

  /**
   * The card's bank releases what is left of a hold by itself, and the processor tells of it: again, if that was before.
   * Without `holdId`: the order's newest hold.
   */
  expire({ orderId, holdId = this.#entries.newestHoldId(orderId) }: HoldRef): StoredOutcome {
    return this.#db.transaction(() => {
      const hold = this.#entries.hold({ orderId, holdId });
      const isGone = hold.closed === 'expired';
      if (!isGone && hold.heldMinor === 0) return refusal(409, 'NothingHeld', 'nothing is held for this order');
      if (!isGone) this.#release(hold, `${orderId}:${hold.holdId}:expired`, hold.heldMinor, 'expired');
      const event = { id: `evt_expired_${hold.holdId}`, type: 'payment.expired', orderId, holdId: hold.holdId };
      this.#confirmations.send({ ...event, at: new Date().toISOString() });
      return { status: 200, body: { orderId, status: 'expired' } };
    });
  }

  /** Where a hold stands; undefined if the processor does not know it. Without `holdId`: the order's newest. */
  statusOf({ orderId, holdId }: HoldRef): string | undefined {
    const asked = this.#confirmations.find({ orderId, holdId });
    const newest = asked?.outcome === null ? asked.holdId : this.#entries.newestHoldId(orderId);
    const hold = this.#entries.hold({ orderId, holdId: holdId ?? newest });
    if (hold.closed === 'expired') return 'expired';
    if (hold.captures > 0) return hold.heldMinor > 0 ? 'partially_captured' : 'captured';
    if (hold.release) return 'voided';
    if (hold.authorization) return 'authorized';
    if (asked?.outcome === 'failed') return 'failed';
    if (hold.closed) return 'voided';
    return asked && 'requires_action';
  }

  /** What became of an authorization that its card's holder had to confirm, as it is now. */
  confirmedOutcome(ref: HoldRef): StoredOutcome {
    const hold = this.#entries.hold(ref);
    const { authorization, closed } = hold;
    if (closed === 'voided') return VOIDED;
    if (authorization) return this.#withSaved({ status: 201, body: { ...authorization } }, hold);
    return this.#confirmations.find(ref)?.outcome === 'failed'
      ? refusal(402, 'ConfirmationFailed', 'the card’s holder did not confirm the payment')
      : this.#confirmations.pending(ref);
  }

  /** Without an amount: all that is held. A capture that is not the last one leaves the rest of the hold. */
  capture(request: HoldRef & { amountMinor?: number | undefined; final?: boolean | undefined }, key: string) {
    const hold = this.#entries.hold(request);
    const { authorization, paymentMethod } = hold;
    if (hold.closed === 'voided') return VOIDED;
    if (!authorization) return refusal(409, 'NotAuthorized', 'this order is not authorized');
    if (hold.closed === 'expired' || this.#expires(hold)) return this.#expire(hold, key);
    if (hold.captures > 0 && hold.capturedMinor === authorization.amountMinor)
      return refusal(409, 'AlreadyCaptured', 'this order is already captured');
    if (hold.closed) return refusal(409, 'HoldClosed', 'the last capture of this hold was made');
    const { amountMinor = hold.heldMinor, final = true } = request;
    if (amountMinor > hold.heldMinor) return refusal(409, 'CaptureExceedsHold', 'less than this is held');
    const entry = { ...this.#entryOf(hold), key, amountMinor };
    const outcome = this.#entries.refuseOrAdd('capture', { ...entry, paymentMethod: paymentMethod! });
    if (outcome.status === 201 && final) this.#release(hold, `${key}:rest`, hold.heldMinor - amountMinor, 'captured');
    if (outcome.status === 201 && this.#failsLater(hold)) this.#failCapture(hold, String(outcome.body.id), key);
    if (outcome.status === 201 && behaviourOf(paymentMethod!)?.disputed) this.#disputes.open(entry);
    return outcome;
  }

  /** `rest`: also if something was captured; releases what was not. */
  void(request: HoldRef & { rest?: boolean | undefined }, key: string): StoredOutcome {
    const hold = this.#entries.hold(request);
    if (hold.captures > 0 && !request.rest)
      return refusal(409, 'AlreadyCaptured', 'this order is already captured: refund it instead');
    if (hold.release) return { status: 201, body: { ...hold.release } };
    const why = hold.captures > 0 ? 'captured' : 'voided';
    const isHeld = hold.authorization && (hold.heldMinor > 0 || hold.captures === 0);
    const outcome = isHeld
      ? this.#entries.refuseOrAdd('void', { ...this.#entryOf(hold), key, amountMinor: hold.heldMinor })
      : nothingVoided(hold.orderId, key);
    if (outcome.status === 201) this.#entries.close(hold, why);
    return outcome;
  }

  refund(request: HoldRef & Amount, key: string): StoredOutcome {
    const hold = this.#entries.hold(request);
    const { amountMinor, currency } = request;
    if (hold.captures === 0) return refusal(409, 'NotCaptured', 'this order is not captured');
    if (hold.authorization?.currency !== currency)
      return refusal(409, 'CurrencyMismatch', 'the capture is in another currency');
    if ((this.#disputes.ofHold(hold)?.status ?? 'won') !== 'won')
      return refusal(409, 'ChargeDisputed', 'the card’s holder disputes this payment');
    if (hold.refundedMinor + amountMinor > hold.capturedMinor) {
      return refusal(409, 'RefundExceedsCapture', 'the refund exceeds the remaining captured amount');
    }
    const outcome = this.#entries.refuseOrAdd('refund', { ...this.#entryOf(hold), key, amountMinor });
    if (outcome.status === 201 && behaviourOf(hold.paymentMethod!)?.refundFailsLater) {
      this.#failRefund(hold, String(outcome.body.id));
    }
    return outcome;
  }

  /** What became of a refund or a capture that was accepted; undefined if the processor does not know it. */
  outcomeOf(type: 'refund' | 'capture', id: string): 'succeeded' | 'failed' | undefined {
    return this.#entries.outcomeOf(type, id);
  }

  #failRefund({ orderId, holdId }: Hold, refundId: string): void {
    this.#entries.fail('refund', refundId);
    const id = `evt_${refundId}`;
    this.#confirmations.send({ id, type: 'refund.failed', orderId, holdId, refundId, at: new Date().toISOString() });
  }

  #failsLater = ({ orderId, holdId, paymentMethod }: Hold): boolean =>
    orderId === holdId && !!behaviourOf(paymentMethod!)?.captureFailsLater;

  #failCapture({ orderId, holdId }: Hold, captureId: string, key: string): void {
    this.#entries.fail('capture', captureId);
    this.#entries.releaseAll(this.#entries.hold({ orderId, holdId }), `${key}:failed`);
    const id = `evt_${captureId}`;
    this.#confirmations.send({ id, type: 'capture.failed', orderId, holdId, captureId, at: new Date().toISOString() });
  }

  #expires = ({ orderId, holdId, paymentMethod, captures }: Hold): boolean =>
    orderId === holdId && captures === 0 && !!behaviourOf(paymentMethod!)?.firstHoldExpires;

  /** The card's bank has released what it held. */
  #expire(hold: Hold, key: string): StoredOutcome {
    this.#release(hold, `${key}:expired`, hold.heldMinor, 'expired');
    return refusal(409, 'HoldExpired', 'the card’s bank holds nothing any more');
  }

  #release(hold: Hold, key: string, amountMinor: number, why: 'captured' | 'expired'): void {
    if (amountMinor > 0) this.#entries.add('void', { ...this.#entryOf(hold), key, amountMinor });
    this.#entries.close(hold, why);
  }

  #entryOf = ({ orderId, holdId, paymentMethod, authorization }: Hold) => ({
    orderId,
    holdId,
    paymentMethod: paymentMethod!,
    currency: authorization!.currency,
  });
}

/** Nothing was authorized, so there is no ledger entry; `closed_holds` prevents a late authorization. */
const nothingVoided = (orderId: string, idempotencyKey: string): StoredOutcome => ({
  status: 201,
  body: {
    id: null,
    type: 'void',
    orderId,
    amountMinor: 0,
    currency: null,
    idempotencyKey,
    at: new Date().toISOString(),
  },
});
