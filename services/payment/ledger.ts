import { paymentEvents } from '../../activities/payment.ts';
import type { Money } from '../../activities/money.ts';
import { createOutboxWriter } from '../../platform/events/outbox.ts';
import type { Refusal } from '../../platform/contract/refusal.ts';
import type { Payment, Work } from './database.ts';
import { changePayment } from './payments.ts';

const tell = createOutboxWriter('payment', paymentEvents);

/** The bank keeps the money for us. */
export async function bookAuthorization(work: Work, payment: Payment): Promise<void> {
  const amount = amountOf(payment);
  await changePayment(work, payment.order_id, { status: 'authorized', authorized_minor: amount.amountMinor });
  await post(work, payment, { effect: 'authorize', amount, movements: [['card_holds', 'uncaptured_orders']] });
  await tellOf(work, 'payment.authorized', payment, amount);
}

/** The bank lets go of it. */
export async function bookVoid(work: Work, payment: Payment): Promise<void> {
  const amount = amountOf(payment);
  await changePayment(work, payment.order_id, { status: 'voided', voided_minor: amount.amountMinor });
  await post(work, payment, { effect: 'void', amount, movements: [['uncaptured_orders', 'card_holds']] });
  await tellOf(work, 'payment.voided', payment, amount);
}

/** The hold is used up; the processor owes us what we sold. */
export async function bookCapture(work: Work, payment: Payment): Promise<void> {
  const amount = amountOf(payment);
  await changePayment(work, payment.order_id, { status: 'captured', captured_minor: amount.amountMinor });
  await post(work, payment, {
    effect: 'capture',
    amount,
    movements: [
      ['uncaptured_orders', 'card_holds'],
      ['processor_receivable', 'sales'],
    ],
  });
  await tellOf(work, 'payment.captured', payment, amount);
}

/** What had been reserved for this refund is given back. */
export async function bookRefund(
  work: Work,
  payment: Payment,
  { refundId, amount }: { refundId: string; amount: Money },
): Promise<void> {
  await changePayment(work, payment.order_id, {
    refund_reserved_by: -amount.amountMinor,
    refunded_by: amount.amountMinor,
  });
  await post(work, payment, {
    effect: `refund:${refundId}`,
    amount,
    movements: [['refunds', 'processor_receivable']],
  });
  const { order_id: orderId } = payment;
  await tell(work, { type: 'payment.refunded', subject: orderId, data: { orderId, amount, refundId } });
}

/** The processor said no: no money moved, but the world may want to know. */
export const tellFailure = (work: Work, payment: Payment, step: string, refusal: Refusal): Promise<void> =>
  tell(work, {
    type: 'payment.failed',
    subject: payment.order_id,
    data: { orderId: payment.order_id, step, reason: refusal.code },
  });

interface Posting {
  effect: string;
  amount: Money;
  /** Debited, credited. */
  movements: (readonly [debit: string, credit: string])[];
}

async function post(work: Work, payment: Payment, { effect, amount, movements }: Posting): Promise<void> {
  if (amount.amountMinor === 0) return;
  await work
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

const tellOf = (
  work: Work,
  type: 'payment.authorized' | 'payment.voided' | 'payment.captured',
  { order_id: orderId }: Payment,
  amount: Money,
): Promise<void> => tell(work, { type, subject: orderId, data: { orderId, amount } });

/** What was asked to be held: all of it is voided or captured, never a part. */
const amountOf = ({ amount_minor: amountMinor, currency }: Payment): Money => ({
  amountMinor: amountMinor!,
  currency: currency!,
});
