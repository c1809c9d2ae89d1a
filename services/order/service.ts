import { z } from 'zod';
import { Lane } from '../../activities/lane.ts';
import { orderRequests } from '../../activities/order.ts';
import { orderActivities } from '../../activities/order-bookkeeping.ts';
import type { OrderUpdate } from '../../activities/order-update.ts';
import type { Booking } from '../../activities/shipping.ts';
import type { OrderStart } from '../../activities/order-placing.ts';
import { reconciliationActivities } from '../../activities/reconciliation.ts';
import { userRequests } from '../../activities/user.ts';
import { createClient } from '../../platform/http/client.ts';
import { workflowBundle } from '../../platform/temporal/workflow-bundle.ts';
import { createTemporalClient } from '../../platform/temporal/client.ts';
import { durableActivities } from '../../platform/temporal/worker.ts';
import { secret } from '../../platform/config.ts';
import { defineService } from '../../platform/service.ts';
import { REGISTRY, urlsOf } from '../registry.ts';
import { createOrderActivities } from './activities.ts';
import { applyChange } from './bookkeeping.ts';
import { users } from './contacts.ts';
import type { OrderDatabase } from './database.ts';
import { createReconciliation } from './reconcile/activity.ts';
import { booksOf } from './reconcile/own-sources.ts';
import { keepSchedule } from './reconcile/schedule.ts';
import { createStepServices } from './step-services.ts';
import { AttemptBound } from './attempt-bound.ts';
import { createExpress } from './express.ts';
import { createFirstAttempt } from './first-attempt.ts';
import { expressMetrics } from './express-metrics.ts';
import { keepMovingOrders } from './guest-claims.ts';
import { HandOver } from './hand-over.ts';
import { Leases } from './leases.ts';
import { handOverMetrics, interventionMetrics, waitingMetrics } from './metrics.ts';
import { keepFindingContacts } from './missing-contacts.ts';
import { startOrderWorkflow } from './order-start.ts';
import { insertPlaced } from './placing.ts';
import { confirmation } from './placing-activities.ts';
import { startRefundWorkflow, startRefunds } from './refund-starts.ts';
import { createOrderRequests, decidedAmong } from './requests.ts';
import { historyTail } from './history.ts';
import { OrderWatcher } from './order-watcher.ts';

const settings = {
  /** Where the bundled workflows are kept. */
  CACHE_DIR: z.string().default('.cache'),
  /** The lane of new orders. */
  ORDER_LANE: Lane.default('local-first'),
  SERVICE_TOKEN: secret,
  CART_URL: urlsOf('cart'),
  INVENTORY_URL: urlsOf('inventory'),
  PAYMENT_URL: urlsOf('payment'),
  SHIPPING_URL: urlsOf('shipping'),
  USER_URL: urlsOf('user'),
  /** How long a customer may take to confirm a payment. */
  PAYMENT_ACTION_MINUTES: z.coerce.number({ error: 'must be a number of minutes' }).int().min(1).max(1440).default(30),
  /** After how many days a hold is renewed; 0 for never. Card networks keep one for seven days. */
  AUTHORIZATION_DAYS: z.coerce.number({ error: 'must be a number of days' }).min(0).max(365).default(6),
  /** How often all books are compared; 0: never. */
  RECONCILE_EVERY_MINUTES: z.coerce
    .number({ error: 'must be a number of minutes' })
    .int()
    .min(0)
    .max(10_080)
    .default(60),
  RETURN_WINDOW_DAYS: z.coerce.number({ error: 'must be a number of days' }).int().min(0).max(3650).default(30),
};

/** The orders, and the worker that runs their workflows with this service's bookkeeping as local activities. */
export const order = defineService<OrderDatabase, typeof settings>(REGISTRY, {
  name: 'order',
  settings,
  async create({ db, config, temporal, logger, metrics }) {
    waitingMetrics({ metrics, db, logger });
    interventionMetrics({ metrics, db, logger });
    handOverMetrics({ metrics, db, logger });
    const waiting = new OrderWatcher(decidedAmong(db));
    const tail = historyTail(db);
    const moved = (orderId: string) => waiting.moved(orderId);
    const { RETURN_WINDOW_DAYS: returnWindowDays, PAYMENT_ACTION_MINUTES: paymentActionMinutes } = config;
    const authorizationDays = config.AUTHORIZATION_DAYS || undefined;
    const bookkeeping = createOrderActivities(db, { returnWindowDays, paymentActionMinutes, moved });
    const urls = {
      cart: config.CART_URL,
      inventory: config.INVENTORY_URL,
      payment: config.PAYMENT_URL,
      shipping: config.SHIPPING_URL,
    };
    const services = createStepServices(urls, config.SERVICE_TOKEN);
    const client = createTemporalClient(temporal);
    const startWorkflow = (start: OrderStart) => startOrderWorkflow(client, start);
    const handOver = new HandOver({ db, startWorkflow, authorizationDays, logger });
    const refunds = startRefunds({ db, startWorkflow: (start) => startRefundWorkflow(client, start), logger });
    const openBooks = booksOf({ db, urls, token: config.SERVICE_TOKEN, temporal: client });
    const schedule = keepSchedule({ client, everyMinutes: config.RECONCILE_EVERY_MINUTES, logger });
    const leases = new Leases(db, logger);
    const userAddress = { service: 'user', urls: config.USER_URL, token: config.SERVICE_TOKEN };
    const contacts = keepFindingContacts({ db, users: createClient(userAddress, 'requests', userRequests), logger });
    const moving = keepMovingOrders(db, logger);
    const isExpress = config.ORDER_LANE === 'express';
    const bound = new AttemptBound();
    const confirm = async (note: OrderUpdate, booking: Booking) => {
      const changed = await applyChange(db, note, confirmation(booking));
      moved(note.orderId);
      return changed;
    };
    const placeExpress = createExpress({
      bound,
      authorizationDays,
      ...(isExpress && { count: expressMetrics(metrics.registry, bound) }),
      services,
      insert: (request, entries) => insertPlaced(db, request, entries),
      confirm,
      handOver: (start) => handOver.soon(start),
      leases,
      logger,
    });
    return {
      requests: {
        operations: orderRequests,
        implementation: createOrderRequests(db, {
          waiting,
          lane: config.ORDER_LANE,
          authorizationDays,
          placeExpress: isExpress ? placeExpress : undefined,
          tail,
          refundRequested: () => refunds.wake(),
          openBooks,
        }),
      },
      subscriptions: [users],
      activities: { operations: orderActivities, implementation: bookkeeping },
      // The first tries of the lane `local-first`: all steps at once, and each on its own.
      localActivities: {
        ...durableActivities({
          operations: reconciliationActivities,
          implementation: createReconciliation({ db, openBooks }),
        }),
        ...createFirstAttempt({ ...bookkeeping, confirm }, services),
        ...services.cart,
        ...services.inventory,
        ...services.payment,
        ...services.shipping,
      },
      workflowBundle: await workflowBundle(config.CACHE_DIR),
      // It confirms orders without Temporal, and hands them over later.
      readyWithoutWorker: isExpress,
      drain: () => tail.close(),
      async close() {
        leases.close();
        await Promise.all([handOver.close(), refunds.close(), contacts.close(), moving.close(), schedule.close()]);
        await client.connection.close();
      },
    };
  },
});
