import type { InventoryActivities } from '../../../../activities/inventory.ts';
import type { InboxDatabase } from '../../../../platform/events/inbox.ts';
import { type Subscription, subscription } from '../../../../platform/events/subscription.ts';
import { type Service, defineService } from '../../../../platform/service.ts';
import { createInventoryActivities } from '../../../../services/inventory/activities.ts';
import type { InventoryDatabase } from '../../../../services/inventory/database.ts';
import { orderEvents, outboxes, paymentEvents } from './events.ts';
import { CHAIN, NO_REQUESTS } from './registry.ts';
import { type EventTransaction, outcomeOf } from './step.ts';

type Steps = Pick<InventoryActivities, 'reserveStock' | 'releaseStock'>;

/** Reserves the stock of an order whose payment is authorized; releases it when the order is cancelled. */
export const inventorySubscriptions = ({ reserveStock, releaseStock }: Steps): Subscription[] => [
  subscription('payment', paymentEvents, {
    'payment.succeeded': async ({ data: order }, transaction: EventTransaction) => {
      const { orderId } = order;
      const lines = order.lines.map(({ sku, quantity }) => ({ sku, quantity }));
      const outcome = await outcomeOf(reserveStock({ orderId, lines }));
      if (!outcome) return;
      const event =
        'reason' in outcome
          ? { type: 'stock.failed' as const, data: { orderId, reason: outcome.reason } }
          : { type: 'stock.reserved' as const, data: order };
      await outboxes.inventory.write(transaction, { ...event, subject: orderId });
    },
  }),
  // Two publishers may overtake each other: released first, the stock is not reserved later.
  subscription('order', orderEvents, { 'order.cancelled': ({ data }) => releaseStock(data) }),
];

export const inventory: Service = defineService<InventoryDatabase & InboxDatabase, Record<string, never>>(CHAIN, {
  name: 'inventory',
  settings: {},
  create: ({ db }) => ({
    requests: NO_REQUESTS,
    subscriptions: inventorySubscriptions(createInventoryActivities(db)),
  }),
});
