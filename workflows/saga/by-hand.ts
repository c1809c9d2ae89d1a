import type { AskedStep } from '../../activities/intervention-decisions.ts';
import { untilSettled } from './required-step.ts';
import type { Saga } from './saga.ts';
import type { StepCall } from './step-services.ts';
import { troubleOf } from './trouble.ts';

/**
 * Enters into the payment ledger what a person has decided about money. Returns undefined if the processor has moved it after all,
 * which the payment service refuses as `tooLate`.
 */
export async function enterDecision<Answer>(
  saga: Saga,
  { step, call, tooLate }: { step: AskedStep; call: StepCall<Answer>; tooLate: string },
): Promise<{ answer: Answer } | undefined> {
  try {
    const settled = await untilSettled(saga, { step, calls: [call], does: 'take', unless: tooLate });
    // A person cannot skip it.
    return { answer: (settled as { answers: Answer[] }).answers[0]! };
  } catch (error) {
    if (troubleOf(error).refusal === tooLate) return undefined;
    throw error;
  }
}
