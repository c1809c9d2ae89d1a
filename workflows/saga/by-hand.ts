import type { Step } from '../../activities/order-status.ts';
import type { Saga } from './saga.ts';
import type { StepCall } from './step-services.ts';
import { type Trouble, troubleOf } from './trouble.ts';

/**
 * Enters into the payment ledger what a person has decided about money. Returns false if the processor has moved it after all,
 * which the payment service refuses as `tooLate`.
 */
export async function enterDecision(
  saga: Saga,
  { step, call, tooLate }: { step: Step; call: StepCall<unknown>; tooLate: string },
): Promise<boolean> {
  for (;;) {
    const trouble = await troubleWith(() => saga.stepUntilAnswered(step, call));
    if (!trouble) return true;
    if (trouble.refusal === tooLate) return false;
    // The books do not agree with this decision: no answer but a corrected state helps.
    await saga.askPerson(step, trouble, { actions: ['retry'] });
  }
}

/** What has stopped this work; undefined if nothing has. */
export async function troubleWith(work: () => Promise<unknown>): Promise<Trouble | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return troubleOf(error);
  }
}
