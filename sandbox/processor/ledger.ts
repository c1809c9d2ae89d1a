import { randomUUID } from 'node:crypto';
import { type StoredOutcome, refusal } from '../outcomes.ts';
import type { SqliteFile } from '../sqlite.ts';
import type { Confirmations } from './confirmations.ts';
import { type Action, behaviourOf } from './payment-methods.ts';

/** The processor's ledger of money movements: one entry per order and action, except for refunds. */
export const LEDGER_SCHEMA = `
  create table if not exists ledger (
    sequence integer primary key,
    id text not null unique,
    order_id text not null,
    type text not null check (type in ('authorization', 'capture', 'void', 'refund')),
    amount_minor integer not null check (amount_minor >= 0),
    currency text not null,
    payment_method text not null,
    idempotency_key text not null unique,
    at text not null
  ) strict;
  create index if not exists ledger_order on ledger (order_id);
  -- One entry per order and action, regardless of the Idempotency-Key: nobody is charged twice.
  create unique index if not exists ledger_once on ledger (order_id, type) where type <> 'refund';
  -- Orders that can no longer be authorized, even if there was nothing to void.
  create table if not exists voided_orders (order_id text primary key) strict;`;

export const ENTRY_COLUMNS = `id, order_id as "orderId", type, amount_minor as "amountMinor", currency,
  idempotency_key as "idempotencyKey", at`;

export interface Entry {
  id: string;
  orderId: string;
  type: Action;
  amountMinor: number;
  currency: string;
  idempotencyKey: string;
  at: string;
}

export interface Amount {
  amountMinor: number;
  currency: string;
}

const VOIDED = refusal(409, 'Voided', 'this order was voided');

/** The processor's decisions. Each must be called in the transaction that stores its outcome. */
export class Ledger {
  readonly #db: SqliteFile;
  readonly #confirmations: Confirmations;

  constructor(db: SqliteFile, confirmations: Confirmations) {
    this.#db = db;
    this.#confirmations = confirmations;
  }

