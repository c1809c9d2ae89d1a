import { type RawBuilder, sql } from 'kysely';
import type { OrderStatus, PaymentStatus, Step } from '../../activities/order-status.ts';
import type { OrderRow } from './bookkeeping.ts';

// While an intervention is open, `status` or `payment_status` is `requires_action` and its resume column keeps the
// underlying value. Changes to the order meanwhile apply to the resume column.

/** The order's status, ignoring open interventions. */
export const underlyingStatus: RawBuilder<OrderStatus> = sql`coalesce(resume_status, status)`;

/** The payment status, ignoring open interventions. */
export const underlyingPaymentStatus: RawBuilder<PaymentStatus> = sql`coalesce(resume_payment_status, payment_status)`;

/** An order is decided once: later changes do not count as another decision. */
export const decidedAtOrNow: RawBuilder<Date> = sql`coalesce(decided_at, now())`;

/** The column changes that set the status, now or when the last intervention is closed. */
export const setStatus = (status: OrderStatus) => ({
  status: sql<OrderStatus>`case when status = 'requires_action' then status else ${status} end`,
  resume_status: sql<OrderStatus | null>`case when status = 'requires_action' then ${status} end`,
  decided_at: decidedAtOrNow,
});

/** The same for the payment status. */
export const setPaymentStatus = (status: PaymentStatus) => ({
  payment_status: sql<PaymentStatus>`case when payment_status = 'requires_action' then payment_status else ${status} end`,
  resume_payment_status: sql<PaymentStatus | null>`case when payment_status = 'requires_action' then ${status} end`,
});

const PAID: readonly PaymentStatus[] = ['captured', 'partially_refunded', 'refunded'];

/** What was taken from the card, in minor units. */
export const capturedMinorOf = ({ total_minor, payment_status, resume_payment_status }: OrderRow): number =>
  PAID.includes(resume_payment_status ?? payment_status) ? total_minor : 0;

const PAYMENT_STEPS: readonly Step[] = ['authorizePayment', 'releasePayment', 'capturePayment', 'refundPayment'];

/**
 * The column changes once an intervention is closed. A payment step that a person skipped leaves the payment marked, unless
 * it was a refund without a return: nobody is owed that money.
 */
export function statusesOnceClosed() {
  const anyOpen = sql<boolean>`exists (select from interventions where order_id = orders.id and state = 'open')`;
  const paymentBlocked = sql<boolean>`exists (
    select from interventions
     where order_id = orders.id and step = any(${PAYMENT_STEPS}::text[])
       and (state = 'open' or (action = 'skip' and workflow_id not like 'refund-%')))`;
  return {
    status: sql<OrderStatus>`case when ${anyOpen} then status else ${underlyingStatus} end`,
    resume_status: sql<OrderStatus | null>`case when ${anyOpen} then resume_status end`,
    payment_status: sql<PaymentStatus>`case when ${paymentBlocked} then payment_status else ${underlyingPaymentStatus} end`,
    resume_payment_status: sql<PaymentStatus | null>`case when ${paymentBlocked} then resume_payment_status end`,
  };
}
