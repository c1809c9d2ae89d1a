import { type RawBuilder, sql } from 'kysely';
import type { OrderStatus, PaymentStatus, Step } from '../../activities/order-status.ts';

// While a person must look, `status` or `payment_status` says so and its resume column keeps what it would be
// without; whatever happens to the order meanwhile happens to that.

/** What the order's status is, open interventions aside. */
export const standing: RawBuilder<OrderStatus> = sql`coalesce(resume_status, status)`;

/** What has become of the money, aside from what a person must look after. */
export const paymentStanding: RawBuilder<PaymentStatus> = sql`coalesce(resume_payment_status, payment_status)`;

/** An order is decided once: what becomes of it later does not count as one more. */
export const decidedNow: RawBuilder<Date> = sql`coalesce(decided_at, now())`;

/** The change that makes the status this one, at once or when the last intervention is closed. */
export const becomes = (status: OrderStatus) => ({
  status: sql<OrderStatus>`case when status = 'requires_action' then status else ${status} end`,
  resume_status: sql<OrderStatus | null>`case when status = 'requires_action' then ${status} end`,
  decided_at: decidedNow,
});

/** The same of the money. */
export const paymentBecomes = (status: PaymentStatus) => ({
  payment_status: sql<PaymentStatus>`case when payment_status = 'requires_action' then payment_status else ${status} end`,
  resume_payment_status: sql<PaymentStatus | null>`case when payment_status = 'requires_action' then ${status} end`,
});

const MONEY_STEPS: readonly Step[] = ['authorizePayment', 'capturePayment', 'refundPayment'];

/** The change that takes back what no open intervention asks for any more. Money that a person chose to skip stays marked. */
export function resumed() {
  const open = sql<boolean>`exists (select from interventions where order_id = orders.id and state = 'open')`;
  const moneyStuck = sql<boolean>`exists (
    select from interventions
     where order_id = orders.id and step = any(${MONEY_STEPS}::text[]) and (state = 'open' or action = 'skip'))`;
  return {
    status: sql<OrderStatus>`case when ${open} then status else ${standing} end`,
    resume_status: sql<OrderStatus | null>`case when ${open} then resume_status end`,
    payment_status: sql<PaymentStatus>`case when ${moneyStuck} then payment_status else ${paymentStanding} end`,
    resume_payment_status: sql<PaymentStatus | null>`case when ${moneyStuck} then resume_payment_status end`,
  };
}
