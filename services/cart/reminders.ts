import type { Client } from '@temporalio/client';
import { cartEvents } from '../../activities/cart.ts';
import { type Subscription, subscription } from '../../platform/events/subscription.ts';
import { promptly } from '../../platform/temporal/client.ts';
import { CART_TASK_QUEUE, cartChangedSignal, cartReminderId } from '../../workflows/cart-reminder/messages.ts';
import type { CartDatabase } from './database.ts';

const HOUR_MS = 60 * 60 * 1000;

/**
 * Signals every change of a cart to its reminder workflow, through this service's own event feed: the change itself
 * does not depend on Temporal. If Temporal is unavailable, the event waits in the inbox.
 */
export const remindOfChanges = (temporal: Client, reminderHours: number): Subscription =>
  subscription<typeof cartEvents, CartDatabase>('cart', cartEvents, {
    async 'cart.changed'({ time, data: { customerId, version, lineCount } }, work) {
      const cart = await work
        .selectFrom('carts')
        .select('version')
        .where('customer_id', '=', customerId)
        .executeTakeFirst();
      // The cart has changed again, and that event follows: for a cart filled line by line, the last change is enough.
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
