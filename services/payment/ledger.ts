import type { z } from 'zod';
import type { Money } from '../../activities/money.ts';
import type { paymentEvents } from '../../activities/payment.ts';
import type { Hold, Payment, PaymentRow, PaymentStatus } from './database.ts';
import type { SavedCard } from './processor.ts';

/** The sums of a payment that an outcome changes, and of the hold that it is about. */
export const SUMS = [
  'authorized_minor',
  'voided_minor',
  'captured_minor',
  'capture_reserved_minor',
  'refund_reserved_minor',
  'refunded_minor',
  'capture_failed_minor',
] as const satisfies (keyof Hold & keyof PaymentRow)[];
export type Sums = Partial<Record<(typeof SUMS)[number], number>>;

/** What an outcome changes in our records, written together: see `outcome.ts`. */
export interface Effects {
  change: { status?: PaymentStatus; undone?: boolean; settled?: boolean };
  /** Added to the payment's sums and, where holds have rows, to this hold's. */
  sums: Sums;
  holdId?: string;
  /** Nothing more is captured of the hold. */
  closes?: boolean;
  /** Whether the hold can be captured several times; absent if that is not known, or known before. */
  capturesSeveral?: boolean | undefined;
  /** Added to the payment's sums. */
  manuallyRefundedBy?: number;
  manuallyCapturedBy?: number;
  /** The payment method is saved for its user. */
  saved?: SavedCard | undefined;
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

export const NO_EFFECTS: Effects = { change: {}, sums: {}, entries: [], events: [] };

/** The payment as these effects leave it. */
export function after(payment: Payment, { change, sums, holdId, closes = false }: Effects): Payment {
  const add = <Row extends Hold | PaymentRow>(row: Row): Row => ({
    ...row,
    ...Object.fromEntries(SUMS.map((name) => [name, row[name] + (sums[name] ?? 0)])),
  });
  const holds = payment.holds.map((hold) =>
    hold.hold_id === holdId ? { ...add(hold), closed: hold.closed || closes } : hold,
  );
  return { ...add(payment), ...change, holds };
}

/** Both, of one hold: `second` is given the payment as `first` leaves it. */
export function together(payment: Payment, first: Effects, second: (payment: Payment) => Effects): Effects {
  const then = second(after(payment, first));
  return {
    ...first,
    ...then,
    change: { ...first.change, ...then.change },
    sums: Object.fromEntries(SUMS.map((name) => [name, (first.sums[name] ?? 0) + (then.sums[name] ?? 0)])),
    entries: [...first.entries, ...then.entries],
    events: [...first.events, ...then.events],
  };
}

/** One movement on the ledger of memo accounts: money that the card's bank holds, or no longer holds. */
export const HOLDS = ['card_holds', 'uncaptured_orders'] as const;
export const RELEASES = ['uncaptured_orders', 'card_holds'] as const;
export const SALE = ['processor_receivable', 'sales'] as const;
export const SALE_FAILED = ['sales', 'processor_receivable'] as const;
export const MANUAL_SALE = ['bank', 'sales'] as const;
export const REFUND = ['refunds', 'processor_receivable'] as const;
export const REFUND_FAILED = ['processor_receivable', 'refunds'] as const;
export const MANUAL_REFUND = ['refunds', 'bank'] as const;

/** Entries of an amount; none of zero. */
export const entriesOf = (
  effect: string,
  amount: Money,
  ...movements: readonly (readonly [debit: string, credit: string])[]
): LedgerEntry[] =>
  amount.amountMinor === 0 ? [] : movements.map(([debit, credit]) => ({ effect, debit, credit, amount }));

export const amountEvent = (
  type: 'payment.authorized' | 'payment.voided' | 'payment.captured',
  { order_id: orderId }: PaymentRow,
  amount: Money,
): PaymentEvent => ({ type, subject: orderId, data: { orderId, amount } });

export const moneyOf = ({ currency }: PaymentRow, amountMinor: number): Money => ({
  amountMinor,
  currency: currency!,
});