  paymentMethodOf(orderId: string): string | undefined {
    return this.#db.first<{ method: string }>(
      `select payment_method as method from ledger where order_id = ? and type = 'authorization'`,
      orderId,
    )?.method;
  }

  authorize(
    request: { orderId: string; paymentMethod: string; customerMayAct?: boolean | undefined } & Amount,
    key: string,
  ): StoredOutcome {
    const { orderId, paymentMethod, amountMinor, currency, customerMayAct = false } = request;
    const behaviour = behaviourOf(paymentMethod);
    if (!behaviour) return refusal(400, 'UnknownPaymentMethod', 'unknown payment method');
    if (this.#isVoided(orderId)) return VOIDED;
    if (this.#find(orderId, 'authorization'))
      return refusal(409, 'AlreadyAuthorized', 'this order is already authorized');
    if (behaviour.confirmation) {
      return customerMayAct
        ? this.#confirmations.ask({ orderId, paymentMethod, amountMinor, currency, idempotencyKey: key })
        : refusal(402, 'ConfirmationRequired', 'this card needs its holder’s confirmation');
    }
    return this.#refuseOrAddEntry('authorization', paymentMethod, { orderId, key, amountMinor, currency });
  }

  /** The card's holder confirms, or fails to. A repeat changes nothing. */
  confirm(orderId: string, outcome: 'succeeded' | 'failed'): StoredOutcome {
    return this.#db.transaction(() => {
      const asked = this.#confirmations.find(orderId);
      if (!asked) return refusal(404, 'NotFound', 'nobody was asked to confirm this payment');
      const { paymentMethod, idempotencyKey: key, amountMinor, currency } = asked;
      // The holder of the other card confirms in the same moment as the void, so to say.
      const tooLate = this.#isVoided(orderId) && behaviourOf(paymentMethod)?.confirmation !== 'told on request';
      if (asked.outcome === null && tooLate) return VOIDED;
      if (asked.outcome !== null && asked.outcome !== outcome) {
        return refusal(409, 'AlreadyDecided', `the card’s holder has acted before: ${asked.outcome}`);
      }
      if (asked.outcome === null) {
        if (outcome === 'succeeded') {
          this.#refuseOrAddEntry('authorization', paymentMethod, { orderId, key, amountMinor, currency });
        }
        this.#confirmations.decide(asked, outcome);
      }
      return { status: 200, body: { orderId, status: this.statusOf(orderId) } };
    });
  }

  /** Where a payment stands; undefined if the processor does not know it. */
  statusOf(orderId: string): string | undefined {
    if (this.#find(orderId, 'capture')) return 'captured';
    if (this.#find(orderId, 'void')) return 'voided';
    if (this.#find(orderId, 'authorization')) return 'authorized';
    const asked = this.#confirmations.find(orderId);
    if (asked?.outcome === 'failed') return 'failed';
    if (this.#isVoided(orderId)) return 'voided';
    return asked && 'requires_action';
  }

  /** What became of an authorization that its card's holder had to confirm, as it is now. */
  confirmedOutcome(orderId: string): StoredOutcome {
    const authorization = this.#find(orderId, 'authorization');
    if (this.#isVoided(orderId)) return VOIDED;
    if (authorization) return { status: 201, body: { ...authorization } };
    return this.#confirmations.find(orderId)?.outcome === 'failed'
      ? refusal(402, 'ConfirmationFailed', 'the card’s holder did not confirm the payment')
      : this.#confirmations.pending(orderId);
  }

  capture({ orderId }: { orderId: string }, key: string): StoredOutcome {
    const authorization = this.#find(orderId, 'authorization');
    if (this.#isVoided(orderId)) return VOIDED;
    if (!authorization) return refusal(409, 'NotAuthorized', 'this order is not authorized');
    if (this.#find(orderId, 'capture')) return refusal(409, 'AlreadyCaptured', 'this order is already captured');
    return this.#refuseOrAddEntry('capture', this.paymentMethodOf(orderId)!, { ...authorization, key });
  }

  void({ orderId }: { orderId: string }, key: string): StoredOutcome {
    if (this.#find(orderId, 'capture'))
      return refusal(409, 'AlreadyCaptured', 'this order is already captured: refund it instead');
    const earlier = this.#find(orderId, 'void');
    if (earlier) return { status: 201, body: { ...earlier } };
    const authorization = this.#find(orderId, 'authorization');
    const outcome = authorization
      ? this.#refuseOrAddEntry('void', this.paymentMethodOf(orderId)!, { ...authorization, key })
      : nothingVoided(orderId, key);
    if (outcome.status === 201) this.#db.run('insert or ignore into voided_orders (order_id) values (?)', orderId);
    return outcome;
  }

  refund({ orderId, amountMinor, currency }: { orderId: string } & Amount, key: string): StoredOutcome {
    const captured = this.#find(orderId, 'capture');
    if (!captured) return refusal(409, 'NotCaptured', 'this order is not captured');
    if (captured.currency !== currency) return refusal(409, 'CurrencyMismatch', 'the capture is in another currency');
    const { refunded } = this.#db.first<{ refunded: number }>(
      `select coalesce(sum(amount_minor), 0) as refunded from ledger where order_id = ? and type = 'refund'`,
      orderId,
    )!;
    if (refunded + amountMinor > captured.amountMinor) {
      return refusal(409, 'RefundExceedsCapture', 'the refund exceeds the remaining captured amount');
    }
    return this.#refuseOrAddEntry('refund', this.paymentMethodOf(orderId)!, { orderId, key, amountMinor, currency });
  }

  /** Refuses if the payment method is configured to refuse; otherwise adds an entry to the ledger. */
  #refuseOrAddEntry(
    type: Action,
    paymentMethod: string,
    entry: { orderId: string; key: string } & Amount,
  ): StoredOutcome {
    const refuses = behaviourOf(paymentMethod)?.refuses;
    if (refuses?.action === type) return refusal(402, refuses.code, refuses.detail);
    const { orderId, key, amountMinor, currency } = entry;
    const id = `${type}_${randomUUID().replaceAll('-', '')}`;
    const at = new Date().toISOString();
    this.#db.insert('ledger', {
      id,
      order_id: orderId,
      type,
      amount_minor: amountMinor,
      currency,
      payment_method: paymentMethod,
      idempotency_key: key,
      at,
    });
    return { status: 201, body: { id, type, orderId, amountMinor, currency, idempotencyKey: key, at } };
  }

  #find(orderId: string, type: Action): Entry | undefined {
    return this.#db.first<Entry>(`select ${ENTRY_COLUMNS} from ledger where order_id = ? and type = ?`, orderId, type);
  }

  #isVoided(orderId: string): boolean {
    return this.#db.first('select 1 from voided_orders where order_id = ?', orderId) !== undefined;
  }
}

/** Nothing was authorized, so there is no ledger entry; `voided_orders` prevents a late authorization. */
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
