import { Refusal } from '../../platform/contract/refusal.ts';
import type { Fault } from './test-workers.ts';

/** Says no, for good. */
export const refuse =
  (code: string): Fault =>
  async ({ world }) => {
    throw new Refusal(code, `${world.calls.at(-1)} said no`);
  };

/** Says no until a person has seen to it. */
export const refuseOnce: Fault = async ({ number, next }) => {
  if (number === 1) throw new Refusal('NotNow', 'not this time');
  return next();
};

export const down: Fault = async () => {
  throw new Error('nobody is there');
};

export const faultyTwice: Fault = async ({ number, next }) => {
  if (number <= 2) throw new Error('out of order');
  return next();
};

/** The effect happens; the answer to these calls is lost on the way. */
export const answerLost =
  (lost: (number: number) => boolean): Fault =>
  async ({ number, next }) => {
    const answer = await next();
    if (lost(number)) throw new Error('the connection was cut');
    return answer;
  };

/** Books the parcel, which then leaves although no answer ever comes; after the first undo answers are back. */
export const dispatchedUnnoticed = (): { bookShipment: Fault; cancelShipment: Fault } => {
  let given = false;
  return {
    bookShipment: async ({ number, world, next }) => {
      const answer = await next().catch(() => undefined);
      if (given) return answer;
      if (number === 3) world.parcel = 'dispatched';
      throw new Error('no answer');
    },
    cancelShipment: async ({ next }) => {
      given = true;
      return next();
    },
  };
};

/** Keeps these calls waiting until `go`, and says when the first of them has come and when it has gone through. */
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
