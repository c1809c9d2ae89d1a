import type { UpdateDefinition } from '@temporalio/common';
import { ApplicationFailure, CancellationScope, currentUpdateInfo, setHandler } from '@temporalio/workflow';
import { checkMessage } from '../../incoming/arrivals.ts';
import type { Parser } from '../../incoming/parsing.ts';
import { troubleOf } from '../../saga/trouble.ts';
import type { OrderInProgress } from '../order-in-progress.ts';
import { TOO_LATE } from '../rebooking.ts';
import { mustRest } from '../rest.ts';

/** A change of a confirmed order, asked for by its customer or by staff. It happens as a whole or not at all. */
export interface Change<Request> {
  parse: Parser<Request>;
  /** Throws where the order does not allow it now. */
  check: (order: OrderInProgress, request: Request) => void;
  carryOut: (order: OrderInProgress, request: Request) => Promise<void>;
  description: string;
}

export type ChangeRefusal = 'TooLateToChange' | 'NotChangeableNow' | 'LinesDiffer' | 'TooMany' | 'NothingToResolve';
export const refused = (code: ChangeRefusal, message: string): ApplicationFailure =>
  ApplicationFailure.nonRetryable(message, code);

/** Takes the change as an update. It is checked when it comes, and again when it is its turn. */
export function onChange<Request>(
  update: UpdateDefinition<void, [Request]>,
  order: OrderInProgress,
  { parse, check, carryOut, description }: Change<Request>,
): void {
  const checked = (given?: Request): Request => {
    const request = checkMessage(parse, given);
    requireChangeable(order);
    check(order, request);
    return request;
  };
  const { answered, turns } = order;
  const make = async (given: Request): Promise<void> => {
    const { id } = currentUpdateInfo()!;
    const earlier = answered.get(id);
    if (earlier) throw ApplicationFailure.nonRetryable(earlier.message, earlier.code);
    if (earlier === null) return;
    try {
      await carryOut(order, checked(given));
      answered.set(id, null);
    } catch (error) {
      const refusal = asRefusal(error);
      // What is refused only for a moment is asked for again with the same id.
      if (refusal.type !== ('NotChangeableNow' satisfies ChangeRefusal) || !mustRest(order))
        answered.set(id, { code: refusal.type ?? 'Unknown', message: refusal.message });
      throw refusal;
    }
  };
  const take = (given: Request) => CancellationScope.nonCancellable(() => turns.take(() => make(given)));
  // One that was answered by an earlier execution is answered again, and not checked.
  const validator = (given?: Request) => void (answered.has(currentUpdateInfo()!.id) || checked(given));
  setHandler(update, take, { validator, description });
}

function requireChangeable(order: OrderInProgress): void {
  const { phase, saga, cancellation } = order;
  if (phase === 'placing') throw refused('NotChangeableNow', 'the order is not confirmed yet');
  if (phase === 'ended' || cancellation.requested) throw refused('TooLateToChange', 'the order has ended');
  if (saga.people.asked) throw refused('NotChangeableNow', 'a person must first decide about a step of this order');
  if (mustRest(order)) throw refused('NotChangeableNow', 'much has just happened to this order: ask again in a moment');
}

/** What stopped a change, as its caller learns it. Rethrows bugs. */
function asRefusal(error: unknown): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  const { refusal, detail } = troubleOf(error);
  if (refusal === TOO_LATE) return refused('TooLateToChange', 'a parcel has left meanwhile');
  return ApplicationFailure.nonRetryable(
    refusal
      ? detail.slice(refusal.length + 2)
      : 'a service that this needs did not answer in time; nothing has changed',
    refusal ?? 'ServiceUnavailable',
  );
}
