import { Refusal } from '../../platform/contract/refusal.ts';
import type { Fault } from './test-workers.ts';

/** Refuses every call. */
export const refuse =
  (code: string): Fault =>
  async ({ world }) => {
    throw new Refusal(code, `${world.calls.at(-1)} refused`);
  };

/** Refuses the first call. */
export const refuseOnce: Fault = async ({ number, next }) => {
  if (number === 1) throw new Refusal('NotNow', 'not this time');
  return next();
};

export const down: Fault = async () => {
  throw new Error('connection refused');
};

export const faultyTwice: Fault = async ({ number, next }) => {
  if (number <= 2) throw new Error('out of order');
  return next();
};

/** The first call finds that the card's holder must confirm. `first` may fail, or lose its answer. */
export const mustConfirm =
  (first: Fault = ({ next }) => next()): Fault =>
  async (call) => {
    if (call.number === 1) call.world.confirmation = 'awaited';
    return first(call);
  };

/** The card's holder confirms after a while, and no event comes. */
export const confirmedUnnoticed: Fault = mustConfirm(async ({ world, number, next }) => {
  if (world.paymentStatus === 'awaiting_customer' && number > 3) world.confirmation = 'given';
  return next();
});

/** The call takes effect; the responses to these calls are lost. */
export const answerLost =
  (lost: (number: number) => boolean): Fault =>
  async ({ number, next }) => {
    const response = await next();
    if (lost(number)) throw new Error('the connection broke');
    return response;
  };

/** The shipment is booked and dispatched, but no response arrives until the first compensation. */
export const dispatchedUnnoticed = (): { bookShipment: Fault; cancelShipment: Fault } => {
  let compensated = false;
  return {
    bookShipment: async ({ number, world, next }) => {
      const response = await next().catch(() => undefined);
      if (compensated) return response;
      if (number === 3) world.parcel = 'dispatched';
      throw new Error('no response');
    },
    cancelShipment: async ({ next }) => {
      compensated = true;
      return next();
    },
  };
};

/** Holds these calls until `go`. `come` resolves when the first has arrived, `gone` when it has finished. */
export function held(which: (number: number) => boolean) {
  const come = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  const fault: Fault = async ({ number, next }) => {
    if (!which(number)) return next();
    come.resolve();
    await go.promise;
    return next().finally(gone.resolve);
  };
  return { come: come.promise, go: go.resolve, gone: gone.promise, fault };
}
export type Held = ReturnType<typeof held>;
