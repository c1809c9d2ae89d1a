import { type RawBuilder, sql } from 'kysely';
import type { OrderStatus, PaymentStatus, Step } from '../../activities/order-status.ts';
import type { OrderRow } from './bookkeeping.ts';

// While an intervention is open, `status` or `payment_status` is `requires_action` and its resume column keeps the
// underlying value. Changes to the order meanwhile apply to the resume column.

/** The order's status, ignoring open interventions. */
export const underlyingStatus: RawBuilder<OrderStatus> = sql`coalesce(orders.resume_status, orders.status)`;

/** Neither rejected nor canceled. Where a person skipped the cancellation of its parcel, such an order stays `booked`. */
export const notEnded: RawBuilder<boolean> = sql`${underlyingStatus} not in ('rejected', 'canceled')`;

/** The payment status, ignoring open interventions. */
export const underlyingPaymentStatus: RawBuilder<PaymentStatus> = sql`
  coalesce(orders.resume_payment_status, orders.payment_status)`;

/** An order is decided once: later changes do not count as another decision. */
export const decidedAtOrNow: RawBuilder<Date> = sql`coalesce(decided_at, now())`;

/** The column changes that set the status, now or when the last intervention is closed. */
export const setStatus = (status: OrderStatus) => ({
  status: sql<OrderStatus>`case when status = 'requires_action' then status else ${status} end`,
  resume_status: sql<OrderStatus | null>`case when status = 'requires_action' then ${status} end`,
  decided_at: decidedAtOrNow,
});

/** The same for the payment status. */
export const setPaymentStatus = (status: PaymentStatus | RawBuilder<PaymentStatus>) => ({
  payment_status: sql<PaymentStatus>`case when payment_status = 'requires_action' then payment_status else ${status} end`,
  resume_payment_status: sql<PaymentStatus | null>`case when payment_status = 'requires_action' then ${status} end`,
});

const PAID: readonly PaymentStatus[] = ['captured', 'partially_refunded', 'refunded'];

type Money = Pick<
  OrderRow,
  | 'total_minor'
  | 'captured_minor'
  | 'uncollected_minor'
  | 'canceled_minor'
  | 'refunded_minor'
  | 'payment_status'
  | 'resume_payment_status'
>;

const paymentStatusOf = ({ resume_payment_status, payment_status }: Money): PaymentStatus =>
  resume_payment_status ?? payment_status;

/** What was captured, in minor units, also if the processor has taken it back since. */
export const takenMinorOf = (order: Money): number =>
  order.captured_minor ?? (PAID.includes(paymentStatusOf(order)) ? order.total_minor : 0);

/** What was captured and not taken back, in minor units. */
export const capturedMinorOf = (order: Money): number => takenMinorOf(order) - order.uncollected_minor;

/** What is still to be captured, in minor units. */
export const outstandingMinorOf = (order: Money): number =>
  Math.max(0, order.total_minor - order.canceled_minor - takenMinorOf(order));

const HELD: readonly PaymentStatus[] = ['authorized', 'awaiting_customer', 'partially_captured', ...PAID];

/**
 * The payment status of an order that is paid for part by part, apart from open interventions. `begun`: something of it was
 * captured, even if it cost nothing.
 */
export function statusOfPayment(order: Money, begun: boolean): PaymentStatus {
  const now = paymentStatusOf(order);
  if (!begun || !HELD.includes(now)) return now;
  if (outstandingMinorOf(order) > 0) return now === 'awaiting_customer' ? now : 'partially_captured';
  if (order.refunded_minor === 0) return 'captured';
  return order.refunded_minor === capturedMinorOf(order) ? 'refunded' : 'partially_refunded';
}

const PAYMENT_STEPS: readonly Step[] = [
  'authorizePayment',
  'releasePayment',
  'capturePayment',
  'recapturePayment',
  'releaseRest',
  'releaseReplacedHolds',
  'refundPayment',
];

/**
 * The column changes once an intervention is closed. A payment step that a person skipped leaves the payment marked, unless
 * it was a refund without a return: nobody is owed that money. So does money that was taken back and is not collected.
 */
export function statusesOnceClosed() {
  // A discrepancy of the books has stopped nothing.
  const anyOpen = sql<boolean>`exists (
    select from interventions where order_id = orders.id and state = 'open' and step <> 'reconcile')`;
  const paymentBlocked = sql<boolean>`(uncollected_minor > 0 or exists (
    select from interventions
     where order_id = orders.id and step = any(${PAYMENT_STEPS}::text[])
       and (state = 'open' or (action = 'skip' and workflow_id not like 'refund-%'))))`;
  return {
    status: sql<OrderStatus>`case when ${anyOpen} then status else ${underlyingStatus} end`,
    resume_status: sql<OrderStatus | null>`case when ${anyOpen} then resume_status end`,
    payment_status: sql<PaymentStatus>`case when ${paymentBlocked} then payment_status else ${underlyingPaymentStatus} end`,
    resume_payment_status: sql<PaymentStatus | null>`case when ${paymentBlocked} then resume_payment_status end`,
  };
}
