import type { z } from 'zod';
import type { Money } from '../../activities/money.ts';
import { paymentEvents } from '../../activities/payment.ts';
import type { Refusal } from '../../platform/contract/refusal.ts';
import type { Payment } from './database.ts';

/** What an outcome changes in our records, written together: see `outcome.ts`. */
export interface Effects {
  change: Partial<Pick<Payment, 'status' | 'undone' | `${'authorized' | 'voided' | 'captured'}_minor`>> & {
    /** Added to the current value. */
    refund_reserved_by?: number;
    refunded_by?: number;
    manually_refunded_by?: number;
  };
  entries: readonly LedgerEntry[];
  events: readonly PaymentEvent[];
}

/** Debits one account and credits another by the same amount. `effect` is the step that posts it. */
interface LedgerEntry {
  effect: string;
  debit: string;
  credit: string;
  amount: Money;
}

export type PaymentEvent = {
  [Type in keyof typeof paymentEvents]: { type: Type; subject: string; data: z.infer<(typeof paymentEvents)[Type]> };
}[keyof typeof paymentEvents];

export const NO_EFFECTS: Effects = { change: {}, entries: [], events: [] };

/** Both, in this order. */
export const together = (first: Effects, second: Effects): Effects => ({
  change: { ...first.change, ...second.change },
  entries: [...first.entries, ...second.entries],
  events: [...first.events, ...second.events],
});

/** The card's bank holds the money. */
export function authorized(payment: Payment): Effects {
  const amount = amountOf(payment);
  return {
    change: { status: 'authorized', authorized_minor: amount.amountMinor },
    entries: entriesOf('authorize', amount, [['card_holds', 'uncaptured_orders']]),
    events: [amountEvent('payment.authorized', payment, amount)],
  };
}

/** The card's bank releases the hold. */
export function voided(payment: Payment): Effects {
  const amount = amountOf(payment);
  return {
    change: { status: 'voided', voided_minor: amount.amountMinor },
    entries: entriesOf('void', amount, [['uncaptured_orders', 'card_holds']]),
    events: [amountEvent('payment.voided', payment, amount)],
  };
}

/** The hold is used up; the processor owes us the amount of the sale. */
export function captured(payment: Payment): Effects {
  const amount = amountOf(payment);
  const movements = [
    ['uncaptured_orders', 'card_holds'],
    ['processor_receivable', 'sales'],
  ] as const;
  return {
    change: { status: 'captured', captured_minor: amount.amountMinor },
    entries: entriesOf('capture', amount, movements),
    events: [amountEvent('payment.captured', payment, amount)],
  };
}

/** The amount reserved for this refund is paid back. */
export function refunded(
  { order_id: orderId }: Payment,
  { refundId, amount }: { refundId: string; amount: Money },
): Effects {
  return {
    change: { refund_reserved_by: -amount.amountMinor, refunded_by: amount.amountMinor },
    entries: entriesOf(`refund:${refundId}`, amount, [['refunds', 'processor_receivable']]),
    events: [{ type: 'payment.refunded', subject: orderId, data: { orderId, amount, refundId } }],
  };
}

/** A person has paid the amount back outside of the processor. */
export function manuallyRefunded(
  { order_id: orderId }: Payment,
  { refundId, amount }: { refundId: string; amount: Money },
): Effects {
  return {
    change: { manually_refunded_by: amount.amountMinor },
    entries: entriesOf(`manual_refund:${refundId}`, amount, [['refunds', 'bank']]),
    events: [{ type: 'payment.refunded', subject: orderId, data: { orderId, amount, refundId, manually: true } }],
  };
}

/** The processor refused: no money moved, but subscribers may want to know. */
export const failed = ({ order_id: orderId }: Payment, step: string, refusal: Refusal): Effects => ({
  ...NO_EFFECTS,
  events: [{ type: 'payment.failed', subject: orderId, data: { orderId, step, reason: refusal.code } }],
});

const entriesOf = (
  effect: string,
  amount: Money,
  movements: readonly (readonly [debit: string, credit: string])[],
): LedgerEntry[] =>
  amount.amountMinor === 0 ? [] : movements.map(([debit, credit]) => ({ effect, debit, credit, amount }));

const amountEvent = (
  type: 'payment.authorized' | 'payment.voided' | 'payment.captured',
  { order_id: orderId }: Payment,
  amount: Money,
): PaymentEvent => ({ type, subject: orderId, data: { orderId, amount } });

/** The authorized amount: all of it is voided or captured, never a part. */
const amountOf = ({ amount_minor: amountMinor, currency }: Payment): Money => ({
  amountMinor: amountMinor!,
  currency: currency!,
});
