import type { PaymentActivities } from '../../../../activities/payment.ts';
import { httpUrl } from '../../../../platform/config.ts';
import type { InboxDatabase } from '../../../../platform/events/inbox.ts';
import { type Subscription, subscription } from '../../../../platform/events/subscription.ts';
import { type Service, defineService } from '../../../../platform/service.ts';
import { createPaymentActivities } from '../../../../services/payment/activities.ts';
import type { PaymentDatabase } from '../../../../services/payment/database.ts';
import { createSandboxProcessor } from '../../../../services/payment/processor/sandbox.ts';
import { orderEvents, outboxes } from './events.ts';
import { CHAIN, NO_REQUESTS } from './registry.ts';
import { type EventTransaction, outcomeOf } from './step.ts';

type Steps = Pick<PaymentActivities, 'authorizePayment' | 'voidPayment'>;

/** Authorizes the payment of a new order; voids it when the order is cancelled. */
export const paymentSubscriptions = ({ authorizePayment, voidPayment }: Steps): Subscription[] => [
  subscription('order', orderEvents, {
    'order.created': async ({ data: order }, transaction: EventTransaction) => {
      const { orderId, total: amount, paymentMethod } = order;
      const outcome = await outcomeOf(authorizePayment({ orderId, amount, paymentMethod }));
      if (!outcome) return;
      const event =
        'reason' in outcome
          ? { type: 'payment.declined' as const, data: { orderId, reason: outcome.reason } }
          : { type: 'payment.succeeded' as const, data: order };
      await outboxes.payment.write(transaction, { ...event, subject: orderId });
    },
    // Refused, it is tried again like after any fault, and becomes a dead letter: money is held until a person looks.
    'order.cancelled': async ({ data }) => void (await voidPayment(data)),
  }),
];

const settings = { PROCESSOR_URL: httpUrl };

export const payment: Service = defineService<PaymentDatabase & InboxDatabase, typeof settings>(CHAIN, {
  name: 'payment',
  settings,
  create({ db, config }) {
    const processor = createSandboxProcessor(config.PROCESSOR_URL);
    return { requests: NO_REQUESTS, subscriptions: paymentSubscriptions(createPaymentActivities({ db, processor })) };
  },
});
