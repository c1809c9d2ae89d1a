import type { Transaction } from 'kysely';
import { cartEvents } from '../../activities/cart.ts';
import type { MailTemplate } from '../../activities/notification.ts';
import { orderEvents } from '../../activities/order-events.ts';
import { userEvents } from '../../activities/user.ts';
import { type Subscription, subscription } from '../../platform/events/subscription.ts';
import type { NotificationDatabase } from './database.ts';
import { concernsCustomer } from './templates/changed.ts';

// Older events send no mail: adding this service to a running shop must not mail everyone about last month's orders.
const LONGEST_AGE_MS = 3 * 24 * 60 * 60 * 1000;

interface CustomerEvent {
  id: string;
  time: string;
  data: { customerId: string; [field: string]: unknown };
}

interface LinkEvent {
  id: string;
  time: string;
  data: { userId: string; linkId: string };
}

/** Queues the mail about an event. It is sent separately, so that a slow mail server does not delay other events. */
const mail =
  (template: MailTemplate) =>
  async ({ id, time, data }: CustomerEvent, transaction: Transaction<NotificationDatabase>): Promise<void> => {
    const tooOld = Date.parse(time) < Date.now() - LONGEST_AGE_MS;
    await transaction
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

/** Queues a mail with a link. The link is made when the mail is sent, so it is neither here nor in the event. */
const linkMail =
  (template: MailTemplate) =>
  ({ data: { userId: customerId, linkId }, ...event }: LinkEvent, transaction: Transaction<NotificationDatabase>) =>
    mail(template)({ ...event, data: { customerId, linkId } }, transaction);

/** The events about which customers get mails. */
export const subscriptions: readonly Subscription[] = [
  subscription('user', userEvents, {
    'user.created': async ({ data, ...event }, transaction: Transaction<NotificationDatabase>) => {
      const { userId: customerId, role, hasPassword } = data;
      if (role === 'customer') await mail('welcome')({ ...event, data: { customerId, hasPassword } }, transaction);
    },
    'user.password_reset_requested': linkMail('password-reset'),
    'user.email_verification_requested': linkMail('email-verification'),
  }),
  subscription('order', orderEvents, {
    'order.payment_action_required': mail('confirm-payment'),
    'order.payment_released': mail('payment-released'),
    'order.confirmed': mail('confirmed'),
    'order.rejected': mail('rejected'),
    'order.shipped': mail('shipped'),
    'order.delivered': mail('delivered'),
    'order.canceled': mail('canceled'),
    'order.changed': async (event, transaction: Transaction<NotificationDatabase>) => {
      if (concernsCustomer(event.data)) await mail('changed')(event, transaction);
    },
    'order.payment_method_required': mail('payment-method-required'),
    'order.parcel_delayed': mail('parcel-delayed'),
    'order.parcel_late': mail('parcel-late'),
    'order.parcel_lost': mail('parcel-lost'),
    'order.parcel_returned_to_sender': mail('parcel-returned-to-sender'),
    'order.refunded': mail('refunded'),
  }),
  subscription('cart', cartEvents, { 'cart.abandoned': mail('cart-reminder') }),
];
