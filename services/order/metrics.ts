import { type Kysely, type RawBuilder, sql } from 'kysely';
import { gaugesOf } from '../../platform/telemetry/metrics.ts';
import type { ServiceContext } from '../../platform/service.ts';
import type { OrderDatabase } from './database.ts';
import { ASKED_STEPS } from './intervention-actions.ts';
import { askedFor } from './intervention-views.ts';
import { WAITING_PARCELS } from './parcels.ts';
import { notEnded } from './statuses.ts';

/**
 * For each thing that an order can wait for: the waiting orders, with the time of the last change to each. An order
 * whose cancellation is under way also waits for the carrier until its compensations are done.
 */
const WAITING_ORDERS: Readonly<Record<string, RawBuilder<{ since: Date }>>> = {
  // Drafted but not recorded: the workflow is stuck, or was never started because placing failed and was not retried.
  record: sql`select created_at as since from orders
    where status = 'pending' and recorded_at is null and created_at > now() - interval '1 day'`,
  // A customer who had to confirm the payment may have taken their time.
  decision: sql`select case when payment_status = 'authorized' then updated_at else created_at end as since from orders
    where status = 'pending' and recorded_at is not null and payment_status <> 'awaiting_customer'`,
  // The time of the customer is up, and the order still waits for them.
  customer: sql`select since from (
    select (next_action->>'expiresAt')::timestamptz as since from orders
     where status = 'pending' and payment_status = 'awaiting_customer') as awaited
    where since < now()`,
  // Cancellation started but not complete. Checks each order that can still be canceled, because far more orders were
  // canceled at some time.
  cancellation: sql`select since from (
    select (select min(at) from order_history where order_id = orders.id and step = 'cancel' and outcome = 'started') as since
      from orders where fulfillment_status = 'booked' and ${notEnded}) as called_off
    where since is not null`,
  ...WAITING_PARCELS,
  // The time in which its customer may name another payment method is up, and the order still waits for them.
  payment_method: sql`select payment_method_until as since from orders
    where recorded_at is not null and payment_status = 'awaiting_customer' and payment_method_until < now()`,
  completion: sql`select returnable_until as since from orders where status = 'confirmed' and returnable_until < now()`,
  // The goods have been received but not refunded, or staff wants to give money back, except where an intervention is open.
  // The id of the workflow ends with the return's or the refund's id.
  refund: sql`select updated_at as since from returns where status = 'received' and not exists (
    select from interventions where interventions.order_id = returns.order_id and ${askedFor} like '%' || returns.id
       and state = 'open')
    union all
    select created_at from refunds where status = 'requested' and not exists (
    select from interventions where interventions.order_id = refunds.order_id and ${askedFor} like '%' || refunds.id
       and state = 'open')`,
  // For a discrepancy of the books no order waits.
  person: sql`select opened_at as since from interventions where state = 'open' and step <> 'reconcile'`,
};

interface WaitingOrders {
  for: string;
  orders: number;
  oldest: number;
}

/**
 * Gauges of what orders wait for. Whatever blocks an order (a service, a bug, a terminated workflow), its age grows
 * here.
 */
export function waitingMetrics({
  metrics,
  db,
  logger,
}: Pick<ServiceContext<OrderDatabase, unknown>, 'metrics' | 'db' | 'logger'>): void {
  gaugesOf(metrics, {
    logger,
    label: 'for',
    gauges: {
      orders: { name: 'orders_waiting', help: 'Number of waiting orders and returns' },
      oldest: { name: 'orders_waiting_oldest_seconds', help: 'Age of the oldest waiting order, in seconds' },
    },
    read: () => countWaitingOrders(db),
  });
}

/** One row for each thing that orders can wait for, with zeros if none does. */
export async function countWaitingOrders(db: Kysely<OrderDatabase>): Promise<WaitingOrders[]> {
  const kinds = Object.entries(WAITING_ORDERS).map(
    ([what, query]) => sql<WaitingOrders>`
      select ${what} as "for", count(*)::int as orders,
             coalesce(extract(epoch from now() - min(since)), 0)::float8 as oldest
        from (${query}) as waiting`,
  );
  const { rows } = await sql<WaitingOrders>`${sql.join(kinds, sql` union all `)}`.execute(db);
  return rows;
}

/** Gauges of the open interventions by step, also of steps without any: an alert then sees a zero, not a gap. */
export function interventionMetrics({
  metrics,
  db,
  logger,
}: Pick<ServiceContext<OrderDatabase, unknown>, 'metrics' | 'db' | 'logger'>): void {
  gaugesOf(metrics, {
    logger,
    label: 'step',
    gauges: {
      open: { name: 'interventions_open', help: 'Number of open interventions' },
      oldest: { name: 'interventions_open_oldest_seconds', help: 'Age of the oldest open intervention, in seconds' },
    },
    read: () => countInterventions(db),
  });
}

/** One row for each step about which a person may be asked, and for any other that has an open intervention. */
export async function countInterventions(
  db: Kysely<OrderDatabase>,
): Promise<{ step: string; open: number; oldest: number }[]> {
  const { rows } = await sql<{ step: string; open: number; oldest: number }>`
    select step, coalesce(open, 0)::int as open, coalesce(oldest, 0)::float8 as oldest
      from unnest(${ASKED_STEPS}::text[]) as asked (step)
      full join (
        select step, count(*) as open, extract(epoch from now() - min(opened_at)) as oldest
          from interventions where state = 'open' group by step) as waiting using (step)`.execute(db);
  return rows;
}

/** Gauges of the orders whose workflows this service still has to start. */
export function handOverMetrics({
  metrics,
  db,
  logger,
}: Pick<ServiceContext<OrderDatabase, unknown>, 'metrics' | 'db' | 'logger'>): void {
  gaugesOf(metrics, {
    logger,
    label: 'status',
    gauges: {
      orders: { name: 'orders_to_hand_over', help: 'Number of orders whose workflow is still to be started' },
      oldest: {
        name: 'orders_to_hand_over_oldest_seconds',
        help: 'Age of the oldest order whose workflow is still to be started, in seconds',
      },
    },
    read: () => countToHandOver(db),
  });
}

/** Confirmed ones wait for Temporal only; pending ones are being placed, or their replica has died. */
export async function countToHandOver(
  db: Kysely<OrderDatabase>,
): Promise<{ status: string; orders: number; oldest: number }[]> {
  const { rows } = await sql<{ status: string; orders: number; oldest: number }>`
    select kinds.status, count(orders.id)::int as orders,
           coalesce(extract(epoch from now() - min(coalesce(decided_at, created_at))), 0)::float8 as oldest
      from (values ('pending', false), ('confirmed', true)) as kinds (status, decided)
      left join (workflows_to_start join orders on id = order_id) on (decided_at is not null) = decided
     group by kinds.status`.execute(db);
  return rows;
}
