import { type Transaction, sql } from 'kysely';
import { orderEvents } from '../../activities/order-events.ts';
import { WebhookEventType } from '../../activities/webhook.ts';
import { type Subscription, subscription } from '../../platform/events/subscription.ts';
import type { WebhookDatabase } from './database.ts';
import { bodyOf } from './payload.ts';

interface OrderEvent {
  id: string;
  time: string;
  data: { customerId: string };
}

/**
 * Queues a delivery for each of the customer's endpoints that is registered for this type of event. Events from before
 * the registration are left out; a few seconds allow for different clocks.
 */
const queueDeliveries =
  (type: WebhookEventType) =>
  async ({ id, time, data }: OrderEvent, transaction: Transaction<WebhookDatabase>): Promise<void> => {
    await sql`
      insert into deliveries (id, endpoint_id, event_id, type, body, next_attempt_at)
      select gen_random_uuid(), id, ${id}::uuid, ${type}, ${bodyOf(type, { time, data })}, now() from endpoints
       where customer_id = ${data.customerId}::uuid and state = 'enabled' and ${type} = any (events)
         and created_at <= ${time}::timestamptz + interval '5 seconds'
      on conflict on constraint deliveries_once do nothing`.execute(transaction);
  };

/** The events about which webhooks can be sent. */
export const subscriptions: readonly Subscription[] = [
  subscription(
    'order',
    orderEvents,
    Object.fromEntries(WebhookEventType.options.map((type) => [type, queueDeliveries(type)])) as Record<
      WebhookEventType,
      ReturnType<typeof queueDeliveries>
    >,
  ),
];
