import { ApplicationFailure, CancellationScope, setHandler } from '@temporalio/workflow';
import { type CancelRequest, cancelUpdate } from './messages.ts';

// What the order service stores of a reason.
const REASON_LENGTH = 500;

/** Whether, and why, a person has canceled the order. */
export class Cancellation {
  /** Steps that a cancellation interrupts run in here. */
  readonly scope = new CancellationScope();
  #open = true;
  #requested: { reason: string | undefined } | undefined;

  /** Create before the workflow first waits. Also handles a cancellation from the Temporal Web UI. */
  constructor(order: { stillPossible(): boolean; requested(reason: string | undefined): void }) {
    const possible = () => this.#open && order.stillPossible();
    const request = (reason: string | undefined) => {
      if (this.#requested || !possible()) return;
      this.#requested = { reason };
      order.requested(reason);
      this.scope.cancel();
    };
    // Sent by hand it may come without input: that is a request without a reason.
    setHandler(cancelUpdate, (given?: CancelRequest) => request(reasonIn(given)), {
      validator: (_given?: CancelRequest) => {
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

const reasonIn = (given: CancelRequest | undefined) =>
  typeof given?.reason === 'string' ? given.reason.slice(0, REASON_LENGTH) : undefined;
