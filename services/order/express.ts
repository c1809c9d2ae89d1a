import type { OrderActivities } from '../../activities/order.ts';
import type { Attempted } from '../../platform/contract/operation.ts';
import { calledOff } from '../../platform/context.ts';
import { ServiceFault } from '../../platform/http/client.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import { type Counted, type ExpressActivities, type TakeStep, takeSteps } from '../../workflows/order/steps.ts';
import { Story } from '../../workflows/saga/order-history.ts';
import type { StepServices } from './step-services.ts';

/**
 * The express lane: the steps that the saga would take, taken in one go. Nothing is retried or undone here: where a
 * step is not answered with a yes the saga takes all of them, finds what has been done, and does what is to be done.
 */
export const createExpress = (books: OrderActivities, doors: StepServices): ExpressActivities => ({
  async placeInOneGo({ workflowId, input }) {
    const { orderId } = input;
    const story = new Story();
    const note = () => ({ orderId, workflowId, entries: story.take() });
    const entries = [story.note('record', 'succeeded')];
    const { again } = await books.recordOrder(note());
    if (again) return { first: false, confirmed: false, entries: [] };

    const step: TakeStep = async (name, ask) => {
      // Nobody waits any more; whoever came instead may be undoing what would be done here.
      calledOff()?.throwIfAborted();
      entries.push(story.note(name, 'started'));
      const { attempt, answer } = await ask();
      entries.push(story.note(name, 'succeeded', { attempt }));
      return answer;
    };
    const booking = await takeSteps(input, step, {
      cart: counted(doors.cart),
      inventory: counted(doors.inventory),
      payment: counted(doors.payment),
      shipping: counted(doors.shipping),
    }).catch(unlessBug);
    if (!booking) return { first: true, confirmed: false, entries };

    entries.push(story.note('confirm', 'succeeded'));
    await books.confirmOrder({ ...note(), trackingNumber: booking.trackingNumber });
    return { first: true, confirmed: true, entries };
  },
});

/** The saga meets refusals and faults again, and tells of them; anything else it must not take for one of these. */
function unlessBug(error: unknown): undefined {
  if (!(error instanceof Refusal) && !(error instanceof ServiceFault)) throw error;
}

type Ask = (request: unknown) => Promise<unknown>;

/** Each door is asked once. */
const counted = <Face extends object>(door: Face): Counted<Face> =>
  Object.fromEntries(
    Object.entries(door as Record<string, Ask>).map(([name, ask]) => [
      name,
      async (request: unknown): Promise<Attempted<unknown>> => ({ attempt: 1, answer: await ask(request) }),
    ]),
  ) as Counted<Face>;
