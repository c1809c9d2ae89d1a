import { allHandlersFinished, condition, continueAsNew } from '@temporalio/workflow';
import { moneyInWords } from '../../activities/money-in-words.ts';
import type { RecaptureOutcome } from '../../activities/order-bookkeeping.ts';
import { bookkeeping } from '../saga/bookkeeping.ts';
import { collectAsDecided } from '../saga/collect.ts';
import { settleTakenBack } from '../saga/taken-back.ts';
import { type FailedCaptureInput, failedCaptureInput } from './messages.ts';

/** `settled before`: people had taken the money over. */
export type FailedCaptureResult = RecaptureOutcome | 'settled before';

/**
 * The card processor had captured money, and has taken it back: the goods have left and are not paid. The order's books take it
 * back too, and a person decides how it is collected.
 */
export async function failedCaptureWorkflow(given: FailedCaptureInput): Promise<FailedCaptureResult> {
  return settleTakenBack(given, {
    parse: failedCaptureInput,
    title: ({ orderId, amount }) => `Failed capture of ${moneyInWords(amount)}, order ${orderId}`,
    step: 'capturePayment',
    why: TAKEN_BACK,
    takeBack: ({ parcelId, amount }, { saga, replacementId: captureId }) =>
      bookkeeping.takeBackCapture({ ...saga.update(), parcelId, captureId, amount }),
    async settle(input, { saga, history, replacementId: captureId }) {
      const { orderId, amount, before } = input;
      const why = before?.why ?? `${TAKEN_BACK}: ${moneyInWords(amount)} of what has left is not paid`;
      const beginAgain = async (now: string): Promise<never> => {
        await condition(allHandlersFinished);
        if (saga.hasUnsaved) await saga.save();
        const resumption = { replacementId: captureId, historyCounts: history.counts, why: now };
        return continueAsNew<typeof failedCaptureWorkflow>({ ...input, before: resumption });
      };
      const outcome = await collectAsDecided(saga, { orderId, captureId, amount }, { why, beginAgain });
      await bookkeeping.endFailedCapture({ ...saga.update(), captureId, outcome });
      return outcome;
    },
  });
}

const TAKEN_BACK = 'the card processor has taken a capture back after it had said yes';
