import { condition, continueAsNew, setHandler, workflowInfo } from '@temporalio/workflow';
import { servicesUntilAnswered } from '../saga/step-services.ts';
import { type CartChanged, type CartReminderInput, cartChangedSignal } from './messages.ts';

/**
 * Waits until a customer's cart has not changed for long enough, and reminds them of it, once. Every change moves the
 * time; the timer is not renewed for each, but checks when it fires whether it is time. So a thousand changes cost a
 * thousand signals and one timer, and a history that grows long all the same continues as a new one.
 */
export async function cartReminderWorkflow({ customerId, latest }: CartReminderInput): Promise<void> {
  const cart = { latest };
  // Changes come in order, each perhaps more than once. Sent by hand one may come empty: that says nothing new.
  setHandler(cartChangedSignal, (change?: CartChanged) => void (cart.latest = newer(cart.latest, change)), {
    description: 'The cart has changed: the time until the reminder starts again.',
  });
  // The first change starts the workflow.
  await condition(() => cart.latest !== undefined);

  for (;;) {
    const { version, empty, remindAt } = cart.latest!;
    if (empty) return;
    const waitMs = Date.parse(remindAt) - Date.now();
    if (waitMs > 0) {
      await condition(() => cart.latest!.empty || workflowInfo().continueAsNewSuggested, waitMs, {
        summary: 'until the cart is looked at again',
      });
      if (workflowInfo().continueAsNewSuggested) {
        await continueAsNew<typeof cartReminderWorkflow>({ customerId, latest: cart.latest! });
      }
      continue;
    }
    await servicesUntilAnswered().cart.remindOfCart({ customerId, version });
    if (cart.latest!.version === version) return;
  }
}

const newer = (known: CartChanged | undefined, change: CartChanged | undefined): CartChanged | undefined =>
  change === undefined || (known && known.version >= change.version) ? known : change;
