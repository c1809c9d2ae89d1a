import type { Client } from '@temporalio/client';
import { cartEvents } from '../../activities/cart.ts';
import { type Subscription, subscription } from '../../platform/events/subscription.ts';
import { promptly } from '../../platform/temporal/client.ts';
import { CART_TASK_QUEUE, cartChangedSignal, cartReminderId } from '../../workflows/cart-reminder/messages.ts';
import type { CartDatabase } from './database.ts';

const HOUR_MS = 60 * 60 * 1000;

/**
 * Tells a cart's reminder of every change, by this service's own feed: a change needs no Temporal, and where there is
 * none just now its news waits in the inbox until there is.
 */
export const remindOfChanges = (temporal: Client, reminderHours: number): Subscription =>
  subscription<typeof cartEvents, CartDatabase>('cart', cartEvents, {
    async 'cart.changed'({ time, data: { customerId, version, lineCount } }, work) {
      const cart = await work
        .selectFrom('carts')
        .select('version')
        .where('customer_id', '=', customerId)
        .executeTakeFirst();
      // It has changed again, and that news comes too: of a cart filled line by line the last line is enough.
      if (cart && cart.version > version) return;
      const remindAt = new Date(Date.parse(time) + reminderHours * HOUR_MS).toISOString();
      await promptly(temporal, () =>
        temporal.workflow.signalWithStart('cartReminderWorkflow', {
          workflowId: cartReminderId(customerId),
          taskQueue: CART_TASK_QUEUE,
          args: [{ customerId }],
          signal: cartChangedSignal,
          signalArgs: [{ version, empty: lineCount === 0, remindAt }],
          staticSummary: `cart of customer ${customerId}`,
        }),
      );
    },
  });
