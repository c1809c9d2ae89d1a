import { ApplicationFailure, CancellationScope, setHandler } from '@temporalio/workflow';
import { checkMessage } from '../incoming/arrivals.ts';
import { type CancelRequest, cancelRequest, cancelUpdate } from './messages.ts';

/** Whether, and why, a person has canceled the order. */
export class Cancellation {
  /** Steps that a cancellation interrupts run in here. */
  readonly scope = new CancellationScope();
  #open = true;
  #requested: { reason: string | undefined } | undefined;
  /** Cancels the order, if that is still possible. */
  readonly request: (reason: string | undefined) => void;

  /** Create before the workflow first waits. Also handles a cancellation from the Temporal Web UI. */
  constructor(order: { stillPossible(): boolean; requested(reason: string | undefined): void }) {
    const possible = () => this.#open && order.stillPossible();
    const request = (reason: string | undefined) => {
      if (this.#requested || !possible()) return;
      this.#requested = { reason };
      order.requested(reason);
      this.scope.cancel();
    };
    this.request = request;
    setHandler(cancelUpdate, (given?: CancelRequest) => request(reasonIn(given)), {
      validator: (given?: CancelRequest) => {
        checkMessage(cancelRequest, given);
        if (possible() || (this.#open && this.#requested)) return;
        throw ApplicationFailure.nonRetryable('the order can no longer be canceled', 'TooLateToCancel');
      },
      description: 'Cancels the order and compensates what was done.',
    });
    CancellationScope.current().cancelRequested.catch(() => request('canceled by an operator'));
  }

  get requested(): boolean {
    return this.#requested !== undefined;
  }

  get reason(): string | undefined {
    return this.#requested?.reason;
  }

  /** From here on it is too late to cancel. */
  close(): void {
    this.#open = false;
    this.#requested = undefined;
  }
}

// What the order service stores of a reason.
const REASON_LENGTH = 500;

/** An order under way may have accepted anything as a reason, before the validator checked it. */
const reasonIn = (given: CancelRequest | undefined) =>
  typeof given?.reason === 'string' ? given.reason.slice(0, REASON_LENGTH) : undefined;
