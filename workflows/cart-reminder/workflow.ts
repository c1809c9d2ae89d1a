import { condition, continueAsNew, setHandler, workflowInfo } from '@temporalio/workflow';
import { type CartChanged, type CartReminderInput, cartChangedSignal } from '../messages.ts';
import { settled } from '../saga/service-clients.ts';

/**
 * Waits until a customer's cart has been left alone for long enough, and reminds them of it, once. Every change moves
 * the time on; the timer is not made anew for each, but looks, when it fires, whether it is time by now. So a thousand
 * changes cost a thousand signals and one timer, and a history that grows long for all that begins anew.
 */
export async function cartReminderWorkflow({ customerId, latest }: CartReminderInput): Promise<void> {
  const cart = { latest };
  // They come in order, though each perhaps more than once. Sent by hand one may come empty: that is no news.
  setHandler(cartChangedSignal, (change?: CartChanged) => void (cart.latest = newer(cart.latest, change)), {
    description: 'The cart has changed: the time until the reminder begins anew.',
  });
  // It is started by the first of them.
  await condition(() => cart.latest !== undefined);

  for (;;) {
    const { version, empty, remindAt } = cart.latest!;
    if (empty) return;
    const patienceMs = Date.parse(remindAt) - Date.now();
    if (patienceMs > 0) {
      await condition(() => cart.latest!.empty || workflowInfo().continueAsNewSuggested, patienceMs, {
        summary: 'until the cart is looked at again',
      });
      if (workflowInfo().continueAsNewSuggested) {
        await continueAsNew<typeof cartReminderWorkflow>({ customerId, latest: cart.latest! });
      }
      continue;
    }
    await settled.cart.remindOfCart({ customerId, version });
    if (cart.latest!.version === version) return;
  }
}

const newer = (known: CartChanged | undefined, change: CartChanged | undefined): CartChanged | undefined =>
  change === undefined || (known && known.version >= change.version) ? known : change;
