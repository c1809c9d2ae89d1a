import { ApplicationFailure, CancellationScope, setHandler } from '@temporalio/workflow';
import { type CancelRequest, cancelUpdate } from './messages.ts';

/** Whether, and why, a person has called the order off. */
export class Cancellation {
  /** Steps that a cancellation interrupts run in here. */
  readonly scope = new CancellationScope();
  #possible = true;
  #requested: { reason: string | undefined } | undefined;

  /** Register before the first await. Also heeds a cancellation asked for in the Temporal Web UI. */
  constructor(onRequest: (reason: string | undefined) => void) {
    const request = (reason: string | undefined) => {
      if (this.#requested || !this.#possible) return;
      this.#requested = { reason };
      onRequest(reason);
      this.scope.cancel();
    };
    setHandler(cancelUpdate, ({ reason }) => request(reason), {
      validator: (_request: CancelRequest) => {
        if (this.#possible || this.#requested) return;
        throw ApplicationFailure.nonRetryable('the order can no longer be canceled', 'TooLateToCancel');
      },
      description: 'Calls the order off and undoes what was done.',
    });
    CancellationScope.current().cancelRequested.catch(() => request('canceled by an operator'));
  }

  get requested(): boolean {
    return this.#requested !== undefined;
  }

  get reason(): string | undefined {
    return this.#requested?.reason;
  }

  /** From here on a cancellation comes too late. */
  close(): void {
    this.#possible = false;
    this.#requested = undefined;
  }
}
