import { type Transaction, sql } from 'kysely';
import { orderEvents } from '../../activities/order.ts';
import { WebhookEventType } from '../../activities/webhook.ts';
import { type Subscription, subscription } from '../../platform/events/subscription.ts';
import type { WebhookDatabase } from './database.ts';
import { bodyOf } from './payload.ts';

interface News {
  id: string;
  time: string;
  data: { customerId: string };
}

/**
 * A delivery for each endpoint of the order's owner that wants to hear of it, in one transaction with the note that the
 * event is handled. What happened before an endpoint was registered is none of its business; two servers' clocks may
 * differ by a few seconds.
 */
const queue =
  (type: WebhookEventType) =>
  async ({ id, time, data }: News, work: Transaction<WebhookDatabase>): Promise<void> => {
    await sql`
      insert into deliveries (id, endpoint_id, event_id, type, body, next_attempt_at)
      select gen_random_uuid(), id, ${id}::uuid, ${type}, ${bodyOf(type, { time, data })}, now() from endpoints
       where customer_id = ${data.customerId}::uuid and state = 'enabled' and ${type} = any (events)
         and created_at <= ${time}::timestamptz + interval '5 seconds'
      on conflict on constraint deliveries_once do nothing`.execute(work);
  };

/** Everything that customers' systems can be told of. */
export const subscriptions: readonly Subscription[] = [
  subscription(
    'order',
    orderEvents,
    Object.fromEntries(WebhookEventType.options.map((type) => [type, queue(type)])) as Record<
      WebhookEventType,
      ReturnType<typeof queue>
    >,
  ),
];
