import type { OrderActivities } from '../../activities/order-bookkeeping.ts';
import type { OrderUpdate } from '../../activities/order-update.ts';
import type { Booking } from '../../activities/shipping.ts';
import { calledOff } from '../../platform/context.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import { ServiceFault } from '../../platform/http/client.ts';
import type { FirstAttemptActivities } from '../../workflows/order/first-attempt.ts';
import { CustomerMustAct, type TakeStep, leaveToWorkflow, takeSteps } from '../../workflows/order/steps.ts';
import { OrderHistory } from '../../workflows/saga/order-history.ts';
import type { TriedSteps } from '../../workflows/saga/tried-step.ts';
import { type StepServices, countedServices } from './step-services.ts';

export interface FirstAttemptBookkeeping extends Pick<OrderActivities, 'recordOrder'> {
  /** Confirms the order. Undefined: another attempt has decided it, or the saga fenced it. */
  confirm: (note: OrderUpdate, booking: Booking) => Promise<object | undefined>;
}

/**
 * The first attempt of the lane `local-first`, a local activity of the order's workflow. Nothing is retried or undone here:
 * the workflow learns what became of each step, and continues with the first that did not succeed. Where recording or
 * confirming fails it learns nothing, and finds the order recorded.
 */
export function createFirstAttempt(
  { recordOrder, confirm }: FirstAttemptBookkeeping,
  services: StepServices,
): FirstAttemptActivities {
  const ask = countedServices(services);
  return {
    async placeAtOnce({ input, ...note }) {
      const { again } = await recordOrder(note);
      if (again) return { outcome: 'recorded before' };
      const history = new OrderHistory();
      const tried: TriedSteps = {};
      const step: TakeStep = async (name, call) => {
        // The workflow may be compensating what would be done here.
        calledOff()?.throwIfAborted();
        history.add(name, 'started');
        tried[name] = { outcome: 'unknown' };
        const { attempt, answer } = await call(ask).catch((error: unknown) => {
          if (error instanceof Refusal) tried[name] = { outcome: 'refused', code: error.code, message: error.message };
          throw error;
        });
        tried[name] = { outcome: 'done', answer };
        history.add(name, 'succeeded', { attempt });
        return answer;
      };
      const booking = await takeSteps(input, step, leaveToWorkflow).catch(unlessBug);
      if (!booking) return { outcome: 'stopped', tried };
      history.add('confirm', 'succeeded');
      const entries = history.takeUnsaved();
      const confirmed = await confirm({ ...note, entries }, booking);
      if (!confirmed) return { outcome: 'recorded before' };
      // The workflow tells when the parcel is late.
      const { promisedBy } = booking;
      return { outcome: 'confirmed', entries, ...(promisedBy !== undefined && { promisedBy }) };
    },
  };
}

/** A bug must not pass for a refusal or a fault. */
function unlessBug(error: unknown): undefined {
  const isExpected = [Refusal, ServiceFault, CustomerMustAct].some((kind) => error instanceof kind);
  if (!isExpected) throw error;
}
