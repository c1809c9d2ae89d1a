import { type Kysely, sql } from 'kysely';
import type { InboxDatabase } from '../../../../platform/events/inbox.ts';
import type { OutboxDatabase, OutboxEvent } from '../../../../platform/events/outbox.ts';
import { type Subscription, subscription } from '../../../../platform/events/subscription.ts';
import { type Service, defineService } from '../../../../platform/service.ts';
import { OrderWatcher } from '../../../../services/order/order-watcher.ts';
import type { PeerOrderDatabase } from '../order-steps.ts';
import type { PlacedOrder } from '../order.ts';
import type { Outcome } from '../saga.ts';
import { type orderEvents, inventoryEvents, outboxes, paymentEvents, shippingEvents } from './events.ts';
import { CHAIN, NO_REQUESTS } from './registry.ts';

export interface ChoreographyOrderDatabase extends InboxDatabase, OutboxDatabase {
  orders: PeerOrderDatabase['orders'] & { reason: string | null };
}

/** Longer than an order waits for a participant that is restarted. After that the client asks again. */
const PATIENCE_MS = 30_000;

export interface Orders {
  /** Records an order, and waits until it is decided. Asked again, also after a restart, it returns the same outcome. */
  place: (order: PlacedOrder) => Promise<Outcome | { status: 'pending' }>;
  /** The handlers that decide orders. */
  subscriptions: Subscription[];
}

/** The order service's part: it begins the chain, and hears how it ended. */
export function createOrders(db: Kysely<ChoreographyOrderDatabase>, patienceMs = PATIENCE_MS): Orders {
  const watcher = new OrderWatcher((orderIds) => decidedAmong(db, orderIds));
  // Decided in a statement of its own, not in the handler's transaction: it is committed when the client is woken, and
  // an order is decided only once, however often its event is handled.
  const decide = async (orderId: string, decision: Decision) => {
    await decideOnce(db, orderId, decision);
    watcher.moved(orderId);
  };
  const reject = ({ data: { orderId, reason } }: { data: { orderId: string; reason: string } }) =>
    decide(orderId, { status: 'rejected', reason });
  return {
    async place(order) {
      await record(db, order);
      const { orderId } = order;
      const outcome = await watcher.waitUntil(orderId, patienceMs, () => findOutcome(db, orderId));
      return outcome ?? { status: 'pending' };
    },
    subscriptions: [
      subscription('payment', paymentEvents, { 'payment.declined': reject }),
      subscription('inventory', inventoryEvents, { 'stock.failed': reject }),
      subscription('shipping', shippingEvents, {
        'shipping.created': ({ data: { orderId, trackingNumber } }) =>
          decide(orderId, { status: 'confirmed', trackingNumber }),
        'shipping.failed': reject,
      }),
    ],
  };
}

export const orderService = ({ subscriptions }: Orders): Service =>
  defineService<ChoreographyOrderDatabase, Record<string, never>>(CHAIN, {
    name: 'order',
    settings: {},
    create: () => ({ requests: NO_REQUESTS, subscriptions }),
  });

/** Writes the order and the event that begins the chain. A repeat writes neither. */
async function record(db: Kysely<ChoreographyOrderDatabase>, order: PlacedOrder): Promise<void> {
  const { orderId, customerId, lines, total, shippingAddress, paymentMethod } = order;
  await sql`
    with change as (
      insert into orders (id, customer_id, lines, total_minor, currency, shipping_address, payment_method)
      values (${orderId}, ${customerId}, ${JSON.stringify(lines)}, ${total.amountMinor}, ${total.currency},
        ${JSON.stringify(shippingAddress)}, ${paymentMethod})
      on conflict (id) do nothing
      returning id
    )
    ${outboxes.order.insert('change', [{ type: 'order.created', subject: orderId, data: order }])}`.execute(db);
  outboxes.order.announce();
}

type Decision = { status: 'confirmed'; trackingNumber: string } | { status: 'rejected'; reason: string };

/** Decides an order that is pending, and lets every participant undo its part if it is rejected. */
async function decideOnce(db: Kysely<ChoreographyOrderDatabase>, orderId: string, decision: Decision): Promise<void> {
  const { status, trackingNumber, reason } = { trackingNumber: null, reason: null, ...decision };
  const cancelled: OutboxEvent<typeof orderEvents> = { type: 'order.cancelled', subject: orderId, data: { orderId } };
  await sql`
    with change as (
      update orders
      set status = ${status}, tracking_number = ${trackingNumber}, reason = ${reason}, updated_at = now()
      where id = ${orderId} and status = 'pending'
      returning id
    )
    ${outboxes.order.insert('change', status === 'rejected' ? [cancelled] : [])}`.execute(db);
  if (status === 'rejected') outboxes.order.announce();
}

async function findOutcome(db: Kysely<ChoreographyOrderDatabase>, orderId: string): Promise<Outcome | undefined> {
  const { status, reason } = await db
    .selectFrom('orders')
    .select(['status', 'reason'])
    .where('id', '=', orderId)
    .executeTakeFirstOrThrow();
  if (status === 'pending') return undefined;
  return status === 'confirmed' ? { status } : { status, reason: reason! };
}

/** For orders that another replica decides. */
async function decidedAmong(db: Kysely<ChoreographyOrderDatabase>, orderIds: string[]): Promise<string[]> {
  const rows = await db
    .selectFrom('orders')
    .select('id')
    .where('id', 'in', orderIds)
    .where('status', '<>', 'pending')
    .execute();
  return rows.map(({ id }) => id);
}
