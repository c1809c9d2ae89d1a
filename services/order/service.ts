import { z } from 'zod';
import { Lane } from '../../activities/lane.ts';
import { orderRequests } from '../../activities/order.ts';
import { orderActivities } from '../../activities/order-bookkeeping.ts';
import { workflowBundle } from '../../platform/temporal/workflow-bundle.ts';
import { secret } from '../../platform/config.ts';
import { defineService } from '../../platform/service.ts';
import { REGISTRY, urlsOf } from '../registry.ts';
import { createOrderActivities } from './activities.ts';
import type { OrderDatabase } from './database.ts';
import { createStepServices } from './step-services.ts';
import { waitingMetrics } from './metrics.ts';
import { createLocalActivities } from './lanes.ts';
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
  RETURN_WINDOW_DAYS: z.coerce.number({ error: 'must be a number of days' }).int().min(0).max(3650).default(30),
};

/** The orders, and the worker that runs their workflows with this service's bookkeeping as local activities. */
export const order = defineService<OrderDatabase, typeof settings>(REGISTRY, {
  name: 'order',
  settings,
  async create({ db, config, logger, metrics }) {
    waitingMetrics({ metrics, db, logger });
    const waiting = new OrderWatcher(decidedAmong(db));
    const tail = historyTail(db);
    const bookkeeping = createOrderActivities(db, {
      returnWindowDays: config.RETURN_WINDOW_DAYS,
      moved: (orderId) => waiting.moved(orderId),
    });
    const urls = {
      cart: config.CART_URL,
      inventory: config.INVENTORY_URL,
      payment: config.PAYMENT_URL,
      shipping: config.SHIPPING_URL,
    };
    return {
      requests: {
        operations: orderRequests,
        implementation: createOrderRequests(db, { waiting, lane: config.ORDER_LANE, tail }),
      },
      activities: { operations: orderActivities, implementation: bookkeeping },
      localActivities: createLocalActivities(bookkeeping, createStepServices(urls, config.SERVICE_TOKEN)),
      workflowBundle: await workflowBundle(config.CACHE_DIR),
      drain: () => tail.close(),
    };
  },
});
