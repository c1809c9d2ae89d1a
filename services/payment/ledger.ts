import { paymentEvents } from '../../activities/payment.ts';
import type { Money } from '../../activities/money.ts';
import { createOutboxWriter } from '../../platform/events/outbox.ts';
import type { Refusal } from '../../platform/contract/refusal.ts';
import type { Payment, PaymentTransaction } from './database.ts';
import { updatePayment } from './payments.ts';

const writeEvent = createOutboxWriter('payment', paymentEvents);

/** The card's bank holds the money. */
export async function recordAuthorization(transaction: PaymentTransaction, payment: Payment): Promise<void> {
  const amount = amountOf(payment);
  await updatePayment(transaction, payment.order_id, { status: 'authorized', authorized_minor: amount.amountMinor });
  await writeEntries(transaction, payment, {
    effect: 'authorize',
    amount,
    movements: [['card_holds', 'uncaptured_orders']],
  });
  await writeAmountEvent(transaction, 'payment.authorized', payment, amount);
}

/** The card's bank releases the hold. */
export async function recordVoid(transaction: PaymentTransaction, payment: Payment): Promise<void> {
  const amount = amountOf(payment);
  await updatePayment(transaction, payment.order_id, { status: 'voided', voided_minor: amount.amountMinor });
  await writeEntries(transaction, payment, {
    effect: 'void',
    amount,
    movements: [['uncaptured_orders', 'card_holds']],
  });
  await writeAmountEvent(transaction, 'payment.voided', payment, amount);
}

/** The hold is used up; the processor owes us the amount of the sale. */
export async function recordCapture(transaction: PaymentTransaction, payment: Payment): Promise<void> {
  const amount = amountOf(payment);
  await updatePayment(transaction, payment.order_id, { status: 'captured', captured_minor: amount.amountMinor });
  await writeEntries(transaction, payment, {
    effect: 'capture',
    amount,
    movements: [
      ['uncaptured_orders', 'card_holds'],
      ['processor_receivable', 'sales'],
    ],
  });
  await writeAmountEvent(transaction, 'payment.captured', payment, amount);
}

/** The amount reserved for this refund is paid back. */
export async function recordRefund(
  transaction: PaymentTransaction,
  payment: Payment,
  { refundId, amount }: { refundId: string; amount: Money },
): Promise<void> {
  await updatePayment(transaction, payment.order_id, {
    refund_reserved_by: -amount.amountMinor,
    refunded_by: amount.amountMinor,
  });
  await writeEntries(transaction, payment, {
    effect: `refund:${refundId}`,
    amount,
    movements: [['refunds', 'processor_receivable']],
  });
  const { order_id: orderId } = payment;
  await writeEvent(transaction, { type: 'payment.refunded', subject: orderId, data: { orderId, amount, refundId } });
}

/** The processor refused: no money moved, but subscribers may want to know. */
export const writeFailureEvent = (
  transaction: PaymentTransaction,
  payment: Payment,
  step: string,
  refusal: Refusal,
): Promise<void> =>
  writeEvent(transaction, {
    type: 'payment.failed',
    subject: payment.order_id,
    data: { orderId: payment.order_id, step, reason: refusal.code },
  });

interface Posting {
  effect: string;
  amount: Money;
  /** Pairs of accounts. */
  movements: (readonly [debit: string, credit: string])[];
}

async function writeEntries(
  transaction: PaymentTransaction,
  payment: Payment,
  { effect, amount, movements }: Posting,
): Promise<void> {
  if (amount.amountMinor === 0) return;
  await transaction
    .insertInto('ledger_entries')
    .values(
      movements.map(([debit, credit]) => ({
        order_id: payment.order_id,
        effect,
        debit_account: debit,
        credit_account: credit,
        amount_minor: amount.amountMinor,
        currency: amount.currency,
      })),
    )
    .execute();
}

const writeAmountEvent = (
  transaction: PaymentTransaction,
  type: 'payment.authorized' | 'payment.voided' | 'payment.captured',
  { order_id: orderId }: Payment,
  amount: Money,
): Promise<void> => writeEvent(transaction, { type, subject: orderId, data: { orderId, amount } });

/** The authorized amount: all of it is voided or captured, never a part. */
const amountOf = ({ amount_minor: amountMinor, currency }: Payment): Money => ({
  amountMinor: amountMinor!,
  currency: currency!,
});
