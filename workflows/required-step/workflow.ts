import { CancellationScope, allHandlersFinished, condition, continueAsNew } from '@temporalio/workflow';
import { readInput } from '../incoming/arrivals.ts';
import { DisplayedHistory } from '../saga/displayed-history.ts';
import { type RequiredStep, type Settled, untilSettled } from '../saga/required-step.ts';
import { Saga } from '../saga/saga.ts';
import { fromData } from '../saga/step-services.ts';
import { type Trouble, troubleOf } from '../saga/trouble.ts';
import { type RequiredStepInput, requiredStepInput } from './messages.ts';

/** `refused`: as the step is only required unless it is refused so. */
export type RequiredStepResult = Settled | { refused: Trouble };

/**
 * One step of an order, a return or a refund, which waits for this workflow: the step must happen, and people have it tried
 * again as often as they want. Its history would make theirs too long; this one begins again before it is long.
 */
export async function requiredStepWorkflow(given: RequiredStepInput): Promise<RequiredStepResult> {
  const input = readInput(requiredStepInput, given);
  const { orderId, step, historyCounts } = input;
  const history = new DisplayedHistory(`${step} of order ${orderId}`, historyCounts);
  const saga = new Saga(orderId, history);

  return CancellationScope.nonCancellable(async () => {
    const result = await settle(saga, input, history);
    history.now('**Ended**: what waits for it goes on.');
    await condition(allHandlersFinished);
    return result;
  });
}

async function settle(saga: Saga, input: RequiredStepInput, history: DisplayedHistory): Promise<RequiredStepResult> {
  const required: RequiredStep = { ...input, calls: input.calls.map(fromData) };
  const beginAgain = async ({ trouble, answered }: RequiredStep): Promise<Settled> => {
    await condition(allHandlersFinished);
    if (saga.hasUnsaved) await saga.save();
    return continueAsNew<typeof requiredStepWorkflow>({
      ...input,
      trouble,
      answered,
      historyCounts: history.counts,
    });
  };
  try {
    // The workflow that waits records that the step has happened, in the same transaction as what follows from it.
    return await untilSettled(saga, required, beginAgain);
  } catch (error) {
    const refused = troubleOf(error);
    await saga.save();
    return { refused };
  }
}
