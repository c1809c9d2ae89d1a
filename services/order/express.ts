import type { OrderActivities } from '../../activities/order-bookkeeping.ts';
import type { Attempted } from '../../platform/contract/operation.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import { calledOff } from '../../platform/context.ts';
import { ServiceFault } from '../../platform/http/client.ts';
import type { ExpressActivities } from '../../workflows/order/express.ts';
import { type TakeStep, takeSteps } from '../../workflows/order/steps.ts';
import { OrderHistory } from '../../workflows/saga/order-history.ts';
import type { Counted } from '../../workflows/saga/step-services.ts';
import type { StepServices } from './step-services.ts';

/**
 * The express lane: the steps that the saga would take, all in one go. Nothing is retried or undone here: where a step
 * does not succeed, the saga takes all of them, finds what has been done, and does the rest.
 */
export const createExpress = (bookkeeping: OrderActivities, services: StepServices): ExpressActivities => {
  const ask = {
    cart: counted(services.cart),
    inventory: counted(services.inventory),
    payment: counted(services.payment),
    shipping: counted(services.shipping),
  };
  return {
    async placeInOneGo({ workflowId, input }) {
      const { orderId } = input;
      const history = new OrderHistory();
      const update = () => ({ orderId, workflowId, entries: history.takeUnsaved() });
      const entries = [history.add('record', 'succeeded')];
      const { again } = await bookkeeping.recordOrder(update());
      if (again) return { first: false, confirmed: false, entries: [] };

      const step: TakeStep = async (name, call) => {
        // Nobody waits any more; the saga may be compensating what would be done here.
        calledOff()?.throwIfAborted();
        entries.push(history.add(name, 'started'));
        const { attempt, answer } = await call(ask);
        entries.push(history.add(name, 'succeeded', { attempt }));
        return answer;
      };
      const booking = await takeSteps(input, step).catch(unlessBug);
      if (!booking) return { first: true, confirmed: false, entries };

      entries.push(history.add('confirm', 'succeeded'));
      await bookkeeping.confirmOrder({ ...update(), trackingNumber: booking.trackingNumber });
      return { first: true, confirmed: true, entries };
    },
  };
};

/** The saga meets refusals and faults again, and records them; anything else must not pass for one of these. */
function unlessBug(error: unknown): undefined {
  if (!(error instanceof Refusal) && !(error instanceof ServiceFault)) throw error;
}

type Call = (request: unknown) => Promise<unknown>;

/** Each operation is called once. */
const counted = <Contract extends object>(service: Contract): Counted<Contract> =>
  Object.fromEntries(
    Object.entries(service as Record<string, Call>).map(([name, call]) => [
      name,
      async (request: unknown): Promise<Attempted<unknown>> => ({ attempt: 1, answer: await call(request) }),
    ]),
  ) as Counted<Contract>;
