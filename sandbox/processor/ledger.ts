import { randomUUID } from 'node:crypto';
import { type Outcome, refusal } from '../outcomes.ts';
import type { Books } from '../sqlite.ts';
import { type Action, behaviourOf } from './payment-methods.ts';

/** The processor's ledger: what happened to money, once for each order and action, refunds aside. */
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
  -- However many keys it is asked under: nobody is charged twice for one order.
  create unique index if not exists ledger_once on ledger (order_id, type) where type <> 'refund';
  -- Orders that may not be authorized any more, also where nothing was there to void.
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

/** The processor's decisions. Each is called inside the transaction that stores its outcome. */
export function createLedger(books: Books) {
  const find = (orderId: string, type: Action) =>
    books.first<Entry>(`select ${ENTRY_COLUMNS} from ledger where order_id = ? and type = ?`, orderId, type);
  const isVoided = (orderId: string) =>
    books.first('select 1 from voided_orders where order_id = ?', orderId) !== undefined;
  const voided = refusal(409, 'Voided', 'this order was voided');

  /** Refused as this way to pay wants it, or entered in the ledger. */
  function enter(type: Action, paymentMethod: string, entry: { orderId: string; key: string } & Amount): Outcome {
    const refuses = behaviourOf(paymentMethod)?.refuses;
    if (refuses?.action === type) return refusal(402, refuses.code, refuses.detail);
    const { orderId, key, amountMinor, currency } = entry;
    const id = `${type}_${randomUUID().replaceAll('-', '')}`;
    const at = new Date().toISOString();
    books.insert('ledger', {
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

  const paymentMethodOf = (orderId: string): string | undefined =>
    books.first<{ method: string }>(
      `select payment_method as method from ledger where order_id = ? and type = 'authorization'`,
      orderId,
    )?.method;

  return {
    paymentMethodOf,

    authorize(request: { orderId: string; paymentMethod: string } & Amount, key: string): Outcome {
      const { orderId, paymentMethod, amountMinor, currency } = request;
      if (!behaviourOf(paymentMethod)) return refusal(400, 'UnknownPaymentMethod', 'no such payment method here');
      if (isVoided(orderId)) return voided;
      if (find(orderId, 'authorization')) return refusal(409, 'AlreadyAuthorized', 'this order has its authorization');
      return enter('authorization', paymentMethod, { orderId, key, amountMinor, currency });
    },

    capture({ orderId }: { orderId: string }, key: string): Outcome {
      const held = find(orderId, 'authorization');
      if (isVoided(orderId)) return voided;
      if (!held) return refusal(409, 'NotAuthorized', 'no money is held for this order');
      if (find(orderId, 'capture')) return refusal(409, 'AlreadyCaptured', 'this order was captured before');
      return enter('capture', paymentMethodOf(orderId)!, { ...held, key });
    },

    void({ orderId }: { orderId: string }, key: string): Outcome {
      if (find(orderId, 'capture')) return refusal(409, 'AlreadyCaptured', 'what was captured can only be refunded');
      const before = find(orderId, 'void');
      if (before) return { status: 201, body: { ...before } };
      const held = find(orderId, 'authorization');
      const outcome = held ? enter('void', paymentMethodOf(orderId)!, { ...held, key }) : nothingVoided(orderId, key);
      if (outcome.status === 201) books.run('insert or ignore into voided_orders (order_id) values (?)', orderId);
      return outcome;
    },

    refund({ orderId, amountMinor, currency }: { orderId: string } & Amount, key: string): Outcome {
      const captured = find(orderId, 'capture');
      if (!captured) return refusal(409, 'NotCaptured', 'no money was captured for this order');
      if (captured.currency !== currency) return refusal(409, 'CurrencyMismatch', 'captured in another currency');
      const { refunded } = books.first<{ refunded: number }>(
        `select coalesce(sum(amount_minor), 0) as refunded from ledger where order_id = ? and type = 'refund'`,
        orderId,
      )!;
      if (refunded + amountMinor > captured.amountMinor) {
        return refusal(409, 'RefundExceedsCapture', 'more than what is left of the captured amount');
      }
      return enter('refund', paymentMethodOf(orderId)!, { orderId, key, amountMinor, currency });
    },
  };
}

export type Ledger = ReturnType<typeof createLedger>;

/** Nothing was held: no entry, but the mark keeps a late authorization out. */
const nothingVoided = (orderId: string, idempotencyKey: string): Outcome => ({
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
