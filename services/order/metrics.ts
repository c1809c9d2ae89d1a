import { type Kysely, type RawBuilder, sql } from 'kysely';
import { gaugesOf } from '../../platform/telemetry/metrics.ts';
import type { ServiceContext } from '../../platform/service.ts';
import type { OrderDatabase } from './database.ts';

/**
 * What an order can wait for, and since when each does that waits for it now, counted from the last that happened to it.
 * One that is called off waits for the carrier as well, until it is undone.
 */
const WAITING: Readonly<Record<string, RawBuilder<{ since: Date }>>> = {
  // Drafted and not taken up: by a workflow that cannot, or by none, where placing failed and nobody tried again.
  record: sql`select created_at as since from orders
    where status = 'pending' and recorded_at is null and created_at > now() - interval '1 day'`,
  decision: sql`select created_at as since from orders where status = 'pending' and recorded_at is not null`,
  // Called off, and not yet undone. Asked of each order that may be, since those that ever were are many more.
  cancellation: sql`select since from (
    select (select min(at) from order_history where order_id = orders.id and step = 'cancel' and outcome = 'started') as since
      from orders where fulfillment_status = 'booked') as called_off
    where since is not null`,
  dispatch: sql`select updated_at as since from orders where fulfillment_status = 'booked'`,
  // The goods are on their way and the money is not here.
  capture: sql`select updated_at as since from orders
    where payment_status = 'authorized' and fulfillment_status in ('shipped', 'delivered')`,
  delivery: sql`select updated_at as since from orders where fulfillment_status = 'shipped'`,
  completion: sql`select returnable_until as since from orders where status = 'confirmed' and returnable_until < now()`,
  // The goods have come back and the money has not gone back, unless a person is asked about that or has left it so. A
  // workflow's name ends with what it carries.
  refund: sql`select updated_at as since from returns where status = 'received' and not exists (
    select from interventions where interventions.order_id = returns.order_id and workflow_id like '%' || returns.id
       and (state = 'open' or (step = 'refundPayment' and action = 'skip')))`,
  person: sql`select opened_at as since from interventions where state = 'open'`,
};

interface WaitingOrders {
  for: string;
  orders: number;
  oldest: number;
}

/**
 * Tells Prometheus what orders wait for. Whatever holds one up, a service, a bug, a workflow that somebody ended, it
 * grows old here.
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
      orders: { name: 'orders_waiting', help: 'Orders, and returns of orders, that wait' },
      oldest: { name: 'orders_waiting_oldest_seconds', help: 'How long the one has waited that waits for longest' },
    },
    read: () => waiting(db),
  });
}

/** One row for each kind of waiting, zeros where nobody waits. */
export async function waiting(db: Kysely<OrderDatabase>): Promise<WaitingOrders[]> {
  const kinds = Object.entries(WAITING).map(
    ([what, query]) => sql<WaitingOrders>`
      select ${what} as "for", count(*)::int as orders,
             coalesce(extract(epoch from now() - min(since)), 0)::float8 as oldest
        from (${query}) as waiting`,
  );
  const { rows } = await sql<WaitingOrders>`${sql.join(kinds, sql` union all `)}`.execute(db);
  return rows;
}
