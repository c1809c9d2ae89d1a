import { condition, continueAsNew, workflowInfo } from '@temporalio/workflow';
import { servicesUntilAnswered } from '../saga/step-services.ts';
import { CurrentDetails } from '../display/current-details.ts';
import { momentInWords } from '../display/markdown.ts';
import { onSignal, readInput } from '../incoming/arrivals.ts';
import {
  type CartChanged,
  type CartReminderInput,
  cartChanged,
  cartChangedSignal,
  cartReminderInput,
} from './messages.ts';

/**
 * Waits until a customer's cart has not changed for long enough, and reminds them of it, once. Every change moves the
 * time; the timer is not renewed for each, but checks when it fires whether it is time. So a thousand changes cost a
 * thousand signals and one timer, and a history that grows long all the same continues as a new one.
 */
export async function cartReminderWorkflow(given: CartReminderInput): Promise<void> {
  const { customerId, latest } = readInput(cartReminderInput, given);
  const cart = { latest };
  const details = new CurrentDetails('');
  onSignal(cartChangedSignal, {
    parse: cartChanged,
    // Changes come in order, each perhaps more than once.
    take: (change) => void (cart.latest = newer(cart.latest, change)),
    dropped: (why) => details.note(why),
    description: 'The cart has changed: the time until the reminder starts again.',
  });
  // The first change starts the workflow.
  await condition(() => cart.latest !== undefined);

  for (;;) {
    const { version, empty, remindAt } = cart.latest!;
    if (empty) return;
    const waitMs = Date.parse(remindAt) - Date.now();
    if (waitMs > 0) {
      details.now(
        `**Waits** until ${momentInWords(new Date(remindAt))}: then the customer is reminded, unless the cart has changed.`,
      );
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

const newer = (known: CartChanged | undefined, change: CartChanged): CartChanged =>
  known && known.version >= change.version ? known : change;
