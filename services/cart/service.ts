import { z } from 'zod';
import { cartActivities, cartRequests } from '../../activities/cart.ts';
import { workflowBundle } from '../../platform/temporal/workflow-bundle.ts';
import { type Service, defineService } from '../../platform/service.ts';
import { REGISTRY } from '../registry.ts';
import { createTemporalClient } from '../../platform/temporal/client.ts';
import { createCartActivities } from './activities.ts';
import type { CartDatabase } from './database.ts';
import { remindOfChanges } from './reminders.ts';
import { createCartRequests } from './requests.ts';

const hours = { error: 'must be a number of hours from 0 to 8760' } as const;
const settings = {
  /** Where the bundled workflows are kept. */
  CACHE_DIR: z.string().default('.cache'),
  /** Hours without a change after which a customer is reminded of their cart. 0: never. */
  CART_REMINDER_HOURS: z.coerce.number(hours).min(0, hours).max(8_760, hours).default(24),
};

/** Customers' carts, and the workflows that remind customers of them. */
export const cart: Service = defineService<CartDatabase, typeof settings>(REGISTRY, {
  name: 'cart',
  settings,
  async create({ db, config, temporal: place }) {
    const temporal = createTemporalClient(place);
    const reminderHours = config.CART_REMINDER_HOURS;
    return {
      subscriptions: reminderHours === 0 ? [] : [remindOfChanges(temporal, reminderHours)],
      requests: { operations: cartRequests, implementation: createCartRequests(db) },
      activities: { operations: cartActivities, implementation: createCartActivities(db) },
      workflowBundle: await workflowBundle(config.CACHE_DIR),
      countsAttempts: true,
      close: () => temporal.connection.close(),
    };
  },
});
