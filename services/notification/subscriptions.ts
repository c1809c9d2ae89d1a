import type { Transaction } from 'kysely';
import { cartEvents } from '../../activities/cart.ts';
import type { MailTemplate } from '../../activities/notification.ts';
import { orderEvents } from '../../activities/order.ts';
import { userEvents } from '../../activities/user.ts';
import { type Subscription, subscription } from '../../platform/events/subscription.ts';
import type { NotificationDatabase } from './database.ts';

type Work = Transaction<NotificationDatabase>;

// News this old is no news: who adds this service to a shop does not write to everybody about last month's orders.
const TOLD_WITHIN_MS = 3 * 24 * 60 * 60 * 1000;

/** An event that is about one customer. */
interface News {
  id: string;
  time: string;
  data: { customerId: string };
}

/** Queues the mail of an event; sending is another matter, which must not hold up other news. */
const mail =
  (template: MailTemplate) =>
  async ({ id, time, data }: News, work: Work): Promise<void> => {
    const tooOld = Date.parse(time) < Date.now() - TOLD_WITHIN_MS;
    await work
      .insertInto('mails')
      .values({
        id,
        template,
        customer_id: data.customerId,
        data: JSON.stringify(data),
        state: tooOld ? 'expired' : 'queued',
        recipient: null,
        subject: null,
        text: null,
        error: null,
        occurred_at: time,
      })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
  };

/** What customers are written to about. */
export const subscriptions: readonly Subscription[] = [
  subscription('user', userEvents, {
    'user.created': async ({ data: { userId, ...user }, ...event }, work: Work) => {
      if (user.role === 'customer') await mail('welcome')({ ...event, data: { customerId: userId } }, work);
    },
  }),
  subscription('order', orderEvents, {
    'order.confirmed': mail('confirmed'),
    'order.rejected': mail('rejected'),
    'order.shipped': mail('shipped'),
    'order.delivered': mail('delivered'),
    'order.canceled': mail('canceled'),
    'order.refunded': mail('refunded'),
  }),
  subscription('cart', cartEvents, { 'cart.abandoned': mail('cart-reminder') }),
];
