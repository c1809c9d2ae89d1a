import type { ShippingActivities } from '../../../../activities/shipping.ts';
import { httpUrl } from '../../../../platform/config.ts';
import type { InboxDatabase } from '../../../../platform/events/inbox.ts';
import { type Subscription, subscription } from '../../../../platform/events/subscription.ts';
import { type Service, defineService } from '../../../../platform/service.ts';
import { createShippingActivities } from '../../../../services/shipping/activities.ts';
import type { ShippingDatabase } from '../../../../services/shipping/database.ts';
import { createSandboxCarrier } from '../../../../services/shipping/sandbox-carrier.ts';
import { inventoryEvents, orderEvents, outboxes } from './events.ts';
import { CHAIN, NO_REQUESTS } from './registry.ts';
import { type EventTransaction, outcomeOf } from './step.ts';

type Steps = Pick<ShippingActivities, 'bookShipment' | 'cancelShipment'>;

/** Books the parcel of an order whose stock is reserved; cancels it when the order is cancelled. */
export const shippingSubscriptions = ({ bookShipment, cancelShipment }: Steps): Subscription[] => [
  subscription('inventory', inventoryEvents, {
    'stock.reserved': async ({ data: order }, transaction: EventTransaction) => {
      const { orderId, shippingAddress: address } = order;
      const outcome = await outcomeOf(bookShipment({ orderId, address }));
      if (!outcome) return;
      const event =
        'reason' in outcome
          ? { type: 'shipping.failed' as const, data: { orderId, reason: outcome.reason } }
          : { type: 'shipping.created' as const, data: { orderId, trackingNumber: outcome.done.trackingNumber } };
      await outboxes.shipping.write(transaction, { ...event, subject: orderId });
    },
  }),
  subscription('order', orderEvents, { 'order.cancelled': ({ data }) => cancelShipment(data) }),
];

const settings = { CARRIER_URL: httpUrl };

export const shipping: Service = defineService<ShippingDatabase & InboxDatabase, typeof settings>(CHAIN, {
  name: 'shipping',
  settings,
  create: ({ db, config }) => ({
    requests: NO_REQUESTS,
    subscriptions: shippingSubscriptions(createShippingActivities(db, createSandboxCarrier(config.CARRIER_URL))),
  }),
});
