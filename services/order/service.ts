import { z } from 'zod';
import { orderActivities, orderRequests } from '../../activities/order.ts';
import { workflowBundle } from '../../platform/bundle.ts';
import { defineService } from '../../platform/service.ts';
import { createOrderActivities } from './activities.ts';
import type { OrderDatabase } from './database.ts';
import { createOrderRequests } from './requests.ts';
import { Waiting } from './waiting.ts';

const settings = {
  /** Where the bundled workflows are kept. */
  CACHE_DIR: z.string().default('.cache'),
  RETURN_WINDOW_DAYS: z.coerce.number({ error: 'must be a number of days' }).int().min(0).max(3650).default(30),
};

/** The order service: the orders, and the worker that runs their workflows with this bookkeeping beside them. */
export const order = defineService<OrderDatabase, typeof settings>({
  name: 'order',
  settings,
  async create({ db, config }) {
    const waiting = new Waiting();
    return {
      requests: { operations: orderRequests, implementation: createOrderRequests(db, waiting) },
      activities: {
        operations: orderActivities,
        implementation: createOrderActivities(db, {
          returnWindowDays: config.RETURN_WINDOW_DAYS,
          moved: (orderId) => waiting.moved(orderId),
        }),
      },
      workflowBundle: await workflowBundle(config.CACHE_DIR),
    };
  },
});
